"""The words of the public pages that are chosen by a value: kinds, roles, states, faults.

Plain and short; a child reads them too. What stands in one place only is in the templates.
"""

from __future__ import annotations

from functools import cache

from babel import Locale
from flask_babel import LazyString, format_date, gettext
from flask_babel import lazy_gettext as _

from hotline.core.datafiles.vocabulary import NAMED_FOR_TESTS, country_codes
from hotline.intake.form.asking.understood import Sort
from hotline.intake.form.receipt.place_news import Said
from hotline.intake.registry.answer_values import MAX_ANSWER
from hotline.intake.registry.contact_terms import MAX_SAFE_TIME
from hotline.intake.registry.kinds import ReportKind
from hotline.intake.registry.questions import Answer, Shape
from hotline.intake.registry.vocabulary import (
    ContactReader,
    ContactWay,
    ReporterRole,
    SeenZone,
)
from hotline.intake.submission import (
    MAX_CONTACT,
    MAX_LOCATION,
    MAX_LOCATIONS,
    MAX_NARRATIVE,
)

KINDS: dict[str, LazyString] = {
    kind: _(kind.row.public) for kind in ReportKind
}
ROLES: dict[str, LazyString] = {
    role: _(role.words.public) for role in ReporterRole
}
SORTS: dict[Sort, LazyString] = {
    Sort.PLACE: _("Pages and links"),
    Sort.ACCOUNT: _("Accounts and groups"),
    Sort.PHONE: _("Telephone numbers"),
    Sort.EMAIL: _("E-mail addresses"),
    Sort.ADDRESS: _("Internet addresses (IP)"),
    Sort.PAYMENT: _("Where money is to go"),
    Sort.FINGERPRINT: _("Fingerprints of files"),
    Sort.UNREAD: _("Not clear to the computer; a person will read it"),
}
ASKED: dict[str, LazyString] = {
    answer: _(answer.row.public) for answer in Answer
}
ASKED_OF_SELF: dict[str, LazyString] = {
    answer: _(answer.row.own or answer.row.public) for answer in Answer
}
HINTS: dict[str, LazyString] = {
    answer: _(answer.row.hint) for answer in Answer if answer.row.hint
}
CHOICES: dict[str, dict[str, LazyString]] = {
    answer: {choice: _(choice.words.public) for choice in answer.row.choices}
    for answer in Answer
    if answer.row.choices is not None
}
READERS: dict[str, LazyString] = {
    reader: _(reader.words.public) for reader in ContactReader
}
WAYS: dict[str, LazyString] = {way: _(way.words.public) for way in ContactWay}
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
    Answer.CHILD_AGE: _(
        "Write the age as a number from 0 to 17, or leave it empty."
    ),
    **{
        answer: _(
            "This is too long. Use at most %(characters)s characters.",
            characters=MAX_ANSWER,
        )
        for answer in Answer
        if answer.row.shape is Shape.LINE
    },
    "seen_at": _(
        "Give the day and the time, as 1.11.2026 22:15, or leave it empty. If you know only the "
        "day, tell it in your own words."
    ),
    "contact": _(
        "This is too long. Use at most %(characters)s characters.",
        characters=MAX_CONTACT,
    ),
    "safe_time": _(
        "This is too long. Use at most %(characters)s characters.",
        characters=MAX_SAFE_TIME,
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
def countries_of(home: str, language: str) -> dict[str, str]:
    """Code -> name in ``language``, in its order; the hotline's own country comes first."""
    territories = Locale.parse(language.replace("-", "_")).territories
    names = {
        code: str(territories[code])
        for code in country_codes() & set(territories) - NAMED_FOR_TESTS
    }
    in_order = sorted(names, key=lambda code: (code != home, names[code]))
    return {code: names[code] for code in in_order}


@cache
def zones_of(home_zone: str) -> dict[str, LazyString]:
    """The choices of a clock's zone; the hotline's own, which comes first, by its name."""
    return {
        zone: _(zone.words.public, zone=home_zone.replace("_", " "))
        for zone in SeenZone
    }


def say_news(said: Said) -> str:
    """One piece of news of a place, in the reader's language."""
    return _say_with_day(said.news.words.said, said)


def say_to_child(said: Said) -> str:
    """The same in words for a child."""
    return _say_with_day(said.news.words.to_child, said)


def _say_with_day(sentence: str, said: Said) -> str:
    return str(gettext(sentence, day=format_date(said.day, "long")))
