"""What a report's lines name, sort by sort, for whoever wrote them to check before it is sent.

The same reading as after it is sent, so that what the page says is what will be worked with.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hotline.intake.form.asking.understood import Sort, Understood
from triage.locations.catalogue_values import Catalogue
from triage.locations.identify import identify_locations
from triage.locations.location import Location
from triage.locations.others.address_use import (
    IP_ADDRESS,
    ZONE_NOT_STATED,
    show_place,
)

IN_NARRATIVE = frozenset({"url", "onion", "magnet", "ed2k", "ipfs"})
"""Kinds that a narrative is searched for. Telephone numbers and addresses of people that are only
mentioned in passing stay in the sealed words."""

_SORTS = {
    "account": Sort.ACCOUNT,
    "phone": Sort.PHONE,
    "email": Sort.EMAIL,
    "ip": Sort.ADDRESS,
    "hash": Sort.FINGERPRINT,
}


def understand_places(
    lines: Sequence[str],
    narrative: str,
    region: str,
    catalogue: Catalogue | None = None,
    zone_not_stated: str = ZONE_NOT_STATED,
) -> Understood:
    """Each place once; a line in which nothing is found stands as it was written.

    ``zone_not_stated``: what stands beside a time without a zone, in the reader's language.
    """
    reading = (
        _read_lines(lines, region, catalogue)
        if lines
        else _read_narrative(narrative, region, catalogue)
    )
    by_sort: dict[Sort, dict[str, str]] = {}
    for sort, key, shown in reading:
        by_sort.setdefault(sort, {}).setdefault(
            key, _show(sort, shown, zone_not_stated)
        )
    return {
        sort: tuple(by_sort[sort].values()) for sort in Sort if sort in by_sort
    }


Reading = Iterator[tuple[Sort, str, str]]
"""Sort, key and words of each place."""


def _read_lines(
    lines: Sequence[str], region: str, catalogue: Catalogue | None
) -> Reading:
    for line in lines:
        places = [
            place
            for place in identify_locations(line, region, catalogue=catalogue)
            if place.key
        ]
        for place in places:
            yield _sort_of(place), place.key, place.display
        if not places:
            yield Sort.UNREAD, line, line


def _read_narrative(
    narrative: str, region: str, catalogue: Catalogue | None
) -> Reading:
    for place in identify_locations(narrative, region, catalogue=catalogue):
        if place.key and place.kind in IN_NARRATIVE:
            yield _sort_of(place), place.key, place.display


def _show(sort: Sort, text: str, zone_not_stated: str) -> str:
    kind = IP_ADDRESS if sort is Sort.ADDRESS else ""
    return show_place(kind, text, zone_not_stated)


def _sort_of(place: Location) -> Sort:
    return _SORTS.get(place.kind, Sort.PLACE)
