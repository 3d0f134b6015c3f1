"""How the lines of a report were read as locations: what was cut, taken out or left aside, and why.

Whoever decides about a location is to see that it is not all that was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flask_babel import lazy_gettext

from hotline.core.settings import Settings
from triage.cases.pages.words import Words, word_for
from triage.locations import Location, identify_locations
from triage.locations.catalogue import load_platforms

CUTS: Words = {
    "cut_at_line": lazy_gettext(
        "It ends with a full line; the next line may belong to it."
    ),
    "cut_at_mark": lazy_gettext(
        "It was read up to a quotation mark or an angle bracket; what follows may belong to it."
    ),
    "host_incomplete": lazy_gettext(
        "The host has no dot, so a part of it may be missing."
    ),
    "inline_data_removed": lazy_gettext(
        "It holds a picture or a text itself, which was not kept."
    ),
    "invalid_characters": lazy_gettext("Broken characters were replaced."),
    "invisible_removed": lazy_gettext("Invisible characters were removed."),
    "port_invalid": lazy_gettext("The port is impossible and was left out."),
    "session_id_removed": lazy_gettext("A session id was removed."),
    "time_invalid": lazy_gettext("The time is impossible and was left out."),
    "too_many_locations": lazy_gettext(
        "More locations are named than are read; the rest was left out."
    ),
    "tracking_removed": lazy_gettext("Tracking parameters were removed."),
    "truncated_input": lazy_gettext(
        "The text is longer than is read; its end was left out."
    ),
    "unwrapped": lazy_gettext(
        "It leads to another address, which is what is worked with."
    ),
    "userinfo_removed": lazy_gettext(
        "A user name or password was taken out and kept apart."
    ),
    "whitespace_removed": lazy_gettext(
        "Tabs or line breaks inside it were removed."
    ),
    "wrapper_too_deep": lazy_gettext(
        "Too many addresses lie in each other; the rest was left alone."
    ),
}
"""By the code of the problem: only those by which something that was written is lost from sight."""
_WORD = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class ReadAs:
    """``places``: what is worked with, and what was cut from each; ``left_aside``: the rest."""

    places: Sequence[tuple[str, Sequence[str]]]
    left_aside: str = ""

    @property
    def is_told(self) -> bool:
        """Whether there is more to say than that it was read as it stands."""
        has_cuts = any(cuts for _, cuts in self.places)
        return has_cuts or bool(self.left_aside) or not self.places


def read_line(text: str, settings: Settings) -> ReadAs:
    catalogue = load_platforms(settings.data_dir)
    locations = [
        each
        for each in identify_locations(
            text, settings.country, catalogue=catalogue
        )
        if each.key
    ]
    places = [(each.canonical, list_cuts(each)) for each in locations]
    return ReadAs(places, _find_rest(text, locations))


def list_cuts(location: Location) -> list[str]:
    return [word_for(CUTS, code) for code in location.problems if code in CUTS]


def _find_rest(text: str, locations: Iterable[Location]) -> str:
    """What no location was read from; empty where that is punctuation alone."""
    rest = text
    for location in locations:
        # What was typed before the host may be a password, and is in no location's input.
        # Better nothing than a line that shows a password or names a place
        # twice.
        if location.userinfo is not None or location.input not in rest:
            return ""
        # Once: the same address may stand in the line again.
        rest = rest.replace(location.input, " ", 1)
    plain = " ".join(rest.split())
    return plain if _WORD.search(plain) else ""
