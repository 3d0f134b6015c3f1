"""One try of one delivery: written down before, sent, written down after.

Before the message leaves, its subject is asked once more whether it may, in the same transaction
that notes the try. If the worker dies between sending and noting, the message goes out again with
the same id: the receiver can tell, and nothing is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.errors import HotlineError, NotFound, Unavailable
from hotline.core.jobs.circuit import Circuit
from hotline.core.jobs.task import GiveUp, Task
from partners.channels.base import Message
from partners.channels.registry import Channels
from partners.sending.models import Delivery
from partners.sending.subject import MayLeave, Subject, Subjects, subject_of
from triage.cases.locking import lock_case

ACTOR = "delivery"
UNSETTLED = ("queued", "sending")


def attempt_delivery(
    task: Task, *, channels: Channels, subjects: Subjects
) -> None:
    """Send a queued delivery, or note why it may not or could not leave."""
    attempt = _Attempt(task, subjects)
    circuit = Circuit(task.context.database)
    server, is_danger = attempt.read_receiver(channels)
    # Before a try is noted: where the server is left alone there is none.
    circuit.require_closed(server, urgent=is_danger)
    try:
        outgoing = attempt.begin_try()
        if outgoing is None:
            return
        with circuit.listening(server):
            answer = channels.send(outgoing.channel, outgoing.message)
    except (Unavailable, GiveUp) as error:
        if not attempt.note_fault(error):
            raise
    else:
        attempt.note_arrival(answer)


@dataclass(frozen=True, slots=True)
class _Outgoing:
    """A message, and by which channel it leaves."""

    channel: str
    message: Message


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What is written down of one try; each method is a transaction of its own."""

    task: Task
    subjects: Subjects

    def read_receiver(self, channels: Channels) -> tuple[str, bool]:
        """The server, and whether the message says that somebody is in danger now."""
        with self.task.context.database.reading() as session:
            delivery, subject = self._find_delivery(session)
            partner = delivery.partner
            server = channels.server_of(partner.channel, partner.address)
            return server, subject.is_danger

    def begin_try(self) -> _Outgoing | None:
        """Note the try; None, with the work done, where the message may not leave any more."""
        with self.task.context.database.writing() as session:
            delivery, subject = self._lock_delivery(session)
            act = self._new_act(session)
            if delivery.state in UNSETTLED:
                verdict = subject.may_leave(act, delivery)
                if verdict is MayLeave.YES:
                    _address(delivery)
                    message = subject.message(act, delivery)
                    delivery.tries += 1
                    act.advance(delivery, "attempted", attempt=delivery.tries)
                    return _Outgoing(delivery.channel, message)
                act.advance(delivery, "cancelled", reason=str(verdict))
            self.task.mark_done(session)
        return None

    def note_fault(self, error: HotlineError) -> bool:
        """Returns whether that was the last try: then the case page shows it, and a person mends
        the address or withdraws."""
        most_tries = self.task.context.settings.job_attempts
        is_last = isinstance(error, GiveUp) or self.task.attempt >= most_tries
        with self.task.context.database.writing() as session:
            delivery, subject = self._lock_delivery(session)
            act = self._new_act(session)
            subject.put_off(act, delivery, str(error))
            if is_last:
                self.task.mark_done(session)
                _note_failure(act, delivery, subject, str(error)[:300])
        return is_last

    def note_arrival(self, answer: Mapping[str, Any]) -> None:
        """The other side took it."""
        with self.task.context.database.writing() as session:
            delivery, subject = self._lock_delivery(session)
            self.task.mark_done(session)
            act = self._new_act(session)
            delivery.sent_at, delivery.answer = act.now, dict(answer)
            delivery.partner.last_success_at = act.now
            act.advance(delivery, "accepted")
            if delivery.purpose == "first":
                subject.sent(act, delivery)

    def _new_act(self, session: Session) -> Act:
        return Act(session, self.task.context, ACTOR, self.task.now)

    def _find_delivery(self, session: Session) -> tuple[Delivery, Subject]:
        delivery = session.get(Delivery, self.task.id_of("delivery_id"))
        if delivery is None:
            raise NotFound("There is no such delivery.")
        return delivery, subject_of(session, delivery, self.subjects)

    def _lock_delivery(self, session: Session) -> tuple[Delivery, Subject]:
        delivery, subject = self._find_delivery(session)
        lock_case(session, subject.case_id)
        session.refresh(delivery, with_for_update={"of": Delivery})
        return delivery, subject


def _address(delivery: Delivery) -> None:
    """It goes to the partner's address of now, which a second person has confirmed."""
    partner = delivery.partner
    if partner.approved_at is None:
        raise GiveUp(
            f"The address of {partner.name} was changed and waits for a second person."
        )
    delivery.channel, delivery.address = partner.channel, partner.address


def _note_failure(
    act: Act, delivery: Delivery, subject: Subject, reason: str
) -> None:
    delivery.answer = {"error": reason}
    act.advance(delivery, "failed", reason=reason)
    if delivery.purpose == "first":
        subject.failed(act)
