"""The table of changed rules, and how a change comes into force."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from hotline.core.storage.database import Base, Identified, short_text
from hotline.core.storage.machine import Machine, Stateful


class RuleState(StrEnum):
    """How far a change has come. The values are stored."""

    DRAFTED = "drafted"
    """Anybody who may can try it over past cases; it decides nothing."""
    IN_FORCE = "in_force"
    REPLACED = "replaced"
    """Another change, or the installation's own files, came into force after it."""
    WITHDRAWN = "withdrawn"
    """It never came into force; it may be offered again."""


class RuleEvent(StrEnum):
    """What moves a change from one state to the next."""

    ACTIVATED = "activated"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"
    OFFERED_AGAIN = "offered_again"


RULE_MACHINE = Machine(
    "rule_change",
    RuleState.DRAFTED,
    MappingProxyType(
        {
            (RuleState.DRAFTED, RuleEvent.ACTIVATED): RuleState.IN_FORCE,
            (RuleState.DRAFTED, RuleEvent.WITHDRAWN): RuleState.WITHDRAWN,
            # A draft and no more: who agreed with it before, agreed with nothing.
            (
                RuleState.WITHDRAWN,
                RuleEvent.OFFERED_AGAIN,
            ): RuleState.DRAFTED,
            # Nothing leads back into force: the way back is a change of its
            # own, to which another person has to agree.
            (RuleState.IN_FORCE, RuleEvent.REPLACED): RuleState.REPLACED,
        }
    ),
)


class RuleChange(Identified, Stateful, Base):
    """One set of changed files. ``files`` is all that differs from the installation's own, what was
    in force before included; none at all is the way back to these.

    ``replay_…``: the trial over past cases, of which ``replay_result`` holds counts and examples.
    """

    __tablename__ = "rule_change"
    __table_args__ = (
        Index(
            # Of two that come into force at the same moment the database lets
            # one through.
            "ix_rule_change_in_force",
            "state",
            unique=True,
            sqlite_where=text("state = 'in_force'"),
            postgresql_where=text("state = 'in_force'"),
        ),
    )

    machine: ClassVar[Machine] = RULE_MACHINE

    about: Mapped[str] = mapped_column(short_text(200))
    files: Mapped[dict[str, str]] = mapped_column(default=dict)
    digest: Mapped[str] = mapped_column(short_text(64))
    # What was in force when it was drafted: where that has changed, nobody
    # agrees to this any more.
    base_digest: Mapped[str] = mapped_column(short_text(64))
    drafted_by: Mapped[str] = mapped_column(short_text(80))
    drafted_at: Mapped[datetime] = mapped_column(index=True)
    in_force_at: Mapped[datetime | None]
    replay_since: Mapped[datetime | None]
    replay_total: Mapped[int] = mapped_column(default=0)
    replay_done: Mapped[int] = mapped_column(default=0)
    # The last case that was tried; the next job goes on behind it.
    replay_last: Mapped[uuid.UUID | None]
    replay_result: Mapped[Mapping[str, object]] = mapped_column(default=dict)
