"""Versions of a list: all or nothing, with all that hangs on a list's entries done anew.

A version's rows are staged (``staging``; COPY on PostgreSQL), then a few statements in one
transaction turn the difference into added and removed entries. A broken file or a killed process
leaves the list as it was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.errors import Conflict, InvalidInput
from hotline.core.jobs.names import JobName
from hotline.core.storage.ids import new_id
from triage.hashlists.formats import HashEntry, Problem
from triage.hashlists.imports import staging
from triage.hashlists.models import HashImportRow, HashList, HashListVersion
from triage.hashlists.service import post_rematch


@dataclass(frozen=True)
class Import:
    """What an import did. ``problems`` names the first few lines that could not be read."""

    version: int
    added: int
    removed: int
    rejected: int
    problems: tuple[str, ...]


def newest_digest(session: Session, hash_list: HashList) -> str | None:
    """SHA-256 of what the newest version was made of."""
    return session.scalar(
        select(HashListVersion.file_sha256)
        .where(HashListVersion.list_id == hash_list.id)
        .order_by(HashListVersion.number.desc())
        .limit(1)
    )


def import_version(
    act: Act,
    hash_list: HashList,
    entries: Iterator[HashEntry | Problem],
    *,
    digest: str,
    whole: bool,
) -> Import:
    """Make ``entries`` the list's next version within this transaction: for some thousands. Files
    of any size go through ``importing``. The rest is as ``take_over`` has it."""
    staged = staging.Staged(new_id())
    for chunk in staging.chunk_rows(entries):
        staged.take(act.session, chunk)
    done = take_over(act, hash_list, staged, digest=digest, whole=whole)
    act.session.execute(
        delete(HashImportRow).where(HashImportRow.import_id == staged.id)
    )
    return done


def take_over(
    act: Act,
    hash_list: HashList,
    staged: staging.Staged,
    *,
    digest: str,
    whole: bool,
) -> Import:
    """Make what is staged the list's next version.

    ``whole``: the file is the whole list, so whatever is not in it is taken off; otherwise it only
    adds, and takes off what it marks as deleted. ``digest`` (SHA-256 of the file) refuses the same
    file twice in a row.
    """
    session = act.session
    # Once more, with the list locked: another import may have been quicker.
    refuse_version(hash_list, newest_digest(session, hash_list), digest)
    # A file in another format than was named: taking it for an empty list would empty it.
    if staged.rejected and not staged.rows:
        raise InvalidInput(staging.no_line(staged))
    if whole and not staging.holds_hashes(session, staged):
        raise InvalidInput(
            "The file holds no hashes, and it would empty the list.",
            hint="Disable the list instead, if that is meant.",
        )
    number = hash_list.version + 1
    added, removed = staging.apply_staged(
        session, staged, hash_list.id, number, whole=whole
    )
    done = Import(number, added, removed, staged.rejected, staged.problems)
    _record_version(act, hash_list, done, digest, "hashlist.imported")
    return done


def refuse_version(
    hash_list: HashList, newest: str | None, digest: str
) -> None:
    """Raises Conflict where this file cannot be the list's next version."""
    if hash_list.remote:
        raise Conflict(
            f"{hash_list.name} stays with its owner; nothing can be imported into it."
        )
    if newest == digest:
        raise Conflict(
            f"Version {hash_list.version} of {hash_list.name} is this very file."
        )


def _record_version(
    act: Act,
    hash_list: HashList,
    done: Import,
    digest: str,
    action: str,
    **details: Any,
) -> None:
    """Write the version down and have what hangs on the list's entries done anew."""
    hash_list.version = done.version
    act.session.add(
        HashListVersion(
            list_id=hash_list.id,
            number=done.version,
            at=act.now,
            actor=act.actor,
            file_sha256=digest,
            added=done.added,
            removed=done.removed,
            rejected=done.rejected,
        )
    )
    act.record(
        action,
        "hash_list",
        hash_list.id,
        version=done.version,
        added=done.added,
        removed=done.removed,
        **details,
    )
    # The same entries again change no match, and building an index takes minutes.
    if done.added or done.removed:
        _announce_change(act, hash_list)


def roll_back(act: Act, hash_list: HashList, to: int) -> Import:
    """Make the entries of version ``to`` current again, as a new version; nothing is forgotten."""
    if not 0 < to < hash_list.version:
        raise InvalidInput(f"{hash_list.name} has no earlier version {to}.")
    number = hash_list.version + 1
    added, removed = staging.restore_version(
        act.session, hash_list.id, to, number
    )
    done = Import(number, added, removed, 0, ())
    # Of no file: made so that no file and no other version can have it.
    digest = hashlib.sha256(
        f"{hash_list.id}:{to}:{number}".encode()
    ).hexdigest()
    action = "hashlist.rolled_back"
    _record_version(act, hash_list, done, digest, action, to=to)
    return done


def list_versions(
    session: Session, hash_list: HashList
) -> Sequence[HashListVersion]:
    """Newest first."""
    return session.scalars(
        select(HashListVersion)
        .where(HashListVersion.list_id == hash_list.id)
        .order_by(HashListVersion.number.desc())
    ).all()


def digest_of(stream: BinaryIO) -> str:
    """SHA-256 of a file, which is left at its beginning."""
    digest = hashlib.sha256()
    while block := stream.read(1 << 20):
        digest.update(block)
    stream.seek(0)
    return digest.hexdigest()


def _announce_change(act: Act, hash_list: HashList) -> None:
    run = f"{hash_list.id}:{hash_list.version}"
    # The index before the files: it is what they are matched with.
    act.post(
        JobName.HASHLIST_INDEX, key=f"index:{run}", payload={}, queue="checks"
    )
    post_rematch(act, run)
