"""A week's sample of decided cases for whoever measures the quality of decisions.

Drawn by chance, and the same for everybody who looks: the week itself is the seed. Who assessed is
a letter, and what people wrote is left out, as a note may name somebody.
"""

from __future__ import annotations

import random
import string
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from triage.cases.assessing.assessment import Schema, find_contradictions
from triage.cases.models import Assessment, Case

SIZE = 20
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Answered:
    """What one person answered, under a letter in place of a name."""

    letter: str
    answers: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sampled:
    """One case of the sample; ``contradictions``: decisive questions answered differently."""

    reference: str
    kind: str
    round: int
    answered: tuple[Answered, ...]
    outcome: Mapping[str, Any]
    contradictions: tuple[str, ...]


def last_week(today: date) -> date:
    """The Monday of the week that is over."""
    return today - timedelta(days=today.weekday()) - WEEK


def draw_sample(
    session: Session, schema: Schema, monday: date
) -> list[Sampled]:
    """At most ``SIZE`` cases that were assessed in the week of ``monday``."""
    begin = datetime.combine(monday, time(), UTC)
    assessed = (
        select(Assessment.case_id)
        .where(Assessment.at >= begin, Assessment.at < begin + WEEK)
        .distinct()
        # The seed draws by position, so the order has to be the same each
        # time.
        .order_by(Assessment.case_id)
    )
    case_ids: list[uuid.UUID] = list(session.scalars(assessed))
    chance = random.Random(monday.isoformat())  # noqa: S311  # a sample, no secret
    drawn = chance.sample(case_ids, min(SIZE, len(case_ids)))
    return [
        _describe(session.get_one(Case, case_id), schema) for case_id in drawn
    ]


def _describe(case: Case, schema: Schema) -> Sampled:
    """The case's newest round; earlier ones were of another state of things."""
    newest = max(made.round for made in case.assessments)
    made = sorted(
        (
            assessment
            for assessment in case.assessments
            if assessment.round == newest
        ),
        key=lambda one: (one.at, one.id),
    )
    answered = tuple(
        Answered(letter, assessment.answers)
        for letter, assessment in zip(
            # The letters are the order of answering and no person's: A of one
            # case is not A of the next.
            string.ascii_uppercase,
            made,
            strict=False,
        )
    )
    contradictions = (
        find_contradictions(schema, made[0].answers, made[1].answers)
        if len(made) > 1
        else ()
    )
    return Sampled(
        reference=case.reference,
        kind=case.kind,
        round=newest,
        answered=answered,
        outcome=case.outcome or {},
        contradictions=contradictions,
    )
