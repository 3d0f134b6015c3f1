"""Guessing is slowed down, and nobody is shut out for good by somebody else's guessing.

The log itself is the memory: five failures in a row cost nothing, each further one doubles the
wait. Tries are counted for a name (also one that nobody has) and apart for each browser that holds
a mark of having been signed in under that name. A staff member's network address is not looked at:
behind a proxy it is not known here, and the mark tells the same more exactly.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.errors import TooMany, phrase
from hotline.core.storage.audit import AuditEntry
from hotline.core.storage.keys.keyring import Keyring

FREE_TRIES = 5
LONGEST_WAIT = timedelta(minutes=5)
REMEMBERED = timedelta(hours=1)
# The wait is at its longest well before so many failures in a row.
_COUNTED = 20


def throttle_keys(
    keyring: Keyring, username: str, mark: str, *, what: str = "try"
) -> tuple[str, ...]:
    """Under what the log counts: keyed hashes, as a name that is typed may be a password.

    First under the key in use; what failed under an older one counts all the same.
    """
    # A mark that is made up would else bring free tries with each new one.
    is_own_device = bool(mark) and is_marked(keyring, username, mark)
    device = mark.partition(".")[0] if is_own_device else ""
    said = f"{what}:{username}:{device}".encode()
    return tuple(mac.hex()[:32] for mac in keyring.macs("sessions", said))


def wait_left(
    session: Session,
    keys: tuple[str, ...],
    now: datetime,
    *,
    what: str = "sign_in",
) -> timedelta:
    """What is left of the delay: 1, 2, 4 … seconds after the last of five or more failures."""
    rows = session.execute(
        select(AuditEntry.action, AuditEntry.at)
        .where(
            AuditEntry.entity_id.in_(keys),
            AuditEntry.entity == what,
            AuditEntry.at > now - REMEMBERED,
        )
        # Two entries may bear the same moment.
        .order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
        .limit(_COUNTED)
    ).all()
    failures = 0
    while failures < len(rows) and rows[failures].action == f"{what}.failed":
        failures += 1
    if failures < FREE_TRIES:
        return timedelta()
    delay = min(timedelta(seconds=2 ** (failures - FREE_TRIES)), LONGEST_WAIT)
    last: datetime = rows[0].at
    return last + delay - now


def refuse_while_waiting(
    session: Session,
    keys: tuple[str, ...],
    now: datetime,
    *,
    what: str = "sign_in",
) -> None:
    """``TooMany`` while the delay runs; it says for how long."""
    wait = wait_left(session, keys, now, what=what)
    if wait > timedelta():
        # Rounded up: who came back a fraction too early would be refused
        # again.
        seconds = int(wait.total_seconds()) + 1
        raise TooMany(
            phrase("Too many attempts. Try again in %(seconds)s seconds."),
            retry_after=seconds,
            values={"seconds": str(seconds)},
        )


# Marks of browsers that were signed in before.


def new_mark(keyring: Keyring, username: str) -> str:
    """For a browser that ``username`` signed in with."""
    number = secrets.token_hex(16)
    return f"{number}.{_mark_macs(keyring, username, number)[0]}"


def is_marked(keyring: Keyring, username: str, mark: str) -> bool:
    """Whether we gave this mark to a browser of ``username``."""
    number, _, mac = mark.partition(".")
    return any(
        # As bytes: of text it takes only ASCII, and a cookie may hold
        # anything.
        hmac.compare_digest(mac.encode(), ours.encode())
        for ours in _mark_macs(keyring, username, number)
    )


def _mark_macs(keyring: Keyring, username: str, number: str) -> list[str]:
    macs = keyring.macs("sessions", f"device:{username}:{number}".encode())
    return [mac.hex() for mac in macs]
