"""The keyring: the service's own keys as a process holds them, fresh within a second.

Of each name one key is used for what is new; older ones are only read with, in their order. A
process looks again when files were added or replaced, so that a key can be rotated while all of
them run: the new one is known to everybody before anybody uses it.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import structlog

from hotline.core.errors import HotlineError
from hotline.core.storage.keys.key_command import KeyCommand
from hotline.core.storage.keys.key_files import KeyFiles, Keys

log = structlog.get_logger(__name__)

ID_LENGTH = 16
"""Hexadecimal digits by which a key is called."""
_LABEL = b"fingerprint of a key:"


class KeySource(Protocol):
    """Where keys come from; ``seconds``: how long a process goes by what it read."""

    @property
    def seconds(self) -> float: ...

    def read_first(self) -> Keys: ...

    def read_again(self) -> Keys: ...

    def mark(self) -> object: ...


@dataclass(frozen=True, slots=True)
class KeysInMemory:
    """Keys that stand nowhere on this machine: those of a backup that is looked at."""

    keys: Keys
    seconds: float = 3600.0

    def read_first(self) -> Keys:
        return self.keys

    def read_again(self) -> Keys:
        return self.keys

    def mark(self) -> object:
        return None


class Keyring:
    """The keys. Files are made at first use; a bad one is refused, never replaced."""

    def __init__(
        self,
        directory: Path,
        command: Sequence[str] = (),
        *,
        source: KeySource | None = None,
    ) -> None:
        self.source: KeySource = source or (
            KeyCommand(tuple(command)) if command else KeyFiles(directory)
        )
        self._keys = self.source.read_first()
        self._mark = self.source.mark()
        self._looked_at = time.monotonic()
        self._lock = threading.Lock()

    def bytes_of(self, name: str) -> bytes:
        """The key that is in use."""
        return self.keys_of(name)[0]

    def keys_of(self, name: str) -> tuple[bytes, ...]:
        """The key in use, then those that are only read with."""
        if time.monotonic() - self._looked_at >= self.source.seconds:
            self.look_again()
        return self._keys[name]

    def mac(self, name: str, message: bytes) -> bytes:
        """HMAC-SHA-256 (32 bytes) under the key ``name`` that is in use."""
        return mac_under(self.bytes_of(name), message)

    def macs(self, name: str, message: bytes) -> tuple[bytes, ...]:
        """The same under each key of the name, for finding what was stored under an older one."""
        return tuple(mac_under(key, message) for key in self.keys_of(name))

    def id_of(self, name: str) -> str:
        """What the key in use is called; it tells nothing about the key."""
        return id_of_key(name, self.bytes_of(name))

    def look_again(self, *, anyway: bool = False) -> None:
        """Read the keys anew if they changed; what was read before stays if they are unreadable.

        One thread reads, the others go on with what they have. ``anyway``: whoever just changed a
        file does not go by its time.
        """
        # Whoever waited would hold up a request for keys that it has already.
        if not self._lock.acquire(blocking=False):
            return
        try:
            # Before the reading: what changes in between is read again the
            # next time.
            mark = self.source.mark()
            if anyway or mark != self._mark:
                self._keys = self.source.read_again()
                self._mark = mark
        except (HotlineError, OSError) as error:
            log.error("keys_unreadable", error=type(error).__name__)
        finally:
            # After a failure too: else every request would try again at once.
            self._looked_at = time.monotonic()
            self._lock.release()


class ReadingKeys(Sequence[bytes]):
    """All keys of a name, the one in use last, as they are at the moment of asking.

    What signs and verifies cookies and tokens takes its keys in this order.
    """

    def __init__(self, keyring: Keyring, name: str) -> None:
        self._keyring, self._name = keyring, name

    def _now(self) -> tuple[bytes, ...]:
        return self._keyring.keys_of(self._name)[::-1]

    def __len__(self) -> int:
        return len(self._now())

    def __getitem__(self, place):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN204
        return self._now()[place]


def mac_under(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, hashlib.sha256)


def fingerprint_of_key(name: str, key: bytes) -> str:
    """64 hexadecimal digits; nobody gets from them to the key."""
    return mac_under(key, _LABEL + name.encode()).hex()


def id_of_key(name: str, key: bytes) -> str:
    """The short form of the fingerprint, for people and for marks in what the key signed."""
    return fingerprint_of_key(name, key)[:ID_LENGTH]
