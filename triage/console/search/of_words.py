"""Cases by words of the reasons that people gave at a step: opened again, merged, split, closed.

What is sealed is not searched, and nothing of it is in an index: reports, notes, hand-overs,
people, identifiers and the words beside an assessment. A reason stands in the history of its
case, for everybody who may open it, and is forgotten with it.
"""

from __future__ import annotations

from collections.abc import Sequence

from flask import url_for
from flask_babel import lazy_gettext
from sqlalchemy import Select, func, literal_column, select

from hotline.core.storage.machine import HistoryEntry
from triage.cases.models import Case
from triage.cases.pages import words
from triage.console.search.asked import Asked
from triage.console.search.finding import SHOWN, Finder, Hit
from triage.console.search.folding import REASON, fold, words_of

SHORTEST = 3
"""Letters of a word below which half of the reasons would be found."""
LONGEST_REASON = 160
READ_ON_SQLITE = 5_000
"""Reasons, the newest first, that are looked through where there is no index of words."""


def find_by_words(asked: Asked) -> Sequence[Hit]:
    """Every word must stand in the reason, in whatever order, case and accents."""
    wanted = fold(asked.text).split()
    # Short words are allowed beside a longer one, as in names.
    if not wanted or max(len(word) for word in wanted) < SHORTEST:
        return []
    is_sqlite = asked.session.get_bind().dialect.name == "sqlite"
    query = _newest_reasons() if is_sqlite else _with_words(" ".join(wanted))
    rows = asked.session.execute(query).all()
    if is_sqlite:
        rows = [
            row for row in rows if set(wanted) <= set(fold(row[2]).split())
        ]
    return [
        _hit_of(case, event, reason) for case, event, reason in rows[:SHOWN]
    ]


def _reasons() -> Select[Case, str, str]:
    return (
        select(Case, HistoryEntry.event, literal_column(REASON))
        .join(Case, Case.id == HistoryEntry.entity_id)
        .where(
            # Written out and no parameter: the planner has to see that the
            # index is of just these rows.
            HistoryEntry.entity == literal_column("'case'"),
            literal_column(REASON).is_not(None),
        )
    )


def _with_words(folded: str) -> Select[Case, str, str]:
    """By the index alone: sorted they would all be read, of a word that many have."""
    asked = func.plainto_tsquery(literal_column("'simple'::regconfig"), folded)
    return (
        _reasons()
        .where(literal_column(words_of(REASON)).bool_op("@@")(asked))
        .limit(SHOWN)
    )


def _newest_reasons() -> Select[Case, str, str]:
    return _reasons().order_by(HistoryEntry.at.desc()).limit(READ_ON_SQLITE)


def _hit_of(case: Case, event: str, reason: str) -> Hit:
    said = str(words.word_for(words.EVENTS, event))
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
