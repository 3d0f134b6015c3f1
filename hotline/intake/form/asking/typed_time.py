"""A day and a clock as people of the region type them, and what they say with their zone."""

from __future__ import annotations

import re
from datetime import datetime

from hotline.core.language.said_time import (
    SaidTime,
    read_said_time,
    said_in,
    said_of,
)
from hotline.intake.registry.vocabulary import SeenZone

_CLOCK = r"(?P<hour>\d{1,2})[:.](?P<minute>\d\d)(?:[:.](?P<second>\d\d))?"
_TYPED = re.compile(
    r"(?:(?P<day>\d{1,2})[./]\s?(?P<month>\d{1,2})[./]\s?(?P<year>\d{4})\.?"
    r"|(?P<iso>\d{4}-\d\d-\d\d))"
    rf"(?:\s*,\s*|\s+)(?:(?:at|në|u|у|во)\s+)?{_CLOCK}\s?[hч]?",
    re.IGNORECASE,
)


def read_typed_time(text: str, zone: str, home_zone: str) -> SaidTime | None:
    """What ``text`` says on a clock of ``zone`` (a ``SeenZone``); None where nothing was typed.

    A zone that nobody chose stays unknown, and one that was typed holds. ``ValueError`` for text
    that is no day with a time.
    """
    text = text.strip()
    if not text:
        return None
    clock = _clock_of(text)
    if zone == SeenZone.HOME:
        return said_in(clock, home_zone)
    if zone == SeenZone.UTC:
        return said_in(clock, "UTC")
    return clock


def _clock_of(text: str) -> SaidTime:
    match = _TYPED.fullmatch(text)
    if match is None:
        # People type ISO 8601 with small letters too.
        return read_said_time(text.upper())
    day = match["iso"] or (
        f"{match['year']}-{match['month']:0>2}-{match['day']:0>2}"
    )
    clock = f"{match['hour']:0>2}:{match['minute']}:{match['second'] or '00'}"
    said = said_of(datetime.fromisoformat(f"{day}T{clock}"))
    # A submission takes some years only, and is stricter about them than a
    # datetime.
    return read_said_time(said.text)
