"""Pure: which numbers of the period before stand beside those of a table, on pages and in files."""

from __future__ import annotations

from workers.statistics.tables import (
    BY_DAY,
    FigureTable,
    TableName,
    Value,
)

Row = tuple[Value, ...]

ON_SIGHT = frozenset(
    {
        TableName.REPORTS_BY_KIND,
        TableName.REPORTS_BY_CHANNEL,
        TableName.REPORTS_BY_LANGUAGE,
        TableName.REPORTS_BY_REPORTER,
        TableName.TOLD,
        TableName.BY_COUNTRY,
        TableName.BY_NETWORK,
        TableName.BY_PROVIDER,
        TableName.NOTICES_BY_KIND,
    }
)
"""Tables that have a row only for what came up: what is missing was counted, and is nothing."""
MEASURED = frozenset({"median_hours", "p90_hours"})
"""Their columns that are then empty, and not 0: nothing is there of which they could be."""


def rows_before(table: FigureTable, before: FigureTable) -> list[Row]:
    """For each row of ``table`` what it is compared with, in the order of its columns."""
    by_key = {row.key: row.values for row in before.rows}
    rows = []
    for number, row in enumerate(table.rows):
        # The third day of a month is compared with the third of the one before,
        # whatever their dates.
        if table.name in BY_DAY:
            is_there = number < len(before.rows)
            earlier = before.rows[number].values if is_there else None
        else:
            earlier = by_key.get(row.key)
        rows.append(_in_order(table, before, earlier))
    return rows


def _in_order(
    table: FigureTable, before: FigureTable, earlier: Row | None
) -> Row:
    if earlier is None:
        is_counted = table.name in ON_SIGHT
        return tuple(
            0 if is_counted and column not in MEASURED else None
            for column in table.columns
        )
    # Figures that an older program kept may have other columns.
    values = dict(zip(before.columns, earlier, strict=True))
    return tuple(values.get(column) for column in table.columns)
