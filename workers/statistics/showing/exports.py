"""Pure: tables of figures as files. What a spreadsheet would take for a formula stays text."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from hotline.core.spreadsheets import write_csv
from workers.statistics.comparing import rows_before
from workers.statistics.periods import Period
from workers.statistics.tables import Figures, FigureTable, Value

BEFORE = "_before"
"""What ends the name of a column of the period before."""
WIDEST_NAME = 31
"""Characters that a sheet of XLSX may be called by."""


class Form(StrEnum):
    """In what figures leave the house; the values end the files' names."""

    CSV = "csv"
    XLSX = "xlsx"
    JSON = "json"


MEDIA_TYPES: Mapping[Form, str] = {
    Form.CSV: "text/csv",
    Form.XLSX: (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    ),
    Form.JSON: "application/json",
}


def to_csv(tables: Sequence[FigureTable], before: Figures) -> bytes:
    """One long table: table, row, column, value, and what that was in the period before."""
    return write_csv(
        ("table", "row", "column", "value", "before"),
        (
            (table.name.value, row.key, column, _plain(value), _plain(was))
            for table in tables
            for row, earlier in zip(
                table.rows, rows_before(table, before[table.name]), strict=True
            )
            for column, value, was in zip(
                table.columns, row.values, earlier, strict=True
            )
        ),
    )


def to_xlsx(tables: Sequence[FigureTable], before: Figures) -> bytes:
    """A sheet for each table, numbers as numbers and every text as text; beside the columns those
    of the period before."""
    import xlsxwriter

    written = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(written, options) as book:
        bold = book.add_format({"bold": True})
        for table in tables:
            sheet = book.add_worksheet(table.name.value[:WIDEST_NAME])
            sheet.set_column(0, 0, 34)
            was = (f"{column}{BEFORE}" for column in table.columns)
            sheet.write_row(0, 0, (table.key, *table.columns, *was), bold)
            sheet.freeze_panes(1, 1)
            earlier = rows_before(table, before[table.name])
            for number, row in enumerate(table.rows, 1):
                # A name that begins with "=" stays a name.
                sheet.write_string(number, 0, row.key)
                values = (*row.values, *earlier[number - 1])
                for place, value in enumerate(values, 1):
                    if value is not None:
                        sheet.write_number(number, place, value)
    return written.getvalue()


def to_json(
    period: Period, figures: Figures, before: Figures, is_closed: bool
) -> bytes:
    return write_json(describe_looks(period, figures, before, is_closed))


def describe_looks(
    period: Period, figures: Figures, before: Figures, is_closed: bool
) -> dict[str, object]:
    """Both periods, with every table as ``Figures.to_json`` has it."""
    return {
        "period": describe_period(period),
        "closed": is_closed,
        "tables": figures.to_json(),
        "before": {
            "period": describe_period(period.before()),
            "tables": before.to_json(),
        },
    }


def describe_period(period: Period) -> dict[str, str]:
    return {
        "name": period.name,
        "first": period.first.isoformat(),
        "last": period.last.isoformat(),
        "zone": period.zone,
    }


def write_json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=2).encode() + b"\n"


def _plain(value: Value) -> str:
    return "" if value is None else str(value)
