"""The words of the public pages that are chosen by a value: kinds, roles, states, faults.

Plain and short; a child reads them too. What stands in one place only is in the templates.
"""

from __future__ import annotations

from functools import cache

from flask_babel import LazyString
from flask_babel import lazy_gettext as _

from hotline.intake.kinds import ReportKind
from hotline.intake.submission import (
    MAX_CONTACT,
    MAX_LOCATION,
    MAX_LOCATIONS,
    MAX_NARRATIVE,
)
from hotline.intake.vocabulary import PartState, ReporterRole, SeenZone

KINDS: dict[str, LazyString] = {
    kind: _(kind.row.public) for kind in ReportKind
}
ROLES: dict[str, LazyString] = {
    role: _(role.words.public) for role in ReporterRole
}
STATES: dict[str, LazyString] = {
    state: _(state.words.public) for state in PartState
}
FAULTS: dict[str, LazyString] = {
    "nothing": _(
        "Tell us where it is, or what happened. One of the two is enough."
    ),
    "locations": _(
        "Give at most %(lines)s lines of at most %(characters)s characters each.",
        lines=MAX_LOCATIONS,
        characters=MAX_LOCATION,
    ),
    "narrative": _(
        "This is too long. Use at most %(characters)s characters.",
        characters=MAX_NARRATIVE,
    ),
    "seen_at": _(
        "Give the day and the time, as 1.11.2026 22:15, or leave it empty. If you know only the "
        "day, tell it in your own words."
    ),
    "contact": _(
        "This is too long. Use at most %(characters)s characters.",
        characters=MAX_CONTACT,
    ),
    "text": _(
        "Write something, at most %(characters)s characters.",
        characters=MAX_NARRATIVE,
    ),
    "receipt": _(
        "There is no report with this code. Check it, letter by letter."
    ),
    "choice": _("Choose one of the answers."),
    "stale": _(
        "The page was open for too long. Nothing is lost: send it again."
    ),
    "one_page": _(
        "Nothing is lost. Here are all questions on one page: go on, and send it."
    ),
    "unavailable": _(
        "We cannot store anything right now. It is not your fault, and what you typed is still "
        "here: send it again in a minute."
    ),
    "busy": _("Too many tries in a short time. Wait a few minutes."),
}


@cache
def zones_of(home_zone: str) -> dict[str, LazyString]:
    """The choices of a clock's zone; the hotline's own, which comes first, by its name."""
    return {
        zone: _(zone.words.public, zone=home_zone.replace("_", " "))
        for zone in SeenZone
    }
