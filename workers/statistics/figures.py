"""The figures of the service, from tables and the history of events. Nothing personal is read."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
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
from workers.statistics.durations import summarise_durations

Times = dict[uuid.UUID, datetime]


def collect_figures(
    session: Session, now: datetime
) -> dict[str, dict[str, Any]]:
    """Counts by kind, and each step's duration with both of its ends named."""
    return {
        "reports": {
            "total": _count_rows(session, Report.id),
            "by_channel": _count_by(session, Report.channel),
            "by_kind": _count_by(session, Report.kind),
            "by_language": _count_by(session, Report.language),
        },
        "items": {
            "unique": _count_rows(session, Item.id),
            "by_hosting_country": _count_by(session, Item.hosting_country),
        },
        "cases": {
            "by_state": _count_by(session, Case.state),
            "by_kind": _count_by(session, Case.kind),
        },
        "told": {
            "referrals_by_state": _count_by(session, Referral.state),
            "notices_by_state": _count_by(session, Notice.state),
        },
        "durations": _measure_durations(session),
        "as_of": {"time": now.isoformat()},
    }


def _measure_durations(session: Session) -> dict[str, Any]:
    received = _received_at(session)
    assessed = _first_at(session, "case", ("assessed", "agreed", "decided"))
    removed = _first_at(session, "case", ("removed",))
    police = _by_case(
        session, Referral, _first_at(session, "referral", ("delivered",))
    )
    noticed = _by_case(
        session, Notice, _first_at(session, "notice", ("sent",))
    )
    return {
        "report_to_assessment": summarise_durations(
            _seconds_between(received, assessed)
        ),
        "report_to_referral": summarise_durations(
            _seconds_between(received, police)
        ),
        "report_to_notice": summarise_durations(
            _seconds_between(received, noticed)
        ),
        "report_to_removal": summarise_durations(
            _seconds_between(received, removed)
        ),
        "notice_to_removal": summarise_durations(
            _seconds_between(noticed, removed)
        ),
        "hold": summarise_durations(_time_holds(session)),
    }


def _received_at(session: Session) -> Times:
    rows = session.execute(
        select(Case.id, Item.first_reported_at).join(
            Item, Item.id == Case.item_id
        )
    )
    return {row[0]: row[1] for row in rows}


def _first_at(session: Session, entity: str, events: Iterable[str]) -> Times:
    """When one of ``events`` first happened to each entity."""
    rows = session.execute(
        select(HistoryEntry.entity_id, func.min(HistoryEntry.at))
        .where(
            HistoryEntry.entity == entity, HistoryEntry.event.in_(list(events))
        )
        .group_by(HistoryEntry.entity_id)
    )
    return {row[0]: row[1] for row in rows}


def _by_case(
    session: Session, model: type[Referral] | type[Notice], times: Times
) -> Times:
    found: Times = {}
    for entity, case in session.execute(select(model.id, model.case_id)):
        at = times.get(entity)
        if at is not None and (case not in found or at < found[case]):
            found[case] = at
    return found


def _time_holds(session: Session) -> list[float]:
    """Seconds from the start of each police hold to its release."""
    started = _first_at(session, "hold", ("started",))
    released = _first_at(session, "hold", ("released",))
    return _seconds_between(started, released)


def _seconds_between(starts: Times, ends: Times) -> list[float]:
    return [
        (ends[key] - at).total_seconds()
        for key, at in starts.items()
        if key in ends
    ]


def _count_rows(session: Session, column: Any) -> int:
    return session.scalar(select(func.count(column))) or 0


def _count_by(session: Session, column: Any) -> dict[str, int]:
    rows = session.execute(
        select(column, func.count()).group_by(column).order_by(column)
    )
    return {value or "unknown": count for value, count in rows}
