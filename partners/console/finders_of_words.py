"""Cases by words of what was told and done for them: plans, letters, notices, holds, acts by hand.

All of it stands on the page of the case and is forgotten with it. Why an office of another
municipality was chosen is not searched, as it tells where a child is; nor whom somebody reached.
While a case is assessed blind it is not found here: what was planned tells how it was assessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext, lazy_gettext
from sqlalchemy import func, select

from hotline.core.storage.machine import HistoryEntry
from partners import words
from partners.console.case.diary import NAMES
from partners.console.written import BY_HAND, PLANS, ROUTES
from partners.manual.models import ManualAct
from partners.notices.models import Notice
from partners.referrals.models import Hold, Plan, Referral
from triage.cases.assessing.rounds import is_blind
from triage.cases.models import Case
from triage.console.search.asked import Asked
from triage.console.search.finding import Finder, Hit
from triage.console.search.folding import fold
from triage.console.search.of_words import find_written, hit_with_words
from triage.console.search.written import REASONS, Written

_OF_CASES = (Plan, Referral, Hold, Notice)


def find_by_words(asked: Asked) -> Sequence[Hit]:
    """The steps of what was told, notes and reasons of plans, and what was done by hand."""
    return [
        hit_with_words(case, said, text)
        for case, said, text in (
            *_steps(asked),
            *_notes(asked, PLANS, Plan, gettext("Plan")),
            *_reasons_of_routes(asked),
            *_notes(asked, BY_HAND, ManualAct, gettext("Done by hand")),
        )
        if not is_blind(case)
    ]


def _steps(asked: Asked) -> list[tuple[Case, str, str]]:
    case_id = func.coalesce(*(kind.case_id for kind in _OF_CASES))
    question = select(
        HistoryEntry.entity, HistoryEntry.to_state, Case, REASONS.column
    )
    # A step is of one of them, so that all but one of the joins are empty.
    for kind in _OF_CASES:
        question = question.outerjoin(kind, kind.id == HistoryEntry.entity_id)
    question = question.join(Case, Case.id == case_id)
    steps = []
    for entity, state, case, text in find_written(asked, REASONS, question):
        name, states = NAMES[entity]
        said = f"{name}, {words.word_for(states, state)}"
        steps.append((case, said, words.word_for(words.PLAN_CHANGES, text)))
    return steps


def _notes(
    asked: Asked, written: Written, kind: Any, said: str
) -> list[tuple[Case, str, str]]:
    question = select(Case, written.column).join(kind, kind.case_id == Case.id)
    return [
        (case, said, text)
        for case, text in find_written(asked, written, question)
    ]


def _reasons_of_routes(asked: Asked) -> list[tuple[Case, str, str]]:
    question = select(Case, Plan).join(Plan, Plan.case_id == Case.id)
    rows = find_written(
        asked, ROUTES, question, lambda row: "\n".join(_reasons_in(row[1]))
    )
    wanted = set(fold(asked.text).split())
    return [
        (case, gettext("Plan"), reason)
        for case, plan in rows
        for reason in _reasons_in(plan)
        # Of a plan with several, those that were looked for.
        if wanted & set(fold(reason).split())
    ]


def _reasons_in(plan: Plan) -> list[str]:
    """Each once, as several routes may be taken for the same reason."""
    reasons = (
        reason
        for route in plan.planned_routes
        for reason in (route.again_reason, route.without_police)
        if reason
    )
    return list(dict.fromkeys(reasons))


FINDERS = (
    Finder(
        106,
        "words_told",
        lazy_gettext("Cases with these words in what was told or planned"),
        "queue.see",
        find_by_words,
    ),
)
