"""Keys of the console. Each package registers its own; every person may change theirs.

A key is a physical one (``event.code``), so that it lies at the same place on every layout. It is
shown on its button, and pressing it presses the button: what has no button has no key.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

from flask import Blueprint, current_app, g
from flask.blueprints import BlueprintSetupState
from flask.sansio.app import App
from markupsafe import Markup

from hotline.accounts.preferences import Preferences, preferences_of
from hotline.accounts.signing_in.auth import current_person, signed_in
from hotline.core.errors import InvalidInput, phrase
from hotline.core.web import site

EXTENSION = "hotline.shortcuts"
SHIFT = "Shift+"
_CODE = re.compile(
    r"(?:Shift\+)?(?:Key[A-Z]|Digit[0-9]|F[1-9]|F1[0-2]|Comma|Period|Slash|Semicolon|Quote"
    r"|BracketLeft|BracketRight|Backslash|Minus|Equal|Backquote|IntlBackslash|ArrowUp|ArrowDown"
    r"|ArrowLeft|ArrowRight|Home|End|PageUp|PageDown|Delete|Insert)"
)
_SIGNS: Mapping[str, str] = {
    "Comma": ",",
    "Period": ".",
    "Slash": "/",
    "Semicolon": ";",
    "Quote": "'",
    "BracketLeft": "[",
    "BracketRight": "]",
    "Backslash": "\\",
    "Minus": "-",
    "Equal": "=",
    "Backquote": "`",
    "IntlBackslash": "<",
    "ArrowUp": "↑",
    "ArrowDown": "↓",
    "ArrowLeft": "←",
    "ArrowRight": "→",
}


class Group(StrEnum):
    """Where a key works. Two keys may be the same where they never meet on a page."""

    EVERYWHERE = "everywhere"
    QUEUE = "queue"
    CASE = "case"
    PEOPLE = "people"
    JUDGING = "judging"
    RULES = "rules"


@dataclass(frozen=True, slots=True)
class Shortcut:
    """``code``: the physical key of the rule, perhaps with ``Shift+`` before it."""

    slug: str
    group: Group
    code: str
    label: object


def register_shortcuts(blueprint: Blueprint, *shortcuts: Shortcut) -> None:
    """Have ``blueprint`` bring its keys to each application that serves it."""

    def bring(state: BlueprintSetupState) -> None:
        _shortcuts_of(state.app).extend(shortcuts)

    blueprint.record(bring)


def list_shortcuts() -> list[Shortcut]:
    """All of this application, group by group, as they were registered."""
    order = list(Group)
    return sorted(
        _shortcuts_of(current_app),
        key=lambda shortcut: order.index(shortcut.group),
    )


def own_preferences() -> Preferences:
    """What the signed-in person set; asked of the database once a request."""
    if "own_preferences" not in g:
        person_id = signed_in().id
        with site.reading() as session:
            g.own_preferences = preferences_of(session, person_id)
    return cast(Preferences, g.own_preferences)


def own_keys() -> Mapping[str, str]:
    """Slug -> key of the signed-in person; empty where nobody is."""
    if "own_keys" not in g:
        if current_person() is None:
            return {}
        changed = own_preferences().keys
        g.own_keys = {
            shortcut.slug: changed.get(shortcut.slug, shortcut.code)
            for shortcut in _shortcuts_of(current_app)
        }
    return cast(Mapping[str, str], g.own_keys)


def check_keys(wanted: Mapping[str, str]) -> dict[str, str]:
    """Those that differ from the rule. ``InvalidInput`` names each that cannot be, or is taken."""
    shortcuts = list_shortcuts()
    codes = {
        shortcut.slug: wanted.get(shortcut.slug) or shortcut.code
        for shortcut in shortcuts
    }
    taken = {
        group: Counter(
            codes[shortcut.slug]
            for shortcut in shortcuts
            if shortcut.group in (group, Group.EVERYWHERE)
        )
        for group in Group
    }
    faults = {}
    for shortcut in shortcuts:
        code = codes[shortcut.slug]
        rivals = (
            Group if shortcut.group is Group.EVERYWHERE else (shortcut.group,)
        )
        if not _CODE.fullmatch(code):
            faults[f"/{shortcut.slug}"] = phrase("This key cannot be used.")
        elif any(taken[group][code] > 1 for group in rivals):
            faults[f"/{shortcut.slug}"] = phrase("This key is taken already.")
    if faults:
        raise InvalidInput(phrase("The keys were not changed."), fields=faults)
    return {
        shortcut.slug: codes[shortcut.slug]
        for shortcut in shortcuts
        if codes[shortcut.slug] != shortcut.code
    }


def name_of(code: str) -> str:
    """A key as people call it: ``Shift+KeyA`` is ``⇧A``."""
    shift = "⇧" if code.startswith(SHIFT) else ""
    plain = code.removeprefix(SHIFT)
    letter = plain.removeprefix("Key").removeprefix("Digit")
    return shift + _SIGNS.get(plain, letter)


def key_attributes(slug: str) -> Markup:
    """For the tag of a button, link or field: the key that presses it."""
    code = own_keys().get(slug, "")
    if not code:
        return Markup()
    return Markup(' data-code="{}" aria-keyshortcuts="{}"').format(
        code, code.replace("Key", "").replace("Digit", "")
    )


def key_cap(slug: str) -> Markup:
    """The key as it is shown on its button."""
    code = own_keys().get(slug, "")
    if not code:
        return Markup()
    cap = Markup(' <kbd aria-hidden="true" data-cap="{}">{}</kbd>')
    return cap.format(code, name_of(code))


def _shortcuts_of(app: App) -> list[Shortcut]:
    return cast(list[Shortcut], app.extensions.setdefault(EXTENSION, []))
