"""State machines are data: one table of (state, event) -> state an entity, applied in one place.

``advance`` is the only place in the project that changes a ``state`` column. It writes the history
row, from which all clocks and figures come, and the audit row, in the caller's transaction.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Index, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from hotline.core.errors import Conflict, phrase
from hotline.core.storage.audit import AuditEntry
from hotline.core.storage.database import Base, Identified, short_text
from hotline.core.storage.ids import new_id

CREATED = "created"
TOO_LATE = phrase(
    "Somebody was quicker, or it was done already. Look at how it stands now."
)
"""On a page: whoever has an older one open asks for a step that is no longer there."""
Row = Mapping[str, object]
"""Column -> value, as an INSERT takes it."""


@dataclass(frozen=True)
class Machine:
    """``transitions`` maps (state, event) to the next state; ``initial`` is the first state."""

    name: str
    initial: str
    transitions: Mapping[tuple[str, str], str]

    @property
    def states(self) -> frozenset[str]:
        return frozenset({self.initial, *self.transitions.values()})

    @property
    def events(self) -> frozenset[str]:
        return frozenset(event for _, event in self.transitions)

    def next_state(self, state: str, event: str) -> str:
        """The state that ``event`` leads to, or ``Conflict`` saying what would be possible."""
        try:
            return self.transitions[state, event]
        except KeyError:
            possible = (
                ", ".join(sorted(e for s, e in self.transitions if s == state))
                or "nothing"
            )
            raise Conflict(
                f"A {self.name} that is {_in_words(state)} cannot be {_in_words(event)}.",
                hint=f"Possible now: {_in_words(possible)}.",
                said=TOO_LATE,
            ) from None

    def allows(self, state: str, event: str) -> bool:
        return (state, event) in self.transitions


class Stateful:
    """Mixin of entities with a state machine."""

    machine: ClassVar[Machine]

    id: Mapped[uuid.UUID]
    # Lists ask for what is in a state, among all that ever was.
    state: Mapped[str] = mapped_column(short_text(32), index=True)
    state_since: Mapped[datetime]


class HistoryEntry(Identified, Base):
    """One applied event. The first row of an entity has an empty ``from_state``."""

    __tablename__ = "history_entry"
    __table_args__ = (
        Index("ix_history_entry_entity_id_at", "entity_id", "at"),
    )

    entity: Mapped[str] = mapped_column(short_text(40), index=True)
    entity_id: Mapped[uuid.UUID]
    event: Mapped[str] = mapped_column(short_text(40))
    from_state: Mapped[str] = mapped_column(short_text(32))
    to_state: Mapped[str] = mapped_column(short_text(32))
    at: Mapped[datetime] = mapped_column(index=True)
    actor: Mapped[str] = mapped_column(short_text(80))
    details: Mapped[Mapping[str, object]] = mapped_column(default=dict)


def begin_state(
    session: Session,
    entity: Stateful,
    *,
    actor: str,
    now: datetime,
    **details: Any,
) -> None:
    """Put a new entity into its first state. It needs its id already."""
    session.add(entity)
    _write_history(
        session, entity, CREATED, entity.machine.initial, actor, now, details
    )


def advance_state(
    session: Session,
    entity: Stateful,
    event: str,
    *,
    actor: str,
    now: datetime,
    **details: Any,
) -> str:
    """Apply ``event``; returns the new state. ``Conflict`` if the table has no such step."""
    # Two people at once: the row is locked and read anew before the table is asked.
    session.flush()
    session.refresh(
        entity, attribute_names=["state", "state_since"], with_for_update=True
    )
    state = entity.machine.next_state(entity.state, event)
    _write_history(session, entity, event, state, actor, now, details)
    return state


def list_history(session: Session, entity_id: uuid.UUID) -> list[HistoryEntry]:
    """What happened to the entity, oldest first."""
    rows = select(HistoryEntry).where(HistoryEntry.entity_id == entity_id)
    return list(
        session.scalars(rows.order_by(HistoryEntry.at, HistoryEntry.id))
    )


def list_steps(
    session: Session,
    entity_ids: Collection[uuid.UUID],
    events: Collection[str],
) -> dict[uuid.UUID, list[HistoryEntry]]:
    """Which of these events happened to each of several entities, oldest first."""
    steps: dict[uuid.UUID, list[HistoryEntry]] = {at: [] for at in entity_ids}
    if not steps:
        return steps
    rows = (
        select(HistoryEntry)
        .where(
            HistoryEntry.entity_id.in_(steps), HistoryEntry.event.in_(events)
        )
        .order_by(HistoryEntry.at, HistoryEntry.id)
    )
    for entry in session.scalars(rows):
        steps[entry.entity_id].append(entry)
    return steps


def _write_history(
    session: Session,
    entity: Stateful,
    event: str,
    state: str,
    actor: str,
    now: datetime,
    details: Mapping[str, object],
) -> None:
    # A new entity has no state yet: its first row of history comes from nowhere.
    before = entity.state or ""
    entity.state = state
    entity.state_since = now
    happened, logged = rows_of(
        entity.machine,
        entity.id,
        event,
        (before, state),
        actor=actor,
        now=now,
        details=details,
    )
    session.add_all((HistoryEntry(**happened), AuditEntry(**logged)))


def rows_of(
    machine: Machine,
    entity_id: uuid.UUID,
    event: str,
    states: tuple[str, str],
    *,
    actor: str,
    now: datetime,
    details: Mapping[str, object],
) -> tuple[Row, Row]:
    """The history row and the audit row of an event (``states``: before, after), as plain values:
    intake writes them in bulk."""
    common: Row = {
        "entity": machine.name,
        "at": now,
        "actor": actor,
        "details": details,
    }
    happened: Row = {
        "id": new_id(),
        "entity_id": entity_id,
        "event": event,
        "from_state": states[0],
        "to_state": states[1],
    }
    logged: Row = {
        "id": new_id(),
        "entity_id": str(entity_id),
        "action": f"{machine.name}.{event}",
    }
    return {**common, **happened}, {**common, **logged}


def _in_words(slug: str) -> str:
    return slug.replace("_", " ")
