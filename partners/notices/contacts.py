"""To whom a notice goes: the contact is looked up, confirmed or named, and the notice leaves.

The contact is looked up again just before sending, from the newest hosting facts. An abuse desk
that nobody confirmed yet waits for a person; every other step waits for nobody, day or night.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.language.languages import letter_language
from hotline.core.storage import audit, machine
from hotline.core.storage.keys.links import new_link
from partners.directory.models import Partner
from partners.directory.service import PublishedContact, add_published_desk
from partners.notices.judging import is_of_this_round, may_leave
from partners.notices.models import Notice
from partners.notices.service import (
    leave_out_moved_items,
    queue_letter,
)
from partners.notices.telling import origins
from partners.replaced_links import replace_link
from partners.states import NoticeEvent, NoticeState
from triage.cases.locking import lock_case, lock_cases
from triage.items.models import Item

REMOVAL_HOURS = {"immediate": 4, "normal": 24}
"""In which a host is expected to act."""
CDN = "cdn_notice"
# Notices whose contact follows from where the item lies.
LOOKED_UP = ("provider_notice", CDN, "preservation_request")


def dispatch_notice(
    session: Session,
    context: Context,
    notice: Notice,
    *,
    now: datetime,
) -> None:
    """Queue a released notice to its contact, or lay it before a person if nobody confirmed one."""
    # What a person named is not put aside by what a registry says.
    if not notice.contact_named and notice.kind in LOOKED_UP:
        act = Act(session, context, audit.SYSTEM, now)
        leave_out_moved_items(act, notice)
        _set_contact(
            act, notice, _look_up_contact(session, context, notice, now)
        )
    partner = notice.partner
    obstacle = _why_not_written_to(partner)
    if partner is None or obstacle:
        machine.advance_state(
            session,
            notice,
            NoticeEvent.CONTACT_UNCONFIRMED,
            actor="system",
            now=now,
            why=obstacle,
        )
        return
    # A person named it for this letter; a later one looks anew.
    notice.contact_named = False
    notice.language = _choose_language(context, partner)
    notice.due_at = find_due_time(notice, now)
    notice.link_mac = new_link(
        context.keyring, "notice", notice.id, notice.link_number
    ).mac
    notice.link_expires_at = now + timedelta(
        days=context.settings.notice_link_days
    )
    queue_letter(session, context, notice, partner, now=now, urgent=True)


def find_due_time(notice: Notice, sent_at: datetime) -> datetime:
    """Until when the host of a notice that leaves now is to have acted."""
    urgency = "immediate" if notice.case.danger_now else "normal"
    return sent_at + timedelta(hours=REMOVAL_HOURS[urgency])


def _set_contact(act: Act, notice: Notice, partner: Partner | None) -> None:
    """Whoever the notice went to before must not answer it any more, nor see it."""
    before = notice.partner
    if before is not None and partner is not None and before.id != partner.id:
        replace_link(act, "notice", notice, reason="another contact")
    notice.partner = partner


def _look_up_contact(
    session: Session, context: Context, notice: Notice, now: datetime
) -> Partner | None:
    """By the newest hosting facts: the network that can be asked, or the host's abuse desk."""
    # All items of a notice have the same desk, so that the first one speaks
    # for them.
    item, network = notice.items[0].item, None
    if notice.kind == CDN:
        network = origins.network_of(session, context.settings, item, now)
    desk = network or _find_published_desk(session, item, now)
    # Where the look-up finds nobody, whoever was found earlier stays.
    return desk or notice.partner


def _find_published_desk(
    session: Session, item: Item, now: datetime
) -> Partner | None:
    """The abuse desk of the item's host by its published contact; None if none is known."""
    contact = PublishedContact(
        item.abuse_contact or "", item.hosting_country, item.asn
    )
    return add_published_desk(session, contact, now)


def _why_not_written_to(partner: Partner | None) -> str:
    if partner is None:
        return "no contact is known"
    if partner.approved_at is None or partner.disabled_at is not None:
        return "nobody confirmed the contact yet"
    return ""


def send_waiting_notices(act: Act, partner: Partner) -> list[Notice]:
    """A contact was confirmed: the notices that waited for it go out; returns those.

    Some may be held again at the door: their state says so.
    """
    session = act.session
    lock_cases(session, cases_waiting_for(session, partner))
    waiting = list_waiting(session, partner)
    for notice in waiting:
        _send_to_contact(act, notice)
    return waiting


def list_waiting(session: Session, partner: Partner) -> list[Notice]:
    """The notices that leave once the partner's address is confirmed, in that order."""
    waiting = select(Notice).where(*_waits_for(partner)).order_by(Notice.id)
    return list(session.scalars(waiting))


def cases_waiting_for(session: Session, partner: Partner) -> set[uuid.UUID]:
    """The cases with a notice that leaves once the partner's address is confirmed."""
    query = select(Notice.case_id).where(*_waits_for(partner))
    return set(session.scalars(query))


def _waits_for(partner: Partner) -> tuple[ColumnElement[bool], ...]:
    return (
        Notice.partner_id == partner.id,
        Notice.state.in_((NoticeState.AWAITING_CONTACT, NoticeState.FAILED)),
    )


def use_contact(act: Act, notice: Notice, partner: Partner) -> None:
    """A person names the contact of a notice whose host has none that is known.

    The notice waits where a second person has to confirm the contact first.
    """
    lock_case(act.session, notice.case_id)
    _set_contact(act, notice, partner)
    notice.contact_named = True
    if partner.approved_at is not None:
        _send_to_contact(act, notice)


def _send_to_contact(act: Act, notice: Notice) -> None:
    session, context, now = act.session, act.context, act.now
    act.advance(notice, NoticeEvent.CONTACT_CONFIRMED)
    if not is_of_this_round(session, notice) or not may_leave(
        session, context, notice, now
    ):
        machine.advance_state(
            session, notice, NoticeEvent.HELD, actor="system", now=now
        )
        return
    dispatch_notice(session, context, notice, now=now)


def _choose_language(context: Context, partner: Partner) -> str:
    """The contact's language where we can write it, else English."""
    spoken = [*partner.languages]
    if not spoken and partner.country == context.country.code:
        spoken = [context.country.default_language]
    return letter_language(spoken, context.settings.data_dir)
