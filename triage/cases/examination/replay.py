"""Changed rules run over cases that are there: what would have stood or gone elsewhere.

Today's files and the changed ones are asked about the same facts at the same time, so that only
the files make a difference. Nothing is written.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.context import Context
from hotline.core.storage.ids import first_id_at
from triage.cases.examination.appraise import appraise_place, look_up
from triage.cases.models import Case, CaseItem
from triage.cases.vocabulary import CaseState
from triage.jurisdiction import (
    Routing,
    Rules,
    join_routings,
    load_rules,
)
from triage.locations import identify_one
from triage.locations.catalogue import load_platforms
from triage.locations.catalogue_values import Catalogue

BATCH = 200


@dataclass(frozen=True, slots=True)
class Moved:
    """One location that the changed platform files know as another place."""

    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Difference:
    """What would be otherwise about one case. Routes are told by ``Route.id``."""

    reference: str
    priority_before: int
    priority_after: int
    routes_gone: tuple[str, ...]
    routes_new: tuple[str, ...]
    grounds_gone: tuple[str, ...]
    grounds_new: tuple[str, ...]
    moved: tuple[Moved, ...]

    @property
    def is_any(self) -> bool:
        return bool(
            self.priority_before != self.priority_after
            or self.routes_gone
            or self.routes_new
            or self.grounds_gone
            or self.grounds_new
            or self.moved
        )


@dataclass(slots=True)
class Tally:
    """How many cases would be otherwise, and by what; one may be so by several."""

    different: int = 0
    priority: int = 0
    routes: int = 0
    jurisdiction: int = 0
    identity: int = 0

    def count(self, difference: Difference) -> bool:
        """Count one case; whether anything would be otherwise about it."""
        if not difference.is_any:
            return False
        self.different += 1
        self.priority += (
            difference.priority_before != difference.priority_after
        )
        self.routes += bool(difference.routes_gone or difference.routes_new)
        self.jurisdiction += bool(
            difference.grounds_gone or difference.grounds_new
        )
        self.identity += bool(difference.moved)
        return True


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules of one directory, and its catalogue of platforms."""

    rules: Rules
    catalogue: Catalogue

    @classmethod
    def load(cls, directory: Path) -> RuleSet:
        """``Misconfigured`` names every fault of every file."""
        return cls(load_rules(directory), load_platforms(directory))


def replay_cases(
    session: Session,
    context: Context,
    now_in_force: RuleSet,
    changed: RuleSet,
    *,
    since: datetime,
    now: datetime,
) -> Iterator[Difference]:
    """One answer for each case that was opened since; most of them say that nothing differs."""
    last = first_id_at(since)
    while True:
        some = list(
            replay_some(
                session, context, now_in_force, changed, last, BATCH, now
            )
        )
        yield from (difference for _, difference in some)
        if len(some) < BATCH:
            return
        last = some[-1][0]
        # Of a year's cases only one batch is held in memory.
        session.expunge_all()


def replay_some(
    session: Session,
    context: Context,
    now_in_force: RuleSet,
    changed: RuleSet,
    after: uuid.UUID,
    most: int,
    now: datetime,
) -> Iterator[tuple[uuid.UUID, Difference]]:
    """The answers for the next cases after one, with their ids."""
    cases = session.scalars(
        select(Case)
        .where(Case.id > after, Case.state != CaseState.MERGED)
        .order_by(Case.id)
        .limit(most)
    ).all()
    for case in cases:
        yield (
            case.id,
            _compare(session, context, case, now_in_force, changed, now),
        )


def _compare(
    session: Session,
    context: Context,
    case: Case,
    now_in_force: RuleSet,
    changed: RuleSet,
    now: datetime,
) -> Difference:
    before, points_before = _ask(session, context, case, now_in_force, now)
    after, points_after = _ask(session, context, case, changed, now)
    routes = [[route.id for route in each.routes] for each in (before, after)]
    grounds = [
        [f"{ground.country} {ground.ground}" for ground in each.jurisdiction]
        for each in (before, after)
    ]
    return Difference(
        case.reference,
        points_before,
        points_after,
        _without(routes[0], routes[1]),
        _without(routes[1], routes[0]),
        _without(grounds[0], grounds[1]),
        _without(grounds[1], grounds[0]),
        _find_moved(case, now_in_force.catalogue, changed.catalogue),
    )


def _ask(
    session: Session,
    context: Context,
    case: Case,
    rule_set: RuleSet,
    now: datetime,
) -> tuple[Routing, int]:
    """The answer of all its locations together, and the points of the most urgent of them."""
    looked_up = look_up(session, case)
    appraised = [
        appraise_place(
            context,
            case,
            place,
            rule_set.rules,
            now,
            looked_up,
            # The item holds the platform that the catalogue knew when it was
            # reported; changed files may know another.
            otherwise=_known_on(place, rule_set.catalogue),
        )
        for place in case.places
    ]
    routing = join_routings([each.routing for each in appraised])
    return routing, max(each.priority.score for each in appraised)


def _known_on(place: CaseItem, catalogue: Catalogue) -> dict[str, object]:
    """The platform that the catalogue knows the location on; words alone lie nowhere."""
    if not place.item.canonical:
        return {}
    identified = identify_one(place.item.canonical, catalogue=catalogue)
    return {"platform": identified.platform}


def _find_moved(
    case: Case, before: Catalogue, after: Catalogue
) -> tuple[Moved, ...]:
    moved = []
    for place in case.located:
        old = identify_one(place.item.canonical, catalogue=before).key
        new = identify_one(place.item.canonical, catalogue=after).key
        if old != new:
            moved.append(Moved(old, new))
    return tuple(moved)


def _without(some: Sequence[str], others: Sequence[str]) -> tuple[str, ...]:
    return tuple(each for each in some if each not in others)
