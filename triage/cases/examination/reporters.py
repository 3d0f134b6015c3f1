"""What the reporters of an item read on their status pages: every report moves on with it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, selectinload

from hotline.core.act import Act
from hotline.intake import service as intake
from hotline.intake.models import PART_MACHINE, Report, ReportPart
from hotline.intake.registry.kinds import row_of
from hotline.intake.registry.vocabulary import (
    CARERS,
    FROM_PEOPLE,
    PartEvent,
    ReporterRole,
)
from triage.cases.models import Case, CaseItem
from triage.cases.reports import COUNTS, about_case
from triage.cases.vocabulary import CaseState, PlaceState
from triage.items.models import Sighting

SETTLED = (CaseState.REMOVED, CaseState.CLOSED, CaseState.NOT_ILLEGAL)


def parts_of(
    session: Session, item_id: uuid.UUID, *, before: str | None = None
) -> Sequence[ReportPart]:
    """Every reported part that names the item, with its report; ``before``: those only that the
    event of that name can move on."""
    query = (
        select(ReportPart)
        .join(Sighting, Sighting.part_id == ReportPart.id)
        .where(Sighting.item_id == item_id)
        .options(selectinload(ReportPart.report))
        .order_by(ReportPart.id)
    )
    if before is not None:
        states = [
            state
            # From the table itself, so that a new step is never forgotten
            # here.
            for state, event in PART_MACHINE.transitions
            if event == before
        ]
        query = query.where(ReportPart.state.in_(states))
    return session.scalars(query).all()


def is_child_cared_for(session: Session, case: Case) -> bool:
    """Whether a parent or a professional reported what was done to a child that they may know."""
    # Whoever reports a stranger's page may be a parent and still know no child
    # of it.
    if not row_of(case.kind).child_is_known:
        return False
    query = about_case(select(Report.id), case).where(
        COUNTS,
        Report.reporter_role.in_(CARERS),
        # Whoever writes other organisations' reports is a professional of
        # another sort; of a parent they say so.
        or_(
            Report.channel.in_(FROM_PEOPLE),
            Report.reporter_role == ReporterRole.PARENT,
        ),
    )
    return session.scalar(query.limit(1)) is not None


def is_child_said_elsewhere(session: Session, case: Case) -> bool:
    """Whether a report of the case gives another country than home as the child's."""
    query = about_case(select(Report.id), case)
    saying_so = query.where(COUNTS, Report.child_elsewhere).limit(1)
    return session.scalar(saying_so) is not None


def tell_reporters(act: Act, item_id: uuid.UUID, event: str) -> int:
    """Move every report about the item on, so that its status page says so; returns how many."""
    moved = 0
    # Only those are read that have such a step before them: of a page that
    # thousands reported, each report comes by here.
    for part in parts_of(act.session, item_id, before=event):
        if event == PartEvent.REMOVED and others_are_up(
            act.session, part.id, item_id
        ):
            continue
        moved += intake.advance_part(act, part, event)
    return moved


def tell_reporters_of_case(act: Act, case: Case, event: str) -> None:
    """As ``tell_reporters``, of every item of the case."""
    for place in case.places:
        tell_reporters(act, place.item_id, event)


def others_are_up(
    session: Session, part_id: uuid.UUID, item_id: uuid.UUID
) -> bool:
    """One part may name several locations: it is "removed", or set aside, only when all are."""
    still_open = (
        select(CaseItem.id)
        .join(Sighting, Sighting.item_id == CaseItem.item_id)
        .join(Case, Case.id == CaseItem.case_id)
        .where(
            Sighting.part_id == part_id,
            Sighting.item_id != item_id,
            # A place may also be done with because its case is, whatever
            # became of it.
            Case.state.not_in(SETTLED),
            CaseItem.state != PlaceState.VERIFIED_REMOVED,
        )
        .limit(1)
    )
    return session.scalar(still_open) is not None
