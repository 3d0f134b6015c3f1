"""What the case page tells of each file: what it met, where else it is, what was said before.

A fixed number of queries, whatever the number of files and matches.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from flask_babel import gettext, lazy_gettext
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
)
from sqlalchemy.orm import Session, joinedload

from hotline.core.context import Context
from hotline.core.storage.machine import HistoryEntry
from triage.cases.examination.hashes.ask_owner import not_asked
from triage.cases.models import Case, CaseItem
from triage.cases.pages.words import Words, word_for
from triage.cases.places import ANY_CASE, item_ids_of
from triage.cases.vocabulary import CaseState, PlaceState
from triage.fingerprints.model import MATCHABLE_QUALITY
from triage.hashlists.kinds import MatchDecision
from triage.hashlists.models import MediaMatch
from triage.hashlists.owners.remote import load_remote_lists
from triage.items.models import ItemMedia
from triage.media.models import Media

SHOWN_FILES = 40
"""Those that a list knows come first: a page of hundreds of unknown files is read by nobody."""
SHOWN_MATCHES = 10
SHOWN_CASES = 5
_KEYS: BindParameter[str] = bindparam("keys", expanding=True)

PROBLEMS: Words = {
    "damaged": lazy_gettext("parts are damaged"),
    "empty": lazy_gettext("the file is empty"),
    "frames_left_out": lazy_gettext(
        "long animation: frames far apart were compared"
    ),
    "flat_picture": lazy_gettext("one flat colour"),
    "low_quality": lazy_gettext("too little detail to compare"),
    "no_frames": lazy_gettext("no frame in it"),
    "not_decodable": lazy_gettext("cannot be decoded"),
    "out_of_time": lazy_gettext("decoding took too long"),
    "refers_to_other_files": lazy_gettext("only points to other files"),
    "see_through": lazy_gettext(
        "see-through: compared on white and on dark as well"
    ),
    "too_many_pixels": lazy_gettext("too many pixels to decode safely"),
    "too_small": lazy_gettext("too small to compare"),
    "truncated": lazy_gettext("cut off"),
    "unsupported_type": lazy_gettext("a type that is not decoded here"),
}


@dataclass(frozen=True)
class Elsewhere:
    """Other locations of the same file, or of the same picture saved anew (the same PDQ).

    ``cases``: reference and whether it was removed there, the newest first, not all of them.
    """

    total: int = 0
    removed: int = 0
    cases: tuple[tuple[str, bool], ...] = ()


@dataclass(frozen=True)
class Match:
    """``confirmed`` and ``disconfirmed`` count what was said of the same entry at other files."""

    found: MediaMatch
    confirmed: int
    disconfirmed: int


@dataclass(frozen=True)
class File:
    """One file seen at the item, by its hashes. ``all_matches`` counts those not shown, too;
    ``not_asked``: lists whose owners have not answered yet."""

    seen: ItemMedia
    matches: tuple[Match, ...]
    all_matches: int
    elsewhere: Elsewhere
    not_asked: tuple[str, ...]

    @property
    def is_listed(self) -> bool:
        """Whether a list that is in use knows it, and nobody said that it does not."""
        return any(
            # As the rules count it; the page must not say otherwise.
            match.found.decision != MatchDecision.DISCONFIRMED
            and match.found.hash_list.enabled
            and match.found.entry.removed_in is None
            for match in self.matches
        )

    @property
    def decision(self) -> str:
        """What was said of the picture as a whole; "" where its matches were decided apart."""
        decisions = {match.found.decision for match in self.matches}
        return decisions.pop() if len(decisions) == 1 else ""

    @property
    def problems(self) -> str:
        """Why it cannot be compared, or not in full; the figure that was too low stands with it."""
        figures = ", ".join(
            word_for(PROBLEMS, slug) for slug in self.seen.media.problems
        )
        quality = self.seen.media.pdq_quality
        if "low_quality" in self.seen.media.problems and quality is not None:
            figure = gettext("quality %(quality)s of 100", quality=quality)
            figures += f" ({figure})"
        return figures


def files_of(
    session: Session, context: Context, case_file: Case, *, now: datetime
) -> list[File]:
    """Those seen at any item of the case, files with matches first, and of a file the nearest."""
    is_matched = exists().where(MediaMatch.media_id == ItemMedia.media_id)
    item_media = session.scalars(
        select(ItemMedia)
        # Its media come with it, and not by a second question.
        .options(joinedload(ItemMedia.media, innerjoin=True))
        .where(ItemMedia.item_id.in_(item_ids_of(case_file.id)))
        .order_by(is_matched.desc(), ItemMedia.first_seen_at, ItemMedia.id)
        .limit(SHOWN_FILES)
    ).all()
    media = [row.media for row in item_media]
    matches, totals = _matches_of_files(session, [row.id for row in media])
    elsewhere = _find_elsewhere(session, case_file.id, media)
    remote = load_remote_lists(context.settings.data_dir)
    waiting = not_asked(session, remote, [row.id for row in media], now)
    files = [
        File(
            row,
            tuple(matches.get(row.media_id, ())),
            totals.get(row.media_id, 0),
            elsewhere.get(_picture_key(row.media), Elsewhere()),
            tuple(waiting.get(row.media_id, ())),
        )
        for row in item_media
    ]
    return sorted(files, key=lambda file: not file.matches)


def count_further(
    session: Session, case_file: Case, files: Sequence[File]
) -> int:
    """How many files of the case are not among ``files``."""
    if len(files) < SHOWN_FILES:
        return 0
    counted = select(func.count(ItemMedia.id)).where(
        ItemMedia.item_id.in_(item_ids_of(case_file.id))
    )
    return (session.scalar(counted) or 0) - len(files)


def _matches_of_files(
    session: Session, media_ids: Sequence[uuid.UUID]
) -> tuple[dict[uuid.UUID, list[Match]], dict[uuid.UUID, int]]:
    """The nearest matches of each file, those that were disconfirmed last, and how many it has."""
    order = (
        MediaMatch.decision == MatchDecision.DISCONFIRMED,
        MediaMatch.distance,
        MediaMatch.id,
    )
    owner = MediaMatch.media_id
    ranked = (
        select(
            MediaMatch.id,
            # Ranked by the database: one file may meet thousands of entries,
            # and only the nearest are read.
            func.row_number()
            .over(partition_by=owner, order_by=order)
            .label("rank"),
            func.count().over(partition_by=owner).label("total"),
        )
        .where(MediaMatch.media_id.in_(media_ids))
        .subquery()
    )
    rows = session.execute(
        select(MediaMatch, ranked.c.total)
        .join(ranked, ranked.c.id == MediaMatch.id)
        .where(ranked.c.rank <= SHOWN_MATCHES)
        .order_by(*order)
    ).all()
    said = _count_verdicts(session, {match.entry_id for match, _ in rows})
    matches: dict[uuid.UUID, list[Match]] = {}
    for match, _ in rows:
        # What was said of this very file does not count among the others.
        counts = [
            said.get((match.entry_id, decision), 0)
            - (match.decision == decision)
            for decision in (
                MatchDecision.CONFIRMED,
                MatchDecision.DISCONFIRMED,
            )
        ]
        matches.setdefault(match.media_id, []).append(Match(match, *counts))
    return matches, {match.media_id: total for match, total in rows}


def _count_verdicts(
    session: Session, entry_ids: Collection[int]
) -> Mapping[tuple[int, str], int]:
    """How often each entry's matches were confirmed and disconfirmed, at whatever file."""
    if not entry_ids:
        return {}
    rows = session.execute(
        select(MediaMatch.entry_id, MediaMatch.decision, func.count())
        .where(
            MediaMatch.entry_id.in_(entry_ids),
            MediaMatch.decision != MatchDecision.OPEN,
        )
        .group_by(MediaMatch.entry_id, MediaMatch.decision)
    )
    return {(entry_id, decision): count for entry_id, decision, count in rows}


def _picture_key(media: Media) -> str:
    """What is the same picture: its PDQ where that says something, else the very same bytes."""
    is_good = media.pdq and (media.pdq_quality or 0) >= MATCHABLE_QUALITY
    return media.pdq if is_good and media.pdq else media.sha256


def _find_elsewhere(
    session: Session, case_id: uuid.UUID, media: Sequence[Media]
) -> dict[str, Elsewhere]:
    """By ``_picture_key``, in one query: its other cases, counted, the newest few named."""
    keys = [_picture_key(medium) for medium in media]
    if not keys:
        return {}
    elsewhere: dict[str, Elsewhere] = {}
    for row in session.execute(
        _question_of_elsewhere(), {ANY_CASE.key: case_id, _KEYS.key: keys}
    ):
        before = elsewhere[row.key].cases if row.key in elsewhere else ()
        cases = (*before, (row.reference, bool(row.removed)))
        elsewhere[row.key] = Elsewhere(
            row.total, int(row.removed_in_all), cases
        )
    return elsewhere


@cache
def _question_of_elsewhere() -> Select[*tuple[Any, ...]]:
    key = case(
        (Media.pdq_quality >= MATCHABLE_QUALITY, Media.pdq), else_=Media.sha256
    )
    same = (
        select(
            key.label("key"),
            Case.reference.label("reference"),
            case((_was_removed(), 1), else_=0).label("removed"),
        )
        .join(ItemMedia, ItemMedia.media_id == Media.id)
        .join(CaseItem, CaseItem.item_id == ItemMedia.item_id)
        .join(Case, Case.id == CaseItem.case_id)
        # The first half uses the indexes; the second leaves out flat pictures,
        # whose PDQ is a key of nothing.
        .where(
            or_(Media.pdq.in_(_KEYS), Media.sha256.in_(_KEYS)), key.in_(_KEYS)
        )
        .where(Case.id != ANY_CASE)
        .distinct()
        .subquery()
    )
    each, newest = same.c.key, same.c.reference.desc()
    ranked = select(
        *same.c,
        func.count().over(partition_by=each).label("total"),
        func.sum(same.c.removed)
        .over(partition_by=each)
        .label("removed_in_all"),
        func.row_number()
        .over(partition_by=each, order_by=newest)
        .label("rank"),
    ).subquery()
    return (
        select(*ranked.c)
        .where(ranked.c.rank <= SHOWN_CASES)
        .order_by(ranked.c.rank)
    )


def _was_removed() -> ColumnElement[bool]:
    """A case may be closed because the material is gone, or because those concerned were told."""
    came_down = exists().where(
        HistoryEntry.entity_id == Case.id,
        HistoryEntry.to_state == CaseState.REMOVED,
    )
    return or_(
        CaseItem.state == PlaceState.VERIFIED_REMOVED,
        Case.state == CaseState.REMOVED,
        and_(Case.state == CaseState.CLOSED, came_down),
    )
