"""Known-hash lists in the database: versions that are all or nothing, the index files, re-matching.

A version is all or nothing: its rows are staged (``staging``; COPY on PostgreSQL), then a few
statements in one transaction turn the difference into added and removed entries. A broken file or
a killed process leaves the list as it was.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, BinaryIO, TypedDict, Unpack

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from hotline.core.errors import Conflict, InvalidInput, NotFound
from hotline.core.storage import audit, outbox
from hotline.core.storage.database import insert_once
from hotline.core.storage.ids import new_id
from triage.hashlists.formats import HashEntry, Problem
from triage.hashlists.imports import staging
from triage.hashlists.kinds import ListClass
from triage.hashlists.models import (
    HashEntryRow,
    HashImportRow,
    HashList,
    HashListVersion,
)
from triage.hashlists.search.matcher import WIDEST


@dataclass(frozen=True)
class Import:
    """What an import did. ``problems`` names the first few lines that could not be read."""

    version: int
    added: int
    removed: int
    rejected: int
    problems: tuple[str, ...]


LONGEST_TEXT = 200
"""Characters of what a list says of its source and its licence."""


class ListProperties(TypedDict, total=False):
    """What a list says of itself: those of its columns that people set. All may be left out."""

    source: str
    licence: str
    default_class: str
    category_map: dict[str, str]
    confidence: float
    pdq_threshold: int
    phash_threshold: int
    exportable: bool
    remote: bool
    version: int


def create_list(
    session: Session,
    name: str,
    *,
    actor: str,
    now: datetime,
    **properties: Unpack[ListProperties],
) -> HashList:
    """The list of that name, made if there is none; ``properties`` are its columns."""
    if not name.strip() or len(name) > 80:
        raise InvalidInput("A list's name has 1 to 80 characters.")
    is_new = insert_once(
        session,
        HashList,
        ["name"],
        **{
            "id": new_id(),
            "name": name,
            "created_at": now,
            **_default_properties(),
            **properties,
        },
    )
    hash_list = session.scalars(
        select(HashList).where(HashList.name == name).with_for_update()
    ).one()
    if is_new:
        audit.record_entry(
            session,
            actor=actor,
            action="hashlist.created",
            entity="hash_list",
            entity_id=hash_list.id,
            now=now,
            name=name,
        )
    return hash_list


def _default_properties() -> dict[str, Any]:
    return {
        "source": "",
        "licence": "",
        "default_class": ListClass.BASELINE,
        "category_map": {},
        "confidence": 1.0,
        "pdq_threshold": 31,
        "phash_threshold": 8,
        "enabled": True,
        "exportable": False,
        "version": 0,
        "checkpoint": "",
        "remote": False,
        "police_asked_by": "",
    }


def newest_digest(session: Session, hash_list: HashList) -> str | None:
    """SHA-256 of what the newest version was made of."""
    return session.scalar(
        select(HashListVersion.file_sha256)
        .where(HashListVersion.list_id == hash_list.id)
        .order_by(HashListVersion.number.desc())
        .limit(1)
    )


def import_version(
    session: Session,
    hash_list: HashList,
    entries: Iterator[HashEntry | Problem],
    *,
    digest: str,
    whole: bool,
    actor: str,
    now: datetime,
) -> Import:
    """Make ``entries`` the list's next version within this transaction: for some thousands. Files
    of any size go through ``importing``. The rest is as ``take_over`` has it."""
    staged = staging.Staged(new_id())
    for chunk in staging.chunk_rows(entries):
        staged.take(session, chunk)
    done = take_over(
        session,
        hash_list,
        staged,
        digest=digest,
        whole=whole,
        actor=actor,
        now=now,
    )
    session.execute(
        delete(HashImportRow).where(HashImportRow.import_id == staged.id)
    )
    return done


def take_over(
    session: Session,
    hash_list: HashList,
    staged: staging.Staged,
    *,
    digest: str,
    whole: bool,
    actor: str,
    now: datetime,
) -> Import:
    """Make what is staged the list's next version.

    ``whole``: the file is the whole list, so whatever is not in it is taken off; otherwise it only
    adds, and takes off what it marks as deleted. ``digest`` (SHA-256 of the file) refuses the same
    file twice in a row.
    """
    refuse_version(hash_list, newest_digest(session, hash_list), digest)
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
    _new_version(
        session,
        hash_list,
        done,
        digest,
        "hashlist.imported",
        actor=actor,
        now=now,
    )
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


def _new_version(
    session: Session,
    hash_list: HashList,
    done: Import,
    digest: str,
    action: str,
    *,
    actor: str,
    now: datetime,
    **details: Any,
) -> None:
    """Write the version down and have what hangs on the list's entries done anew."""
    hash_list.version = done.version
    session.add(
        HashListVersion(
            list_id=hash_list.id,
            number=done.version,
            at=now,
            actor=actor,
            file_sha256=digest,
            added=done.added,
            removed=done.removed,
            rejected=done.rejected,
        )
    )
    audit.record_entry(
        session,
        actor=actor,
        action=action,
        entity="hash_list",
        entity_id=hash_list.id,
        now=now,
        version=done.version,
        added=done.added,
        removed=done.removed,
        **details,
    )
    if done.added or done.removed:
        _announce_change(session, hash_list, now)


def roll_back(
    session: Session,
    hash_list: HashList,
    to: int,
    *,
    actor: str,
    now: datetime,
) -> Import:
    """Make the entries of version ``to`` current again, as a new version; nothing is forgotten."""
    if not 0 < to < hash_list.version:
        raise InvalidInput(f"{hash_list.name} has no earlier version {to}.")
    number = hash_list.version + 1
    added, removed = staging.restore_version(session, hash_list.id, to, number)
    done = Import(number, added, removed, 0, ())
    digest = hashlib.sha256(
        f"{hash_list.id}:{to}:{number}".encode()
    ).hexdigest()
    action = "hashlist.rolled_back"
    _new_version(
        session, hash_list, done, digest, action, actor=actor, now=now, to=to
    )
    return done


def set_enabled(
    session: Session,
    hash_list: HashList,
    enabled: bool,
    *,
    actor: str,
    now: datetime,
) -> None:
    hash_list.enabled = enabled
    audit.record_entry(
        session,
        actor=actor,
        action="hashlist.enabled" if enabled else "hashlist.disabled",
        entity="hash_list",
        entity_id=hash_list.id,
        now=now,
    )


def set_properties(
    session: Session,
    hash_list: HashList,
    properties: ListProperties,
    *,
    actor: str,
    now: datetime,
) -> None:
    """Change what a list says of itself; every fault is named. Files seen earlier are matched anew,
    since a threshold may have changed; a match that was found stays, with its distance."""
    faults = [
        f"{name}: {reason}"
        for name, reason in _find_property_faults(properties)
    ]
    if faults:
        raise InvalidInput(
            "The list cannot be changed so: " + "; ".join(faults) + "."
        )
    for name, value in properties.items():
        setattr(hash_list, name, value)
    audit.record_entry(
        session,
        actor=actor,
        action="hashlist.changed",
        entity="hash_list",
        entity_id=hash_list.id,
        now=now,
        changed=sorted(properties),
    )
    _post_rematch(session, f"{hash_list.id}:{now.isoformat()}", now)


def _find_property_faults(
    properties: ListProperties,
) -> Iterator[tuple[str, str]]:
    """Each property that cannot be, and what it may be."""
    classes = ", ".join(ListClass)
    if properties.get("default_class", ListClass.BASELINE) not in tuple(
        ListClass
    ):
        yield "default_class", f"one of {classes}"
    if not set(properties.get("category_map", {}).values()) <= set(ListClass):
        yield "category_map", f"each class is one of {classes}"
    if not 0 <= properties.get("confidence", 0) <= 1:
        yield "confidence", "0 to 1"
    if not 0 <= properties.get("pdq_threshold", 0) <= WIDEST["pdq"]:
        yield "pdq_threshold", f"0 to {WIDEST['pdq']}"
    if not 0 <= properties.get("phash_threshold", 0) <= WIDEST["phash"]:
        yield "phash_threshold", f"0 to {WIDEST['phash']}"
    if len(properties.get("source", "")) > LONGEST_TEXT:
        yield "source", f"at most {LONGEST_TEXT} characters"
    if len(properties.get("licence", "")) > LONGEST_TEXT:
        yield "licence", f"at most {LONGEST_TEXT} characters"


def find_list(session: Session, name: str) -> HashList:
    hash_list = session.scalar(
        select(HashList).where(HashList.name == name).with_for_update()
    )
    if hash_list is None:
        raise NotFound(
            f"There is no hash list {name!r}.",
            hint="`hotline hashlist list` shows all.",
        )
    return hash_list


def list_versions(
    session: Session, hash_list: HashList
) -> Sequence[HashListVersion]:
    """Newest first."""
    return session.scalars(
        select(HashListVersion)
        .where(HashListVersion.list_id == hash_list.id)
        .order_by(HashListVersion.number.desc())
    ).all()


def list_sizes(session: Session) -> dict[uuid.UUID, int]:
    """Current entries by list."""
    rows = session.execute(
        select(HashEntryRow.list_id, func.count())
        .where(HashEntryRow.removed_in.is_(None))
        .group_by(HashEntryRow.list_id)
    )
    return {row[0]: row[1] for row in rows}


def digest_of(stream: BinaryIO) -> str:
    """SHA-256 of a file, which is left at its beginning."""
    digest = hashlib.sha256()
    while block := stream.read(1 << 20):
        digest.update(block)
    stream.seek(0)
    return digest.hexdigest()


def _announce_change(
    session: Session, hash_list: HashList, now: datetime
) -> None:
    run = f"{hash_list.id}:{hash_list.version}"
    outbox.post_work(
        session,
        "hashlist.index",
        key=f"index:{run}",
        payload={},
        now=now,
        queue="checks",
    )
    _post_rematch(session, run, now)


def _post_rematch(session: Session, run: str, now: datetime) -> None:
    outbox.post_work(
        session,
        "hashlist.rematch",
        key=f"rematch:{run}",
        payload={"run": run},
        now=now,
        queue="checks",
        delay=timedelta(seconds=5),
    )
