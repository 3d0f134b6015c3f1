"""Who looks for what was typed. Each package registers its own finders, as it does its links."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

from flask import Blueprint, current_app
from flask.blueprints import BlueprintSetupState
from flask.sansio.app import App

from triage.console.search.asked import Asked

EXTENSION = "triage.finders"
SHOWN = 20
"""Hits of one finder that are shown."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that was found. ``about``: the case's reference for the log; may be empty."""

    title: str
    url: str
    badge: str = ""
    detail: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True)
class Finder:
    """Looks where whoever has ``permission`` may; lowest ``place`` first.

    ``name`` goes into the log, ``label`` stands above the hits. ``is_exact``: what it finds is
    what was asked for by its own name, so that one hit is opened at once.
    """

    place: int
    name: str
    label: object
    permission: str
    find: Callable[[Asked], Sequence[Hit]]
    is_exact: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What one finder found; never empty."""

    finder: Finder
    hits: Sequence[Hit]


def register_finders(blueprint: Blueprint, *finders: Finder) -> None:
    """Have ``blueprint`` bring its finders to each application that serves it."""

    def bring(state: BlueprintSetupState) -> None:
        _finders_of(state.app).extend(finders)

    blueprint.record(bring)


def find_anything(asked: Asked) -> list[Found]:
    """What each finder finds that the person may ask, in the order of their places."""
    if not asked.text:
        return []
    findings = []
    for finder in sorted(_finders_of(current_app), key=lambda f: f.place):
        # Not even asked, so that nothing of it can show.
        if not asked.may(finder.permission):
            continue
        hits = finder.find(asked)
        if hits:
            findings.append(Found(finder, hits))
    return findings


def only_hit(found: Sequence[Found]) -> Hit | None:
    """The hit to be opened at once: the one thing that bears the name that was typed."""
    exact = [finding for finding in found if finding.finder.is_exact]
    hits = [hit for finding in exact for hit in finding.hits]
    # Two exact hits are a question for a person.
    return hits[0] if len(hits) == 1 else None


def label_finder(name: str) -> str:
    """What stands above the hits of the finder that the log knows by this name."""
    labels = {finder.name: finder.label for finder in _finders_of(current_app)}
    return str(labels.get(name, name))


def _finders_of(app: App) -> list[Finder]:
    return cast(list[Finder], app.extensions.setdefault(EXTENSION, []))
