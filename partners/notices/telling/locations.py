"""The locations of a notice as CSV, for those who work with a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from partners.letters.clock import format_stamp
from partners.notices.telling.xarf import Located

COLUMNS = ("id", "url", "host", "address", "network", "reported_at", "seen_at")
# A spreadsheet would run a cell that begins so as a formula (OWASP, "CSV injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_of(located: Sequence[Located]) -> bytes:
    """UTF-8 with every cell quoted, lines ending as RFC 4180 wants."""
    file = io.StringIO()
    writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for location in located:
        cells = (
            str(location.id),
            location.url,
            location.host,
            location.address or "",
            location.asn or "",
            format_stamp(location.at),
            format_stamp(location.seen_at) if location.seen_at else "",
        )
        writer.writerow([guard_cell(cell) for cell in cells])
    return file.getvalue().encode()


def guard_cell(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
