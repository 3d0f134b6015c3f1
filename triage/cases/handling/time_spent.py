"""How long people worked on cases: a person's own day for that person, sums for the team.

Nothing is stored for it but when a case was taken and assessed. Nobody is shown another's time.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from hotline.core.context import Context
from triage.cases.handling.exposure import (
    Stint,
    TimeSpent,
    load_exposure,
    measure_time,
)
from triage.cases.models import Assessment, Case


@dataclass(frozen=True, slots=True)
class TeamTime:
    """Sums of some days. ``full_days``: how often somebody's day was as long as it may be."""

    people: int
    cases: int
    violent_cases: int
    time: timedelta
    violent_time: timedelta
    full_days: int


def measure_own_day(
    session: Session, context: Context, person: Person, now: datetime
) -> TimeSpent:
    """What the person assessed today, by the clock of this country."""
    zone = ZoneInfo(context.country.time_zone)
    midnight = now.astimezone(zone).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    stints = _list_stints(session, context, midnight, person.id)
    exposure = load_exposure(context.settings.data_dir)
    own = [stint for of_day in stints.values() for stint in of_day]
    return measure_time(own, exposure, now)


def measure_team(
    session: Session, context: Context, since: datetime, now: datetime
) -> TeamTime:
    """All people together; who did how much cannot be seen from it."""
    exposure = load_exposure(context.settings.data_dir)
    stints = _list_stints(session, context, since)
    days = [measure_time(own, exposure, now) for own in stints.values()]
    return TeamTime(
        people=len({person_id for person_id, _ in stints}),
        cases=sum(day.cases for day in days),
        violent_cases=sum(day.violent_cases for day in days),
        time=sum((day.time for day in days), timedelta()),
        violent_time=sum((day.violent_time for day in days), timedelta()),
        full_days=sum(day.is_full(exposure) for day in days),
    )


def _list_stints(
    session: Session,
    context: Context,
    since: datetime,
    person_id: uuid.UUID | None = None,
) -> dict[tuple[uuid.UUID, date], list[Stint]]:
    """By person and day."""
    exposure = load_exposure(context.settings.data_dir)
    zone = ZoneInfo(context.country.time_zone)
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
    stints = defaultdict(list)
    for who, began_at, at, answers, kind, proposed in session.execute(query):
        day = at.astimezone(zone).date()
        is_violent = exposure.is_violent(answers, kind, proposed)
        stints[who, day].append(Stint(began_at, at, is_violent))
    return stints
