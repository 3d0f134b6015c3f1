"""How far the two people who assess a case blindly agree: Cohen's kappa, for each question."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import CTE, exists, func, literal, select, union_all
from sqlalchemy.orm import Session, aliased

from triage.cases.assessing.assessment import Schema
from triage.cases.models import Assessment
from triage.cases.quality.kappa import Pairs, compute_kappa
from workers.statistics.counting.sql import is_within
from workers.statistics.periods import Period
from workers.statistics.tables import (
    FigureTable,
    TableName,
    Value,
    make_table,
)


def measure_agreement(
    session: Session, period: Period, schema: Schema
) -> FigureTable:
    """Of the second assessments made in the period; questions that both were asked."""
    questions = [question.name for question in schema.questions]
    pairs = _count_pairs(session, period, questions)
    rows = {name: describe_agreement(pairs[name]) for name in questions}
    return make_table(
        TableName.AGREEMENT, "question", ("pairs", "agreed", "kappa"), rows
    )


def describe_agreement(pairs: Pairs) -> tuple[Value, Value, Value]:
    """How many pairs, the share of equal answers, and kappa."""
    count = sum(pairs.values())
    if not count:
        return 0, None, None
    equal = sum(
        number for (first, second), number in pairs.items() if first == second
    )
    share = equal / count
    kappa = compute_kappa(pairs)
    return count, round(share, 4), None if kappa is None else round(kappa, 4)


def _count_pairs(
    session: Session, period: Period, questions: Sequence[str]
) -> dict[str, Pairs]:
    """Question -> its pairs; all questions in one look at the assessments."""
    assessed = _find_pairs(period)
    counted = []
    for question in questions:
        first = assessed.c.first[question].as_string()
        second = assessed.c.second[question].as_string()
        counted.append(
            select(
                literal(question).label("question"),
                first.label("first"),
                second.label("second"),
                func.count().label("count"),
            )
            # A question may be new, or of one class only: then just one of the
            # two was asked.
            .where(first.is_not(None), second.is_not(None))
            .group_by(first, second)
        )
    pairs: dict[str, dict[tuple[str, str], int]] = {
        question: {} for question in questions
    }
    for question, mine, theirs, count in session.execute(union_all(*counted)):
        pairs[question][mine, theirs] = count
    return dict(pairs)


def _find_pairs(period: Period) -> CTE:
    """(first, second): the answers of the first two people of a round, the second in the period."""
    first = aliased(Assessment)
    second = aliased(Assessment)
    other = aliased(Assessment)
    came_between = exists().where(
        other.case_id == second.case_id,
        other.round == second.round,
        other.id.not_in([first.id, second.id]),
        other.at <= second.at,
    )
    compared = (
        select(first.answers.label("first"), second.answers.label("second"))
        .select_from(second)
        .join(
            first,
            (first.case_id == second.case_id)
            & (first.round == second.round)
            # Each pair once, and never an answer with itself.
            & (first.at < second.at),
        )
        .where(is_within(second.at, period), ~came_between)
    )
    # Kept once: else it would be looked for anew for each question.
    return compared.cte("assessed").prefix_with("MATERIALIZED")
