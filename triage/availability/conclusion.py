"""What a series of looks proves.

"Removed" is proved by several healthy looks that all say so, spread over time, after the last
time that the material was seen, from every place that ever saw it. Nothing that may be our own
failure is counted, in either direction. Once proved, it is watched on; seen again, it reopens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from triage.availability.model import (
    ABSENT,
    KEPT_OUT,
    PRESENT,
    Vantage,
    Verdict,
    VerdictName,
)
from triage.availability.policy import Policy, Proof
from triage.availability.schedule import due

State = Literal["still_up", "removed", "down", "kept_out", "unclear"]


@dataclass(frozen=True, slots=True)
class Conclusion:
    """``verified``: the agreed proof of ``state`` is complete. ``since``: when the state began (of
    a removal the first of the looks that prove it: the clocks stop there, not at the last).
    ``reappeared``: it was verified as removed or down before, and is up again.
    ``needs_person``: as many healthy looks as prove a removal only said that they cannot tell, or
    that we are kept out; waiting for more of them will not help."""

    state: State
    verified: bool
    next_check_at: datetime | None
    because: tuple[str, ...]
    since: datetime | None = None
    reappeared: bool = False
    needs_person: bool = False


@dataclass(slots=True)
class _Series:
    """What the looks so far amount to, one after the other in the order of time."""

    policy: Policy
    first: datetime | None = None
    last: Verdict | None = None
    seen_at: dict[Vantage, datetime] = field(default_factory=dict)
    absent_at: dict[Vantage, datetime] = field(default_factory=dict)
    absences: list[Verdict] = field(default_factory=list)
    downs: list[Verdict] = field(default_factory=list)
    undecided: list[Verdict] = field(default_factory=list)
    kept_out: Verdict | None = None
    proved: State | None = None
    proved_at: datetime | None = None
    reappeared: bool = False

    def add(self, verdict: Verdict) -> None:
        self.first = self.first or verdict.at
        self.last = verdict
        if verdict.verdict in PRESENT:
            self._seen(verdict)
        elif verdict.healthy:
            self._not_seen(verdict)

    def _seen(self, verdict: Verdict) -> None:
        """Presence needs no healthy control: nobody can fail in such a way as to see it."""
        if self.proved is not None:
            self.reappeared = True
            self.first = verdict.at  # watched as closely again as on the first day
        self.proved, self.proved_at, self.kept_out = None, None, None
        self.absences.clear()
        self.downs.clear()
        self.undecided.clear()
        self.seen_at[verdict.vantage] = verdict.at

    def _not_seen(self, verdict: Verdict) -> None:
        if verdict.verdict in ABSENT:
            self.kept_out = None
            self.downs.clear()
            self.undecided.clear()
            self.absences.append(verdict)
            self.absent_at[verdict.vantage] = verdict.at
        elif verdict.verdict is VerdictName.HOST_DOWN:
            self.downs.append(verdict)
        elif verdict.verdict in KEPT_OUT:
            self.kept_out = verdict
            self.downs.clear()
            self.undecided.append(verdict)
        else:
            self.undecided.append(verdict)
        self._prove(verdict.at)

    def _prove(self, now: datetime) -> None:
        if self.proved == "removed" or self.kept_out is not None:
            return
        missed = self.missed_everywhere() and self._from_both()
        if missed and _complete(self.absences, self.policy.removal):
            self.proved, self.proved_at, self.reappeared = "removed", now, False
        if self.proved is None and _complete(self.downs, self.policy.down):
            self.proved, self.proved_at, self.reappeared = "down", now, False

    def missed_everywhere(self) -> bool:
        """Each place that ever saw it must itself have missed it since."""
        return all(
            vantage in self.absent_at and self.absent_at[vantage] > seen
            for vantage, seen in self.seen_at.items()
        )

    def _from_both(self) -> bool:
        places = {verdict.vantage for verdict in self.absences}
        return not self.policy.second_vantage or "second" in places

    @property
    def state(self) -> State:
        """``kept_out`` outweighs earlier absences: what is behind a new wall is not known.

        ``still_up`` is only what the very last look saw: a host that says "removed" must not be
        contradicted by what was seen before it said so.
        """
        if self.proved is not None:
            return self.proved
        if self.kept_out is not None:
            return "kept_out"
        if self.absences:
            return "removed"
        if self.downs:
            return "down"
        seen = self.last is not None and self.last.verdict in PRESENT
        return "still_up" if seen else "unclear"


def conclude(history: Sequence[Verdict], policy: Policy, now: datetime) -> Conclusion:
    """What all looks at one location prove until ``now``; looks of the future are not read."""
    series = _Series(policy)
    for verdict in sorted(history, key=lambda v: v.at):
        if verdict.at <= now:
            series.add(verdict)
    first, last = series.first, series.last
    if first is None or last is None:
        return Conclusion("unclear", False, now, ("Nobody has looked yet.",))
    return Conclusion(
        state=series.state,
        verified=series.proved is not None or series.state == "still_up",
        next_check_at=_next(series, first, last.at),
        because=_because(series, last),
        since=_since(series, last),
        reappeared=series.reappeared,
        needs_person=series.proved is None
        and _complete(series.undecided, policy.removal),
    )


def next_check(
    policy: Policy, last_checks: Sequence[Verdict], now: datetime
) -> datetime | None:
    """When to look again; None when watching has ended. Never in the past of the last look."""
    return conclude(last_checks, policy, now).next_check_at


def _next(series: _Series, first: datetime, last: datetime) -> datetime | None:
    policy = series.policy
    if series.proved_at is not None:
        return due(policy.reappearance, series.proved_at, last)
    soonest = None
    if series.state == "removed":
        soonest = _pace(policy.removal)
    elif series.state == "down":
        soonest = _pace(policy.down)
    return due(policy.watch, first, last, soonest=soonest)


def _pace(proof: Proof) -> timedelta:
    """Evenly over the span that the proof needs, and never nearer than its gap."""
    return max(proof.min_gap, proof.min_span / max(proof.checks - 1, 1))


def _counted(verdicts: Sequence[Verdict], proof: Proof) -> list[Verdict]:
    """Those that are far enough from each other to be looks of their own."""
    counted: list[Verdict] = []
    for verdict in verdicts:
        if not counted or verdict.at - counted[-1].at >= proof.min_gap:
            counted.append(verdict)
    return counted


def _complete(verdicts: Sequence[Verdict], proof: Proof) -> bool:
    counted = _counted(verdicts, proof)
    return (
        len(counted) >= proof.checks
        and counted[-1].at - counted[0].at >= proof.min_span
    )


def _since(series: _Series, last: Verdict) -> datetime:
    began = series.absences or series.downs
    return began[0].at if began else max(series.seen_at.values(), default=last.at)


def _because(series: _Series, last: Verdict) -> tuple[str, ...]:
    """In words, the most telling first."""
    because = list(last.reasons)
    for state, listed, proof, what in (
        ("removed", series.absences, series.policy.removal, "that it is not there"),
        ("down", series.downs, series.policy.down, "that the host does not answer"),
    ):
        if series.state == state:
            count = len(_counted(listed, proof))
            because.append(f"{count} of {proof.checks} looks that count say {what}.")
    if series.absences and not series.missed_everywhere():
        because.append("A place that saw it before has not looked again.")
    if series.reappeared:
        because.append("It had been taken down before and is back.")
    if not last.healthy and last.verdict not in PRESENT:
        because.append(
            "The last look does not count: our own network was not proved to work."
        )
    return tuple(because)
