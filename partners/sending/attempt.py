"""One try of one delivery: written down before, sent, written down after.

Before the message leaves, its subject is asked once more whether it may, in the same transaction
that notes the try. If the worker dies between sending and noting, the message goes out again with
the same id: the receiver can tell, and nothing is lost.

What a delivery is about is a ``Subject`` here, and nothing more: sending knows no notice and no
referral.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.errors import HotlineError, NotFound, Unavailable, phrase
from hotline.core.jobs.circuit import Circuit
from hotline.core.jobs.task import GiveUp, Task
from hotline.core.tracing import Attribute, Kind, Tracing, tracing
from partners.channels import mail
from partners.channels.base import Channels, Message
from partners.directory.models import Partner
from partners.sending.models import UNSETTLED, Delivery
from partners.states import DeliveryEvent, Purpose
from triage.cases.locking import lock_cases

ACTOR = "delivery"


class MayLeave(StrEnum):
    """Whether a message may leave now, and if not, why: the history of the delivery says so."""

    YES = "yes"
    WITHDRAWN = "withdrawn"
    OVERTAKEN = "overtaken"
    HELD = "held"


class Subject(Protocol):
    """Whatever is sent to a partner. It is asked and told with its cases locked."""

    @property
    def case_ids(self) -> frozenset[uuid.UUID]:
        """The cases that are locked before anything of it: one, or those of a package."""
        ...

    @property
    def is_danger(self) -> bool:
        """Whether the message says that somebody is in danger now."""
        ...

    def may_leave(self, act: Act, delivery: Delivery) -> MayLeave:
        """Asked at each try, by the rules and the case of this moment."""
        ...

    def begin_deadline(self, act: Act) -> None:
        """A try of the first message: the time for an answer counts from this one, which names it.
        A server of theirs or ours that was down for hours takes nothing from it."""
        ...

    def message(self, act: Act, delivery: Delivery) -> Message:
        """What leaves, with the content of this moment; a referral's is kept as it is."""
        ...

    def sent(self, act: Act, delivery: Delivery) -> None:
        """The other side took the first message."""
        ...

    def put_off(self, act: Act, delivery: Delivery, reason: str) -> None:
        """A try did not get through; there may be another one."""
        ...

    def failed(self, act: Act) -> None:
        """The first message did not get through, for good."""
        ...

    def retried(self, act: Act) -> None:
        """A person has mended what stood in the way of the first message."""
        ...


Subjects = Mapping[str, Callable[[Session, uuid.UUID], Subject]]
"""How to find a subject by its id, for each value of ``Delivery.subject``."""


def subject_of(
    session: Session, delivery: Delivery, subjects: Subjects
) -> Subject:
    return subjects[delivery.subject](session, delivery.subject_id)


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
        with circuit.listening(server), attempt.traced(outgoing.channel):
            answer = channels.send(outgoing.channel, outgoing.message)
    except (Unavailable, GiveUp) as error:
        # Raised again while there are tries left: it is the outbox that knows
        # when the next one is.
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

    def traced(self, channel: str) -> AbstractContextManager[Tracing]:
        """A span of the sending alone, which waits for others."""
        return tracing(
            Kind.DELIVERY,
            {
                Attribute.DELIVERY: self.task.id_of("delivery_id"),
                Attribute.CHANNEL: channel,
            },
        )

    def read_receiver(self, channels: Channels) -> tuple[str, bool]:
        """The server, and whether the message says that somebody is in danger now."""
        with self.task.context.database.reading() as session:
            delivery, subject = self._find_delivery(session)
            server = channels.server_of(
                *find_address(delivery.partner, delivery.purpose)
            )
            return server, subject.is_danger

    def begin_try(self) -> _Outgoing | None:
        """Note the try; None, with the work done, where the message may not leave any more."""
        with self.task.context.database.writing() as session:
            delivery, subject = self._lock_delivery(session)
            act = self._new_act(session)
            # A job may run twice: what was sent or given up by an earlier run
            # is left alone.
            if delivery.state in UNSETTLED:
                verdict = subject.may_leave(act, delivery)
                if verdict is MayLeave.YES:
                    _address(delivery)
                    if delivery.purpose == Purpose.FIRST:
                        subject.begin_deadline(act)
                    message = subject.message(act, delivery)
                    delivery.tries += 1
                    act.advance(
                        delivery,
                        DeliveryEvent.ATTEMPTED,
                        attempt=delivery.tries,
                    )
                    return _Outgoing(delivery.channel, message)
                act.advance(
                    delivery, DeliveryEvent.CANCELLED, reason=str(verdict)
                )
            # Settled by an earlier run, or cancelled just now: either way nothing is left to do.
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
            # Also on a try that others follow: what a delivery network refused
            # is a fact of its own.
            subject.put_off(act, delivery, str(error))
            # Before the last try nothing changes: the outbox brings the same work back.
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
            act.advance(delivery, DeliveryEvent.ACCEPTED)
            # A reminder that arrives starts no clock anew.
            if delivery.purpose == Purpose.FIRST:
                subject.sent(act, delivery)

    def _new_act(self, session: Session) -> Act:
        return Act(session, self.task.context, ACTOR, self.task.now)

    def _find_delivery(self, session: Session) -> tuple[Delivery, Subject]:
        delivery = session.get(Delivery, self.task.id_of("delivery_id"))
        if delivery is None:
            raise NotFound(phrase("There is no such delivery."))
        return delivery, subject_of(session, delivery, self.subjects)

    def _lock_delivery(self, session: Session) -> tuple[Delivery, Subject]:
        delivery, subject = self._find_delivery(session)
        lock_cases(session, subject.case_ids)
        # Which cases to lock is known only from the row, so it is read before
        # the lock and again under it.
        session.refresh(delivery, with_for_update={"of": Delivery})
        return delivery, subject


def _address(delivery: Delivery) -> None:
    """It goes to the partner's address of now, which a second person has confirmed."""
    partner = delivery.partner
    # The address may have been changed since the letter was queued, by one
    # person alone.
    if partner.approved_at is None:
        raise GiveUp(
            f"The address of {partner.name} was changed and waits for a second person."
        )
    delivery.channel, delivery.address = find_address(
        partner, delivery.purpose
    )


def find_address(partner: Partner, purpose: str) -> tuple[str, str]:
    """The channel and the address that such a letter goes by; both confirmed with the partner."""
    if purpose == Purpose.HEAD:
        return mail.NAME, partner.head_address
    return partner.channel, partner.address


def _note_failure(
    act: Act, delivery: Delivery, subject: Subject, reason: str
) -> None:
    delivery.answer = {"error": reason}
    act.advance(delivery, DeliveryEvent.FAILED, reason=reason)
    if delivery.purpose == Purpose.FIRST:
        subject.failed(act)
