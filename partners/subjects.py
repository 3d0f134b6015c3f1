"""What a delivery can be about: what a referral and a notice say at the door, and hear after it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.storage.machine import Stateful
from partners.channels.base import Message
from partners.channels.cloudflare import NAME as CLOUDFLARE
from partners.notices import contacts, judging
from partners.notices.models import OPEN, Notice
from partners.notices.service import tell_of_withdrawal
from partners.notices.telling import origins
from partners.notices.telling.message import notice_message
from partners.referrals.following_up import deadlines, withdrawal
from partners.referrals.following_up.reminder_letters import reminder_message
from partners.referrals.holds import begin_clocks
from partners.referrals.models import Referral, ReferralPackage
from partners.referrals.telling.message import referral_message
from partners.referrals.telling.package_message import package_message
from partners.sending.attempt import MayLeave, Subjects
from partners.sending.models import Delivery
from partners.states import (
    NoticeEvent,
    NoticeState,
    Purpose,
    ReferralEvent,
    ReferralState,
)
from triage.cases.places import note_at_place
from triage.cases.vocabulary import PlaceEvent
from triage.jurisdiction import Urgency

REMINDERS = (Purpose.REMINDER, Purpose.HEAD)


@dataclass(frozen=True, slots=True)
class ReferralSubject:
    """No hold stops a referral: the police and others are to know."""

    referral: Referral

    @classmethod
    def find(cls, session: Session, referral_id: uuid.UUID) -> Self:
        return cls(session.get_one(Referral, referral_id))

    @property
    def case_ids(self) -> frozenset[uuid.UUID]:
        return frozenset((self.referral.case_id,))

    @property
    def is_danger(self) -> bool:
        return self.referral.urgency == Urgency.IMMEDIATE

    def may_leave(self, act: Act, delivery: Delivery) -> MayLeave:  # noqa: ARG002
        """A reminder leaves only while nobody has answered."""
        # First of all: what takes a letter back leaves although, and because,
        # its referral is withdrawn.
        if delivery.purpose == Purpose.WITHDRAWAL:
            return MayLeave.YES
        if self.referral.state == ReferralState.WITHDRAWN:
            return MayLeave.WITHDRAWN
        is_reminder = delivery.purpose in REMINDERS
        if is_reminder and self.referral.state != ReferralState.DELIVERED:
            return MayLeave.OVERTAKEN
        return MayLeave.YES

    def begin_deadline(self, act: Act) -> None:
        # After a crash it may leave again although the office has answered.
        if self.referral.state == ReferralState.QUEUED:
            self.referral.due_at = deadlines.find_due_time(
                act.context.country, self.referral.urgency, act.now
            )

    def message(self, act: Act, delivery: Delivery) -> Message:
        if delivery.purpose == Purpose.WITHDRAWAL:
            return withdrawal.withdrawal_message(act, self.referral, delivery)
        if delivery.purpose in REMINDERS:
            return reminder_message(act, self.referral, delivery)
        return referral_message(act, self.referral, delivery)

    def sent(self, act: Act, delivery: Delivery) -> None:  # noqa: ARG002
        """From now on the clocks run: of the answer, and of a police hold.

        An office that has answered meanwhile keeps its word. What was withdrawn while it was on its
        way has been read all the same: the office is told.
        """
        if self.referral.state == ReferralState.WITHDRAWN:
            withdrawal.tell_of_withdrawal(act, self.referral)
        if _advance_if_allowed(act, self.referral, ReferralEvent.DELIVERED):
            begin_clocks(act, self.referral)

    def put_off(self, act: Act, delivery: Delivery, reason: str) -> None:
        """The next try is all that follows."""

    def failed(self, act: Act) -> None:
        _advance_if_allowed(act, self.referral, ReferralEvent.FAILED)

    def retried(self, act: Act) -> None:
        _advance_if_allowed(act, self.referral, ReferralEvent.QUEUED)


@dataclass(frozen=True, slots=True)
class NoticeSubject:
    """A notice with its letters: the first one, reminders, a withdrawal."""

    notice: Notice

    @classmethod
    def find(cls, session: Session, notice_id: uuid.UUID) -> Self:
        return cls(session.get_one(Notice, notice_id))

    @property
    def case_ids(self) -> frozenset[uuid.UUID]:
        return frozenset((self.notice.case_id,))

    @property
    def is_danger(self) -> bool:
        """What asks a host to remove something can wait for the host's server."""
        return False

    def may_leave(self, act: Act, delivery: Delivery) -> MayLeave:
        """A queued notice that is held waits for the release again.

        A withdrawal goes out although a hold is on the case: it asks a host to do nothing.
        """
        if delivery.purpose == Purpose.WITHDRAWAL:
            return MayLeave.YES
        verdict = self._judge(act, delivery.purpose)
        is_queued = self.notice.state == NoticeState.QUEUED
        if verdict is MayLeave.HELD and is_queued:
            act.advance(self.notice, NoticeEvent.HELD)
        return verdict

    def _judge(self, act: Act, purpose: str) -> MayLeave:
        notice, is_first = self.notice, purpose == Purpose.FIRST
        if notice.state == NoticeState.WITHDRAWN:
            return MayLeave.WITHDRAWN
        # Between queueing and leaving the host may have acted.
        expected = (NoticeState.QUEUED,) if is_first else OPEN
        if notice.state not in expected:
            return MayLeave.OVERTAKEN
        is_free = (
            not is_first or judging.is_of_this_round(act.session, notice)
        ) and judging.may_leave(act.session, act.context, notice, act.now)
        return MayLeave.YES if is_free else MayLeave.HELD

    def begin_deadline(self, act: Act) -> None:
        self.notice.due_at = contacts.find_due_time(self.notice, act.now)

    def message(self, act: Act, delivery: Delivery) -> Message:
        return notice_message(act.session, act.context, self.notice, delivery)

    def sent(self, act: Act, delivery: Delivery) -> None:
        """From now on the host's clock runs.

        What was withdrawn while it was on its way has been read all the same: the contact is told.
        """
        if self.notice.state == NoticeState.WITHDRAWN:
            tell_of_withdrawal(act.session, act.context, self.notice, act.now)
        if _advance_if_allowed(act, self.notice, NoticeEvent.SENT):
            case = self.notice.case
            for entry in self.notice.items:
                note_at_place(act, case, entry.item_id, PlaceEvent.NOTICED)
        if delivery.channel == CLOUDFLARE:
            origins.note_request(
                act.session, self.notice, delivery, now=act.now
            )

    def put_off(self, act: Act, delivery: Delivery, reason: str) -> None:
        """A delivery network that was not asked for the host is a fact as well."""
        if delivery.channel == CLOUDFLARE:
            origins.note_refusal(act.session, self.notice, reason, now=act.now)

    def failed(self, act: Act) -> None:
        _advance_if_allowed(act, self.notice, NoticeEvent.FAILED)

    def retried(self, act: Act) -> None:
        _advance_if_allowed(act, self.notice, NoticeEvent.RETRIED)


@dataclass(frozen=True, slots=True)
class PackageSubject:
    """One letter of several referrals: what happens to it happens to each of them."""

    package: ReferralPackage
    parts: tuple[ReferralSubject, ...]

    @classmethod
    def find(cls, session: Session, package_id: uuid.UUID) -> Self:
        referrals = session.scalars(
            select(Referral)
            .where(Referral.package_id == package_id)
            .order_by(Referral.id)
        )
        return cls(
            session.get_one(ReferralPackage, package_id),
            tuple(map(ReferralSubject, referrals)),
        )

    @property
    def case_ids(self) -> frozenset[uuid.UUID]:
        return frozenset(part.referral.case_id for part in self.parts)

    @property
    def is_danger(self) -> bool:
        return any(part.is_danger for part in self.parts)

    def may_leave(self, act: Act, delivery: Delivery) -> MayLeave:  # noqa: ARG002
        # One that stands is enough: those that were taken back are left out of
        # the letter.
        return MayLeave.YES if self._standing() else MayLeave.WITHDRAWN

    def begin_deadline(self, act: Act) -> None:
        for part in self.parts:
            part.begin_deadline(act)

    def message(self, act: Act, delivery: Delivery) -> Message:
        return package_message(act, self.package, self._standing(), delivery)

    def sent(self, act: Act, delivery: Delivery) -> None:
        for part in self.parts:
            part.sent(act, delivery)

    def put_off(self, act: Act, delivery: Delivery, reason: str) -> None:
        """The next try is all that follows."""

    def failed(self, act: Act) -> None:
        for part in self.parts:
            part.failed(act)

    def retried(self, act: Act) -> None:
        for part in self.parts:
            part.retried(act)

    def _standing(self) -> list[Referral]:
        """Those that nobody withdrew."""
        return [
            part.referral
            for part in self.parts
            if part.referral.state != ReferralState.WITHDRAWN
        ]


def _advance_if_allowed(act: Act, entity: Stateful, event: str) -> bool:
    """Whether it moved: meanwhile somebody may have answered, or taken it back."""
    is_allowed = entity.machine.allows(entity.state, event)
    if is_allowed:
        act.advance(entity, event)
    return is_allowed


SUBJECTS: Subjects = MappingProxyType(
    {
        "notice": NoticeSubject.find,
        "referral": ReferralSubject.find,
        "package": PackageSubject.find,
    }
)
"""How to find what ``Delivery.subject`` names."""
