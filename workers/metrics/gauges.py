"""What the database says of the service at this moment: counts, ages and durations.

Labels are states, kinds and pools of this code. Nothing that anybody wrote is read.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from hotline.core import readiness
from hotline.core.context import utc_now
from hotline.core.jobs import circuit
from hotline.core.settings import Settings
from hotline.core.storage.audit import AuditEntry
from hotline.core.storage.database import Database
from hotline.core.storage.outbox import OutboxEntry
from hotline.core.storage.servers.presence import (
    find_silent_machines,
    list_machines,
)
from hotline.core.storage.servers.replica import ask_replica_lag
from hotline.intake import retention
from hotline.intake.models import ReportPart
from partners.referrals.models import Hold
from partners.sending.models import Delivery
from partners.states import HoldState
from triage.cases.keeping.last_act import happened_since
from triage.hashlists.models import MediaMatch
from triage.hashlists.search.index_edition import (
    find_machines_behind,
    measure_lag,
    read_own_edition,
)
from triage.hashlists.search.matcher import INDEXED, index_path
from triage.hashlists.search.readiness import IndexReadiness
from workers.queues.pools import POOL_OF_JOB, Pool
from workers.statistics.counting.durations import Durations
from workers.statistics.figures import Figures, collect_figures

Gauges = Iterator[GaugeMetricFamily]
KEEP_SECONDS = 60.0
"""The history is read at most so often: the figures from it take a while, and change slowly."""


class HouseGauges(Collector):
    """Reads when it is asked. Without a database it says that, and nothing else."""

    def __init__(
        self, settings: Settings, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._figures: Figures | None = None
        self._index = IndexReadiness(settings.data_dir)

    def describe(self) -> Gauges:
        """Nothing beforehand: to know the names the database would be asked at the start."""
        yield from ()

    def collect(self) -> Gauges:
        # Opened for each look: a database that was away is there again at the
        # next one.
        database = Database(
            self._settings.database_url.get_secret_value(), only_reading=True
        )
        gauges: list[GaugeMetricFamily] = []
        try:
            with database.reading() as session:
                gauges = list(self._read(session, self._clock()))
        except SQLAlchemyError:
            # Half of them would look as if the rest were nothing.
            gauges = []
        finally:
            database.dispose()
        yield _gauge("database_up", "Whether it answers.", float(bool(gauges)))
        yield from gauges
        yield from self._read_replica()
        yield from self._read_disk()

    def _read(self, session: Session, now: datetime) -> Gauges:
        yield from _gauges_of_figures(self._figures_of(session, now))
        yield from _gauges_of_states(session)
        yield from _gauges_of_work(session, now)
        yield from _gauges_of_holds(session, now)
        yield from _gauges_of_audit(session, now)
        yield from self._gauges_of_retention(session, now)
        yield from self._gauges_of_index(session, now)
        yield _gauge(
            "silent_servers",
            "Servers of others that are left alone for a while.",
            len(circuit.left_alone(session)),
        )
        yield from _gauges_of_machines(session, now)

    def _figures_of(self, session: Session, now: datetime) -> Figures:
        kept = self._figures
        if kept is None or (now - kept.at).total_seconds() > KEEP_SECONDS:
            kept = self._figures = collect_figures(session, now)
        return kept

    def _gauges_of_retention(self, session: Session, now: datetime) -> Gauges:
        waiting = retention.count_waiting(
            session, self._settings, now=now, happened=happened_since
        )
        yield _gauge(
            "retention_due_reports",
            "Reports that are to be erased by now.",
            waiting.due,
        )
        yield _gauge(
            "retention_unread_reports",
            "Reports that are kept because nobody read their last words.",
            waiting.unread,
        )

    def _gauges_of_index(self, session: Session, now: datetime) -> Gauges:
        ages = {}
        for kind in INDEXED:
            path = index_path(self._settings.data_dir, kind)
            if path.is_file():
                ages[kind] = now.timestamp() - path.stat().st_mtime
        yield _gauge_by(
            "index_age_seconds",
            "Since the index of known hashes was built, on this machine.",
            "kind",
            ages,
        )
        lag = measure_lag(session, read_own_edition(self._settings.data_dir))
        yield _gauge(
            "index_missing_versions",
            "Versions of lists that this machine's index does not have yet.",
            lag.missing,
        )
        yield _gauge(
            "index_behind_seconds",
            "Since the first of them came.",
            lag.seconds(now),
        )
        yield _gauge(
            "index_is_good",
            "Whether the index is whole and new enough.",
            float(not self._index.fault(session)),
        )

    def _read_replica(self) -> Gauges:
        """Of the copy that figures and search read, where there is one."""
        url = self._settings.database_replica_url.get_secret_value()
        if not url:
            return
        lag = ask_replica_lag(url, self._clock())
        yield _gauge(
            "replica_up",
            "Whether the copy answers and has been written to.",
            float(lag is not None),
        )
        if lag is not None:
            yield _gauge(
                "replica_lag_seconds",
                "How far the copy is behind the database.",
                lag.total_seconds(),
            )

    def _read_disk(self) -> Gauges:
        try:
            free = shutil.disk_usage(self._settings.data_dir).free
        except OSError:
            return
        yield _gauge(
            "disk_free_bytes",
            "Left where the data lie, on this machine.",
            free,
        )
        yield _gauge(
            "disk_least_free_bytes",
            "Below it the disk counts as nearly full.",
            readiness.LEAST_FREE,
        )


def _gauges_of_figures(figures: Figures) -> Gauges:
    yield _gauge("reports", "Reports that are stored.", figures.reports.total)
    yield _gauge_by(
        "reports_by_channel",
        "Reports, by how they came in.",
        "channel",
        figures.reports.by_channel,
    )
    yield _gauge("items", "Items that were reported.", figures.items.unique)
    for name, counts in (
        ("cases", figures.cases.by_state),
        ("referrals", figures.told.referrals_by_state),
        ("notices", figures.told.notices_by_state),
    ):
        yield _gauge_by(
            name, f"{name.capitalize()}, by state.", "state", counts
        )
    yield from _gauges_of_durations(figures.durations)


def _gauges_of_durations(durations: Mapping[str, Durations]) -> Gauges:
    """To assessment, police, notice and removal, as the figures of the service name them."""
    seconds = GaugeMetricFamily(
        "hotline_step_seconds",
        "How long a step took, from the history.",
        labels=("step", "quantile"),
    )
    counted = {}
    for step, taken in durations.items():
        counted[step] = taken.count
        for quantile, hours in (
            ("0.5", taken.median_hours),
            ("0.9", taken.p90_hours),
        ):
            if hours is not None:
                seconds.add_metric((step, quantile), hours * 3600)
    yield seconds
    yield _gauge_by(
        "steps_done", "How many of a step were done.", "step", counted
    )


def _gauges_of_states(session: Session) -> Gauges:
    for name, words, label, column in (
        ("report_parts", "By outcome.", "state", ReportPart.state),
        ("deliveries", "By state.", "state", Delivery.state),
        ("holds", "Police holds, by state.", "state", Hold.state),
        ("matches", "With known hashes.", "kind", MediaMatch.kind),
        (
            "matches_by_decision",
            "What analysts said of them.",
            "decision",
            MediaMatch.decision,
        ),
    ):
        yield _gauge_by(name, words, label, _count_by(session, column))


def _gauges_of_work(session: Session, now: datetime) -> Gauges:
    rows = session.execute(
        select(OutboxEntry.job, func.count(), func.min(OutboxEntry.due_at))
        .where(
            OutboxEntry.done_at.is_(None),
            OutboxEntry.dead_at.is_(None),
            OutboxEntry.due_at <= now,
        )
        .group_by(OutboxEntry.job)
    )
    waiting = dict.fromkeys(Pool, 0.0)
    ages = dict.fromkeys(Pool, 0.0)
    for job, count, oldest in rows:
        pool = POOL_OF_JOB.get(job)
        # Of an older version of the program.
        if pool is None:
            continue
        waiting[pool] += count
        ages[pool] = max(ages[pool], (now - oldest).total_seconds())
    yield _gauge_by("queue_length", "Work that is due.", "pool", waiting)
    yield _gauge_by(
        "queue_age_seconds", "Of the oldest work that is due.", "pool", ages
    )
    dead = session.scalar(
        select(func.count()).where(OutboxEntry.dead_at.is_not(None))
    )
    yield _gauge("work_given_up", "Work that waits for a person.", dead or 0)


def _gauges_of_holds(session: Session, now: datetime) -> Gauges:
    oldest = session.scalar(
        select(func.min(Hold.deadline)).where(Hold.state == HoldState.EXPIRED)
    )
    yield _gauge(
        "hold_overdue_seconds",
        "Since the earliest deadline of a police hold that nobody released.",
        (now - oldest).total_seconds() if oldest else 0,
    )


def _gauges_of_audit(session: Session, now: datetime) -> Gauges:
    count, oldest = session.execute(
        select(func.count(), func.min(AuditEntry.at)).where(
            AuditEntry.number.is_(None)
        )
    ).one()
    yield _gauge("audit_unsealed", "Entries without a seal.", count)
    yield _gauge(
        "audit_seal_lag_seconds",
        "Age of the oldest entry without a seal.",
        (now - oldest).total_seconds() if oldest else 0,
    )


def _gauges_of_machines(session: Session, now: datetime) -> Gauges:
    yield _gauge(
        "machines",
        "That ran a program of the service within a week.",
        len(list_machines(session)),
    )
    yield _gauge(
        "machines_silent",
        "Of them, those that say nothing any more.",
        len(find_silent_machines(session, now)),
    )
    yield _gauge(
        "machines_behind",
        "Living ones whose index of known hashes is behind.",
        len(find_machines_behind(session, now)),
    )


def _count_by(session: Session, column: Any) -> dict[str, int]:
    rows = session.execute(select(column, func.count()).group_by(column))
    return {str(value): count for value, count in rows}


def _gauge(name: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"hotline_{name}", words, value=value)


def _gauge_by(
    name: str, words: str, label: str, values: Mapping[Any, float]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"hotline_{name}", words, labels=(label,))
    for value, number in values.items():
        family.add_metric((str(value),), number)
    return family
