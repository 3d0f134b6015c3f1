"""Notices: made with an approved plan, sent, withdrawn, and settled by what checks find.

To whom they go is in ``contacts``, what comes back in ``answers``.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import InvalidInput, phrase
from hotline.core.storage.audit import SYSTEM
from hotline.core.storage.ids import new_id
from hotline.core.storage.reference_numbers import next_reference
from partners.directory.models import Partner
from partners.notices.models import UNSENT, Notice, NoticeItem
from partners.notices.preservation import end_wait
from partners.referrals.holds import post_release
from partners.referrals.models import Plan
from partners.referrals.routes import PlannedRoute
from partners.sending.service import first_message_id, queue_delivery
from partners.states import NoticeEvent, NoticeState, Purpose
from triage.cases.locking import lock_case
from triage.cases.models import CaseItem
from triage.cases.places import note_at_place
from triage.cases.vocabulary import PlaceEvent, PlaceState
from triage.items.models import Item


def create_notices(
    act: Act, plan: Plan, route: PlannedRoute, places: Sequence[CaseItem]
) -> list[Notice]:
    """The notices of an approved plan's route: one for all items of one desk, not one for each.

    They leave at once unless they must wait for the police.
    """
    by_desk: dict[str, list[CaseItem]] = {}
    for place in places:
        desk = desk_of(route.to, place.item)
        by_desk.setdefault(desk, []).append(place)
    return [
        _create_notice(act, plan, route, desk, of_desk)
        for desk, of_desk in by_desk.items()
    ]


def desk_of(kind: str, item: Item) -> str:
    """Who can act on the item, as one name: two items of one name go into one notice."""
    if kind == "platform":
        return item.platform or item.host or ""
    # Who publishes no address is told through its network, or found by hand.
    return item.abuse_contact or item.asn or item.host or ""


def _create_notice(
    act: Act,
    plan: Plan,
    route: PlannedRoute,
    desk: str,
    places: Sequence[CaseItem],
) -> Notice:
    partner = (
        act.session.get(Partner, route.partner_id)
        if route.partner_id
        else None
    )
    prefix = f"{act.context.country.reference_prefix}-N"
    notice = Notice(
        id=new_id(),
        reference=next_reference(act.session, prefix, act.now),
        case_id=plan.case_id,
        case=plan.case,
        plan_id=plan.id,
        partner_id=partner.id if partner else None,
        partner=partner,
        kind=route.to,
        desk=desk,
        why=route.route.why,
        needs_release=route.waits_for_police,
        created_at=act.now,
    )
    act.begin(notice, case=plan.case.reference, kind=notice.kind)
    for place in places:
        notice.items.append(NoticeItem(id=new_id(), item=place.item))
        note_at_place(act, plan.case, place.item_id, PlaceEvent.NOTICE_MADE)
    post_release(
        act.session, plan.case_id, key=f"release:{notice.id}", now=act.now
    )
    return notice


def leave_out_moved_items(act: Act, notice: Notice) -> None:
    """No desk is told of what has come to lie with another since the notice was made.

    What is left out is planned anew. Where all of it moved together, the notice follows it.
    """
    # It has left: who has it keeps it, and what moved is told to the new host
    # by another.
    if first_message_id(act.session, notice.id) is not None:
        return
    desks = [desk_of(notice.kind, entry.item) for entry in notice.items]
    if len(set(desks)) > 1:
        # With whoever it was made for, if any of it is still there.
        stays = notice.desk if notice.desk in desks else desks[0]
        # A copy, because entries are taken out of the list on the way.
        for entry, desk in zip(list(notice.items), desks, strict=True):
            if desk != stays:
                notice.items.remove(entry)
                act.session.delete(entry)
                note_at_place(
                    act, notice.case, entry.item_id, PlaceEvent.WITHDRAWN
                )
                act.record(
                    "notice.item_left_out",
                    "notice",
                    notice.id,
                    item=str(entry.item_id),
                )


def note_at_places(act: Act, notice: Notice, event: PlaceEvent) -> None:
    """Say it of every item of the notice."""
    for entry in notice.items:
        note_at_place(act, notice.case, entry.item_id, event)


def queue_letter(
    session: Session,
    context: Context,
    notice: Notice,
    partner: Partner,
    *,
    now: datetime,
    purpose: Purpose = Purpose.FIRST,
    urgent: bool = False,
) -> None:
    """Have a letter about the notice sent: the notice itself, a reminder, a withdrawal."""
    queue_delivery(
        Act(session, context, SYSTEM, now),
        subject="notice",
        subject_id=notice.id,
        partner=partner,
        purpose=purpose,
        urgent=urgent,
    )


def withdraw_notice(act: Act, notice: Notice, *, reason: str) -> None:
    """Sent in error, or overtaken: the link dies, and whoever got it is told."""
    if not reason.strip():
        missing = phrase("Say why the notice is withdrawn.")
        raise InvalidInput(missing, fields={"/reason": missing})
    session = act.session
    lock_case(session, notice.case_id)
    # Asked before the state changes: nobody is told that something is
    # withdrawn which they never got.
    was_sent = notice.state not in UNSENT
    act.advance(notice, NoticeEvent.WITHDRAWN, reason=reason.strip()[:1000])
    notice.link_revoked_at = act.now
    end_wait(session, notice, act.now)
    for entry in notice.items:
        if not _is_noticed_otherwise(session, notice, entry.item_id):
            note_at_place(
                act, notice.case, entry.item_id, PlaceEvent.WITHDRAWN
            )
    if was_sent:
        tell_of_withdrawal(session, act.context, notice, act.now)


def _is_noticed_otherwise(
    session: Session, notice: Notice, item_id: uuid.UUID
) -> bool:
    """Whether another notice about the item stands: its host and its platform may both be told."""
    over = (NoticeState.WITHDRAWN, NoticeState.VERIFIED_REMOVED)
    others = (
        select(Notice.id)
        .join(NoticeItem, NoticeItem.notice_id == Notice.id)
        .where(
            NoticeItem.item_id == item_id,
            Notice.id != notice.id,
            Notice.state.not_in(over),
        )
    )
    return session.scalar(others.limit(1)) is not None


def tell_of_withdrawal(
    session: Session, context: Context, notice: Notice, now: datetime
) -> None:
    """Nothing goes to an address that was changed meanwhile: the link is dead in any case."""
    partner = notice.partner
    if partner is not None and partner.approved_at is not None:
        queue_letter(
            session,
            context,
            notice,
            partner,
            now=now,
            purpose=Purpose.WITHDRAWAL,
        )


def list_linked(session: Session, partner: Partner) -> list[Notice]:
    """The partner's notices that a link leads to."""
    query = select(Notice).where(
        Notice.partner_id == partner.id, Notice.link_mac.is_not(None)
    )
    return list(session.scalars(query.order_by(Notice.id)))


def _list_about(session: Session, item_id: uuid.UUID) -> Sequence[Notice]:
    of_item = select(NoticeItem.notice_id).where(NoticeItem.item_id == item_id)
    query = select(Notice).where(Notice.id.in_(of_item)).order_by(Notice.id)
    return session.scalars(query).all()


def settle_notices(act: Act, item_id: uuid.UUID) -> None:
    """Checks agree that it is gone: a notice is settled with the last of its items."""
    # The states of the places were changed in this very transaction.
    act.session.flush()
    for notice in _list_about(act.session, item_id):
        all_gone = all(
            _is_gone(notice, entry.item_id) for entry in notice.items
        )
        if all_gone and notice.machine.allows(
            notice.state, NoticeEvent.VERIFIED
        ):
            act.advance(notice, NoticeEvent.VERIFIED)


def _is_gone(notice: Notice, item_id: uuid.UUID) -> bool:
    place = notice.case.place_of(item_id)
    return place is not None and place.state == PlaceState.VERIFIED_REMOVED


def note_still_up(act: Act, item_id: uuid.UUID, event: NoticeEvent) -> None:
    """Seen where it was said to be gone (``still_up``) or was proved to be (``reappeared``)."""
    session, now = act.session, act.now
    for notice in _list_about(session, item_id):
        if not notice.machine.allows(notice.state, event):
            continue
        if (
            event == NoticeEvent.REAPPEARED
            and first_message_id(session, notice.id) is None
        ):
            # It was gone before anybody was told, so this is the first letter
            # and no complaint.
            act.advance(notice, NoticeEvent.UNTOLD)
            post_release(
                session,
                notice.case_id,
                key=f"release:{notice.id}:{now}",
                now=now,
            )
            continue
        act.advance(notice, event)
        # The next reminder says at once that it is up.
        notice.due_at = now
