"""How many connections to PostgreSQL a process may have, and what they may rely on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

KEPT_OPEN = 10
MOST_OPEN = 30
WAIT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Pools:
    """``kept``: connections that stay open; ``most``: at once, beyond which work waits its turn.

    ``shared``: PgBouncer or the like stands in between and gives each transaction another session
    of PostgreSQL. Nothing that outlives a transaction may be asked of a session then: the driver
    prepares no statements. The rest of the service never relied on sessions: its locks end with
    the transaction, and it listens to nothing.
    """

    kept: int = KEPT_OPEN
    most: int = MOST_OPEN
    shared: bool = False

    def engine_options(self) -> Mapping[str, Any]:
        kept = min(self.kept, self.most)
        return {
            "pool_size": kept,
            "max_overflow": self.most - kept,
            "pool_timeout": WAIT_SECONDS,
            "connect_args": unprepared() if self.shared else {},
        }


def unprepared() -> dict[str, Any]:
    """What keeps the driver from preparing statements in a session that may be another's next."""
    return {"prepare_threshold": None}
