"""Which state of the lists a machine's index was built from, and how far it is behind.

Each machine has index files of its own. Beside them stands the edition of the lists that they were
built from, and the database keeps the same of every machine, so that each can tell of all.
Being behind costs time and nothing else: what came since is searched beside the index, and what was
withdrawn is left out, as every hit is looked up in the database before it counts.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from hotline.core.storage.servers.presence import is_silent, list_machines
from triage.hashlists.models import HashIndexState, HashListVersion

MAY_BE_BEHIND = timedelta(minutes=15)
"""An index of some millions takes minutes to build."""
_CHANGED = or_(HashListVersion.added > 0, HashListVersion.removed > 0)


@dataclass(frozen=True, slots=True)
class Lag:
    """``missing`` versions of lists changed something since; the first of them at ``since``."""

    missing: int
    since: datetime | None

    def is_late(self, now: datetime) -> bool:
        return self.since is not None and now - self.since > MAY_BE_BEHIND

    def seconds(self, now: datetime) -> float:
        return (now - self.since).total_seconds() if self.since else 0.0


def read_current_edition(session: Session) -> str:
    """Of the lists as they are now: how many versions changed something, and the newest of them."""
    newest = session.scalar(
        select(HashListVersion.id)
        .where(_CHANGED)
        .order_by(HashListVersion.id.desc())
        .limit(1)
    )
    count = session.scalar(
        select(func.count()).select_from(HashListVersion).where(_CHANGED)
    )
    # The number alone would not do: after a restore another version may have
    # the same one.
    return f"{count}:{newest.hex if newest else ''}"


def edition_path(data_dir: Path) -> Path:
    return data_dir / "index" / "edition"


def read_own_edition(data_dir: Path) -> str:
    """What this machine's index was built from; "" where there is none."""
    try:
        return edition_path(data_dir).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def write_own_edition(data_dir: Path, edition: str) -> None:
    path = edition_path(data_dir)
    # Swapped in whole, so that nobody reads half of it.
    beside = path.with_suffix(".new")
    beside.write_text(edition + "\n", encoding="ascii")
    beside.replace(path)


def measure_lag(session: Session, edition: str) -> Lag:
    """How far an index of ``edition`` is behind the lists."""
    if edition == read_current_edition(session):
        return Lag(0, None)
    condition = [_CHANGED]
    newest = _newest_version_of(edition)
    # An edition of another database is behind by everything.
    if newest is not None and session.get(HashListVersion, newest) is not None:
        condition.append(HashListVersion.id > newest)
    count, since = session.execute(
        select(func.count(), func.min(HashListVersion.at)).where(*condition)
    ).one()
    return Lag(count, since)


def find_machines_behind(session: Session, now: datetime) -> Sequence[str]:
    """Names of living machines whose index has been behind for longer than it takes to build."""
    alive = {
        machine.name
        for machine in list_machines(session)
        if not is_silent(machine, now)
    }
    states = session.scalars(
        select(HashIndexState).order_by(HashIndexState.machine)
    ).all()
    return [
        state.machine
        for state in states
        # What was switched off for good would else be behind for ever.
        if state.machine in alive
        and measure_lag(session, state.edition).is_late(now)
    ]


def _newest_version_of(edition: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(edition.partition(":")[2])
    except ValueError:
        return None
