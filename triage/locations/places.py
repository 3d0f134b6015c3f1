"""The places that a letter names: what of it a report takes for its locations."""

from __future__ import annotations

from triage.locations.identify import identify_locations

_PLACES = frozenset(
    {"url", "onion", "account", "magnet", "ed2k", "ipfs", "ip"}
)
"""Kinds that something lies at. A letter's addresses of e-mail and telephones are mostly those of
its signature, and stay in its words."""


def find_places(text: str) -> list[str]:
    """Each as it is written in ``text``, in its order."""
    return [
        location.input
        for location in identify_locations(text)
        if location.kind in _PLACES
        and "platform_unknown" not in location.problems
    ]
