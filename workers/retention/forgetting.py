"""What is forgotten when its time is over: a batch at a time, until nothing is due.

A round takes as many ticks of the scheduler as it needs, and each tick gives it a fraction of a
second, so that an expired hold or a check never waits behind a year of reports. Only where a round
stands is kept in memory: a process that dies begins a new one, which finds what is left.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Protocol

import structlog
from sqlalchemy.orm import Session

from hotline.accounts.forget import forget_people_who_left
from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.logs import origin_of
from hotline.core.storage import audit
from hotline.intake import retention
from partners.duty.forget import forget_contacts
from partners.forgetting.cases import forget_cases
from partners.forgetting.places import forget_files
from partners.referrals.forget import forget_told
from triage.cases.keeping.forget import forget_idle
from triage.cases.keeping.last_act import happened_since
from triage.cases.people.keeping.forget import forget_people
from triage.hashlists.imports import staging
from triage.hashlists.uploads.service import drop_stale
from triage.prints.watch import forget_prints
from workers.retention import pruning
from workers.statistics.closing import post_closing

log = structlog.get_logger(__name__)

EVERY = timedelta(hours=6)
"""From the end of a round to the beginning of the next one."""
SECONDS_OF_A_TICK = 0.5


class Forget(Protocol):
    """Forgets what is due, a batch of it; returns how many."""

    def __call__(
        self, session: Session, context: Context, *, now: datetime
    ) -> int: ...


def _forget_reports(
    session: Session, context: Context, *, now: datetime
) -> int:
    counts = retention.forget_due(
        session, context, now=now, happened=happened_since
    )
    return sum(counts.values())


STEPS: Mapping[str, Forget] = MappingProxyType(
    {
        # Figures outlive what they are counted from, so they come first.
        "figures": post_closing,
        "reports": _forget_reports,
        # A case's people go with the last of its reports, and so after them.
        "told": forget_told,
        "people": forget_people,
        "prints": forget_prints,
        "access": forget_idle,
        "cases": forget_cases,
        # A file goes with the last place where it was seen.
        "files": forget_files,
        "staff": forget_people_who_left,
        "duty": forget_contacts,
        "work": pruning.drop_done_work,
        "tags": pruning.drop_expired_tags,
        "late_reports": pruning.drop_settled_reports,
        "acts": pruning.drop_ended_bulk_acts,
        "views": pruning.drop_views_of_people_who_left,
        "sessions": pruning.drop_ended_sessions,
        "invitations": pruning.drop_ended_invitations,
        "visits": pruning.drop_old_visits,
        "observations": pruning.drop_old_observations,
        "deliveries": pruning.drop_settled_deliveries,
    }
)


class Rounds:
    """One round after the other, in small pieces."""

    def __init__(
        self,
        context: Context,
        is_lock_held: Callable[[Session], bool] = lambda _: True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._context = context
        self._is_lock_held = is_lock_held
        self._clock = clock
        self._left: list[str] = []
        self._next_at: datetime | None = None

    def go_on(self, now: datetime) -> int:
        """Forget for at most a tick's time; returns how many, 0 between two rounds."""
        if not self._left:
            if self._next_at is not None and now < self._next_at:
                return 0
            self._left = list(STEPS)
            self._drop_imports(now)
        end = self._clock() + SECONDS_OF_A_TICK
        forgotten = 0
        while self._left and self._clock() < end:
            forgotten += self._do_batch(self._left[0], now)
        if not self._left:
            self._next_at = now + EVERY
        return forgotten

    def _drop_imports(self, now: datetime) -> None:
        try:
            staging.sweep_imports(self._context.database, now)
            with self._context.database.writing() as session:
                drop_stale(Act(session, self._context, audit.SYSTEM, now))
        except Exception as error:
            _log_failure("imports", error)

    def _do_batch(self, name: str, now: datetime) -> int:
        """One step that fails stops no other, and is tried again in the next round."""
        try:
            with self._context.database.writing() as session:
                count = (
                    STEPS[name](session, self._context, now=now)
                    # Two schedulers would take the same batch and wait for
                    # each other.
                    if self._is_lock_held(session)
                    else 0
                )
        except Exception as error:
            _log_failure(name, error)
            count = 0
        if not count:
            self._left.remove(name)
        return count


def _log_failure(step: str, error: Exception) -> None:
    log.error(
        "forgetting_failed",
        step=step,
        error=type(error).__name__,
        where=origin_of(error),
    )


def forget_all(
    context: Context,
    now: datetime,
    progress: Callable[[str, int], None] = lambda *_: None,
) -> dict[str, int]:
    """All steps until nothing is due, at once; what -> how many."""
    sums = retention.forget_all_due(
        context,
        now=now,
        happened=happened_since,
        progress=lambda counts: progress("reports", counts["reports"]),
    )
    for name, forget in STEPS.items():
        # Done above, with a count of each sort.
        if name == "reports":
            continue
        sums[name] = 0
        while True:
            with context.database.writing() as session:
                count = forget(session, context, now=now)
            sums[name] += count
            if not count:
                break
            progress(name, sums[name])
    return sums
