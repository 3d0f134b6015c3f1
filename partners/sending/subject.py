"""What a delivery is about, as far as sending asks: it knows no notice and no referral."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Protocol

from sqlalchemy.orm import Session

from hotline.core.act import Act
from partners.channels.base import Message
from partners.sending.models import Delivery


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

    def message(self, act: Act, delivery: Delivery) -> Message:
        """What leaves, with the content of this moment."""
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
