"""Notices: made with an approved plan, let go after the police, sent to a confirmed contact.

The contact is looked up again just before sending, from the newest hosting facts. An abuse desk
that nobody confirmed yet waits for a person; every other step waits for nobody, day or night.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from hotline.core.context import Context
from hotline.core.errors import InvalidInput, NotFound, TooMany, phrase
from hotline.core.languages import letter_language
from hotline.core.storage import machine
from hotline.core.storage.ids import new_id
from hotline.core.storage.reference_numbers import next_reference
from hotline.intake.submission import clean_text
from partners.directory.models import Partner
from partners.directory.service import PublishedContact, add_published_desk
from partners.links import mac_of, new_link
from partners.notices import origins
from partners.notices.judging import is_of_this_round, may_leave
from partners.notices.models import UNSENT, Notice, NoticeItem, ProviderAnswer
from partners.referrals.holds import post_release
from partners.referrals.models import Plan
from partners.sending.service import first_message_id, queue_delivery
from partners.watching.service import look_soon
from triage.cases.locking import lock_case, lock_cases
from triage.items.models import Item

# Hours in which a host is expected to act; a configured country may have its own.
REMOVAL_HOURS = {"immediate": 4, "high": 24, "normal": 24}
CDN = "cdn_notice"
# What a host may say on its page, and the event that follows.
VERBS = {
    "acknowledge": "acknowledged",
    "removed": "claimed_removed",
    "preserved": "preserved",
    "not_ours": "disputed",
    "not_illegal": "disputed",
    "question": "",
}
MAX_ANSWER = 4000
# Nobody has more to say about one notice; a script in a loop has.
MAX_ANSWERS = 100


def create(
    session: Session,
    context: Context,
    plan: Plan,
    route: dict[str, Any],
    *,
    actor: str,
    now: datetime,
) -> Notice:
    """A notice of an approved plan. It leaves at once unless it must wait for the police."""
    chosen = route.get("partner_id")
    partner = session.get(Partner, uuid.UUID(chosen)) if chosen else None
    notice = Notice(
        id=new_id(),
        reference=next_reference(
            session, f"{context.country.reference_prefix}-N", now
        ),
        case_id=plan.case_id,
        case=plan.case,
        plan_id=plan.id,
        partner_id=partner.id if partner else None,
        partner=partner,
        kind=route["to"],
        why=route["why"],
        needs_release=route["after"] == "police_release",
        created_at=now,
    )
    machine.begin_state(
        session,
        notice,
        actor=actor,
        now=now,
        case=plan.case.reference,
        kind=notice.kind,
    )
    session.add(NoticeItem(notice_id=notice.id, item_id=plan.case.item_id))
    post_release(session, plan.case_id, key=f"release:{notice.id}", now=now)
    return notice


def _published_desk(
    session: Session, item: Item, now: datetime
) -> Partner | None:
    """The abuse desk of the item's host by its published contact; None if none is known."""
    contact = PublishedContact(
        item.abuse_contact or "", item.hosting_country, item.asn
    )
    return add_published_desk(session, contact, now)


def dispatch(
    session: Session,
    context: Context,
    notice: Notice,
    *,
    now: datetime,
    named: bool = False,
) -> None:
    """Queue a released notice to its contact, or lay it before a person if nobody confirmed one.

    ``named``: a person chose the contact; it is not looked up again.
    """
    if not named and notice.kind in (
        "provider_notice",
        "cdn_notice",
        "preservation_request",
    ):
        item, settings = notice.case.item, context.settings
        network = (
            origins.network_of(session, settings, item, now)
            if notice.kind == CDN
            else None
        )
        notice.partner = (
            network or _published_desk(session, item, now) or notice.partner
        )
    partner = notice.partner
    if (
        partner is None
        or partner.approved_at is None
        or partner.disabled_at is not None
    ):
        why = (
            "no contact is known"
            if partner is None
            else "nobody confirmed the contact yet"
        )
        machine.advance_state(
            session,
            notice,
            "contact_unconfirmed",
            actor="system",
            now=now,
            why=why,
        )
        return
    notice.language = _language(context, partner)
    notice.due_at = now + timedelta(hours=REMOVAL_HOURS[_urgency(notice)])
    notice.link_mac = new_link(context.keyring, "notice", notice.id).mac
    notice.link_expires_at = now + timedelta(
        days=context.settings.notice_link_days
    )
    queue_letter(session, context, notice, partner, now=now, urgent=True)


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


def contact_confirmed(
    session: Session,
    context: Context,
    partner: Partner,
    *,
    actor: str,
    now: datetime,
) -> int:
    """A contact was confirmed: the notices that waited for it go out; returns how many."""
    lock_cases(session, cases_waiting_for(session, partner))
    waiting = session.scalars(
        select(Notice).where(*_waits_for(partner)).order_by(Notice.id)
    ).all()
    for notice in waiting:
        _to_contact(session, context, notice, actor=actor, now=now)
    return len(waiting)


def cases_waiting_for(session: Session, partner: Partner) -> set[uuid.UUID]:
    """The cases with a notice that leaves once the partner's address is confirmed."""
    query = select(Notice.case_id).where(*_waits_for(partner))
    return set(session.scalars(query))


def _waits_for(partner: Partner) -> tuple[ColumnElement[bool], ...]:
    return (
        Notice.partner_id == partner.id,
        Notice.state.in_(("awaiting_contact", "failed")),
    )


def use_contact(
    session: Session,
    context: Context,
    notice: Notice,
    partner: Partner,
    *,
    actor: str,
    now: datetime,
) -> None:
    """A person names the contact of a notice whose host has none that is known."""
    lock_case(session, notice.case_id)
    notice.partner = partner
    _to_contact(session, context, notice, actor=actor, now=now, named=True)


def _to_contact(
    session: Session,
    context: Context,
    notice: Notice,
    *,
    actor: str,
    now: datetime,
    named: bool = False,
) -> None:
    machine.advance_state(
        session, notice, "contact_confirmed", actor=actor, now=now
    )
    if not is_of_this_round(session, notice) or not may_leave(
        session, context, notice, now
    ):
        machine.advance_state(session, notice, "held", actor="system", now=now)
        return
    dispatch(session, context, notice, now=now, named=named)


def after_sending(
    session: Session, context: Context, notice: Notice, *, now: datetime
) -> None:
    """The contact's server took it: from now on the host's clock runs.

    What was withdrawn while it was on its way has been read all the same: the contact is told.
    """
    if notice.state == "withdrawn":
        _tell_of_withdrawal(session, context, notice, now)
    elif notice.machine.allows(notice.state, "sent"):
        machine.advance_state(
            session, notice, "sent", actor="delivery", now=now
        )


def withdraw(
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
        session, notice, "withdrawn", actor=actor, now=now, reason=reason
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


def by_token(
    session: Session, context: Context, token: str, now: datetime
) -> Notice:
    """The notice of a link. Unknown, expired and revoked links look the same: ``NotFound``."""
    mac = mac_of(context.keyring, "notice", token)
    notice = session.scalar(select(Notice).where(Notice.link_mac == mac))
    expired = (
        notice is None
        or notice.link_expires_at is None
        or notice.link_expires_at <= now
    )
    if notice is None or expired or notice.link_revoked_at is not None:
        raise NotFound(
            "This link is not valid, or not any more.",
            hint="Answer the e-mail that it came in, and we will send a new one.",
        )
    return notice


def answer(
    session: Session,
    context: Context,  # noqa: ARG001  # the verbs of all answers have one shape
    notice: Notice,
    verb: str,
    text: str,
    *,
    now: datetime,
) -> ProviderAnswer:
    """What the host says. "Removed" is its claim; our checks are moved forward to see.

    Every answer is kept; it changes the notice's state only where that leads on from where it is.
    """
    if verb not in VERBS:
        raise InvalidInput(
            "Choose one of the answers.", fields={"/verb": "Choose one."}
        )
    text = str(clean_text(text))
    if len(text) > MAX_ANSWER:
        raise InvalidInput(
            "The text is too long.", fields={"/text": f"At most {MAX_ANSWER}."}
        )
    if verb in ("not_ours", "not_illegal", "question") and not text:
        raise InvalidInput(
            "Please say more.", fields={"/text": "Please say more."}
        )
    lock_case(session, notice.case_id)
    _bound(session, notice)
    event = VERBS[verb]
    if event and notice.machine.allows(notice.state, event):
        machine.advance_state(
            session, notice, event, actor="provider", now=now, verb=verb
        )
    said = ProviderAnswer(
        id=new_id(), notice_id=notice.id, at=now, verb=verb, text=text
    )
    session.add(said)
    if event == "claimed_removed":
        look_soon(session, notice.case_id, now=now)
    return said


def _bound(session: Session, notice: Notice) -> None:
    count = session.scalar(
        select(func.count())
        .select_from(ProviderAnswer)
        .where(ProviderAnswer.notice_id == notice.id)
    )
    if count is not None and count >= MAX_ANSWERS:
        raise TooMany(
            "There are very many answers to this notice already.",
            retry_after=86400,
            hint="Answer the e-mail that it came in.",
        )


def of_case(session: Session, case_id: uuid.UUID) -> Sequence[Notice]:
    query = select(Notice).where(Notice.case_id == case_id).order_by(Notice.id)
    return session.scalars(query).all()


def verified(session: Session, case_id: uuid.UUID, *, now: datetime) -> None:
    """Checks agree that it is gone: every notice of the case that can be is settled."""
    for notice in of_case(session, case_id):
        if notice.machine.allows(notice.state, "verified"):
            machine.advance_state(
                session, notice, "verified", actor="checks", now=now
            )


def still_up(
    session: Session, case_id: uuid.UUID, *, event: str, now: datetime
) -> None:
    """Seen where it was said to be gone (``still_up``) or was proved to be (``reappeared``)."""
    for notice in of_case(session, case_id):
        if not notice.machine.allows(notice.state, event):
            continue
        if (
            event == "reappeared"
            and first_message_id(session, notice.id) is None
        ):
            machine.advance_state(
                session, notice, "untold", actor="checks", now=now
            )
            post_release(
                session, case_id, key=f"release:{notice.id}:{now}", now=now
            )
            continue
        machine.advance_state(session, notice, event, actor="checks", now=now)
        notice.due_at = now  # the next reminder says at once that it is up


def _urgency(notice: Notice) -> str:
    return "immediate" if notice.case.danger_now else "normal"


def _language(context: Context, partner: Partner) -> str:
    """The contact's language where we can write it, else English."""
    spoken = [*partner.languages]
    if not spoken and partner.country == context.country.code:
        spoken = [context.country.default_language]
    return letter_language(spoken, context.settings.data_dir)
