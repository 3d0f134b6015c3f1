"""How often one address may knock, without an address being kept.

Counters live in the memory of a process under an HMAC of the address. The HMAC's salt is random
and dies with its window, together with all counts: after that not even a memory dump tells who was
here. Processes, on several machines too, tell each other their counts by Redis (``Share``): they
agree on the salt, and whoever reads Redis lacks the key. Nobody who reports waits for that, and
without Redis each process counts alone.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from pydantic import ConfigDict

from hotline.core.datafiles import files
from hotline.core.datafiles.shapes import parse_file

FILE = "limits.toml"
SALT_BYTES = 32
MAX_COUNTERS = 50_000
"""Memory stays bounded; addresses beyond that share one counter until the window ends."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What ``limits.toml`` says: events per window, of one address and of all together."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    window_seconds: float
    reports_of_one: int
    reports_of_all: int
    lookups_of_one: int
    additions_of_one: int
    form_seconds: float
    proof_rounds: int
    proof_tries: int


def load_limits(override_dir: Path | None = None) -> Limits:
    """The limits; raises ``Misconfigured`` with every fault of the file."""
    return parse_file(
        Limits, FILE, files.read_toml("hotline.intake", FILE, override_dir)
    )


@dataclass(frozen=True, slots=True)
class Share:
    """What a process has to tell of its window: counts that it has told nobody yet, by name."""

    salt: bytes
    seconds_left: float
    untold: Mapping[bytes, int]


@dataclass(slots=True)
class _Count:
    """Of one name: what came here, how much of it was told, and what came elsewhere."""

    here: int = 0
    told: int = 0
    elsewhere: int = 0


class Counters:
    """Counts events by kind and address; forgets everything when a window ends.

    ``secret`` is what several processes of one service have in common, and nobody else.
    """

    def __init__(self, window_seconds: float, secret: bytes = b"") -> None:
        self.window_seconds = window_seconds
        self._secret = secret
        self._lock = threading.Lock()
        self._ends = 0.0
        self._salt = b""
        self._counts: dict[bytes, _Count] = {}

    def hit(self, kind: str, address: str, *, now: float) -> int:
        """Count one event; returns how many there were in this window. ``now``: seconds."""
        with self._lock:
            self._begin_if_over(now)
            count = self._count_of(kind, address)
            count.here += 1
            return count.here + count.elsewhere

    def seconds_left(self, now: float) -> int:
        """Whole seconds until the window ends, at least one."""
        return max(1, int(self._ends - now) + 1)

    def share(self, now: float) -> Share:
        """What others have to be told."""
        with self._lock:
            self._begin_if_over(now)
            untold = {
                name: count.here - count.told
                for name, count in self._counts.items()
                if count.here > count.told
            }
            return Share(self._salt, self._ends - now, untold)

    def take_over(self, salt: bytes, seconds_left: float, now: float) -> None:
        """Begin the window that the others are in; what was counted under another salt is lost."""
        with self._lock:
            self._salt, self._ends = salt, now + seconds_left
            self._counts = {}

    def learn(self, share: Share, totals: Mapping[bytes, int]) -> None:
        """``share`` was told; ``totals`` are the counts of all processes, this one's included."""
        with self._lock:
            if share.salt != self._salt:  # the window ended meanwhile
                return
            for name, total in totals.items():
                count = self._counts[name]
                count.told += share.untold[name]
                # Redis may have lost what it was told before.
                count.elsewhere = max(count.elsewhere, total - count.told)

    def _begin_if_over(self, now: float) -> None:
        if now >= self._ends:
            self._ends = now + self.window_seconds
            # Another salt for each window: nobody can follow an address from
            # one to the next.
            self._salt = secrets.token_bytes(SALT_BYTES)
            self._counts = {}

    def _count_of(self, kind: str, address: str) -> _Count:
        # No address is kept, nor anything from which one could be tried out
        # once the window's salt is gone.
        name = hmac.digest(
            self._secret + self._salt,
            f"{kind}\0{address}".encode(),
            hashlib.sha256,
            # Enough that no two of some thousand addresses meet, and less memory.
        )[:12]
        if name not in self._counts and len(self._counts) >= MAX_COUNTERS:
            # All further ones share this count: a flood from many addresses
            # must not fill the memory.
            name = b""
        return self._counts.setdefault(name, _Count())
