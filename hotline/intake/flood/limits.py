"""How often one address may knock, without an address being kept.

Counters live in the memory of one process under an HMAC of the address. The HMAC's key is random
and dies with its window, together with all counts: after that not even a memory dump tells who was
here. Several processes count apart, so a limit is at most ``web_workers`` times what it says.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from pydantic import ConfigDict

from hotline.core.datafiles import files
from hotline.core.datafiles.shapes import parse_file

FILE = "limits.toml"
KEY_BYTES = 32
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


class Counters:
    """Counts events by kind and address; forgets everything when a window ends."""

    def __init__(self, window_seconds: float) -> None:
        self.window_seconds = window_seconds
        self._lock = threading.Lock()
        self._ends = 0.0
        self._key = b""
        self._counts: dict[bytes, int] = {}

    def hit(self, kind: str, address: str, *, now: float) -> int:
        """Count one event; returns how many there were in this window. ``now``: seconds."""
        with self._lock:
            if now >= self._ends:
                self._ends = now + self.window_seconds
                self._key = secrets.token_bytes(KEY_BYTES)
                self._counts = {}
            name = hmac.digest(
                self._key, f"{kind}\0{address}".encode(), hashlib.sha256
            )[:12]
            if name not in self._counts and len(self._counts) >= MAX_COUNTERS:
                name = b""
            self._counts[name] = self._counts.get(name, 0) + 1
            return self._counts[name]

    def seconds_left(self, now: float) -> int:
        """Whole seconds until the window ends, at least one."""
        return max(1, int(self._ends - now) + 1)
