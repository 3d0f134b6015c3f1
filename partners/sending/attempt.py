"""One try of one delivery: written down before, sent, written down after.

Before the message leaves, the hold is asked once more, in the same transaction that notes the try.
If the worker dies between sending and noting, the message goes out again with the same id: the
receiver can tell, and nothing is lost.
"""

from __future__ import annotations

import uuid

from sqlalchemy.orm import Session

from hotline.core.errors import NotFound, Unavailable
from hotline.core.jobs.circuit import Circuit
from hotline.core.jobs.task import GiveUp, Task
from hotline.core.storage import machine
from partners.channels.base import Message
from partners.channels.registry import Channels
from partners.notices import origins
from partners.notices.judging import is_of_this_round, may_leave
from partners.notices.message import notice_message
from partners.notices.models import OPEN, Notice
from partners.notices.service import after_sending, failed_notice
from partners.referrals import service as referrals
from partners.referrals.message import referral_message
from partners.referrals.models import Referral
from partners.sending.models import Delivery
from triage.cases.models import Case


def attempt_delivery(task: Task, *, channels: Channels) -> None:
    """Send a queued delivery, or note why it may not or could not leave."""
    delivery_id = task.id_of("delivery_id")
    circuit = Circuit(task.context.database)
    server, is_danger = _receiver_of(task, delivery_id, channels)
    circuit.require_closed(server, urgent=is_danger)
    with task.context.database.writing() as session:
        delivery = session.get(Delivery, delivery_id)
        if delivery is None:
            raise NotFound("There is no such delivery.")
        _lock_case_first(session, delivery)
        message = _prepare(session, task, delivery)
    if message is None:
        with task.finishing():
            return
    try:
        with circuit.listening(server):
            answer = channels.send(delivery.channel, message)
    except (Unavailable, GiveUp) as error:
        with task.context.database.writing() as session:
            origins.not_asked(session, delivery, str(error), now=task.now)
        last = task.attempt >= task.context.settings.job_attempts
        if last or isinstance(error, GiveUp):
            _fail(task, delivery, str(error))
            return
        raise
    with task.finishing() as session:
        delivery = session.get_one(
            Delivery, delivery_id, with_for_update={"of": Delivery}
        )
        delivery.sent_at, delivery.answer = task.now, answer
        machine.advance_state(
            session, delivery, "accepted", actor="delivery", now=task.now
        )
        delivery.partner.last_success_at = task.now
        _sent(session, task, delivery)


def _receiver_of(
    task: Task, delivery_id: uuid.UUID, channels: Channels
) -> tuple[str, bool]:
    """The server, and whether the message says that somebody is in danger now. Asked before a try
    is noted: if the server is left alone there is none."""
    with task.context.database.reading() as session:
        delivery = session.get(Delivery, delivery_id)
        if delivery is None:
            raise NotFound("There is no such delivery.")
        is_danger = False
        if delivery.subject == "referral":
            referral = session.get_one(Referral, delivery.subject_id)
            is_danger = referral.urgency == "immediate"
        return channels.server_of(
            delivery.channel, delivery.address
        ), is_danger


def _lock_case_first(session: Session, delivery: Delivery) -> None:
    """The case before anything of it, as every act on a case does: nobody waits in a circle."""
    subject: Notice | Referral
    if delivery.subject == "notice":
        subject = session.get_one(Notice, delivery.subject_id)
    else:
        subject = session.get_one(Referral, delivery.subject_id)
    session.get_one(
        Case,
        subject.case_id,
        with_for_update={"of": Case},
        populate_existing=True,
    )
    session.refresh(subject)
    session.refresh(delivery, with_for_update={"of": Delivery})


def _prepare(
    session: Session, task: Task, delivery: Delivery
) -> Message | None:
    """The message, with the try noted; None where it may not leave any more."""
    if delivery.state not in ("queued", "sending"):
        return None
    if delivery.subject == "notice":
        notice = session.get_one(Notice, delivery.subject_id)
        stopped = _stopped(session, task, notice, delivery.purpose)
        if stopped == "held" and notice.state == "queued":
            machine.advance_state(
                session, notice, "held", actor="delivery", now=task.now
            )
    else:
        referral = session.get_one(Referral, delivery.subject_id)
        stopped = "withdrawn" if referral.state == "withdrawn" else ""
    if stopped:
        machine.advance_state(
            session,
            delivery,
            "cancelled",
            actor="delivery",
            now=task.now,
            reason=stopped,
        )
        return None
    if delivery.subject == "notice":
        message = notice_message(session, task.context, notice, delivery)
    else:
        message = referral_message(
            session, task.context, referral, delivery, task.now
        )
    delivery.tries += 1
    machine.advance_state(
        session,
        delivery,
        "attempted",
        actor="delivery",
        now=task.now,
        attempt=delivery.tries,
    )
    return message


def _stopped(
    session: Session, task: Task, notice: Notice, purpose: str
) -> str:
    """Why a notice's message may not leave now; empty if it may.

    A withdrawal goes out although a hold is on the case: it asks a host to do nothing.
    """
    if purpose == "withdrawal":
        return ""
    if notice.state == "withdrawn":
        return "withdrawn"
    wanted = ("queued",) if purpose == "first" else OPEN
    if notice.state not in wanted:
        return "overtaken"
    if purpose == "first" and not is_of_this_round(session, notice):
        return "held"
    return "" if may_leave(session, task.context, notice, task.now) else "held"


def _sent(session: Session, task: Task, delivery: Delivery) -> None:
    if delivery.purpose != "first":
        return
    if delivery.subject == "notice":
        notice = session.get_one(Notice, delivery.subject_id)
        after_sending(session, task.context, notice, now=task.now)
        origins.asked(session, notice, delivery, now=task.now)
    else:
        referral = session.get_one(Referral, delivery.subject_id)
        referrals.delivered(session, task.context, referral, now=task.now)


def _fail(task: Task, delivery: Delivery, reason: str) -> None:
    """For good: the case page shows it, and a person mends the address or withdraws."""
    with task.finishing() as session:
        delivery = session.get_one(
            Delivery, delivery.id, with_for_update={"of": Delivery}
        )
        delivery.answer = {"error": reason[:300]}
        machine.advance_state(
            session,
            delivery,
            "failed",
            actor="delivery",
            now=task.now,
            reason=reason[:300],
        )
        if delivery.purpose != "first":
            return
        if delivery.subject == "notice":
            failed_notice(
                session, session.get_one(Notice, delivery.subject_id), task.now
            )
        else:
            referral = session.get_one(Referral, delivery.subject_id)
            if referral.machine.allows(referral.state, "failed"):
                machine.advance_state(
                    session, referral, "failed", actor="delivery", now=task.now
                )
