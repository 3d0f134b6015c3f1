"""How long people worked on cases: a person's own day for that person, sums for the team.

Nothing is stored for it but when a case was taken and assessed, and when a picture was seen. Nobody
is shown another's time.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from hotline.core.context import Context
from triage.cases.handling.exposure import (
    Exposure,
    Look,
    Stint,
    TimeSpent,
    load_exposure,
    measure_time,
)
from triage.cases.models import Assessment, Case
from triage.viewing.models import Viewing

Days = dict[tuple[uuid.UUID, date], "Day"]
"""By person and day."""


@dataclass(slots=True)
class Day:
    """What one person did on one day."""

    stints: list[Stint] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class TeamTime:
    """Sums of some days. ``full_days``: how often somebody's day was as long as it may be."""

    people: int
    cases: int
    violent_cases: int
    time: timedelta
    violent_time: timedelta
    full_days: int
    views: int
    violent_views: int
    view_time: timedelta


def measure_own_day(
    session: Session, context: Context, person: Person, now: datetime
) -> TimeSpent:
    """What the person assessed and saw today, by the clock of this country."""
    zone = ZoneInfo(context.country.time_zone)
    # A day as people have it; in UTC a late shift would be cut in two.
    midnight = now.astimezone(zone).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    exposure = load_exposure(context.settings.data_dir)
    days = _list_days(session, context, exposure, midnight, person.id)
    stints = [stint for day in days.values() for stint in day.stints]
    looks = [look for day in days.values() for look in day.looks]
    return measure_time(stints, exposure, now, looks)


def measure_team(
    session: Session, context: Context, since: datetime, now: datetime
) -> TeamTime:
    """All people together; who did how much cannot be seen from it."""
    exposure = load_exposure(context.settings.data_dir)
    by_person = _list_days(session, context, exposure, since)
    days = [
        measure_time(day.stints, exposure, now, day.looks)
        for day in by_person.values()
    ]
    return TeamTime(
        people=len({person_id for person_id, _ in by_person}),
        cases=sum(day.cases for day in days),
        violent_cases=sum(day.violent_cases for day in days),
        time=sum((day.time for day in days), timedelta()),
        violent_time=sum((day.violent_time for day in days), timedelta()),
        full_days=sum(day.is_full(exposure) for day in days),
        views=sum(day.views for day in days),
        violent_views=sum(day.violent_views for day in days),
        view_time=sum((day.view_time for day in days), timedelta()),
    )


def _list_days(
    session: Session,
    context: Context,
    exposure: Exposure,
    since: datetime,
    person_id: uuid.UUID | None = None,
) -> Days:
    """Of everybody, or of one person."""
    zone = ZoneInfo(context.country.time_zone)
    days: Days = defaultdict(Day)
    for who, stint in _find_stints(session, exposure, since, person_id):
        # By its end, because not every stint has a beginning.
        days[who, stint.ended_at.astimezone(zone).date()].stints.append(stint)
    for who, look in _find_looks(session, exposure, since, person_id):
        days[who, look.began_at.astimezone(zone).date()].looks.append(look)
    return days


def _find_stints(
    session: Session,
    exposure: Exposure,
    since: datetime,
    person_id: uuid.UUID | None,
) -> Iterator[tuple[uuid.UUID, Stint]]:
    query = (
        select(
            Assessment.person_id,
            Assessment.began_at,
            Assessment.at,
            Assessment.answers,
            Case.kind,
            Case.proposed_class,
        )
        .join(Case, Case.id == Assessment.case_id)
        .where(Assessment.at >= since)
    )
    if person_id is not None:
        query = query.where(Assessment.person_id == person_id)
    for who, began_at, at, answers, kind, proposed in session.execute(query):
        is_violent = exposure.is_violent(answers, kind, proposed)
        yield who, Stint(began_at, at, is_violent)


def _find_looks(
    session: Session,
    exposure: Exposure,
    since: datetime,
    person_id: uuid.UUID | None,
) -> Iterator[tuple[uuid.UUID, Look]]:
    """A look of which no browser said its end counts as long as one may be."""
    longest = timedelta(seconds=exposure.view_seconds)
    query = select(
        Viewing.person_id,
        Viewing.shown_at,
        Viewing.ended_at,
        Viewing.is_violent,
    ).where(Viewing.shown_at >= since)
    if person_id is not None:
        query = query.where(Viewing.person_id == person_id)
    for who, shown_at, ended_at, is_violent in session.execute(query):
        # The condition above leaves out those that were never shown.
        assert shown_at is not None
        yield who, Look(shown_at, ended_at or shown_at + longest, is_violent)
