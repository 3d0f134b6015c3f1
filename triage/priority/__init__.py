"""How urgent a case is, from 0 to 1000, and why: an explained sum, with the weights as data.

The queue and the routing show every part, so that an analyst can see why a row stands where it
stands. No part ever takes points away: more danger, more sightings or more waiting never sinks a
case. Weights must add up to at most 1000, hence the sum needs no cutting and the parts are exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field

from hotline.core.datafiles import files
from hotline.core.datafiles.shapes import parse_file
from hotline.core.datafiles.vocabulary import Language
from hotline.core.errors import InvalidInput, Misconfigured
from hotline.core.language.languages import add_translations

FILE = "priority_weights.toml"
MAX_SCORE = 1000


class ListClass(StrEnum):
    """What the most severe known-hash list says of a file seen there; the mildest first."""

    NONE = "none"
    """It is on no list."""
    LISTED = "listed"
    """It is on a list that gives no class, or one of its own."""
    NATIONAL = "national"
    """Illegal in the country of the list."""
    BASELINE = "baseline"
    """Illegal nearly everywhere."""

    @property
    def severity(self) -> int:
        return list(ListClass).index(self)


class Slug(StrEnum):
    """The signals that have a weight, as the data file and stored priorities name them."""

    DANGER_NOW = "danger_now"
    TIME_PRESSES = "time_presses"
    CHILD_REPORTING = "child_reporting"
    CHILD_CONTACTED = "child_contacted"
    UNKNOWN_VICTIM = "unknown_victim"
    NEW_MATERIAL = "new_material"
    LISTED = "listed"
    NATIONAL = "national"
    BASELINE = "baseline"
    HOME_JURISDICTION = "home_jurisdiction"
    SIGHTINGS = "sightings"
    AGE = "age"
    DEADLINE = "deadline"
    WORDS_THREAT = "words_threat"
    WORDS_MEETING = "words_meeting"
    WORDS_LIVE = "words_live"
    WORDS_SALE = "words_sale"
    WORDS_AT_HOME = "words_at_home"
    WORDS_YOUNG = "words_young"


WORD_SLUGS = frozenset(slug for slug in Slug if slug.startswith("words_"))
"""What the words of a report may point to; which words do is in ``triage.priority.keywords``."""


Points = Annotated[int, Field(ge=0, le=MAX_SCORE)]
Hours = Annotated[float, Field(gt=0, le=24 * 365)]


@dataclass(frozen=True, slots=True)
class Signals:
    """What is known of a case. Unknown is False or None: it adds nothing and takes nothing.

    ``words``: what the words of its reports point to, of ``WORD_SLUGS``.
    ``deadline_hours`` is what is left of the nearest deadline; negative once it has passed.
    """

    danger_now: bool = False
    time_presses: bool = False
    child_reporting: bool = False
    child_contacted: bool = False
    unknown_victim: bool = False
    new_material: bool = False
    list_class: ListClass = ListClass.NONE
    home_jurisdiction: bool = False
    sightings: int = 1
    age_hours: float = 0.0
    deadline_hours: float | None = None
    words: frozenset[Slug] = frozenset()


@dataclass(frozen=True, slots=True)
class Weight:
    """``points`` at most; ``full_at`` (count or hours): where all are earned."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    points: Points
    why: Mapping[Language, str]
    full_at: Hours = 1.0


@dataclass(frozen=True, slots=True)
class Weights:
    """One weight a signal; ``listed``, ``national`` and ``baseline`` exclude one another."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    danger_now: Weight
    time_presses: Weight
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
    words_threat: Weight
    words_meeting: Weight
    words_live: Weight
    words_sale: Weight
    words_at_home: Weight
    words_young: Weight

    def of(self, slug: Slug) -> Weight:
        """The weight of one signal: each has a field that is named like it."""
        weight: Weight = getattr(self, slug)
        return weight


@dataclass(frozen=True, slots=True)
class Part:
    """One reason for the score."""

    slug: Slug
    points: int
    why: str

    def to_json(self) -> dict[str, object]:
        return asdict(self) | {"slug": str(self.slug)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Part:
        return cls(Slug(data["slug"]), data["points"], data["why"])


@dataclass(frozen=True, slots=True)
class Priority:
    """``score`` is the sum of the points of ``parts``; largest part first."""

    score: int
    parts: tuple[Part, ...]

    def to_json(self) -> dict[str, object]:
        return {
            "score": self.score,
            "parts": [part.to_json() for part in self.parts],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Priority:
        parts = tuple(Part.from_json(part) for part in data.get("parts", ()))
        return cls(data.get("score", 0), parts)


def score_case(
    signals: Signals, weights: Weights, language: str = "en"
) -> Priority:
    """The priority of a case. Raises ``InvalidInput`` for figures that cannot be."""
    # This way round, so that an age that is no number (NaN) is refused as
    # well.
    if signals.sightings < 0 or not signals.age_hours >= 0:
        raise InvalidInput("Sightings and age cannot be below zero.")
    parts = []
    for slug, share in _compute_shares(signals, weights).items():
        weight = weights.of(slug)
        # Whole points, cut and not rounded: a share that is not full never
        # reads as full.
        points = int(weight.points * min(1.0, max(0.0, share)))
        if points:
            # English is always there: a file without it is refused.
            why = weight.why.get(language) or weight.why["en"]
            parts.append(Part(slug, points, why))
    # By name among equals: the same case must read the same each time.
    parts.sort(key=lambda part: (-part.points, part.slug))
    return Priority(sum(part.points for part in parts), tuple(parts))


def _compute_shares(signals: Signals, weights: Weights) -> dict[Slug, float]:
    """How much of each weight is earned, as a share; values beyond 0..1 are cut by the caller."""
    shares: dict[Slug, float] = {
        Slug.DANGER_NOW: signals.danger_now,
        Slug.TIME_PRESSES: signals.time_presses,
        Slug.CHILD_REPORTING: signals.child_reporting,
        Slug.CHILD_CONTACTED: signals.child_contacted,
        Slug.UNKNOWN_VICTIM: signals.unknown_victim,
        Slug.NEW_MATERIAL: signals.new_material,
        Slug.HOME_JURISDICTION: signals.home_jurisdiction,
        # The first sighting is the report itself: only further ones say that the thing spreads.
        Slug.SIGHTINGS: (signals.sightings - 1) / weights.sightings.full_at,
        Slug.AGE: signals.age_hours / weights.age.full_at,
    }
    shares |= dict.fromkeys(signals.words & WORD_SLUGS, 1.0)
    if signals.list_class is not ListClass.NONE:
        shares[Slug(signals.list_class)] = 1.0
    if signals.deadline_hours is not None:
        left = signals.deadline_hours / weights.deadline.full_at
        shares[Slug.DEADLINE] = 1.0 - left
    return shares


def load_weights(override_dir: Path | None = None) -> Weights:
    """The weights; raises ``Misconfigured`` with every fault of the file."""
    data = files.read_toml(__name__, FILE, override_dir)
    weights = parse_file(Weights, FILE, add_translations(data, override_dir))
    faults = []
    for slug in Slug:
        if not weights.of(slug).why.get("en"):
            faults.append(f"/{slug}/why: an English reason is missing")
    if (
        not weights.listed.points
        <= weights.national.points
        <= weights.baseline.points
    ):
        faults.append(
            "/baseline: must not weigh less than national, nor national less than listed"
        )
    # Of the three classes only the heaviest can count.
    counted = [
        slug for slug in Slug if slug not in {Slug.LISTED, Slug.NATIONAL}
    ]
    total = sum(weights.of(slug).points for slug in counted)
    if total > MAX_SCORE:
        faults.append(
            f"/: the points add up to {total}, more than {MAX_SCORE}"
        )
    if faults:
        raise Misconfigured(f"Data file {FILE}: {'; '.join(faults)}.")
    return weights


def list_faults(override_dir: Path | None = None) -> list[str]:
    """What is wrong with the weights; empty when all is well."""
    try:
        load_weights(override_dir)
    except Misconfigured as error:
        return [error.message]
    return []
