"""Times as partners read them: on the hotline's clock, with its zone named.

An officer plans by the clock on the wall. Whoever reads in another country gets UTC beside it, and
a document for machines has UTC alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self
from zoneinfo import ZoneInfo

from hotline.core.context import Context
from partners.directory.kinds import PartnerKind
from partners.directory.models import Partner

READERS_OF_LOGS = frozenset({PartnerKind.PROVIDER, PartnerKind.PLATFORM})
SHOWN = "%Y-%m-%d %H:%M"
EXACT = "%Y-%m-%d %H:%M:%S UTC"


@dataclass(frozen=True, slots=True)
class Clock:
    """``zone`` as "Europe/Tirane"; ``with_utc``: whether the reader may live by another one."""

    zone: str
    with_utc: bool

    @classmethod
    def at_home(cls, context: Context) -> Self:
        """For people of this country: those who work here, and its offices."""
        return cls(context.country.time_zone, with_utc=False)

    @classmethod
    def for_partner(cls, context: Context, partner: Partner | None) -> Self:
        """Hosts look into logs, and logs are in UTC: only offices of this country go without."""
        is_office_here = (
            partner is not None
            and partner.country == context.settings.country
            and partner.kind not in READERS_OF_LOGS
        )
        return cls(context.country.time_zone, with_utc=not is_office_here)

    @property
    def place(self) -> str:
        """ "Europe/Tirane" as a letter names it."""
        return self.zone.replace("_", " ")

    def show(self, value: datetime | str) -> str:
        """ "2026-11-29 22:15 CET (21:15 UTC)"; a letter reads some times from its document."""
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        local = value.astimezone(ZoneInfo(self.zone))
        shown = f"{local.strftime(SHOWN)} {_name_zone(local)}"
        if not self.with_utc:
            return shown
        utc = value.astimezone(UTC)
        form = "%H:%M UTC" if utc.date() == local.date() else f"{SHOWN} UTC"
        return f"{shown} ({utc.strftime(form)})"


def format_stamp(value: datetime) -> str:
    """RFC 3339 in UTC, for documents."""
    return (
        value.astimezone(UTC)
        .isoformat(timespec="seconds")
        .replace("+00:00", "Z")
    )


def format_exact(value: datetime | str) -> str:
    """To the second and in UTC, as a provider needs it to find a subscriber."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return value.astimezone(UTC).strftime(EXACT)


def _name_zone(moment: datetime) -> str:
    """ "CET"; where the zone has no letters of its own, how far it is from UTC."""
    name = moment.tzname() or ""
    ahead = f"{moment:%z}"
    return name if name.isalpha() else f"UTC{ahead[:3]}:{ahead[3:]}"
