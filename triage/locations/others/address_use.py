"""An IP address that somebody used, with the port and the time that were stated with it.

An address that serves a page is reported as a URL, which is another kind of location. A bare one
comes from peers, a chat, an upload: it is what a provider gave to a subscriber at a time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hotline.core.language.said_time import SaidTime
from hotline.intake.registry.kinds import ReportKind

WEB_PORTS = frozenset({80, 443, 8000, 8080, 8443})
KINDS_OF_PLACES = frozenset(
    {
        ReportKind.CSAM_IMAGE,
        ReportKind.CSAM_VIDEO,
        ReportKind.AI_GENERATED,
        ReportKind.TEXT_AUDIO_DRAWING,
    }
)
"""Kinds that are about what lies somewhere, and not about who does something."""

_STAMP = re.compile(r"\d{4}-\d\d-\d\dT")
IP_ADDRESS = "ip"
"""The kind of location that such an address is; identifiers of people are called so, too."""
ZONE_NOT_STATED = "time zone not stated"


@dataclass(frozen=True, slots=True)
class AddressUse:
    """An IP address that somebody used, as a location of kind ``ip`` writes it.

    ``client`` is the program it was used with, as stated; it is no part of what identifies.
    """

    address: str
    port: int | None
    time: SaidTime | None
    client: str = ""


def read_address_use(canonical: str) -> AddressUse:
    """``"203.0.113.7:4662 2026-11-01T10:00:00 eMule 0.50a"``, ``"[2001:db8::7]:80"`` or less."""
    place, _, rest = canonical.partition(" ")
    address, port = _split_port(place)
    text, _, client = rest.partition(" ")
    if _STAMP.match(text) is None:
        text, client = "", rest
    return AddressUse(address, port, SaidTime(text) if text else None, client)


def show_place(
    kind: str, text: str, zone_not_stated: str = ZONE_NOT_STATED
) -> str:
    """``text`` as a person reads it: of an address that somebody used with its doubt.

    Everything that prints a location or an identifier asks here, so that no time without a zone
    stands as if it were certain. ``zone_not_stated``: these words in the reader's language.
    """
    if kind != IP_ADDRESS:
        return text
    use = read_address_use(text)
    place = text.partition(" ")[0]
    time = use.time.say(zone_not_stated) if use.time is not None else ""
    return ", ".join(part for part in (place, time, use.client) if part)


def _split_port(place: str) -> tuple[str, int | None]:
    if place.startswith("["):
        address, _, port = place[1:].partition("]:")
        return address, int(port)
    # With more than one it is an IPv6 address without a port.
    if place.count(":") == 1:
        address, _, port = place.partition(":")
        return address, int(port)
    return place, None


def is_used_by_person(canonical: str, kind: str) -> bool:
    """``canonical`` is that of a location of kind ``ip``; ``kind`` a ``ReportKind``.

    Only an address with a web server's port, no time, and a report about what lies there is a host;
    in doubt it is a person's, because asking a subscriber to take down a page warns them.
    """
    use = read_address_use(canonical)
    looks_like_host = use.port in WEB_PORTS and use.time is None
    return not (looks_like_host and kind in KINDS_OF_PLACES)
