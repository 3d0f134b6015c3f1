"""Pure: which cases are violent, how long somebody worked on them, and when a break is due.

The numbers are data: ``exposure.toml``. Time runs from when a person took a case until they
assessed it. What was assessed without being taken first, as many cases in one act are, has no
length; nor has what was taken and given back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field

from hotline.core.datafiles import files
from hotline.core.datafiles.shapes import parse_file
from hotline.core.datafiles.vocabulary import find_unknown
from hotline.core.errors import Misconfigured
from hotline.intake.registry.kinds import ReportKind
from triage.cases.assessing.assessment import CLASSES, Schema, load_schema

FILE = "exposure.toml"
Minutes = Annotated[int, Field(ge=1, le=24 * 60)]


@dataclass(frozen=True, slots=True)
class Exposure:
    """What the data file says; see its head for what each field means."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    dated: str
    source: str
    kinds: tuple[str, ...]
    proposed: tuple[str, ...]
    answers: Mapping[str, tuple[str, ...]]
    within_minutes: int
    longest_minutes: Minutes = 30
    break_after_minutes: Minutes = 45
    break_minutes: Minutes = 10
    day_minutes: Minutes = 240
    day_views: Annotated[int, Field(ge=1)] = 40
    view_seconds: Annotated[int, Field(ge=5, le=120)] = 20

    def is_violent(
        self, answers: Mapping[str, Any], kind: str, proposed: str
    ) -> bool:
        """Whether a case is, by what was reported, what lists propose or somebody answered."""
        return (
            kind in self.kinds
            or proposed in self.proposed
            or any(
                answers.get(question) in values
                for question, values in self.answers.items()
            )
        )


@dataclass(frozen=True, slots=True)
class Stint:
    """One person's work on one case; without ``began_at`` nobody knows how long it took."""

    began_at: datetime | None
    ended_at: datetime
    is_violent: bool


@dataclass(frozen=True, slots=True)
class Look:
    """One person's look at a picture, until it was put away."""

    began_at: datetime
    ended_at: datetime
    is_violent: bool


@dataclass(frozen=True, slots=True)
class TimeSpent:
    """One person's work of a day. ``since_break``: on violent cases since the last break."""

    cases: int = 0
    violent_cases: int = 0
    time: timedelta = timedelta()
    violent_time: timedelta = timedelta()
    since_break: timedelta = timedelta()
    views: int = 0
    violent_views: int = 0
    view_time: timedelta = timedelta()

    def is_full(self, exposure: Exposure) -> bool:
        return self.time >= timedelta(minutes=exposure.day_minutes)

    def is_break_due(self, exposure: Exposure) -> bool:
        due_after = timedelta(minutes=exposure.break_after_minutes)
        return self.since_break >= due_after


@cache
def load_exposure(override_dir: Path | None = None) -> Exposure:
    """The data file; ``Misconfigured`` names its faults."""
    data = files.read_toml("triage.cases", FILE, override_dir)
    made = parse_file(
        # TOML reads a date as a date, and this one is only shown.
        Exposure,
        FILE,
        {**data, "dated": str(data.get("dated", ""))},
    )
    faults = _list_faults(made, load_schema(override_dir))
    if faults:
        raise Misconfigured(f"Data file {FILE}: {'; '.join(faults)}.")
    return made


def measure_time(
    stints: Iterable[Stint],
    exposure: Exposure,
    now: datetime,
    looks: Iterable[Look] = (),
) -> TimeSpent:
    """Of one person. What several cases in hand, and looks, have in common of time counts once."""
    worked, looked = list(stints), list(looks)
    spans = [
        *(_span_of(stint, exposure) for stint in worked),
        *(
            Span(look.began_at, look.ended_at, look.is_violent)
            for look in looked
        ),
    ]
    violent = [span for span in spans if span.is_violent]
    # A stint that began before the break and ended after it does not count as
    # since.
    rested = _find_end_of_rest(spans, exposure, now)
    return TimeSpent(
        cases=len(worked),
        violent_cases=sum(stint.is_violent for stint in worked),
        time=_measure_union(spans),
        violent_time=_measure_union(violent),
        since_break=_measure_union(
            span for span in violent if span.began_at >= rested
        ),
        views=len(looked),
        violent_views=sum(look.is_violent for look in looked),
        view_time=_measure_union(
            Span(look.began_at, look.ended_at, look.is_violent)
            for look in looked
        ),
    )


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of somebody's day."""

    began_at: datetime
    ended_at: datetime
    is_violent: bool


def _span_of(stint: Stint, exposure: Exposure) -> Span:
    longest = timedelta(minutes=exposure.longest_minutes)
    # Whoever took a case and went home has not worked on it all night.
    began_at = max(stint.began_at or stint.ended_at, stint.ended_at - longest)
    return Span(began_at, stint.ended_at, stint.is_violent)


def _measure_union(spans: Iterable[Span]) -> timedelta:
    total, until = timedelta(), None
    for span in sorted(spans):
        began_at = (
            span.began_at if until is None else max(span.began_at, until)
        )
        # A span that lies within the one before it adds nothing.
        total += max(span.ended_at - began_at, timedelta())
        until = span.ended_at if until is None else max(until, span.ended_at)
    return total


def _find_end_of_rest(
    spans: Sequence[Span], exposure: Exposure, now: datetime
) -> datetime:
    """When the last break ended: ``now`` where the person is on one."""
    long_enough = timedelta(minutes=exposure.break_minutes)
    if not spans:
        return now
    ordered = sorted(spans)
    rested, until = ordered[0].began_at, ordered[0].ended_at
    # Any work ends a rest, violent or not: only time without cases is a break.
    for span in ordered[1:]:
        if span.began_at - until >= long_enough:
            rested = span.began_at
        until = max(until, span.ended_at)
    # Whoever comes back after a break begins anew.
    return now if now - until >= long_enough else rested


def _list_faults(made: Exposure, schema: Schema) -> list[str]:
    """Words that nothing stored can be: a misspelt one would protect nobody."""
    choices = {
        question.name: {choice.value for choice in question.choices}
        for question in schema.questions
    }
    named = {
        "/kinds": (made.kinds, {str(kind) for kind in ReportKind}),
        "/proposed": (made.proposed, set(CLASSES)),
        "/answers": (tuple(made.answers), set(choices)),
        **{
            f"/answers/{name}": (values, choices.get(name, set()))
            for name, values in made.answers.items()
            if name in choices
        },
    }
    return [
        f"{where}: {fault}"
        for where, (words, possible) in named.items()
        for fault in find_unknown(words, possible)
    ]
