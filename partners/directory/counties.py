"""The county in which a municipality lies, where the country's file says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from partners.directory.seed import load_municipalities
from partners.directory.territory import plain_name


@cache
def load_counties(override_dir: Path | None = None) -> Mapping[str, str]:
    """``plain_name`` of a municipality -> its county's name."""
    counties: dict[str, str] = {}
    unclear: set[str] = set()
    for place in load_municipalities(override_dir):
        name = plain_name(place.municipality)
        if counties.setdefault(name, place.county) != place.county:
            unclear.add(name)
    # Of two municipalities of one name nobody can say which was meant.
    return {
        name: county
        for name, county in counties.items()
        if name not in unclear
    }


def county_of(territory: Sequence[str], counties: Mapping[str, str]) -> str:
    """The one county in which all of it lies; "" where there are several, or none is known."""
    lying_in = {counties.get(plain_name(place), "") for place in territory}
    return lying_in.pop() if len(lying_in) == 1 else ""
