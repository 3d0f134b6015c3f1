"""Identifiers: UUIDv7 for machines, short references for people, receipt codes for reporters."""

from __future__ import annotations

import secrets
import threading
import time
import uuid
from datetime import datetime

# Crockford's base 32: no I, L, O, U, so that a code can be read out on the telephone.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOK_ALIKES = str.maketrans({"I": "1", "L": "1", "O": "0", "U": "V"})

RECEIPT_GROUPS = 5
RECEIPT_GROUP_LENGTH = 4
# 20 characters x 5 bits = 100 bits.
RECEIPT_LENGTH = RECEIPT_GROUPS * RECEIPT_GROUP_LENGTH


class _Ticks:
    """Time in 4096ths of a millisecond, no tick given out twice, and none before an earlier one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def take(self) -> int:
        now = time.time_ns() * TICKS // 1_000_000
        with self._lock:
            # A clock that was set back must not sort new rows before older ones.
            self._last = max(now, self._last + 1)
            return self._last


TICKS = 4096  # to a millisecond: the twelve bits that RFC 9562 leaves for a finer clock
_ticks = _Ticks()


def new_id() -> uuid.UUID:
    """A UUIDv7 (RFC 9562, 6.2 method 3): each sorts behind those that this process made before.

    Keys append to an index's end, and rows of one act, which have one time, keep their order.
    """
    milliseconds, fraction = divmod(_ticks.take(), TICKS)
    value = (milliseconds & (2**48 - 1)) << 80
    value |= 0x7 << 76 | fraction << 64
    value |= 0x2 << 62 | secrets.randbits(62)
    return uuid.UUID(int=value)


def first_id_at(moment: datetime) -> uuid.UUID:
    """Smaller than every id that is made from ``moment`` on: finds rows of before by their key."""
    milliseconds = int(moment.timestamp() * 1000)
    return uuid.UUID(int=(milliseconds & (2**48 - 1)) << 80)


def new_staff_code() -> str:
    """Eight characters, 40 bits, that can be read out on the telephone: ``K7QM-3D9X``."""
    first, second = (
        "".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(2)
    )
    return f"{first}-{second}"


def new_receipt() -> str:
    """A receipt code of 100 bits in readable groups: ``K7QM-3D9X-0ABC-HJ2P-W5TZ``."""
    value = secrets.randbits(5 * RECEIPT_LENGTH)
    code = "".join(
        ALPHABET[value >> 5 * place & 31] for place in range(RECEIPT_LENGTH)
    )
    starts = range(0, RECEIPT_LENGTH, RECEIPT_GROUP_LENGTH)
    return "-".join(
        code[start : start + RECEIPT_GROUP_LENGTH] for start in starts
    )


def normalise_receipt(text: str) -> str | None:
    """What was typed, without separators and with look-alikes folded; None if it can't be one."""
    # Separators of any kind are fine, and four times the code is more than anybody types.
    if len(text) > 4 * RECEIPT_LENGTH:
        return None
    # Only now: a megabyte of text costs nothing.
    folded = "".join(c for c in text.upper() if c.isalnum()).translate(
        _LOOK_ALIKES
    )
    if len(folded) != RECEIPT_LENGTH or any(c not in ALPHABET for c in folded):
        return None
    return folded


def new_token() -> str:
    """An unguessable link token of 256 bits."""
    return secrets.token_urlsafe(32)
