"""The figures of the service, from tables and the history of events. Nothing personal is read."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.core.storage.machine import HistoryEntry
from hotline.intake.models import Report
from partners.notices.models import Notice
from partners.referrals.models import Referral
from triage.cases.models import Case
from triage.items.models import Item
from workers.statistics.durations import Summary, summarise_durations

Times = dict[uuid.UUID, datetime]
Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts by kind, and each step's duration with both of its ends named."""

    as_of: datetime
    reports: int
    reports_by_channel: Counts
    reports_by_kind: Counts
    reports_by_language: Counts
    items: int
    items_by_hosting_country: Counts
    cases_by_state: Counts
    cases_by_kind: Counts
    referrals_by_state: Counts
    notices_by_state: Counts
    durations: Mapping[str, Summary]

    def to_json(self) -> Mapping[str, Mapping[str, object]]:
        return {
            "reports": {
                "total": self.reports,
                "by_channel": self.reports_by_channel,
                "by_kind": self.reports_by_kind,
                "by_language": self.reports_by_language,
            },
            "items": {
                "unique": self.items,
                "by_hosting_country": self.items_by_hosting_country,
            },
            "cases": {
                "by_state": self.cases_by_state,
                "by_kind": self.cases_by_kind,
            },
            "told": {
                "referrals_by_state": self.referrals_by_state,
                "notices_by_state": self.notices_by_state,
            },
            "durations": {
                name: summary.to_json()
                for name, summary in self.durations.items()
            },
            "as_of": {"time": self.as_of.isoformat()},
        }


def collect_figures(session: Session, now: datetime) -> Figures:
    return Figures(
        as_of=now,
        reports=_count_rows(session, Report.id),
        reports_by_channel=_count_groups(session, Report.channel),
        reports_by_kind=_count_groups(session, Report.kind),
        reports_by_language=_count_groups(session, Report.language),
        items=_count_rows(session, Item.id),
        items_by_hosting_country=_count_groups(session, Item.hosting_country),
        cases_by_state=_count_groups(session, Case.state),
        cases_by_kind=_count_groups(session, Case.kind),
        referrals_by_state=_count_groups(session, Referral.state),
        notices_by_state=_count_groups(session, Notice.state),
        durations=_summarise_steps(session),
    )


def _summarise_steps(session: Session) -> dict[str, Summary]:
    received = _times_received(session)
    assessed = _times_of(session, "case", ("assessed", "agreed", "decided"))
    removed = _times_of(session, "case", ("removed",))
    police = _times_by_case(
        session, Referral, _times_of(session, "referral", ("delivered",))
    )
    noticed = _times_by_case(
        session, Notice, _times_of(session, "notice", ("sent",))
    )
    durations = {
        "report_to_assessment": _seconds_between(received, assessed),
        "report_to_referral": _seconds_between(received, police),
        "report_to_notice": _seconds_between(received, noticed),
        "report_to_removal": _seconds_between(received, removed),
        "notice_to_removal": _seconds_between(noticed, removed),
        "hold": _seconds_between(
            _times_of(session, "hold", ("started",)),
            _times_of(session, "hold", ("released",)),
        ),
    }
    return {
        name: summarise_durations(seconds)
        for name, seconds in durations.items()
    }


def _times_received(session: Session) -> Times:
    rows = session.execute(
        select(Case.id, Item.first_reported_at).join(
            Item, Item.id == Case.item_id
        )
    )
    return {row[0]: row[1] for row in rows}


def _times_of(session: Session, entity: str, events: Iterable[str]) -> Times:
    """When one of ``events`` first happened to each entity."""
    rows = session.execute(
        select(HistoryEntry.entity_id, func.min(HistoryEntry.at))
        .where(
            HistoryEntry.entity == entity, HistoryEntry.event.in_(list(events))
        )
        .group_by(HistoryEntry.entity_id)
    )
    return {row[0]: row[1] for row in rows}


def _times_by_case(
    session: Session, model: type[Referral] | type[Notice], times: Times
) -> Times:
    """When it first happened to one of the case's referrals or notices."""
    firsts: Times = {}
    for entity, case in session.execute(select(model.id, model.case_id)):
        at = times.get(entity)
        if at is not None and (case not in firsts or at < firsts[case]):
            firsts[case] = at
    return firsts


def _seconds_between(starts: Times, ends: Times) -> list[float]:
    return [
        (ends[key] - at).total_seconds()
        for key, at in starts.items()
        if key in ends
    ]


def _count_rows(session: Session, column: Any) -> int:
    return session.scalar(select(func.count(column))) or 0


def _count_groups(session: Session, column: Any) -> dict[str, int]:
    rows = session.execute(
        select(column, func.count()).group_by(column).order_by(column)
    )
    return {value or "unknown": count for value, count in rows}
