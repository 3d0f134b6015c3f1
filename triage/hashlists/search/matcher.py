"""Match a file's hashes with every list: exact ones in the database, near ones in the index.

The index files hold what was current when they were built; entries that came since are searched
beside them, and every hit is checked against the database, so that what was taken off a list, or a
list that was switched off, never matches. A list's own thresholds decide what is near enough.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from sqlalchemy import and_, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from hotline.core.context import Context
from hotline.core.errors import Unavailable
from hotline.core.jobs.names import JobName
from hotline.core.storage import outbox
from hotline.core.storage.ids import new_id
from triage.fingerprints.distance import NEAR_PDQ
from triage.fingerprints.model import MATCHABLE_QUALITY
from triage.hashlists.kinds import EXACT, MatchDecision
from triage.hashlists.models import HashEntryRow, HashList, MediaMatch
from triage.hashlists.owners.remote import RemoteList, load_remote_lists
from triage.matching import HashIndex, ReloadingIndex
from triage.matching.table import build_in_memory
from triage.media.models import Media

# Near-matched kinds and their size in bytes; all others are looked up exactly.
INDEXED: Mapping[str, int] = MappingProxyType({"pdq": 32, "phash": 8})
HASHES = (*EXACT, "pdq", "pdq_quality", "phash", "frames", "kind")
# No list may ask for more: beyond these a hash says nothing (PDQ 31, pHash 10).
WIDEST: Mapping[str, int] = MappingProxyType({"pdq": NEAR_PDQ, "phash": 10})


REMOTE_JOB = JobName.HASHLIST_REMOTE


@dataclass(frozen=True, slots=True)
class Hit:
    """One known hash near enough. ``share``: of a video's frames that met it, else None."""

    entry: HashEntryRow
    hash_list: HashList
    distance: int
    quality: int | None
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """One file's hashes, as hex. ``frames`` are (PDQ, quality) of a video or an animation, which
    may begin with a black frame; ``is_video``: say which share of its frames met a known hash."""

    exact: Mapping[str, str]
    pdq: str | None = None
    pdq_quality: int | None = None
    phash: str | None = None
    frames: tuple[tuple[str, int], ...] = ()
    is_video: bool = False

    @classmethod
    def of(cls, seen: Mapping[str, Any]) -> Query:
        """Of what ``MediaFingerprint.to_json`` gives."""
        # PDQ's quality speaks for pHash, too: both look at the same picture,
        # and pHash has no measure of its own.
        is_good = (seen["pdq_quality"] or 0) >= MATCHABLE_QUALITY
        return cls(
            exact={kind: seen[kind] for kind in EXACT},
            pdq=seen["pdq"],
            pdq_quality=seen["pdq_quality"],
            phash=seen["phash"] if is_good else None,
            frames=tuple(
                (frame["pdq"], frame["quality"]) for frame in seen["frames"]
            ),
            is_video=seen["kind"] == "video",
        )

    def matchable(self) -> list[tuple[str, int]]:
        """Every (PDQ, quality) that is good enough, each value once unless frames are counted."""
        frames = [(self.pdq, self.pdq_quality or 0), *self.frames]
        good = [
            (pdq, quality)
            for pdq, quality in frames
            if pdq and quality >= MATCHABLE_QUALITY
        ]
        # Of a video each frame counts for the share; elsewhere one picture
        # asks once.
        return good if self.is_video else list(dict(good).items())


def index_path(data_dir: Path, kind: str) -> Path:
    return data_dir / "index" / f"{kind}.idx"


def remote_key(remote: RemoteList, media_id: uuid.UUID, now: datetime) -> str:
    """The owner is asked about a file once a month at most, since lists grow; in that month's
    outbox row stands whether it was."""
    return f"remote:{media_id.hex}:{remote.name}:{now:%Y-%m}"


def index_or_fault(
    file: ReloadingIndex, newest: int
) -> tuple[HashIndex | None, str]:
    """(the index, what is wrong with its file). ``newest``: the highest id of any entry."""
    try:
        index = file.current()
    except Unavailable as error:
        return None, str(error)
    # An index that knows later entries than the database was built from
    # another one, or from before a backup was put back: its ids would name
    # other entries, so that it is not used.
    if int(index.version or 0) > newest:
        return (
            None,
            "The index of known hashes is stale: it was built from another database.",
        )
    return index, file.problem


class Matcher:
    """One a process; it holds the mapped index files and the entries that came after them."""

    def __init__(self, context: Context) -> None:
        self._files = {
            kind: ReloadingIndex(index_path(context.settings.data_dir, kind))
            for kind in INDEXED
        }
        self._grow_index: dict[str, tuple[int, str, HashIndex]] = {}
        self._faults = dict.fromkeys(INDEXED, "")
        self._remote = load_remote_lists(context.settings.data_dir)

    def match_media(
        self,
        session: Session,
        media: Media,
        *,
        now: datetime,
        owners: bool = True,
    ) -> list[Hit]:
        """Match a stored file and keep each hit once. ``owners``: have those asked, too, whose
        lists are not here; that is a job of its own, which nothing waits for."""
        query = Query.of({name: getattr(media, name) for name in HASHES})
        hits = self.match(session, query)
        _keep_match(session, media, hits, now)
        if any(self._faults.values()):  # once an hour, whoever notices first
            key = f"index:repair:{now:%Y-%m-%dT%H}"
            outbox.post_work(
                session,
                JobName.HASHLIST_INDEX,
                key=key,
                payload={},
                now=now,
                queue="checks",
            )
        for remote in self._remote if owners else ():
            outbox.post_work(
                session,
                REMOTE_JOB,
                key=remote_key(remote, media.id, now),
                payload={"list": remote.name, "media_id": str(media.id)},
                now=now,
            )
        media.matched_at = now
        return hits

    def match(self, session: Session, query: Query) -> list[Hit]:
        """Hits on enabled lists, exact ones first, then the nearest."""
        near = self._match_pictures(session, query)
        if query.phash is not None:
            for entry_id, distance in self._find_near(
                session, "phash", [query.phash]
            )[0]:
                near[entry_id] = (distance, query.pdq_quality, None)
        hits = [
            Hit(entry, hash_list, *near.get(entry.id, (0, None, None)))
            for entry, hash_list in _current_entries(
                session, query.exact, near
            )
        ]
        # The search took the widest threshold that any list may have; here each has its own.
        good = [
            hit
            for hit in hits
            if hit.distance <= threshold_of(hit.hash_list, hit.entry.kind)
        ]
        return sorted(
            good, key=lambda hit: (hit.distance, hit.entry.kind, hit.entry.id)
        )

    def _match_pictures(
        self, session: Session, query: Query
    ) -> dict[int, tuple[int, int | None, float | None]]:
        """For each known picture: its nearest frame, and of a video the share that meets it."""
        usable = query.matchable()
        if not usable:
            return {}
        frames_by_entry: dict[int, list[tuple[int, int]]] = {}
        answers = self._find_near(session, "pdq", [pdq for pdq, _ in usable])
        for (_, quality), answer in zip(usable, answers, strict=True):
            for entry_id, distance in answer:
                frames_by_entry.setdefault(entry_id, []).append(
                    (distance, quality)
                )
        return {
            entry_id: (
                # The nearest frame, and of equally near ones the poorest
                # quality: it is believed no more than that.
                *min(met),
                round(len(met) / len(usable), 4) if query.is_video else None,
            )
            for entry_id, met in frames_by_entry.items()
        }

    def _find_near(
        self, session: Session, kind: str, values: list[str]
    ) -> list[list[tuple[int, int]]]:
        """(entry id, distance) for each query, before any list's own threshold."""
        queries = np.frombuffer(bytes.fromhex("".join(values)), dtype=np.uint8)
        index = self._index_of(session, kind)
        answers = index.search_many(
            # The widest that any list may have: each one's own comes
            # afterwards.
            queries.reshape(len(values), INDEXED[kind]),
            WIDEST[kind],
        )
        return [
            [(match.id, match.distance) for match in answer]
            for answer in answers
        ]

    def _index_of(self, session: Session, kind: str) -> HashIndex:
        """The file's index with the entries that came since it was built searched beside it;
        without a good file, all of them."""
        # Asked for each file: of all kinds, since the newest of one kind is found by sorting a
        # million of them.
        newest = session.scalar(select(func.max(HashEntryRow.id))) or 0
        base, fault = index_or_fault(self._files[kind], newest)
        version = base.version if base is not None else "0"
        kept = self._grow_index.get(kind)
        if (
            kept is None
            or kept[1] != version
            or (kept[0] != newest and kind in _kinds_since(session, kept[0]))
        ):
            kept = newest, version, _grow_index(session, kind, base)
        # Nothing of this kind came: what is kept is as good as new, and is not asked about again.
        self._grow_index[kind] = (newest, *kept[1:])
        self._faults[kind] = fault if base is not None or len(kept[2]) else ""
        return kept[2]


def _grow_index(
    session: Session, kind: str, base: HashIndex | None
) -> HashIndex:
    size = INDEXED[kind]
    if base is None:
        none = np.empty((0, size), np.uint8), np.empty(0, np.int64)
        base = HashIndex(build_in_memory(*none, size * 8), version="0")
    rows = session.execute(
        select(HashEntryRow.id, HashEntryRow.value)
        .where(
            HashEntryRow.kind == kind,
            HashEntryRow.id > int(base.version or 0),
            HashEntryRow.removed_in.is_(None),
        )
        .order_by(HashEntryRow.id)
    ).all()
    packed = np.frombuffer(
        bytes.fromhex("".join(value for _, value in rows)), dtype=np.uint8
    )
    ids = np.array([entry_id for entry_id, _ in rows], dtype=np.int64)
    return base.with_changes(
        packed.reshape(len(rows), size), ids, np.array([], dtype=np.int64)
    )


def _kinds_since(session: Session, entry_id: int) -> set[str]:
    return set(
        session.scalars(
            select(HashEntryRow.kind)
            .where(HashEntryRow.id > entry_id)
            .distinct()
        )
    )


def _keep_match(
    session: Session, media: Media, hits: list[Hit], now: datetime
) -> None:
    """Store what is new in one statement: a picture that many have copied meets thousands."""
    if not hits:
        return
    # The file may be new in this session, and the rows refer to it.
    session.flush()
    rows = [
        {
            "id": new_id(),
            "media_id": media.id,
            "entry_id": hit.entry.id,
            "list_id": hit.entry.list_id,
            "kind": hit.entry.kind,
            "distance": hit.distance,
            "quality": hit.quality,
            "share": hit.share,
            "at": now,
            "decision": MatchDecision.OPEN,
            "decided_by": "",
        }
        for hit in hits
    ]
    is_postgresql = session.get_bind().dialect.name == "postgresql"
    insert = postgresql.insert if is_postgresql else sqlite.insert
    statement = insert(MediaMatch).on_conflict_do_nothing(
        index_elements=["media_id", "entry_id"]
    )
    session.execute(statement, rows)


def _current_entries(
    session: Session, exact: Mapping[str, str], near: Iterable[int]
) -> Iterator[tuple[HashEntryRow, HashList]]:
    """The entries that are on an enabled list now."""
    same = [
        and_(HashEntryRow.kind == k, HashEntryRow.value == v)
        for k, v in exact.items()
    ]
    rows = session.execute(
        select(HashEntryRow, HashList)
        .join(HashList, HashList.id == HashEntryRow.list_id)
        .where(
            HashList.enabled,
            HashEntryRow.removed_in.is_(None),
            # One query for both: a file that is known is usually known by
            # several hashes.
            or_(*same, HashEntryRow.id.in_(list(near))),
        )
    )
    yield from ((row[0], row[1]) for row in rows)


def threshold_of(hash_list: HashList, kind: str) -> int:
    return {
        "pdq": hash_list.pdq_threshold,
        "phash": hash_list.phash_threshold,
    }.get(kind, 0)
