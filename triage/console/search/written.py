"""Words that people wrote where everybody who may open the case reads them, and their indexes.

No page is imported here: processes that show none know the schema as well. Of such words an index
holds those of the rows that have any, and nothing is kept twice: PostgreSQL has one of the words
themselves, SQLite one of the rows, whose newest are looked through. What is sealed stands in no
``Written``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Index,
    Table,
    func,
    literal_column,
    text,
)

from hotline.core.storage.machine import HistoryEntry
from triage.console.search.folding import words_of


@dataclass(frozen=True, slots=True)
class Written:
    """Words in the rows of ``table``, as SQL of both databases.

    ``words``, and ``rows``, which have any, name columns as ``{of}column``: in a question the
    table stands there, in an index nothing. ``at``: the column that says when a row was written.
    ``name``: what the indexes are called after, where the table has several.
    """

    table: str
    words: str
    rows: str
    at: str
    name: str = ""

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
        rows, name = text(self.rows.format(of="")), self.name or self.table
        Index(
            f"ix_{name}_words",
            text(words_of(f"({self.words.format(of='')})")),
            postgresql_using="gin",
            postgresql_where=rows,
            _table=table,
        ).ddl_if(dialect="postgresql")
        Index(
            f"ix_{name}_worded",
            table.c[self.at],
            sqlite_where=rows,
        ).ddl_if(dialect="sqlite")

    def _of_table(self, sql: str) -> str:
        return sql.format(of=f"{self.table}.")


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
