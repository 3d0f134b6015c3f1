"""What was understood of what a reporter named, said before anything is sent.

What a report names is worked out above this layer. Whoever builds the application hands a reader in
(``register_reader``); without one the page says nothing about it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol, cast

from flask import Flask, current_app
from flask_babel import lazy_gettext as _

from hotline.intake.registry.questions import Answers

_EXTENSION = "hotline.intake.understood"
ZONE_NOT_STATED = _("time zone not stated")
"""Stands beside a time of which nobody said by which clock it was read."""
MOST_SHOWN = 10
"""Of each sort; the page is read by a person."""


class Sort(StrEnum):
    """What a line of a report turned out to name."""

    PLACE = "place"
    ACCOUNT = "account"
    PHONE = "phone"
    EMAIL = "email"
    ADDRESS = "address"
    PAYMENT = "payment"
    FINGERPRINT = "fingerprint"
    UNREAD = "unread"
    """Nothing was found in it: a person will read it."""


Understood = Mapping[Sort, Sequence[str]]
"""Each sort that there is with what it found, shortened for the eye."""


class Reader(Protocol):
    """Works out what the lines name, or the narrative where there is no line; and the answers."""

    def __call__(
        self,
        lines: Sequence[str],
        narrative: str,
        answers: Answers,
        region: str,
    ) -> Understood: ...


def register_reader(app: Flask, reader: Reader) -> None:
    app.extensions[_EXTENSION] = reader


def read_report(
    lines: Sequence[str], narrative: str, answers: Answers, region: str
) -> Understood:
    reader = cast("Reader | None", current_app.extensions.get(_EXTENSION))
    if reader is None:
        return {}
    return reader(lines, narrative, answers, region)
