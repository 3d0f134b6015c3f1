"""When an item was seen or used, as the reports about it say: facts for whoever asks a provider."""

from __future__ import annotations

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.context import Context
from hotline.core.language.said_time import SaidTime
from hotline.intake import service as intake
from hotline.intake.models import Report, ReportPart
from triage.items.models import Sighting

MOST = 30
"""Of the newest reports; a page that thousands reported has no use for each one's time."""


def said_times_of(
    session: Session, context: Context, item_id: uuid.UUID
) -> tuple[SaidTime, ...]:
    """Each once, in their order. Reports that a flood holds back do not count yet."""
    reports = session.scalars(
        select(Report)
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
    ).all()
    return intake.said_times_of(session, context, reports)
