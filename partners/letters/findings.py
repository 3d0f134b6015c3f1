"""What is known of an item, as letters and documents tell it: facts, hashes, matches, times."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.context import Context
from partners.referrals.models import Plan
from triage.cases.examination.appraise import facts_of
from triage.cases.models import Case
from triage.hashlists.kinds import MatchDecision
from triage.hashlists.models import MediaMatch
from triage.items.models import HostingObservation, Item, ItemMedia, Visit
from triage.jurisdiction import Facts, load_rules
from triage.jurisdiction import route as route_cases

MAX_FILES = 200
MAX_OBSERVATIONS = 200


@dataclass(frozen=True)
class File:
    """A file seen at the item, with the known hashes that it met and nobody disconfirmed."""

    seen: ItemMedia
    matches: tuple[MediaMatch, ...]


def observations(session: Session, item_id: uuid.UUID) -> list[HostingObservation]:
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
        if (
            latest.setdefault((row.fact, row.source), row.at) == row.at
            and row.value is not None
        ):
            newest.setdefault((row.fact, row.source, row.value), row)
    return sorted(
        newest.values(), key=lambda row: (row.fact, row.source, row.value or "")
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
            (Visit.verdict == "online")
            | (Visit.verdict.is_(None) & (Visit.outcome == "ok")),
        )
        .order_by(Visit.at.desc())
        .limit(1)
    )


def files(session: Session, item_id: uuid.UUID) -> Sequence[File]:
    """Files with matches first; two queries, however many there are."""
    seen = session.scalars(
        select(ItemMedia)
        .where(ItemMedia.item_id == item_id)
        .order_by(ItemMedia.first_seen_at, ItemMedia.id)
        .limit(MAX_FILES)
    ).all()
    matches: dict[uuid.UUID, list[MediaMatch]] = {}
    for match in session.scalars(
        select(MediaMatch)
        .where(
            MediaMatch.media_id.in_([one.media_id for one in seen]),
            MediaMatch.decision != MatchDecision.DISCONFIRMED,
        )
        .order_by(MediaMatch.distance, MediaMatch.id)
    ):
        matches.setdefault(match.media_id, []).append(match)
    found = [File(one, tuple(matches.get(one.media_id, ()))) for one in seen]
    return sorted(found, key=lambda file: not file.matches)


def class_of(match: MediaMatch) -> str:
    """What the list's owner calls the entry, in this project's classes."""
    category = match.entry.category or ""
    return str(
        match.hash_list.category_map.get(category, match.hash_list.default_class)
    )


def reasons(
    session: Session,
    context: Context,
    case: Case,
    route: Mapping[str, Any],
    language: str,
) -> dict[str, str]:
    """Why this addressee, and on what legal basis.

    Routes are stored in English; for another language the rules speak again, where they still
    name this addressee.
    """
    said = route
    if language != "en" and route:
        facts = Facts.from_json(facts_of(session, context, case))
        anew = route_cases(
            facts, load_rules(context.settings.data_dir), language
        ).to_json()
        said = next(
            (
                one
                for one in anew["routes"]
                if (one["to"], one["country"]) == (route["to"], route.get("country"))
            ),
            route,
        )
    return {"why": str(said.get("why", "")), "basis": str(said.get("basis", ""))}


def route_of(session: Session, plan_id: uuid.UUID, to: str) -> Mapping[str, Any]:
    """The route of an approved plan by its addressee; an empty one if the plan has none."""
    plan = session.get_one(Plan, plan_id)
    return next((route for route in plan.routes if route["to"] == to), {})
