"""Words that people wrote where everybody who may open the case reads them, and how they are found.

Of such words an index holds those of the rows that have any, and nothing is kept twice: PostgreSQL
has one of the words themselves, SQLite one of the rows, whose newest are looked through. What is
sealed stands in no ``Written``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Index,
    Select,
    Table,
    func,
    literal_column,
    text,
)

from triage.console.search.asked import Asked
from triage.console.search.finding import SHOWN
from triage.console.search.folding import fold, words_of

SHORTEST = 3
"""Letters of a word below which half of the rows would be found."""
READ_ON_SQLITE = 5_000
"""Rows, the newest first, that are looked through where there is no index of words."""


@dataclass(frozen=True, slots=True)
class Written:
    """Words in the rows of ``table``, as SQL of both databases.

    ``words``, and ``rows``, which have any, name columns as ``{of}column``: in a question the
    table stands there, in an index nothing. ``at``: the column that says when a row was written.
    """

    table: str
    words: str
    rows: str
    at: str

    @property
    def column(self) -> ColumnElement[str]:
        """The words, for a question that reads them."""
        return literal_column(self._of_table(self.words))

    @property
    def is_there(self) -> ColumnElement[bool]:
        """As the indexes have it, to the letter and without parameters: only so they are used."""
        return literal_column(self._of_table(self.rows))

    @property
    def newest_first(self) -> ColumnElement[Any]:
        return literal_column(f"{self.table}.{self.at}").desc()

    def has(self, words: str) -> ColumnElement[bool]:
        """PostgreSQL: whether all of ``words``, folded, stand in the row."""
        asked = func.plainto_tsquery(
            literal_column("'simple'::regconfig"), words
        )
        return literal_column(words_of(f"({self._of_table(self.words)})")).op(
            "@@", is_comparison=True
        )(asked)

    def make_indexes(self, table: Table) -> None:
        """One on either database."""
        rows = text(self.rows.format(of=""))
        Index(
            f"ix_{self.table}_words",
            text(words_of(f"({self.words.format(of='')})")),
            postgresql_using="gin",
            postgresql_where=rows,
            _table=table,
        ).ddl_if(dialect="postgresql")
        Index(
            f"ix_{self.table}_worded",
            table.c[self.at],
            sqlite_where=rows,
        ).ddl_if(dialect="sqlite")

    def _of_table(self, sql: str) -> str:
        return sql.format(of=f"{self.table}.")


def find_written(
    asked: Asked, written: Written, question: Select[*tuple[Any, ...]]
) -> Sequence[Any]:
    """Rows of ``question``, whose last column is what was ``written``, that have every word.

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
    return [row for row in rows if wanted_words <= set(fold(row[-1]).split())][
        :SHOWN
    ]
