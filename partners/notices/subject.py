"""A notice as that which a delivery is about: what the door asks before a message leaves."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Self

from sqlalchemy.orm import Session

from hotline.core.act import Act
from partners.channels.base import Message
from partners.notices import judging, origins, service
from partners.notices.message import notice_message
from partners.notices.models import OPEN, Notice
from partners.sending.models import Delivery
from partners.sending.subject import MayLeave
from partners.states import NoticeEvent, NoticeState


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
        if delivery.purpose == "withdrawal":
            return MayLeave.YES
        verdict = self._judge(act, delivery.purpose)
        if (
            verdict is MayLeave.HELD
            and self.notice.state == NoticeState.QUEUED
        ):
            act.advance(self.notice, NoticeEvent.HELD)
        return verdict

    def _judge(self, act: Act, purpose: str) -> MayLeave:
        notice, is_first = self.notice, purpose == "first"
        expected = (NoticeState.QUEUED,) if is_first else OPEN
        if notice.state not in expected:
            is_withdrawn = notice.state == NoticeState.WITHDRAWN
            return MayLeave.WITHDRAWN if is_withdrawn else MayLeave.OVERTAKEN
        is_free = (
            not is_first or judging.is_of_this_round(act.session, notice)
        ) and judging.may_leave(act.session, act.context, notice, act.now)
        return MayLeave.YES if is_free else MayLeave.HELD

    def message(self, act: Act, delivery: Delivery) -> Message:
        return notice_message(act.session, act.context, self.notice, delivery)

    def sent(self, act: Act, delivery: Delivery) -> None:
        service.note_sent(act.session, act.context, self.notice, now=act.now)
        origins.note_request(act.session, self.notice, delivery, now=act.now)

    def put_off(self, act: Act, delivery: Delivery, reason: str) -> None:
        """A delivery network that was not asked for the host is a fact as well."""
        origins.note_refusal(
            act.session, self.notice, delivery, reason, now=act.now
        )

    def failed(self, act: Act) -> None:
        self._advance_if_allowed(act, NoticeEvent.FAILED)

    def retried(self, act: Act) -> None:
        self._advance_if_allowed(act, NoticeEvent.RETRIED)

    def _advance_if_allowed(self, act: Act, event: str) -> None:
        if self.notice.machine.allows(self.notice.state, event):
            act.advance(self.notice, event)
