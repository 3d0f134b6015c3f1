"""Taking away keys that nothing needs any more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from hotline.core.context import Context
from hotline.core.errors import Conflict, NotFound
from hotline.core.storage import audit
from hotline.core.storage.keys import key_files
from hotline.core.storage.keys.key_files import KeyFiles
from hotline.core.storage.keys.key_rotations import (
    find_open_rotation,
    rotation_away_from,
)
from hotline.core.storage.keys.keyring import id_of_key
from workers.keys.holdings import HOLDINGS
from workers.keys.rotation import is_by_hand


@dataclass(frozen=True, slots=True)
class Retirable:
    """A key that is only read with. ``blocked``: why it may not go; ``needed``: what would be lost
    if it went. Both are empty where nothing needs it."""

    key: bytes
    key_id: str
    blocked: str
    needed: str

    @property
    def reason(self) -> str:
        return "; ".join(text for text in (self.blocked, self.needed) if text)


def list_older_keys(
    context: Context, name: str, now: datetime, *, count: bool = True
) -> list[Retirable]:
    """The keys of the name that are only read with; ``count`` looks at all that they may hold."""
    holding = HOLDINGS[name]
    reasons = []
    with context.database.reading() as session:
        is_open = find_open_rotation(session, name) is not None
        left = 0
        if count and holding.count_left is not None:
            left = holding.count_left(session, context)
        for key in context.keyring.keys_of(name)[1:]:
            # It stands among those that are read with, and is the next one and
            # not an old one.
            if key == _staged_key(context, name):
                continue
            key_id = id_of_key(name, key)
            rotation = rotation_away_from(session, name, key_id)
            blocked = "a rotation is not finished" if is_open else ""
            if left:
                blocked = f"{left} are still under an older key"
            needed = holding.need(session, context, rotation, now)
            reasons.append(Retirable(key, key_id, blocked, needed))
    return reasons


def _staged_key(context: Context, name: str) -> bytes | None:
    """One that was not used yet."""
    source = context.keyring.source
    if not isinstance(source, KeyFiles):
        return None
    path = key_files.path_of_next(source.directory, name)
    return key_files.read_key(path) if path.exists() else None


def retire_keys(
    context: Context,
    name: str,
    *,
    now: datetime,
    key_id: str = "",
    lose: bool = False,
    actor: str = audit.SYSTEM,
) -> list[str]:
    """Take away the older keys of ``name``, or the one ``key_id``; returns their ids.

    Each was checked at once before: nothing may be under it. ``lose`` takes away one that is still
    needed, but never while something is sealed under it.
    """
    older = [
        old
        for old in list_older_keys(context, name, now)
        if key_id in ("", old.key_id)
    ]
    if not older:
        raise NotFound(
            f"There is no older key {key_id or name} here.",
            hint="See `hotline keys list`.",
        )
    for old in older:
        if old.blocked or (old.needed and not lose):
            raise Conflict(
                f"The key {old.key_id} is still needed: {old.reason}.",
                hint=_way_on(name, old),
            )
    for old in older:
        _retire(context, name, old, actor, now)
    return [old.key_id for old in older]


def _way_on(name: str, old: Retirable) -> str:
    if old.blocked:
        return f"`hotline keys rotate {name}` goes on with a rotation."
    return "Wait, or give it up with --lose: what was made with it is lost."


def _retire(
    context: Context, name: str, old: Retirable, actor: str, now: datetime
) -> None:
    with context.database.writing() as session:
        rotation = rotation_away_from(session, name, old.key_id)
        if rotation is not None:
            rotation.retired_at = now
        # In this order: a key that is there although the log has it gone is
        # found, and retired again.
        audit.record_entry(
            session,
            actor=actor,
            action="key.retired",
            entity="key",
            entity_id=name,
            now=now,
            old=old.key_id,
            given_up=old.needed,
        )
    source = context.keyring.source
    if isinstance(source, KeyFiles) and not is_by_hand(context):
        key_files.remove_old_key(source.directory, name, old.key)
        context.keyring.look_again(anyway=True)
