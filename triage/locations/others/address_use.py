"""An IP address that somebody used, with the port and the time that were stated with it."""

from __future__ import annotations

from dataclasses import dataclass

from hotline.core.said_time import SaidTime


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
