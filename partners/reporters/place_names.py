"""How a place is called on the page of a receipt: known again by who wrote it, of no use to others.

A receipt may be read over a shoulder, or found. So no name leads to the place, or to a person: of
an address the server and its last letters are left, of a number the last digits, of an account the
platform and the first letters.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from triage.locations.others.address_use import IP_ADDRESS, read_address_use

TAIL = 6
"""So many letters or digits of the end are shown; or half of what there is, if that is less."""
HEAD = 2


@dataclass(frozen=True, slots=True)
class PlaceToName:
    """What of an item its name is made of."""

    kind: str
    canonical: str
    display: str
    platform: str | None = None
    host: str | None = None


def name_place(place: PlaceToName) -> str:
    """A short name; "" for what is told in words."""
    if not place.canonical:
        return ""
    if place.kind == "account":
        return _name_account(place)
    if place.kind == "email":
        name, _, domain = place.canonical.partition("@")
        return f"{name[:1]}…@{domain}"
    if place.kind == IP_ADDRESS:
        return _tail_of(read_address_use(place.canonical).address)
    if place.host:
        return _name_page(place.host, place.canonical)
    return _tail_of(place.canonical)


def _name_account(place: PlaceToName) -> str:
    handle = place.display.partition(" (")[0].lstrip("@")
    shown = f"{handle[: min(HEAD, len(handle) // 2)]}…"
    if place.platform is None:
        return shown
    return f"{place.platform.replace('_', ' ').title()}: {shown}"


def _name_page(host: str, canonical: str) -> str:
    parts = urlsplit(canonical)
    path = parts.path.strip("/") + (f"?{parts.query}" if parts.query else "")
    return f"{host}/{_tail_of(path)}" if path else host


def _tail_of(text: str) -> str:
    return f"…{text[-min(TAIL, (len(text) + 1) // 2) :]}"
