"""Which acts need two people: each package brings its own to the application that serves it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from flask import Blueprint, current_app
from flask.blueprints import BlueprintSetupState

from hotline.accounts.approvals.models import Approval
from hotline.core.act import Act

EXTENSION = "hotline.approvals"
WAITS = timedelta(days=1)
"""How long a question waits for another person, unless its kind says otherwise."""


def _do_nothing(_act: Act, _approval: Approval) -> None:
    """Nothing of the kind has to be looked at or put back."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One sort of act. ``label`` and ``effect`` are said to whoever is to grant it.

    ``asking`` and ``granting`` are permissions. ``lasts``: how long a grant may be used. ``check``
    refuses what cannot be granted. ``done`` happens with the grant, in its transaction, and uses
    it up; without it whoever asked uses the grant. ``undone`` happens where it is refused or taken
    back. ``place`` is the address of the page on which whoever asked uses it, and ``look`` of the
    page that shows what is agreed to, where the question itself cannot show all of it.
    """

    code: str
    label: object
    effect: object
    asking: str
    granting: str
    lasts: timedelta
    waits: timedelta = WAITS
    check: Callable[[Act, Approval], None] = _do_nothing
    done: Callable[[Act, Approval], None] | None = None
    undone: Callable[[Act, Approval], None] = _do_nothing
    place: Callable[[Approval], str] | None = None
    look: Callable[[Approval], str] | None = None


def register_kinds(blueprint: Blueprint, *kinds: Kind) -> None:
    """Have ``blueprint`` bring its kinds to each application that serves it."""

    def bring(state: BlueprintSetupState) -> None:
        registered = cast(
            dict[str, Kind], state.app.extensions.setdefault(EXTENSION, {})
        )
        registered.update({kind.code: kind for kind in kinds})

    blueprint.record(bring)


def known_kinds() -> Mapping[str, Kind]:
    """Code -> kind, of the running application."""
    return cast(Mapping[str, Kind], current_app.extensions.get(EXTENSION, {}))
