"""The locations of a notice as CSV, for those who work with a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from hotline.core.spreadsheets import guard_text
from partners.letters.clock import format_stamp
from partners.notices.telling.xarf import Located
from triage.locations.others.address_use import IP_ADDRESS, show_place

COLUMNS = ("id", "url", "host", "address", "network", "reported_at", "seen_at")


def csv_of(located: Sequence[Located]) -> bytes:
    """UTF-8 with every cell quoted, lines ending as RFC 4180 wants."""
    file = io.StringIO()
    writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for location in located:
        cells = (
            str(location.id),
            show_place(IP_ADDRESS, location.url)
            if location.used
            else location.url,
            location.host,
            location.address or "",
            location.asn or "",
            format_stamp(location.at),
            format_stamp(location.seen_at) if location.seen_at else "",
        )
        writer.writerow([guard_text(cell) for cell in cells])
    return file.getvalue().encode()
