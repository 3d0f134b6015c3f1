"""Compare a fingerprint that is looked for with files that were seen, and a file with all of those.

Two fingerprints of one picture differ by a few bits when it was saved anew, so that PDQ is compared
bit by bit. Those that are looked for are some thousands at most: they are read anew for each page,
and no process can hold one that was forgotten since.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session

from hotline.core.storage.database import insert_once
from hotline.core.storage.ids import new_id
from triage.fingerprints.model import MATCHABLE_QUALITY
from triage.hashlists.search.matcher import WIDEST, Matcher, Query
from triage.media.models import Media
from triage.prints.kinds import Distances, PrintKind
from triage.prints.models import PrintListing, WatchedPrint

NEAR = WIDEST["pdq"]
PAGE = 5_000
"""Files that are held at a time while all of them are read."""

Bits = npt.NDArray[np.uint8]


def query_of(kind: str, value: str) -> Query:
    """As the lists are asked. A device gives no PDQ of a picture with too little detail."""
    if kind == PrintKind.PDQ:
        return Query(exact={}, pdq=value, pdq_quality=MATCHABLE_QUALITY)
    return Query(exact={kind: value})


def match_lists(
    session: Session, watched: WatchedPrint, matcher: Matcher, now: datetime
) -> int:
    """Ask the lists that are here. Their owners elsewhere are asked about files only: what a
    person gave of a picture of themselves is told to nobody."""
    # ``match`` and not ``match_media``: that would ask the owners, too.
    hits = matcher.match(session, query_of(watched.kind, watched.value))
    return sum(
        insert_once(
            session,
            PrintListing,
            ["print_id", "entry_id"],
            id=new_id(),
            print_id=watched.id,
            entry_id=hit.entry.id,
            distance=hit.distance,
            at=now,
        )
        for hit in hits
    )


def find_media(session: Session, kind: str, value: str) -> Distances:
    """Every file that was ever seen and has the fingerprint, or one near it."""
    if kind != PrintKind.PDQ:
        column = getattr(Media, kind)
        same = session.scalars(select(Media.id).where(column == value))
        return dict.fromkeys(same, 0)
    wanted = _to_bits([value])
    nearest: dict[uuid.UUID, int] = {}
    for page in _read_pictures(session):
        bits = _to_bits([pdq for _, pdq in page])
        for at, distance in _list_near(bits, wanted):
            _keep_nearest(nearest, page[at][0], distance)
    return nearest


def find_watched(session: Session, media: Media) -> Distances:
    """Every fingerprint that is looked for and that the file has, or one near it."""
    exact = [
        and_(WatchedPrint.kind == kind, WatchedPrint.value == value)
        # Exact ones by the index; only pictures have to be compared one by
        # one.
        for kind in (PrintKind.MD5, PrintKind.SHA1, PrintKind.SHA256)
        if (value := getattr(media, kind))
    ]
    same = session.scalars(select(WatchedPrint.id).where(or_(*exact)))
    met = dict.fromkeys(same, 0)
    pictures = _good_pictures(media.pdq, media.pdq_quality, media.frames)
    if not pictures:
        return met
    watched = session.execute(
        select(WatchedPrint.id, WatchedPrint.value).where(
            WatchedPrint.kind == PrintKind.PDQ
        )
    ).all()
    if not watched:
        return met
    bits = _to_bits([value for _, value in watched])
    for at, distance in _list_near(bits, _to_bits(pictures)):
        _keep_nearest(met, watched[at][0], distance)
    return met


def find_same_pictures(
    session: Session, item_ids: Select[uuid.UUID]
) -> set[uuid.UUID]:
    """Items whose fingerprints are near one of these items': the picture was saved anew between
    two reports of it."""
    is_picture = WatchedPrint.kind == PrintKind.PDQ
    own = session.scalars(
        select(WatchedPrint.value).where(
            WatchedPrint.item_id.in_(item_ids), is_picture
        )
    ).all()
    if not own:
        return set()
    watched = session.execute(
        select(WatchedPrint.item_id, WatchedPrint.value).where(is_picture)
    ).all()
    bits = _to_bits([value for _, value in watched])
    return {watched[at][0] for at, _ in _list_near(bits, _to_bits(own))}


def _keep_nearest(
    distances: dict[uuid.UUID, int], owner: uuid.UUID, distance: int
) -> None:
    distances[owner] = min(distance, distances.get(owner, distance))


def _read_pictures(
    session: Session,
) -> Iterator[Sequence[tuple[uuid.UUID, str]]]:
    """(file, PDQ) of every picture, and of every frame of a film, that can be compared."""
    rows = session.execute(
        select(Media.id, Media.pdq, Media.pdq_quality, Media.frames)
        .where(Media.hashable)
        .execution_options(yield_per=PAGE)
    )
    # Page by page, so that a million files need no more memory than some
    # thousands.
    for page in rows.partitions():
        pictures = [
            (media_id, pdq)
            for media_id, *pictures_of_file in page
            for pdq in _good_pictures(*pictures_of_file)
        ]
        if pictures:
            yield pictures


def _good_pictures(
    pdq: str | None, quality: int | None, frames: Iterable[Mapping[str, Any]]
) -> list[str]:
    """Each PDQ once that says enough to be compared."""
    of_frames = [(frame["pdq"], frame["quality"]) for frame in frames]
    # A dict keeps the order, and a picture that several frames show once.
    good = {
        value: None
        for value, how_good in [(pdq, quality), *of_frames]
        if value and (how_good or 0) >= MATCHABLE_QUALITY
    }
    return list(good)


def _to_bits(values: Sequence[str]) -> Bits:
    packed = np.frombuffer(bytes.fromhex("".join(values)), dtype=np.uint8)
    return packed.reshape(len(values), -1)


def _list_near(all_bits: Bits, queries: Bits) -> Iterator[tuple[int, int]]:
    """For each query the rows of ``all_bits`` that are near it, with how many bits differ."""
    for query in queries:
        differing = np.bitwise_count(all_bits ^ query)
        distances = differing.sum(axis=1, dtype=np.int64)
        for at in np.flatnonzero(distances <= NEAR):
            yield int(at), int(distances[at])
