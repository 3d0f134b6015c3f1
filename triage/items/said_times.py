"""When an item was seen or used, as the reports about it say: facts for whoever asks a provider."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Select, select, union_all
from sqlalchemy.orm import Session

from hotline.core.context import Context
from hotline.core.language.said_time import SaidTime
from hotline.intake import service as intake
from hotline.intake.models import Report, ReportPart
from triage.items.models import Sighting

MOST = 30
"""Of the newest reports; a page that thousands reported has no use for each one's time."""


def said_times_of(
    session: Session, context: Context, item_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, tuple[SaidTime, ...]]:
    """By item, each once, in their order. Reports that a flood holds back do not count yet."""
    if not item_ids:
        return {}
    of_each = [_newest_stated(item_id).subquery() for item_id in item_ids]
    stated = union_all(*(select(*each.c) for each in of_each)).subquery()
    rows = session.execute(
        select(stated.c.item_id, Report).join(
            stated, stated.c.report_id == Report.id
        )
    ).all()
    times = intake.said_times_of(
        session, context, {report.id: report for _, report in rows}.values()
    )
    said: dict[uuid.UUID, set[SaidTime]] = {at: set() for at in item_ids}
    for item_id, report in rows:
        if report.id in times:
            said[item_id].add(times[report.id])
    return {
        item_id: tuple(sorted(its_own, key=lambda time: time.text))
        for item_id, its_own in said.items()
    }


def _newest_stated(
    item_id: uuid.UUID,
) -> Select[uuid.UUID, uuid.UUID, datetime]:
    """The item's newest reports that state a time."""
    return (
        select(
            Sighting.item_id,
            Report.id.label("report_id"),
            Report.received_at,
        )
        .join(ReportPart, ReportPart.report_id == Report.id)
        .join(Sighting, Sighting.part_id == ReportPart.id)
        .where(
            Sighting.item_id == item_id,
            Sighting.held.is_(False),
            Report.seen_at.is_not(None),
        )
        # A report may name the item in several of its parts.
        .distinct()
        .order_by(Report.received_at.desc(), Report.id.desc())
        .limit(MOST)
    )
