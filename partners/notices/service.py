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
from hotline.core.storage import machine
from hotline.core.storage.ids import new_id
from hotline.core.storage.reference_numbers import next_reference
from partners.directory.models import Partner
from partners.notices.models import UNSENT, Notice, NoticeItem
from partners.referrals.holds import post_release
from partners.referrals.models import Plan
from partners.referrals.routes import PlannedRoute
from partners.sending.service import first_message_id, queue_delivery
from partners.states import NoticeEvent, NoticeState
from triage.cases.locking import lock_case


def create_notice(act: Act, plan: Plan, route: PlannedRoute) -> Notice:
    """A notice of an approved plan. It leaves at once unless it must wait for the police."""
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
        why=route.route.why,
        needs_release=route.waits_for_police,
        created_at=act.now,
    )
    act.begin(notice, case=plan.case.reference, kind=notice.kind)
    act.session.add(NoticeItem(notice_id=notice.id, item_id=plan.case.item_id))
    post_release(
        act.session, plan.case_id, key=f"release:{notice.id}", now=act.now
    )
    return notice


def queue_letter(
    session: Session,
    context: Context,
    notice: Notice,
    partner: Partner,
    *,
    now: datetime,
    purpose: str = "first",
    urgent: bool = False,
) -> None:
    """Have a letter about the notice sent: the notice itself, a reminder, a withdrawal."""
    queue_delivery(
        session,
        subject="notice",
        subject_id=notice.id,
        partner=partner,
        domain=context.settings.hotline_domain,
        now=now,
        purpose=purpose,
        urgent=urgent,
    )


def note_sent(
    session: Session, context: Context, notice: Notice, *, now: datetime
) -> None:
    """The contact's server took it: from now on the host's clock runs.

    What was withdrawn while it was on its way has been read all the same: the contact is told.
    """
    if notice.state == NoticeState.WITHDRAWN:
        _tell_of_withdrawal(session, context, notice, now)
    elif notice.machine.allows(notice.state, NoticeEvent.SENT):
        machine.advance_state(
            session, notice, NoticeEvent.SENT, actor="delivery", now=now
        )


def withdraw_notice(
    session: Session,
    context: Context,
    notice: Notice,
    *,
    reason: str,
    actor: str,
    now: datetime,
) -> None:
    """Sent in error, or overtaken: the link dies, and whoever got it is told."""
    if not reason.strip():
        missing = phrase("Say why the notice is withdrawn.")
        raise InvalidInput(missing, fields={"/reason": missing})
    lock_case(session, notice.case_id)
    was_sent = notice.state not in UNSENT
    reason = reason.strip()[:1000]
    machine.advance_state(
        session,
        notice,
        NoticeEvent.WITHDRAWN,
        actor=actor,
        now=now,
        reason=reason,
    )
    notice.link_revoked_at = now
    if was_sent:
        _tell_of_withdrawal(session, context, notice, now)


def _tell_of_withdrawal(
    session: Session, context: Context, notice: Notice, now: datetime
) -> None:
    """Nothing goes to an address that was changed meanwhile: the link is dead in any case."""
    partner = notice.partner
    if partner is not None and partner.approved_at is not None:
        queue_letter(
            session, context, notice, partner, now=now, purpose="withdrawal"
        )


def list_linked(session: Session, partner: Partner) -> list[Notice]:
    """The partner's notices that a link leads to."""
    query = select(Notice).where(
        Notice.partner_id == partner.id, Notice.link_mac.is_not(None)
    )
    return list(session.scalars(query.order_by(Notice.id)))


def list_notices(session: Session, case_id: uuid.UUID) -> Sequence[Notice]:
    query = select(Notice).where(Notice.case_id == case_id).order_by(Notice.id)
    return session.scalars(query).all()


def settle_notices(
    session: Session, case_id: uuid.UUID, *, now: datetime
) -> None:
    """Checks agree that it is gone: every notice of the case that can be is settled."""
    for notice in list_notices(session, case_id):
        if notice.machine.allows(notice.state, NoticeEvent.VERIFIED):
            machine.advance_state(
                session, notice, NoticeEvent.VERIFIED, actor="checks", now=now
            )


def note_still_up(
    session: Session, case_id: uuid.UUID, *, event: NoticeEvent, now: datetime
) -> None:
    """Seen where it was said to be gone (``still_up``) or was proved to be (``reappeared``)."""
    for notice in list_notices(session, case_id):
        if not notice.machine.allows(notice.state, event):
            continue
        if (
            event == NoticeEvent.REAPPEARED
            and first_message_id(session, notice.id) is None
        ):
            machine.advance_state(
                session, notice, NoticeEvent.UNTOLD, actor="checks", now=now
            )
            post_release(
                session, case_id, key=f"release:{notice.id}:{now}", now=now
            )
            continue
        machine.advance_state(session, notice, event, actor="checks", now=now)
        notice.due_at = now  # the next reminder says at once that it is up
