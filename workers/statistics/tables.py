"""Pure: what every figure looks like, on a page, in a file and where it is kept.

All figures of a period are tables of one shape: the first column names a row, the others hold
numbers. What is shown, plotted, exported, kept and suppressed is written once for all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Value = int | float | None
"""None is "nothing to measure": no case, and so no median."""
UNKNOWN = "unknown"


class TableName(StrEnum):
    """Every table of figures, in the order of the page. The values are stored and exported."""

    TOTALS = "totals"
    REPORTS_BY_KIND = "reports_by_kind"
    REPORTS_BY_CHANNEL = "reports_by_channel"
    REPORTS_BY_LANGUAGE = "reports_by_language"
    REPORTS_BY_REPORTER = "reports_by_reporter"
    REPORTS_BY_HOUR = "reports_by_hour"
    REPORTS_BY_DAY = "reports_by_day"
    BACKLOG_BY_STATE = "backlog_by_state"
    BACKLOG_BY_AGE = "backlog_by_age"
    BACKLOG_BY_DAY = "backlog_by_day"
    DURATIONS = "durations"
    DECISIONS = "decisions"
    VIEWS_AVOIDED = "views_avoided"
    TOLD = "told"
    OUTCOMES = "outcomes"
    BY_COUNTRY = "by_country"
    BY_NETWORK = "by_network"
    BY_PROVIDER = "by_provider"
    NOTICES_BY_KIND = "notices_by_kind"
    AGREEMENT = "agreement"
    LANZAROTE = "lanzarote"


BY_DAY = (TableName.REPORTS_BY_DAY, TableName.BACKLOG_BY_DAY)
"""A row a day: the days of two periods are matched by their number."""


@dataclass(frozen=True, slots=True)
class FigureRow:
    key: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class FigureTable:
    """``columns`` names the values of each row; ``key`` what the rows are of."""

    name: TableName
    key: str
    columns: tuple[str, ...]
    rows: tuple[FigureRow, ...]

    def value(self, key: str, column: str) -> Value:
        """One number; None where there is no such row."""
        place = self.columns.index(column)
        for row in self.rows:
            if row.key == key:
                return row.values[place]
        return None

    def to_json(self) -> dict[str, object]:
        return {
            "key": self.key,
            "columns": list(self.columns),
            "rows": [[row.key, *row.values] for row in self.rows],
        }

    @classmethod
    def from_json(cls, name: str, data: Mapping[str, Any]) -> FigureTable:
        return cls(
            TableName(name),
            str(data["key"]),
            tuple(data["columns"]),
            tuple(
                FigureRow(str(key), tuple(values))
                for key, *values in data["rows"]
            ),
        )


@dataclass(frozen=True, slots=True)
class Figures:
    """All tables of one period, in the order of ``TableName``."""

    tables: tuple[FigureTable, ...]

    def __getitem__(self, name: TableName) -> FigureTable:
        for table in self.tables:
            if table.name is name:
                return table
        raise KeyError(name)

    @property
    def is_whole(self) -> bool:
        """Whether every table is there: figures kept by an older program may lack new ones."""
        return {table.name for table in self.tables} == set(TableName)

    def completed_by(self, counted: Figures) -> Figures:
        """These, with the tables that they lack from ``counted``."""
        own = {table.name: table for table in self.tables}
        return Figures(
            tuple(own.get(table.name, table) for table in counted.tables)
        )

    def to_json(self) -> dict[str, object]:
        return {table.name.value: table.to_json() for table in self.tables}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Figures:
        """In the order of the page, whatever order the store gave them."""
        return cls(
            tuple(
                FigureTable.from_json(name, data[name])
                for name in TableName
                if name in data
            )
        )


def make_table(
    name: TableName,
    key: str,
    columns: Sequence[str],
    rows: Mapping[str, Sequence[Value]],
) -> FigureTable:
    """A table of ``rows``, key -> values, in their order."""
    return FigureTable(
        name,
        key,
        tuple(columns),
        tuple(FigureRow(row, tuple(values)) for row, values in rows.items()),
    )
