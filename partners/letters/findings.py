"""What is known of an item, as letters and documents tell it: facts, hashes, matches, times."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.context import Context
from hotline.core.language.data_words import say_basis
from triage.availability.model import VerdictName
from triage.cases.examination.appraise import route_case
from triage.cases.models import Case
from triage.hashlists.kinds import MatchDecision
from triage.hashlists.models import MediaMatch
from triage.items.models import HostingObservation, Item, ItemMedia, Visit
from triage.jurisdiction import Route

MAX_FILES = 200
MAX_OBSERVATIONS = 200


@dataclass(frozen=True)
class File:
    """A file seen at the item, with the known hashes that it met and nobody disconfirmed."""

    seen: ItemMedia
    matches: tuple[MediaMatch, ...]


def find_observations(
    session: Session, item_id: uuid.UUID
) -> list[HostingObservation]:
    """The newest word of each source on each fact; "not known" is left out."""
    rows = session.scalars(
        select(HostingObservation)
        .where(HostingObservation.item_id == item_id)
        .order_by(HostingObservation.at.desc(), HostingObservation.id.desc())
        .limit(MAX_OBSERVATIONS)
    )
    latest: dict[tuple[str, str], datetime] = {}
    newest: dict[tuple[str, str, str | None], HostingObservation] = {}
    for row in rows:
        # One look may find several values of one fact (two addresses): all of that look count.
        is_of_latest_look = (
            latest.setdefault((row.fact, row.source), row.at) == row.at
        )
        if is_of_latest_look and row.value is not None:
            newest.setdefault((row.fact, row.source, row.value), row)
    return sorted(
        newest.values(),
        key=lambda row: (row.fact, row.source, row.value or ""),
    )


def find_country_sources(session: Session, item: Item) -> list[str]:
    """Which sources say that the item lies in its country; none where no country is known."""
    return sorted(
        {
            row.source
            for row in find_observations(session, item.id)
            if row.fact == "country" and row.value == item.hosting_country
        }
    )


def address_of(session: Session, item_id: uuid.UUID) -> str | None:
    """The IP address that the item's host had when it was last looked up."""
    return session.scalar(
        select(HostingObservation.value)
        .where(
            HostingObservation.item_id == item_id,
            HostingObservation.fact == "address",
            HostingObservation.value.is_not(None),
        )
        .order_by(HostingObservation.at.desc(), HostingObservation.id)
        .limit(1)
    )


def seen_at(session: Session, item: Item) -> datetime | None:
    """When something was last found there; an answer of the server alone is no sight of it."""
    return session.scalar(
        select(Visit.at)
        .where(
            Visit.item_id == item.id,
            (Visit.verdict == VerdictName.ONLINE)
            | (Visit.verdict.is_(None) & (Visit.outcome == "ok")),
        )
        .order_by(Visit.at.desc())
        .limit(1)
    )


def find_files(session: Session, item_id: uuid.UUID) -> Sequence[File]:
    """Files with matches first; two queries, however many there are."""
    media = session.scalars(
        select(ItemMedia)
        .where(ItemMedia.item_id == item_id)
        .order_by(ItemMedia.first_seen_at, ItemMedia.id)
        .limit(MAX_FILES)
    ).all()
    matches = _matches_of(session, [medium.media_id for medium in media])
    files = [
        File(medium, tuple(matches.get(medium.media_id, ())))
        for medium in media
    ]
    # A letter is cut after so many files; those that a list knows must not be
    # among the rest.
    return sorted(files, key=lambda file: not file.matches)


def _matches_of(
    session: Session, media_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, list[MediaMatch]]:
    """What nobody disconfirmed, the nearest first."""
    rows = session.scalars(
        select(MediaMatch)
        .where(
            MediaMatch.media_id.in_(media_ids),
            MediaMatch.decision != MatchDecision.DISCONFIRMED,
        )
        .order_by(MediaMatch.distance, MediaMatch.id)
    )
    matches: dict[uuid.UUID, list[MediaMatch]] = {}
    for match in rows:
        matches.setdefault(match.media_id, []).append(match)
    return matches


def class_of(match: MediaMatch) -> str:
    """What the list's owner calls the entry, in this project's classes."""
    return match.hash_list.class_of(match.entry.category)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why somebody is told, and on what legal basis; empty where no route says so."""

    why: str = ""
    basis: str = ""

    def to_json(self) -> dict[str, str]:
        return {"why": self.why, "basis": self.basis}


def explain_route(
    session: Session,
    context: Context,
    case: Case,
    route: Route | None,
    language: str,
) -> Reason:
    """Why this addressee is told.

    Routes are stored in English and as we read them ourselves; for an office the rules speak again,
    where they still name it.
    """
    if route is None:
        return Reason()
    routing = route_case(session, context, case, language, for_office=True)
    spoken = routing.route(route.id) or route
    basis = say_basis(spoken.basis, language, context.settings.data_dir)
    return Reason(spoken.why, basis)
