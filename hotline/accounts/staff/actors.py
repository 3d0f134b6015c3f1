"""Who did something, in words: a person by name, and what the service does by itself."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import LazyString, lazy_gettext

from hotline.accounts.models import PERSON
from hotline.core.storage.audit import COMMAND, PUBLIC, SYSTEM

ACTORS: Mapping[str, LazyString] = {
    SYSTEM: lazy_gettext("the service"),
    PUBLIC: lazy_gettext("the public"),
    "delivery": lazy_gettext("the sending of letters"),
    "scheduler": lazy_gettext("the service's clock"),
    "checks": lazy_gettext("the automatic checks"),
    "partner": lazy_gettext("the office"),
    "provider": lazy_gettext("the host"),
    COMMAND: lazy_gettext("the command line"),
}
"""Whoever acts beside people, by the name in history and log."""


def name_actor(actor: str) -> str:
    """``person:arta`` by the user name, everything else in the reader's language.

    ``cli:arta`` is "the command line (arta)".
    """
    if actor in ACTORS:
        return str(ACTORS[actor])
    kind, _, account = actor.partition(":")
    if kind == COMMAND:
        return f"{ACTORS[COMMAND]} ({account})"
    return actor.removeprefix(PERSON)
