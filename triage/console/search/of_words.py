"""Cases by words of the reasons that people gave at a step: opened again, merged, split, closed.

What is sealed is not searched, and nothing of it is in an index: reports, notes, hand-overs,
people, identifiers and the words beside an assessment. A reason stands in the history of its
case, for everybody who may open it, and is forgotten with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

from flask import url_for
from flask_babel import lazy_gettext
from sqlalchemy import Select, select

from hotline.core.storage.machine import HistoryEntry
from triage.cases.models import Case
from triage.cases.pages import words
from triage.console.search.asked import Asked
from triage.console.search.finding import SHOWN, Finder, Hit
from triage.console.search.folding import fold
from triage.console.search.written import REASONS, Written

LONGEST_REASON = 160
SHORTEST = 3
"""Letters of a word below which half of the rows would be found."""
READ_ON_SQLITE = 5_000
"""Rows, the newest first, that are looked through where there is no index of words."""


def find_by_words(asked: Asked) -> Sequence[Hit]:
    """Cases that a person moved by a reason with these words."""
    reasons = select(Case, HistoryEntry.event, REASONS.column).join(
        Case, Case.id == HistoryEntry.entity_id
    )
    return [
        hit_with_words(case, str(words.word_for(words.EVENTS, event)), reason)
        for case, event, reason in find_written(asked, REASONS, reasons)
    ]


def find_written(
    asked: Asked,
    written: Written,
    question: Select[*tuple[Any, ...]],
    text_of: Callable[[Any], str] = lambda row: str(row[-1]),
) -> Sequence[Any]:
    """Rows of ``question`` in which every word was ``written``: their last column, or ``text_of``.

    The words may stand in whatever order, case and accents.
    """
    wanted = fold(asked.text).split()
    # Short words are allowed beside a longer one, as in names.
    if not wanted or max(len(word) for word in wanted) < SHORTEST:
        return []
    question = question.where(written.is_there)
    if asked.session.get_bind().dialect.name != "sqlite":
        # By the index alone: sorted they would all be read, of a word that
        # many have.
        having = question.where(written.has(" ".join(wanted)))
        return asked.session.execute(having.limit(SHOWN)).all()
    newest = question.order_by(written.newest_first).limit(READ_ON_SQLITE)
    rows = asked.session.execute(newest)
    wanted_words = set(wanted)
    having_all = (
        row for row in rows if wanted_words <= set(fold(text_of(row)).split())
    )
    return list(islice(having_all, SHOWN))


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
