"""The columns of the queue: which there are, and which somebody wants to see."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum

from flask_babel import LazyString, lazy_gettext


class Column(StrEnum):
    """Beside the reference, which is always there. The values are stored."""

    KIND = "kind"
    LOCATION = "location"
    COUNTRY = "country"
    NETWORK = "network"
    SIGHTINGS = "sightings"
    PRIORITY = "priority"
    REASON = "reason"
    REPORTED = "reported"
    DUE = "due"
    TAGS = "tags"
    HOLDER = "holder"


LABELS: Mapping[Column, LazyString] = {
    Column.KIND: lazy_gettext("Kind"),
    Column.LOCATION: lazy_gettext("Location"),
    Column.COUNTRY: lazy_gettext("Country"),
    Column.NETWORK: lazy_gettext("Network"),
    Column.SIGHTINGS: lazy_gettext("Sightings"),
    Column.PRIORITY: lazy_gettext("Priority"),
    Column.REASON: lazy_gettext("Mostly because"),
    Column.REPORTED: lazy_gettext("Reported"),
    Column.DUE: lazy_gettext("Due"),
    Column.TAGS: lazy_gettext("Tags"),
    Column.HOLDER: lazy_gettext("Held by"),
}
NUMBERS = frozenset({Column.SIGHTINGS, Column.PRIORITY})
# Without network and deadline the table fits a small screen.
RULE = tuple(
    column for column in Column if column not in (Column.NETWORK, Column.DUE)
)
"""What somebody sees who has chosen nothing."""


def columns_for(wanted: Collection[str]) -> tuple[Column, ...]:
    """In the order of the table; what is not known any more is left out."""
    chosen = tuple(column for column in Column if column in wanted)
    # Who takes every tick away wants the usual ones back.
    return chosen or RULE
