"""The words at the top of every console page. Each package registers its own entries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from flask import Blueprint, current_app
from flask.blueprints import BlueprintSetupState
from flask.sansio.app import App
from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from hotline.accounts.signing_in.auth import may_current_person, signed_in
from hotline.core.web import site

EXTENSION = "hotline.navigation"
BOX = "hotline.box"
MOST_SHOWN = 6
"""Entries that fit at 1366 pixels, in nearly every language of the console."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One link: shown to whoever has ``permission``, in the order of ``place``, lowest first.

    Places are spaced by ten, so that a package can put an entry between two of others. ``key``:
    the shortcut that follows it. ``opens_box``: where scripts run it opens the box over the page.
    ``waiting`` counts what waits for the person; such an entry is shown only while something does.
    """

    place: int
    label: object
    endpoint: str
    permission: str
    key: str = ""
    opens_box: bool = False
    waiting: Callable[[Session, Person], int] | None = None


@dataclass(frozen=True, slots=True)
class Offered:
    """An entry as one person sees it; ``count``: of what waits, 0 where nothing is counted."""

    entry: Entry
    count: int = 0


@dataclass(frozen=True, slots=True)
class Bar:
    """``folded``: what stands behind one word at the end, where there is no room for all."""

    shown: Sequence[Offered]
    folded: Sequence[Offered]


@dataclass(frozen=True, slots=True)
class Box:
    """The one box that finds anything, for whoever has ``permission``.

    ``endpoint`` takes what is typed, as ``q``; with the header ``X-Part`` it answers with the
    hits alone.
    """

    endpoint: str
    permission: str


def register_box(blueprint: Blueprint, box: Box) -> None:
    """Have ``blueprint`` bring the box to each application that serves it."""

    def bring(state: BlueprintSetupState) -> None:
        state.app.extensions[BOX] = box

    blueprint.record(bring)


def offered_box() -> Box | None:
    """The box of this application, where there is one and the person may use it."""
    box = cast(Box | None, current_app.extensions.get(BOX))
    return box if box and may_current_person(box.permission) else None


def register_entries(blueprint: Blueprint, *entries: Entry) -> None:
    """Have ``blueprint`` bring its entries to each application that serves it."""

    def bring(state: BlueprintSetupState) -> None:
        for entry in entries:
            _entries_of(state.app).append(entry)

    blueprint.record(bring)


def offered_entries() -> list[Entry]:
    """What the signed-in person may open in this application, in the order of the bar."""
    allowed = [
        entry
        for entry in _entries_of(current_app)
        if may_current_person(entry.permission)
    ]
    return sorted(allowed, key=lambda entry: entry.place)


def offered_bar() -> Bar:
    """The entries of the bar, without those for which nothing waits now."""
    offered = _count_waiting(offered_entries())
    # What has a key or waits for somebody is never hidden behind a word.
    first = [each for each in offered if each.entry.key or each.count]
    others = [each for each in offered if each not in first]
    room = max(0, MOST_SHOWN - len(first))
    # One word in place of one entry would save nothing.
    folded = others[room:] if len(others) > room + 1 else []
    shown = [each for each in offered if each not in folded]
    return Bar(shown, folded)


def _count_waiting(entries: Sequence[Entry]) -> list[Offered]:
    # The bar stands on every page: no transaction where nothing is counted.
    if not any(entry.waiting for entry in entries):
        return [Offered(entry) for entry in entries]
    person = signed_in()
    with site.reading() as session:
        counted = [
            Offered(entry, entry.waiting(session, person))
            if entry.waiting
            else Offered(entry)
            for entry in entries
        ]
    return [
        offered
        for offered in counted
        if offered.count or offered.entry.waiting is None
    ]


def _entries_of(app: App) -> list[Entry]:
    return cast(list[Entry], app.extensions.setdefault(EXTENSION, []))
