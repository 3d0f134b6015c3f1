"""Reports as the form takes them, and parts that were seen at an item."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.intake import service as intake
from hotline.intake.models import Report, ReportPart
from hotline.intake.registry.kinds import ReportKind
from hotline.intake.registry.vocabulary import Channel
from hotline.intake.submission import read_submission
from tests.support.clock import NOW
from triage.items.models import Item, Sighting


def receive_report(
    session: Session,
    context: Context,
    *locations: str,
    held: bool = False,
    now: datetime = NOW,
    **said: object,
) -> Report:
    """Store what a visitor sent; the jobs that follow wait in the outbox."""
    received = intake.receive_report(
        session,
        context,
        read_submission({"locations": list(locations), **said}),
        channel=Channel.FORM,
        held=held,
        now=now,
    )
    return session.get_one(Report, received.report_id)


def sight_item(
    session: Session,
    context: Context,
    item: Item,
    *,
    now: datetime = NOW,
    kind: str = ReportKind.UNKNOWN,
    narrative: str = "",
    seen_at: str = "",
) -> ReportPart:
    """A report of this very item, as it stands after its examination."""
    report = receive_report(
        session,
        context,
        item.canonical,
        now=now,
        kind=kind,
        narrative=narrative,
        seen_at=seen_at,
    )
    part = report.parts[0]
    intake.advance_part(Act(session, context, "test", now), part, "examined")
    session.add(Sighting(item_id=item.id, part_id=part.id, at=now))
    return part
