"""One key takes the place of another, while the service runs.

1. The new key is laid beside the one in use, as a key to read with, and it is written down that the
   rotation has begun. Every process knows the new key within a second.
2. It takes the place of the one in use; the old one stays as a key to read with.
3. What is under the old key is moved, in batches, each a transaction of its own.
4. Everything is read once more: a rotation ends when nothing is found under an older key.

It may break off anywhere. The same command goes on where it stopped.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.context import Context, utc_now
from hotline.core.errors import Conflict, Misconfigured
from hotline.core.storage import audit
from hotline.core.storage.keys import key_files
from hotline.core.storage.keys.key_files import KeyFiles
from hotline.core.storage.keys.key_rotations import (
    KeyRotation,
    find_open_rotation,
)
from hotline.core.storage.keys.keyring import ID_LENGTH, id_of_key
from hotline.core.storage.keys.own_keys import (
    KeyFingerprint,
    replace_fingerprint,
)
from workers.keys.holdings import HOLDINGS

SETTLE_SECONDS = 2.5
"""Every process looks at the key files each second, before it uses a key."""
ROUNDS = 5
"""What is added meanwhile is under the new key; each round finds at most what was in work."""

Say = Callable[[str, int], None]
"""Told the step ("moved", "left") and a count."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long is waited until every process knows a key; none of it in a test."""

    settle: float = SETTLE_SECONDS


def rotate_key(
    context: Context,
    name: str,
    *,
    grace: timedelta,
    actor: str = audit.SYSTEM,
    say: Say = lambda *_: None,
    pace: Pace = Pace(),
) -> KeyRotation:
    """Begin a rotation and do all of it, or go on with the one that broke off."""
    with context.database.reading() as session:
        rotation = find_open_rotation(session, name)
    if rotation is None:
        rotation = _begin(context, name, grace, actor, pace)
    if rotation.used_from is None:
        _use_new_key(context, rotation, actor, pace)
    _move_everything(context, rotation, say)
    return _finish(context, rotation, actor)


def is_by_hand(context: Context) -> bool:
    """Whether somebody else puts the keys into place: a secret store, or files of a mount."""
    source = context.keyring.source
    return not isinstance(source, KeyFiles) or not key_files.is_writable(
        source.directory
    )


def _begin(
    context: Context, name: str, grace: timedelta, actor: str, pace: Pace
) -> KeyRotation:
    source = context.keyring.source
    if is_by_hand(context):
        # The new one is in its place already; what was there before is known
        # to the database alone.
        old_key = _known_key(context, name)
        new_key = context.keyring.id_of(name)
        if old_key == new_key:
            raise Conflict(f"The key in use is still {new_key}.", hint=BY_HAND)
    else:
        assert isinstance(source, KeyFiles)
        old_key = context.keyring.id_of(name)
        staged = key_files.stage_key(source.directory, name)
        new_key = id_of_key(name, staged)
        context.keyring.look_again(anyway=True)
        # Until then a process may meet what another one made with a key that
        # it does not know.
        time.sleep(pace.settle)
    now = utc_now()
    rotation = KeyRotation(
        name=name,
        old_key=old_key,
        new_key=new_key,
        started_at=now,
        grace_until=now + grace,
    )
    with context.database.writing() as session:
        session.add(rotation)
        _record(session, rotation, "key.rotation_begun", actor, now)
    return rotation


BY_HAND = (
    "Its place is not writable here, so somebody else puts the new key there: first as a further "
    "key (the second line of its name in key_command's output, or the file NAME.next.key), a "
    "minute later in the place of the one in use, with the old one kept as a further key (the "
    "second line, or NAME.1.key). Then give this command again."
)


def _known_key(context: Context, name: str) -> str:
    """The key that the database knew last."""
    with context.database.reading() as session:
        fingerprint = session.scalar(
            select(KeyFingerprint.fingerprint).where(
                KeyFingerprint.name == name
            )
        )
    return (fingerprint or "")[:ID_LENGTH]


def _use_new_key(
    context: Context, rotation: KeyRotation, actor: str, pace: Pace
) -> None:
    keyring, name = context.keyring, rotation.name
    if keyring.id_of(name) != rotation.new_key and not is_by_hand(context):
        source = keyring.source
        assert isinstance(source, KeyFiles)
        staged = key_files.path_of_next(source.directory, name)
        if (
            staged.exists()
            and id_of_key(name, key_files.read_key(staged)) == rotation.new_key
        ):
            key_files.promote_key(source.directory, name)
    keyring.look_again(anyway=True)
    if keyring.id_of(name) != rotation.new_key:
        raise Misconfigured(
            f"The rotation waits for the key {rotation.new_key}, and it is not there.",
            hint=BY_HAND if is_by_hand(context) else "Restore its file.",
        )
    time.sleep(pace.settle)
    now = utc_now()
    with context.database.writing() as session:
        rotation = session.merge(rotation)
        rotation.used_from = now
        replace_fingerprint(session, keyring, name, now)
        _record(session, rotation, "key.in_use", actor, now)


def _move_everything(
    context: Context, rotation: KeyRotation, say: Say
) -> None:
    holding = HOLDINGS[rotation.name]
    if holding.move is None or holding.count_left is None:
        return
    for _ in range(ROUNDS):
        while _move_batch(context, rotation, say):
            pass
        with context.database.reading() as session:
            left = holding.count_left(session, context)
        say("left", left)
        if not left:
            return
    raise Conflict(
        f"{left} are still under the old key: something is in use all the time.",
        hint="The old key still opens them. Give the command again.",
    )


def _move_batch(context: Context, rotation: KeyRotation, say: Say) -> bool:
    """False when all were seen; how far it came is kept in the same transaction."""
    move = HOLDINGS[rotation.name].move
    assert move is not None
    with context.database.writing() as session:
        row = session.get_one(KeyRotation, rotation.id)
        batch = move(session, context, row.cursor, row, utc_now())
        row.cursor = batch.cursor
        row.moved += batch.moved
        moved = row.moved
    say("moved", moved)
    return bool(batch.cursor)


def _finish(
    context: Context, rotation: KeyRotation, actor: str
) -> KeyRotation:
    now = utc_now()
    with context.database.writing() as session:
        row = session.get_one(KeyRotation, rotation.id)
        row.finished_at = now
        _record(session, row, "key.rotated", actor, now, moved=row.moved)
    if rotation.name == "audit":
        _write_head(context, now)
    return row


def _write_head(context: Context, now: datetime) -> None:
    """The first head under the new key: it says so, and vouches for those before."""
    path = context.settings.audit_heads_file
    assert path is not None
    with context.database.reading() as session:
        audit.write_head(session, path, context.keyring, now)


def _record(
    session: Session,
    rotation: KeyRotation,
    action: str,
    actor: str,
    now: datetime,
    **details: object,
) -> None:
    audit.record_entry(
        session,
        actor=actor,
        action=action,
        entity="key",
        entity_id=rotation.name,
        now=now,
        old=rotation.old_key,
        new=rotation.new_key,
        **details,
    )
