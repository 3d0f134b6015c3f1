"""Referrals: a case told to an office, delivered once, answered in its own time."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import InvalidInput, NotFound, phrase
from hotline.core.storage.ids import new_id
from hotline.core.storage.keys.links import new_link
from hotline.core.storage.reference_numbers import next_reference
from hotline.intake.values import clean_line, clean_text
from partners.directory.models import Partner
from partners.referrals import holds
from partners.referrals.following_up.deadlines import find_due_time
from partners.referrals.following_up.outcomes import note_answer
from partners.referrals.following_up.thread import write_message
from partners.referrals.gathering import (
    find_departure,
    find_next_chance,
    post_package,
    queue_letter,
)
from partners.referrals.models import Plan, Referral
from partners.referrals.routes import PlannedRoute
from partners.referrals.telling.evidence import Evidence
from partners.referrals.telling.told import gather_told, seal_told
from partners.replaced_links import LinkEnd, LinkEnded, find_linked
from partners.states import ReferralEvent, ReferralState
from triage.cases.locking import lock_case, lock_cases
from triage.jurisdiction import Destination

LINK_DAYS = 90
# What the receiving office may say, and the event that follows.
ANSWERS = {
    "acknowledge": ReferralEvent.ACKNOWLEDGED,
    "take_up": ReferralEvent.TAKEN_UP,
    "no_action": ReferralEvent.NO_ACTION,
    "want_more": ReferralEvent.MORE_WANTED,
    "close": ReferralEvent.CLOSED,
}


def create_referral(
    act: Act,
    plan: Plan,
    route: PlannedRoute,
    *,
    evidence: Evidence | None = None,
) -> Referral:
    """Make a referral of an approved plan and send it, as soon as its address is confirmed.

    ``evidence``: the match that it rests on where no person decided; then nothing is told of
    people, because nobody has read and approved it.
    """
    session, case = act.session, plan.case
    partner = session.get_one(Partner, route.partner_id)
    urgency = str(route.route.urgency)
    prefix = f"{act.context.country.reference_prefix}-R"
    referral = Referral(
        id=new_id(),
        reference=next_reference(session, prefix, act.now),
        case_id=case.id,
        case=case,
        plan_id=plan.id,
        partner_id=partner.id,
        partner=partner,
        kind=route.to,
        urgency=urgency,
        why=route.route.why,
        automatic=evidence.to_json() if evidence else None,
    )
    act.begin(
        referral,
        case=case.reference,
        partner=partner.code,
        kind=referral.kind,
    )
    if evidence is None:
        disclosed = gather_told(session, act.context, case, referral.kind)
        seal_told(session, act.context, referral, disclosed)
    # Before anything leaves: from here on no notice can overtake the letter to
    # the police.
    if referral.kind == Destination.POLICE:
        holds.open_hold(act, referral)
    if partner.approved_at is not None:
        send_referral(act, referral, find_departure(act, referral))
    return referral


def send_referral(
    act: Act, referral: Referral, leaves_at: datetime | None = None
) -> None:
    """Queue the referral for delivery, with a link by which the office can answer.

    ``leaves_at``: when it leaves together with what else the office is told; None for at once.
    """
    # First, because a state that does not allow it must not leave a new link
    # behind.
    act.advance(referral, ReferralEvent.QUEUED)
    begins_at = leaves_at or act.now
    link = new_link(
        act.context.keyring, "referral", referral.id, referral.link_number
    )
    referral.link_mac = link.mac
    referral.link_expires_at = begins_at + timedelta(days=LINK_DAYS)
    referral.due_at = find_due_time(
        act.context.country, referral.urgency, begins_at
    )
    # What goes out again is a letter of its own, whatever it left in before.
    referral.leaves_at, referral.package_id = leaves_at, None
    if leaves_at is None:
        queue_letter(act, referral)
    else:
        post_package(act, referral.partner_id, leaves_at)


def send_waiting_referrals(act: Act, partner: Partner) -> list[Referral]:
    """A partner's address was confirmed: what waited or failed goes out; returns it.

    Several leave as one letter, but for danger.
    """
    session = act.session
    lock_cases(session, cases_waiting_for(session, partner))
    waiting = list_waiting(session, partner)
    for referral in waiting:
        send_referral(act, referral, find_next_chance(act, referral))
    return waiting


def list_waiting(session: Session, partner: Partner) -> list[Referral]:
    """The referrals that leave once the partner's address is confirmed, in that order."""
    waiting = select(Referral).where(*_waits_for(partner))
    return list(session.scalars(waiting.order_by(Referral.id)))


def cases_waiting_for(session: Session, partner: Partner) -> set[uuid.UUID]:
    """The cases with a referral that leaves once the partner's address is confirmed."""
    query = select(Referral.case_id).where(*_waits_for(partner))
    return set(session.scalars(query))


def _waits_for(partner: Partner) -> tuple[ColumnElement[bool], ...]:
    return (
        Referral.partner_id == partner.id,
        Referral.state.in_((ReferralState.APPROVED, ReferralState.FAILED)),
    )


def store_answer(
    act: Act,
    referral: Referral,
    verb: str,
    *,
    their_reference: str = "",
    note: str = "",
) -> None:
    """What the office said, through its link or on the telephone."""
    if verb not in ANSWERS:
        raise InvalidInput(
            phrase("This is not an answer that a referral can have.")
        )
    lock_case(act.session, referral.case_id)
    their_reference = clean_line(their_reference)[:120]
    if their_reference:
        referral.their_reference = their_reference
    act.advance(
        referral,
        ANSWERS[verb],
        note=clean_text(note)[:2000],
        their_reference=their_reference,
    )
    note_answer(act, referral, ANSWERS[verb])


def note_read(act: Act, referral: Referral) -> None:
    """The office did something at its link, so it has the letter: nobody reminds it, or tells its
    head that it says nothing."""
    if referral.machine.allows(referral.state, ReferralEvent.ACKNOWLEDGED):
        store_answer(act, referral, "acknowledge")


def give_more(act: Act, referral: Referral, text: str) -> None:
    """Answer an office that asked for more: the letter goes out again under its reference.

    It holds our words, and what is known of the people by now, as far as that office may get it.
    """
    session, context = act.session, act.context
    lock_case(session, referral.case_id)
    write_message(act, referral, text, is_ours=True)
    disclosed = gather_told(session, context, referral.case, referral.kind)
    seal_told(session, context, referral, disclosed)
    send_referral(act, referral)


def find_by_token(
    session: Session, context: Context, token: str, now: datetime
) -> Referral:
    """The referral of a link. Unknown and expired links look the same: ``NotFound``.

    One that was replaced, or whose referral was withdrawn, says so: ``LinkEnded``.
    """
    referral = find_linked(
        session, context.keyring, "referral", Referral, token, now
    )
    until = referral.link_expires_at if referral is not None else None
    if referral is None or until is None or until <= now:
        raise NotFound(
            phrase("This link is not valid, or not any more."),
            hint=phrase(
                "Answer the message that it came in, and we will send a new one."
            ),
        )
    if referral.state == ReferralState.WITHDRAWN:
        raise LinkEnded(
            LinkEnd.WITHDRAWN, referral.state_since, referral.reference
        )
    return referral


def list_linked(session: Session, partner: Partner) -> list[Referral]:
    """The partner's referrals that a link leads to."""
    query = select(Referral).where(
        Referral.partner_id == partner.id, Referral.link_mac.is_not(None)
    )
    return list(session.scalars(query.order_by(Referral.id)))


def list_referrals(session: Session, case_id: uuid.UUID) -> Sequence[Referral]:
    query = (
        select(Referral)
        .where(Referral.case_id == case_id)
        .order_by(Referral.id)
    )
    return session.scalars(query).all()
