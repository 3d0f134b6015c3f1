"""The figures of all time, as monitoring shows them. Those of a period: ``collect``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Subquery, func, literal, select, union_all
from sqlalchemy.orm import Session

from hotline.core.storage.machine import HistoryEntry
from hotline.intake.models import Report
from partners.notices.models import Notice
from partners.referrals.models import Referral, ReferralOutcome
from partners.states import HoldEvent, NoticeEvent, ReferralEvent
from triage.cases.models import Case, CaseItem
from triage.cases.vocabulary import CaseEvent
from triage.items.models import Item
from workers.statistics.counting.durations import NOTHING, Durations
from workers.statistics.counting.sql import measure_durations, seconds_between

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
    received = _receipts()
    assessed = _first_times(
        "case", (CaseEvent.ASSESSED, CaseEvent.AGREED, CaseEvent.DECIDED)
    )
    removed = _first_times("case", (CaseEvent.REMOVED,))
    delivered = _first_times("referral", (ReferralEvent.DELIVERED,))
    sent = _first_times("notice", (NoticeEvent.SENT,))
    referred = _by_case(Referral, delivered)
    noticed = _by_case(Notice, sent)
    steps = {
        "report_to_assessment": (received, assessed),
        "report_to_referral": (received, referred),
        "report_to_notice": (received, noticed),
        # From the public's side, and from that of whoever was asked to remove
        # it.
        "report_to_removal": (received, removed),
        "notice_to_removal": (noticed, removed),
        "hold": (
            _first_times("hold", (HoldEvent.STARTED,)),
            _first_times("hold", (HoldEvent.RELEASED,)),
        ),
    }
    taken = union_all(
        *(_take(step, starts, ends) for step, (starts, ends) in steps.items())
    )
    measured = measure_durations(session, taken)
    return {step: measured.get(step, NOTHING) for step in steps}


def _receipts() -> Subquery:
    """(key, at): when the first of each case's locations was first reported."""
    return (
        select(
            CaseItem.case_id.label("key"),
            # The earliest of its places: from then on somebody waited for this
            # case.
            func.min(Item.first_reported_at).label("at"),
        )
        .join(Item, Item.id == CaseItem.item_id)
        .group_by(CaseItem.case_id)
        .subquery()
    )


def _first_times(entity: str, events: Iterable[str]) -> Subquery:
    """(key, at): when one of ``events`` first happened to each entity."""
    return (
        select(
            HistoryEntry.entity_id.label("key"),
            func.min(HistoryEntry.at).label("at"),
        )
        .where(
            HistoryEntry.entity == entity, HistoryEntry.event.in_(list(events))
        )
        .group_by(HistoryEntry.entity_id)
        .subquery()
    )


def _by_case(
    model: type[Referral] | type[Notice], times: Subquery
) -> Subquery:
    """The first of each case: several may have gone out."""
    return (
        select(model.case_id.label("key"), func.min(times.c.at).label("at"))
        .join(times, times.c.key == model.id)
        .group_by(model.case_id)
        .subquery()
    )


def _take(step: str, starts: Subquery, ends: Subquery) -> Any:
    """(step, seconds) of whatever has both ends."""
    return select(
        literal(step).label("step"),
        seconds_between(starts.c.at, ends.c.at).label("seconds"),
        # What has begun and not ended has no length yet, and is left out.
    ).join_from(starts, ends, ends.c.key == starts.c.key)


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
        # Not looked up yet, or not given: shown as such, so that the parts add
        # up to the whole.
        counts[value or "unknown"] = count
    return counts
