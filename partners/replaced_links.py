"""Links that open nothing any more: they reached somebody whom they were not meant for.

What a link was is kept only as its MAC, so that its page can say that it was replaced, and whom to
ask, instead of pretending that it never was.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from sqlalchemy import LargeBinary, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from hotline.core.act import Act
from hotline.core.errors import HotlineError
from hotline.core.storage.database import Base, Identified, short_text
from hotline.core.storage.ids import new_id
from hotline.core.storage.keys.keyring import Keyring
from hotline.core.storage.keys.links import Linked, lookups_of, new_link


class LinkedRow(Protocol):
    """A table of what has a link."""

    link_mac: Any


Subject = TypeVar("Subject", bound=LinkedRow)


class ReplacedLink(Identified, Base):
    """A link that was valid once. ``scope``: notice or referral."""

    __tablename__ = "replaced_link"

    mac: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    scope: Mapped[str] = mapped_column(short_text(12))
    subject_id: Mapped[uuid.UUID] = mapped_column(index=True)
    replaced_at: Mapped[datetime]
    works_until: Mapped[datetime | None]
    """Until then it still opens its subject: it was replaced because a key was rotated."""


class LinkEnd(StrEnum):
    """Why a link opens nothing any more."""

    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"


class LinkEnded(HotlineError):
    """A link that was ours and opens nothing any more. ``reference`` of what was withdrawn."""

    status = 410
    title = "This link opens nothing any more"

    def __init__(
        self, end: LinkEnd, at: datetime, reference: str = ""
    ) -> None:
        super().__init__(
            "This link was replaced."
            if end is LinkEnd.REPLACED
            else f"{reference} was withdrawn.",
            hint="Ask the hotline; nothing is to be done by this link.",
        )
        self.end, self.at, self.reference = end, at, reference


def replace_link(
    act: Act, scope: str, subject: Linked, *, reason: str
) -> None:
    """The present link dies; the next letter carries a new one. Nothing to do if there is none."""
    if subject.link_mac is None:
        return
    # Whoever must not read it has perhaps a link of before the last rotation of the key.
    act.session.execute(
        update(ReplacedLink)
        .where(ReplacedLink.subject_id == subject.id)
        .values(works_until=None)
    )
    act.session.add(
        ReplacedLink(
            id=new_id(),
            mac=subject.link_mac,
            scope=scope,
            subject_id=subject.id,
            replaced_at=act.now,
        )
    )
    subject.link_number += 1
    keyring = act.context.keyring
    link = new_link(keyring, scope, subject.id, subject.link_number)
    subject.link_mac = link.mac
    act.record(
        "link.replaced",
        scope,
        subject.id,
        reason=reason,
        number=subject.link_number,
    )


def find_linked(
    session: Session,
    keyring: Keyring,
    scope: str,
    model: type[Subject],
    token: str,
    now: datetime,
) -> Subject | None:
    """Whose link it is; None for one that was never ours, ``LinkEnded`` for one of before."""
    macs = lookups_of(keyring, scope, token)
    subject = session.scalar(select(model).where(model.link_mac.in_(macs)))
    if subject is not None:
        return subject
    replaced = session.scalar(
        select(ReplacedLink).where(
            ReplacedLink.mac.in_(macs), ReplacedLink.scope == scope
        )
    )
    if replaced is None:
        return None
    until = replaced.works_until
    if until is not None and until > now:
        return session.get(model, replaced.subject_id)
    # One of before a rotation worked on until its grace was over, and ended
    # only then.
    raise LinkEnded(LinkEnd.REPLACED, until or replaced.replaced_at)
