"""What became of the fingerprint of a reporter's own picture, for the page of the receipt.

Where a picture was seen is known above this layer. Whoever builds the application hands a counter
in (``register_counter``); without one the page says nothing about it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, cast

from flask import Flask, current_app
from sqlalchemy.orm import Session

from hotline.intake.models import Report

_EXTENSION = "hotline.intake.seen_again"


@dataclass(frozen=True, slots=True)
class SeenAgain:
    """At how many places the picture was seen, and at how many of them our checks found it gone.

    Numbers only: where it was seen would lead others there, and hurt whoever reads it.
    """

    places: int
    removed: int


class Counter(Protocol):
    """Counts for one report; None where it gave no fingerprint, or must not be told of it."""

    def __call__(
        self, session: Session, report: Report
    ) -> SeenAgain | None: ...


def register_counter(app: Flask, counter: Counter) -> None:
    app.extensions[_EXTENSION] = counter


def count_places(session: Session, report: Report) -> SeenAgain | None:
    counter = cast("Counter | None", current_app.extensions.get(_EXTENSION))
    return counter(session, report) if counter is not None else None
