"""Pure: text that leaves the house in a table, where a spreadsheet may take it for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What OWASP names as the beginnings of formulas in spreadsheets (CSV Injection, 2024)."""


def guard_text(text: str) -> str:
    """Text that no spreadsheet takes for a formula: an apostrophe stands before what could be."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def write_csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """UTF-8 with a mark, which Excel asks for; every text guarded."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow([guard_text(text) for text in row])
    return written.getvalue().encode("utf-8-sig")
