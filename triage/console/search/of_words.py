"""Cases by words of the reasons that people gave at a step: opened again, merged, split, closed.

What is sealed is not searched, and nothing of it is in an index: reports, notes, hand-overs,
people, identifiers and the words beside an assessment. A reason stands in the history of its
case, for everybody who may open it, and is forgotten with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from flask import url_for
from flask_babel import lazy_gettext
from sqlalchemy import Table, select

from hotline.core.storage.machine import HistoryEntry
from triage.cases.models import Case
from triage.cases.pages import words
from triage.console.search.asked import Asked
from triage.console.search.finding import Finder, Hit
from triage.console.search.written import Written, find_written

LONGEST_REASON = 160
REASONS = Written(
    "history_entry",
    words=(
        "coalesce({of}details ->> 'why', {of}details ->> 'reason',"
        " {of}details ->> 'note')"
    ),
    # Reasons of the service's own are written with the program, and say nothing new.
    # "IS TRUE" keeps SQLite from the index of entities, which has every row of them.
    rows=(
        "({of}entity IN ('case', 'hold', 'notice', 'plan', 'referral')) IS TRUE"
        " AND {of}actor <> 'system'"
        " AND coalesce({of}details ->> 'why', {of}details ->> 'reason',"
        " {of}details ->> 'note') <> ''"
    ),
    at="at",
)
REASONS.make_indexes(cast(Table, HistoryEntry.__table__))


def find_by_words(asked: Asked) -> Sequence[Hit]:
    """Cases that a person moved by a reason with these words."""
    reasons = select(Case, HistoryEntry.event, REASONS.column).join(
        Case, Case.id == HistoryEntry.entity_id
    )
    return [
        hit_with_words(case, str(words.word_for(words.EVENTS, event)), reason)
        for case, event, reason in find_written(asked, REASONS, reasons)
    ]


def hit_with_words(case: Case, said: str, reason: str) -> Hit:
    """A case as it is found by words: which step or thing they stand with, and how they begin."""
    return Hit(
        case.reference,
        url_for("triage.case", reference=case.reference),
        badge=str(words.STATES[case.state]),
        detail=f"{said}: {reason[:LONGEST_REASON]}",
        about=case.reference,
    )


FINDERS = (
    Finder(
        105,
        "words",
        lazy_gettext("Cases with these words in the reason of a step"),
        "queue.see",
        find_by_words,
    ),
)
