"""How many connections to PostgreSQL a process may have, and what they may rely on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import URL

KEPT_OPEN = 10
MOST_OPEN = 30
WAIT_SECONDS = 30.0
Options = dict[str, Any]
"""Keyword arguments of the driver."""


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
        # Both can be set, and an operator who lowers the one need not know the
        # other.
        kept = min(self.kept, self.most)
        return {
            "pool_size": kept,
            "max_overflow": self.most - kept,
            "pool_timeout": WAIT_SECONDS,
        }


_NOTICE_A_CUT: Mapping[str, int] = MappingProxyType(
    {
        "connect_timeout": 5,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 20_000,
    }
)
"""Of our side: a connection that was cut without a word is given up after half a minute. By
default that takes a quarter of an hour, and whoever reports would wait as long."""
_HAVE_A_CUT_NOTICED = " ".join(
    f"-c tcp_{name}"
    for name in (
        "keepalives_idle=10",
        "keepalives_interval=5",
        "keepalives_count=3",
        "user_timeout=20000",
    )
)
"""The same of PostgreSQL's side. What a machine had locked when it was cut off nobody else can work
on until its session ends there: by default after two hours."""


def connection_options(url: URL, *, shared: bool) -> Options:
    """What the driver is told at each connection; what the URL says itself is left as it is."""
    options: Options = dict(_NOTICE_A_CUT)
    if (
        shared
    ):  # the server of this connection is the pool, which takes no options
        options |= unprepared()
    else:
        options["options"] = _HAVE_A_CUT_NOTICED
    return {
        name: value for name, value in options.items() if name not in url.query
    }


def unprepared() -> Options:
    """What keeps the driver from preparing statements in a session that may be another's next."""
    return {"prepare_threshold": None}
