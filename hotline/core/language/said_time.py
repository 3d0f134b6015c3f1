"""A time as it was stated, with or without its zone, and what it may mean.

Address, port and time lead to one subscriber, and an hour's difference to another household. A time
whose zone nobody stated stays a doubt wherever it is shown: it is never printed as UTC, and both
likely readings stand beside it. A person who can ask decides which one holds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

SHOWN = "%Y-%m-%d %H:%M:%S"
_DAY = (
    r"(?:(?:19[7-9][0-9]|20[0-9]{2})-"
    r"(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    r"|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    r"|02-(?:0[1-9]|1[0-9]|2[0-8]))"
    r"|(?:19(?:7[26]|8[048]|9[26])|20(?:[02468][048]|[13579][26]))-02-29)"
)
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6})?)?"
_ZONE = r"(?:Z|[+\-](?:0[0-9]|1[0-4]):[0-5][0-9])"
ISO_TIME = f"{_DAY}T{_CLOCK}{_ZONE}?"
"""ISO 8601, from 1970 to 2099; a regular expression that a JSON schema can hold, too."""
_WHOLE = re.compile(ISO_TIME)


@dataclass(frozen=True, slots=True)
class SaidTime:
    """``text`` is ISO 8601, ending in ``Z`` where the zone was stated (it is UTC then)."""

    text: str

    @property
    def is_zone_stated(self) -> bool:
        return self.text.endswith("Z")

    @property
    def if_utc(self) -> datetime:
        """What it means if the clock that it was read from showed UTC."""
        return datetime.fromisoformat(self.text.removesuffix("Z")).replace(
            tzinfo=UTC
        )

    def if_local(self, zone: str) -> tuple[datetime, ...]:
        """What it means in UTC if that clock showed the time of ``zone``, e.g. "Europe/Tirane".

        Two answers, the earlier first, for the hour that comes twice when summer time ends. For the
        hour that is left out when it begins: of a clock not yet put forward, and of one that was.
        """
        clock = self.if_utc.replace(tzinfo=ZoneInfo(zone))
        # A set: outside the hour of a change both folds are the same moment.
        moments = {clock.replace(fold=fold).astimezone(UTC) for fold in (0, 1)}
        return tuple(sorted(moments))

    def say(self, zone_not_stated: str) -> str:
        """With its zone, or with the words that there is none; never a bare clock."""
        clock = self.if_utc.strftime(SHOWN) + _fraction(self.text)
        if self.is_zone_stated:
            return f"{clock} UTC"
        return f"{clock} ({zone_not_stated})"


def read_said_time(text: str) -> SaidTime:
    """``"2026-11-01T10:00+01:00"``, or without a zone, which nothing is put in the place of.

    ``ValueError`` for anything that is not ISO 8601 with a day and a clock.
    """
    if not _WHOLE.fullmatch(text):
        raise ValueError("is no time in ISO 8601, as 2026-11-01T10:00+01:00")
    return said_of(datetime.fromisoformat(text))


def said_of(moment: datetime) -> SaidTime:
    """The time of a ``datetime``: in UTC where that one has a zone, and as a bare clock else."""
    has_zone = moment.tzinfo is not None
    clock = moment.astimezone(UTC) if has_zone else moment
    text = clock.replace(tzinfo=None).isoformat()
    if clock.microsecond:
        # Filled up to six digits, a time would look more exact than it was
        # said.
        text = text.rstrip("0")
    return SaidTime(f"{text}Z" if has_zone else text)


def said_in(clock: SaidTime, zone: str) -> SaidTime:
    """What a ``clock`` of ``zone`` said: it stays without one in the hour that could be two."""
    if clock.is_zone_stated:
        return clock
    moments = clock.if_local(zone)
    return said_of(moments[0]) if len(moments) == 1 else clock


def _fraction(text: str) -> str:
    _, dot, digits = text.removesuffix("Z").partition(".")
    return dot + digits
