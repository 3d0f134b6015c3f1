"""The words at the top of every console page. Each package registers its own entries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from flask import Blueprint, current_app
from flask.blueprints import BlueprintSetupState
from flask.sansio.app import App

from hotline.accounts.signing_in.auth import may_current_person

EXTENSION = "hotline.navigation"
BOX = "hotline.box"


@dataclass(frozen=True, slots=True)
class Entry:
    """One link: shown to whoever has ``permission``, in the order of ``place``, lowest first.

    Places are spaced by ten, so that a package can put an entry between two of others. ``key``:
    the shortcut that follows it. ``opens_box``: where scripts run it opens the box over the page.
    """

    place: int
    label: object
    endpoint: str
    permission: str
    key: str = ""
    opens_box: bool = False


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


def _entries_of(app: App) -> list[Entry]:
    return cast(list[Entry], app.extensions.setdefault(EXTENSION, []))
