"""A time as it was stated, with or without its zone, and what it may mean.

Address, port and time lead to one subscriber, and an hour's difference to another household. A time
whose zone nobody stated stays a doubt wherever it is shown: it is never printed as UTC, and both
likely readings stand beside it. A person who can ask decides which one holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

SHOWN = "%Y-%m-%d %H:%M:%S"


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
        moments = {clock.replace(fold=fold).astimezone(UTC) for fold in (0, 1)}
        return tuple(sorted(moments))

    @property
    def shown(self) -> str:
        """Without any zone where none was stated: whoever prints it says so beside it."""
        clock = self.if_utc.strftime(SHOWN) + _fraction(self.text)
        return f"{clock} UTC" if self.is_zone_stated else clock


@dataclass(frozen=True, slots=True)
class AddressUse:
    """An IP address that somebody used, as a location of kind ``ip`` writes it."""

    address: str
    port: int | None
    time: SaidTime | None


def read_address_use(canonical: str) -> AddressUse:
    """``"203.0.113.7:4662 2026-11-01T10:00:00"``, ``"[2001:db8::7]:80"`` or less of it."""
    place, _, text = canonical.partition(" ")
    address, port = _without_port(place)
    return AddressUse(address, port, SaidTime(text) if text else None)


def _without_port(place: str) -> tuple[str, int | None]:
    if place.startswith("["):
        address, _, port = place[1:].partition("]:")
        return address, int(port)
    if place.count(":") == 1:
        address, _, port = place.partition(":")
        return address, int(port)
    return place, None


def _fraction(text: str) -> str:
    _, dot, digits = text.removesuffix("Z").partition(".")
    return dot + digits
