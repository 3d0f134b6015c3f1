"""The figures of all time, as monitoring shows them. Those of a period: ``collect``."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.core.storage.machine import HistoryEntry
from hotline.intake.models import Report
from partners.notices.models import Notice
from partners.referrals.models import Referral, ReferralOutcome
from partners.states import HoldEvent, NoticeEvent, ReferralEvent
from triage.cases.models import Case, CaseItem
from triage.cases.vocabulary import CaseEvent
from triage.items.models import Item
from workers.statistics.all_time_durations import (
    Durations,
    summarise_durations,
)

Times = dict[uuid.UUID, datetime]
Counts = dict[str, int]


@dataclass(frozen=True, slots=True)
class ReportFigures:
    total: int
    by_channel: Counts
    by_kind: Counts
    by_language: Counts


@dataclass(frozen=True, slots=True)
class ItemFigures:
    unique: int
    by_hosting_country: Counts


@dataclass(frozen=True, slots=True)
class CaseFigures:
    by_state: Counts
    by_kind: Counts


@dataclass(frozen=True, slots=True)
class ToldFigures:
    """Who was told: police and partners by referrals, providers by notices.

    ``outcomes_by_office``: a kind of office -> how many referrals each outcome came of.
    """

    referrals_by_state: Counts
    outcomes_by_office: Mapping[str, Counts]
    notices_by_state: Counts


@dataclass(frozen=True, slots=True)
class Figures:
    """All of them as of ``at``. ``durations``: a step by its two ends -> how long it took."""

    reports: ReportFigures
    items: ItemFigures
    cases: CaseFigures
    told: ToldFigures
    durations: Mapping[str, Durations]
    at: datetime

    def to_json(self) -> dict[str, dict[str, object]]:
        durations = {
            step: durations.to_json()
            for step, durations in self.durations.items()
        }
        return {
            "reports": asdict(self.reports),
            "items": asdict(self.items),
            "cases": asdict(self.cases),
            "told": asdict(self.told),
            "durations": durations,
            "as_of": {"time": self.at.isoformat()},
        }


def collect_figures(session: Session, now: datetime) -> Figures:
    """Counts by kind, and each step's duration with both of its ends named."""
    return Figures(
        reports=ReportFigures(
            total=_count_rows(session, Report.id),
            by_channel=_count_by(session, Report.channel),
            by_kind=_count_by(session, Report.kind),
            by_language=_count_by(session, Report.language),
        ),
        items=ItemFigures(
            unique=_count_rows(session, Item.id),
            by_hosting_country=_count_by(session, Item.hosting_country),
        ),
        cases=CaseFigures(
            by_state=_count_by(session, Case.state),
            by_kind=_count_by(session, Case.kind),
        ),
        told=ToldFigures(
            referrals_by_state=_count_by(session, Referral.state),
            outcomes_by_office=_count_outcomes(session),
            notices_by_state=_count_by(session, Notice.state),
        ),
        durations=_measure_durations(session),
        at=now,
    )


def _measure_durations(session: Session) -> dict[str, Durations]:
    received = _received_at(session)
    assessed = _first_at(
        session,
        "case",
        (CaseEvent.ASSESSED, CaseEvent.AGREED, CaseEvent.DECIDED),
    )
    removed = _first_at(session, "case", (CaseEvent.REMOVED,))
    delivered = _first_at(session, "referral", (ReferralEvent.DELIVERED,))
    sent = _first_at(session, "notice", (NoticeEvent.SENT,))
    referred = _by_case(session, Referral, delivered)
    noticed = _by_case(session, Notice, sent)
    seconds = {
        "report_to_assessment": _seconds_between(received, assessed),
        "report_to_referral": _seconds_between(received, referred),
        "report_to_notice": _seconds_between(received, noticed),
        "report_to_removal": _seconds_between(received, removed),
        "notice_to_removal": _seconds_between(noticed, removed),
        "hold": _time_holds(session),
    }
    durations = {}
    for step, taken in seconds.items():
        durations[step] = summarise_durations(taken)
    return durations


def _received_at(session: Session) -> Times:
    rows = session.execute(
        select(CaseItem.case_id, func.min(Item.first_reported_at))
        .join(Item, Item.id == CaseItem.item_id)
        .group_by(CaseItem.case_id)
    )
    return dict(rows.all())


def _first_at(session: Session, entity: str, events: Iterable[str]) -> Times:
    """When one of ``events`` first happened to each entity."""
    rows = session.execute(
        select(HistoryEntry.entity_id, func.min(HistoryEntry.at))
        .where(
            HistoryEntry.entity == entity, HistoryEntry.event.in_(list(events))
        )
        .group_by(HistoryEntry.entity_id)
    )
    return dict(rows.all())


def _by_case(
    session: Session, model: type[Referral] | type[Notice], times: Times
) -> Times:
    """The first of each case: several may have gone out."""
    by_case: Times = {}
    for entity, case in session.execute(select(model.id, model.case_id)):
        at = times.get(entity)
        if at is None:
            continue
        earliest = by_case.get(case, at)
        by_case[case] = min(earliest, at)
    return by_case


def _time_holds(session: Session) -> list[float]:
    """Seconds from the start of each police hold to its release."""
    started = _first_at(session, "hold", (HoldEvent.STARTED,))
    released = _first_at(session, "hold", (HoldEvent.RELEASED,))
    return _seconds_between(started, released)


def _seconds_between(starts: Times, ends: Times) -> list[float]:
    seconds = []
    for key, start in starts.items():
        if key in ends:
            taken = ends[key] - start
            seconds.append(taken.total_seconds())
    return seconds


def _count_rows(session: Session, column: Any) -> int:
    return session.scalar(select(func.count(column))) or 0


def _count_outcomes(session: Session) -> dict[str, Counts]:
    rows = session.execute(
        select(Referral.kind, ReferralOutcome.outcome, func.count())
        .join(ReferralOutcome, ReferralOutcome.referral_id == Referral.id)
        .group_by(Referral.kind, ReferralOutcome.outcome)
        .order_by(Referral.kind, ReferralOutcome.outcome)
    )
    by_office: dict[str, Counts] = {}
    for office, outcome, count in rows:
        by_office.setdefault(office, {})[outcome] = count
    return by_office


def _count_by(session: Session, column: Any) -> Counts:
    rows = session.execute(
        select(column, func.count()).group_by(column).order_by(column)
    )
    counts: Counts = {}
    for value, count in rows:
        counts[value or "unknown"] = count
    return counts
