"""How far any two people agree who assessed one case blindly, month by month and without names."""

from __future__ import annotations

import string
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from triage.cases.assessing.assessment import Schema
from triage.cases.models import Assessment
from triage.cases.quality.judging import decisive_questions
from triage.cases.quality.kappa import Agreement, measure_pairs

BACK = timedelta(days=183)
READ = 20_000
"""The newest second assessments that are looked at."""
FEWEST = 5
"""Pairs of people who share fewer cases are left out: one case would say who they are."""
Counts = dict[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Line:
    """``label``: a month, or two letters for two people."""

    label: str
    question: str
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class Compared:
    by_month: Sequence[Line]
    by_pair: Sequence[Line]


def compare_people(
    session: Session, schema: Schema, now: datetime
) -> Compared:
    first, second = aliased(Assessment), aliased(Assessment)
    rows = session.execute(
        select(
            second.at,
            first.person_id,
            second.person_id,
            first.answers,
            second.answers,
        )
        .join(
            first,
            (first.case_id == second.case_id)
            & (first.round == second.round)
            # Each pair once, in the order in which they answered.
            & (first.at < second.at),
        )
        .where(second.at > now - BACK)
        .order_by(second.at.desc())
        .limit(READ)
    ).all()
    months: dict[tuple[str, str], Counts] = defaultdict(dict)
    pairs: dict[tuple[str, str], Counts] = defaultdict(dict)
    letters = _letters_of({who for row in rows for who in (row[1], row[2])})
    for at, mine, theirs, said, other in rows:
        month = at.strftime("%Y-%m")
        # Sorted: who of the two came first is not told.
        pair = "–".join(sorted((letters[mine], letters[theirs])))
        for question in decisive_questions(schema):
            name = question.name
            answers = said.get(name), other.get(name)
            if None in answers:
                continue
            for counts in (months[month, name], pairs[pair, name]):
                counts[answers] = counts.get(answers, 0) + 1
    return Compared(
        _lines_of(months),
        [line for line in _lines_of(pairs) if line.agreement.count >= FEWEST],
    )


def _lines_of(counted: dict[tuple[str, str], Counts]) -> list[Line]:
    return [
        Line(label, question, measure_pairs(counts))
        for (label, question), counts in sorted(counted.items())
    ]


def _letters_of(people: set[uuid.UUID]) -> dict[uuid.UUID, str]:
    """A letter for each, the same one on one page."""
    alphabet = string.ascii_uppercase
    # An id begins with its time: in its order, the first letter would be of
    # whoever has been here for longest.
    in_no_order = sorted(people, key=lambda who: sha256(who.bytes).digest())
    return {
        person: alphabet[n % 26] + (str(n // 26) if n >= 26 else "")
        for n, person in enumerate(in_no_order)
    }
