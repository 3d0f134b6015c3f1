"""What a series of looks proves.

"Removed" is proved by several healthy looks that all say so, spread over time, after the last
time that the material was seen, from every place that ever saw it. Nothing that may be our own
failure is counted, in either direction. Once proved, it is watched on; seen again, it reopens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from hotline.core.language.words import console_words
from triage.availability.model import (
    ABSENT,
    KEPT_OUT,
    PRESENT,
    Vantage,
    Verdict,
    VerdictName,
)
from triage.availability.policy import Policy, Proof
from triage.availability.schedule import plan_next_look

COUNTED_GONE = console_words(
    "%(counted)s of %(checks)s looks that count say that it is not there."
)
COUNTED_DOWN = console_words(
    "%(counted)s of %(checks)s looks that count say that the host does not answer."
)
NOT_SEEN_AGAIN = console_words(
    "A place that saw it before has not looked again."
)
BACK = console_words("It had been taken down before and is back.")
OWN_FAULT = console_words(
    "The last look does not count: our own network was not proved to work."
)


class State(StrEnum):
    """What the looks at a location amount to. The values are stored and shown."""

    STILL_UP = "still_up"
    """The very last look saw it."""
    REMOVED = "removed"
    """It is not there; proved only once the conclusion is ``verified``."""
    DOWN = "down"
    """The host does not answer: never taken for a removal."""
    KEPT_OUT = "kept_out"
    """We are not let in, so what is behind is not known."""
    UNCLEAR = "unclear"


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

    def add_verdict(self, verdict: Verdict) -> None:
        self.first = self.first or verdict.at
        self.last = verdict
        if verdict.verdict in PRESENT:
            self._note_seen(verdict)
        elif verdict.healthy:
            self._note_not_seen(verdict)

    def _note_seen(self, verdict: Verdict) -> None:
        """Presence needs no healthy control: nobody can fail in such a way as to see it."""
        if self.proved is not None:
            self.reappeared = True
            # It is watched as closely again as on the first day.
            self.first = verdict.at
        # What spoke against it before proves nothing any more.
        self.proved = None
        self.proved_at = None
        self.kept_out = None
        self.absences.clear()
        self.downs.clear()
        self.undecided.clear()
        self.seen_at[verdict.vantage] = verdict.at

    def _note_not_seen(self, verdict: Verdict) -> None:
        if verdict.verdict in ABSENT:
            self.kept_out = None
            # A host that answers again is not down, whatever it answers.
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
        self._seek_proof(verdict.at)

    def _seek_proof(self, now: datetime) -> None:
        # Behind a wall nobody knows what is there: no proof is completed until
        # it opens.
        if self.proved is State.REMOVED or self.kept_out is not None:
            return
        if self._is_removal_proved():
            self._take_as_proved(State.REMOVED, now)
        if self.proved is not None:
            return
        if _is_complete(self.downs, self.policy.down):
            self._take_as_proved(State.DOWN, now)

    def _is_removal_proved(self) -> bool:
        if not self.missed_everywhere():
            return False
        if not self._is_missed_from_both():
            return False
        return _is_complete(self.absences, self.policy.removal)

    def _take_as_proved(self, state: State, now: datetime) -> None:
        self.proved = state
        self.proved_at = now
        self.reappeared = False

    def missed_everywhere(self) -> bool:
        """Each place that ever saw it must itself have missed it since."""
        for vantage, last_seen in self.seen_at.items():
            missed = self.absent_at.get(vantage)
            if missed is None or missed <= last_seen:
                return False
        return True

    def _is_missed_from_both(self) -> bool:
        if not self.policy.second_vantage:
            return True
        places = {verdict.vantage for verdict in self.absences}
        return "second" in places

    @property
    def state(self) -> State:
        """What the looks amount to, one after the other."""
        if self.proved is not None:
            return self.proved
        # It outweighs earlier absences: what is behind a new wall is not
        # known.
        if self.kept_out is not None:
            return State.KEPT_OUT
        if self.absences:
            return State.REMOVED
        if self.downs:
            return State.DOWN
        # Only the very last look: a host that says "removed" must not be
        # contradicted by what was seen before it said so.
        if self.last is not None and self.last.verdict in PRESENT:
            return State.STILL_UP
        return State.UNCLEAR


def draw_conclusion(
    history: Sequence[Verdict], policy: Policy, now: datetime
) -> Conclusion:
    """What all looks at one location prove until ``now``; looks of the future are not read."""
    series = _Series(policy)
    for verdict in sorted(history, key=lambda verdict: verdict.at):
        if verdict.at <= now:
            series.add_verdict(verdict)
    first = series.first
    last = series.last
    if first is None or last is None:
        return Conclusion(
            State.UNCLEAR, False, now, ("Nobody has looked yet.",)
        )
    is_proved = series.proved is not None
    needs_person = not is_proved and _is_complete(
        series.undecided, policy.removal
    )
    return Conclusion(
        state=series.state,
        verified=is_proved or series.state is State.STILL_UP,
        next_check_at=_plan_next_check(series, first, last.at),
        because=_explain_state(series, last),
        since=_find_beginning(series, last),
        reappeared=series.reappeared,
        needs_person=needs_person,
    )


def next_check(
    policy: Policy, last_checks: Sequence[Verdict], now: datetime
) -> datetime | None:
    """When to look again; None when watching has ended. Never in the past of the last look."""
    return draw_conclusion(last_checks, policy, now).next_check_at


def _plan_next_check(
    series: _Series, first: datetime, last: datetime
) -> datetime | None:
    policy = series.policy
    # Proved, it is only watched for a return: the clock of the proof has done its work.
    if series.proved_at is not None:
        return plan_next_look(policy.reappearance, series.proved_at, last)
    soonest = None
    if series.state is State.REMOVED:
        soonest = _spread_checks(policy.removal)
    elif series.state is State.DOWN:
        soonest = _spread_checks(policy.down)
    return plan_next_look(policy.watch, first, last, soonest=soonest)


def _spread_checks(proof: Proof) -> timedelta:
    """Evenly over the span that the proof needs, and never nearer than its gap."""
    gaps = max(proof.checks - 1, 1)
    even_gap = proof.min_span / gaps
    return max(proof.min_gap, even_gap)


def _keep_spaced(verdicts: Sequence[Verdict], proof: Proof) -> list[Verdict]:
    """Those that are far enough from each other to be looks of their own."""
    spaced: list[Verdict] = []
    last_at: datetime | None = None
    for verdict in verdicts:
        # Many looks within one outage would otherwise prove what one look says.
        if last_at is None or verdict.at - last_at >= proof.min_gap:
            spaced.append(verdict)
            last_at = verdict.at
    return spaced


def _is_complete(verdicts: Sequence[Verdict], proof: Proof) -> bool:
    counted = _keep_spaced(verdicts, proof)
    if len(counted) < proof.checks:
        return False
    first = counted[0]
    last = counted[-1]
    return last.at - first.at >= proof.min_span


def _find_beginning(series: _Series, last: Verdict) -> datetime:
    began = series.absences or series.downs
    if began:
        return began[0].at
    return max(series.seen_at.values(), default=last.at)


def _explain_state(series: _Series, last: Verdict) -> tuple[str, ...]:
    """In words, the most telling first."""
    because = list(last.reasons)
    policy = series.policy
    if series.state is State.REMOVED:
        counts = _count_looks(series.absences, policy.removal)
        because.append(COUNTED_GONE % counts)
    if series.state is State.DOWN:
        counts = _count_looks(series.downs, policy.down)
        because.append(COUNTED_DOWN % counts)
    if series.absences and not series.missed_everywhere():
        because.append(NOT_SEEN_AGAIN)
    if series.reappeared:
        because.append(BACK)
    if not last.healthy and last.verdict not in PRESENT:
        because.append(OWN_FAULT)
    return tuple(because)


def _count_looks(verdicts: Sequence[Verdict], proof: Proof) -> dict[str, int]:
    counted = len(_keep_spaced(verdicts, proof))
    return {"counted": counted, "checks": proof.checks}
