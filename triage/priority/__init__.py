"""How urgent a case is, from 0 to 1000, and why: an explained sum, with the weights as data.

The queue and the routing show every part, so that an analyst can see why a row stands where it
stands. No part ever takes points away: more danger, more sightings or more waiting never sinks a
case. Weights must add up to at most 1000, hence the sum needs no cutting and the parts are exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from hotline.core.datafiles import files
from hotline.core.datafiles.shapes import parse_file
from hotline.core.errors import InvalidInput, Misconfigured
from hotline.core.languages import add_translations

FILE = "priority_weights.toml"
MAX_SCORE = 1000

ListClass = Literal["none", "listed", "national", "baseline"]
Points = Annotated[int, Field(ge=0, le=MAX_SCORE)]
Hours = Annotated[float, Field(gt=0, le=24 * 365)]


@dataclass(frozen=True, slots=True)
class Signals:
    """What is known of a case. Unknown is False or None: it adds nothing and takes nothing.

    ``deadline_hours`` is what is left of the nearest deadline; negative once it has passed.
    """

    danger_now: bool = False
    child_reporting: bool = False
    child_contacted: bool = False
    unknown_victim: bool = False
    new_material: bool = False
    list_class: ListClass = "none"
    home_jurisdiction: bool = False
    sightings: int = 1
    age_hours: float = 0.0
    deadline_hours: float | None = None


@dataclass(frozen=True, slots=True)
class Weight:
    """``points`` at most; ``full_at`` (count or hours): where all are earned."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    points: Points
    why: Mapping[str, str]
    full_at: Hours = 1.0


@dataclass(frozen=True, slots=True)
class Weights:
    """One weight a signal; ``listed``, ``national`` and ``baseline`` exclude one another."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    danger_now: Weight
    child_reporting: Weight
    child_contacted: Weight
    unknown_victim: Weight
    new_material: Weight
    listed: Weight
    national: Weight
    baseline: Weight
    home_jurisdiction: Weight
    sightings: Weight
    age: Weight
    deadline: Weight


@dataclass(frozen=True, slots=True)
class Part:
    """One reason for the score."""

    slug: str
    points: int
    why: str


@dataclass(frozen=True, slots=True)
class Priority:
    """``score`` is the sum of the points of ``parts``; largest part first."""

    score: int
    parts: tuple[Part, ...]


def score(signals: Signals, weights: Weights, language: str = "en") -> Priority:
    """The priority of a case. Raises ``InvalidInput`` for figures that cannot be."""
    if signals.sightings < 0 or not signals.age_hours >= 0:
        raise InvalidInput("Sightings and age cannot be below zero.")
    parts = []
    for slug, share in _shares(signals, weights).items():
        weight: Weight = getattr(weights, slug)
        points = int(weight.points * min(1.0, max(0.0, share)))
        if points:
            parts.append(
                Part(slug, points, weight.why.get(language) or weight.why["en"])
            )
    parts.sort(key=lambda part: (-part.points, part.slug))
    return Priority(sum(part.points for part in parts), tuple(parts))


def _shares(signals: Signals, weights: Weights) -> dict[str, float]:
    """How much of each weight is earned, as a share; values beyond 0..1 are cut by the caller."""
    shares: dict[str, float] = {
        "danger_now": signals.danger_now,
        "child_reporting": signals.child_reporting,
        "child_contacted": signals.child_contacted,
        "unknown_victim": signals.unknown_victim,
        "new_material": signals.new_material,
        "home_jurisdiction": signals.home_jurisdiction,
        # The first sighting is the report itself: only further ones say that the thing spreads.
        "sightings": (signals.sightings - 1) / weights.sightings.full_at,
        "age": signals.age_hours / weights.age.full_at,
    }
    if signals.list_class != "none":
        shares[signals.list_class] = 1.0
    if signals.deadline_hours is not None:
        shares["deadline"] = 1.0 - signals.deadline_hours / weights.deadline.full_at
    return shares


def load_weights(override_dir: Path | None = None) -> Weights:
    """The weights; raises ``Misconfigured`` with every fault of the file."""
    weights = parse_file(
        Weights,
        FILE,
        add_translations(files.read_toml(__name__, FILE, override_dir), override_dir),
    )
    wrong = [
        f"/{slug}/why: an English reason is missing"
        for slug in Weights.__slots__
        if not getattr(weights, slug).why.get("en")
    ]
    if not weights.listed.points <= weights.national.points <= weights.baseline.points:
        wrong.append(
            "/baseline: must not weigh less than national, nor national less than listed"
        )
    # Of the three classes only the heaviest can count.
    total = sum(
        getattr(weights, slug).points
        for slug in Weights.__slots__
        if slug not in {"listed", "national"}
    )
    if total > MAX_SCORE:
        wrong.append(f"/: the points add up to {total}, more than {MAX_SCORE}")
    if wrong:
        raise Misconfigured(f"Data file {FILE}: {'; '.join(wrong)}.")
    return weights


def faults(override_dir: Path | None = None) -> list[str]:
    """What is wrong with the weights; empty when all is well."""
    try:
        load_weights(override_dir)
    except Misconfigured as error:
        return [error.message]
    return []
