"""What cases were found to be, whom was told, and what the Lanzarote Committee asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    and_,
    case,
    exists,
    func,
    or_,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from hotline.core.storage.machine import HistoryEntry
from hotline.intake.models import Report
from hotline.intake.registry.kinds import ReportKind
from partners.directory.kinds import PartnerKind
from partners.directory.models import Partner
from partners.referrals.models import Referral, ReferralOutcome
from partners.referrals.vocabulary import OfficeOutcome
from partners.states import ReferralEvent
from triage.cases.assessing.assessment import CLASSES, ILLEGAL
from triage.cases.models import Case, CaseItem
from triage.hashlists.kinds import MatchDecision
from triage.hashlists.models import MediaMatch
from triage.items.models import ItemMedia
from triage.viewing.models import Viewing
from workers.statistics.counting import steps
from workers.statistics.counting.sql import (
    count_groups,
    count_where,
    is_within,
)
from workers.statistics.periods import Period
from workers.statistics.tables import FigureTable, TableName, make_table

REOPENED = "reopened_since"
"""A case that was opened again has no agreed answers until people agree anew."""
SUPPORTING = (PartnerKind.HELPLINE, PartnerKind.CHILD_PROTECTION_UNIT)
SUPPORT_ROUTES = ("helpline", "child_protection_unit")


@dataclass(frozen=True, slots=True)
class Subject:
    """A form of abuse that the Committee asks about: a kind of report, or an answer beside it."""

    kind: ReportKind
    question: str = ""


SUBJECTS = (
    Subject(ReportKind.SELF_GENERATED, "self_generated"),
    Subject(ReportKind.SEXUAL_EXTORTION, "sexual_extortion"),
    Subject(ReportKind.GROOMING),
    Subject(ReportKind.LIVE_STREAM, "live_stream"),
    Subject(ReportKind.AI_GENERATED, "ai_generated"),
    Subject(ReportKind.TRAFFICKING),
)


def count_decisions(session: Session, period: Period) -> FigureTable:
    """Cases first decided in the period, by the class that people agreed on."""
    decided = steps.first_assessed(period)
    # The class of now, not that of the day: a case is counted when it was
    # first decided, and by what it was found to be in the end.
    last_class = func.coalesce(Case.outcome["class"].as_string(), REOPENED)
    counted = (
        select(last_class, func.count())
        .select_from(decided)
        .join(Case, Case.id == decided.c.case_id)
        .group_by(last_class)
    )
    counts = count_groups(session, counted)
    classes = (*CLASSES, REOPENED)
    # Of a scheme of before; left out, the sum would not be that of the cases.
    unlisted = sorted(set(counts) - set(classes))
    return make_table(
        TableName.DECISIONS,
        "class",
        ("count",),
        {name: (counts.get(name, 0),) for name in (*classes, *unlisted)},
    )


def count_views_avoided(session: Session, period: Period) -> FigureTable:
    """Cases first decided in the period: without anybody having been shown anything of them by
    then, and how many of those had a file that a list knew; and after a look.

    A match that an analyst refused is none.
    """
    decided = steps.first_assessed(period)
    was_seen = _had_by_then(
        decided, Viewing.item_id == CaseItem.item_id, Viewing.shown_at
    )
    was_listed = _had_by_then(
        decided,
        and_(
            ItemMedia.item_id == CaseItem.item_id,
            MediaMatch.media_id == ItemMedia.media_id,
            MediaMatch.decision != MatchDecision.DISCONFIRMED,
        ),
        MediaMatch.at,
    )
    total, looked_at, listed = session.execute(
        select(
            func.count(),
            count_where(was_seen),
            count_where(and_(was_listed, ~was_seen)),
        ).select_from(decided)
    ).one()
    # By the difference, so that both together are always all of them.
    unseen = total - looked_at
    return make_table(
        TableName.VIEWS_AVOIDED,
        "ground",
        ("count",),
        {
            "all_unseen": (unseen,),
            "known_file": (listed,),
            "no_known_file": (unseen - listed,),
            "after_a_look": (looked_at,),
        },
    )


def _had_by_then(
    decided: Subquery,
    condition: ColumnElement[bool],
    at: InstrumentedAttribute[Any],
) -> ColumnElement[bool]:
    """Whether an item of the decided case met ``condition`` when it was decided."""
    return (
        exists()
        .where(
            CaseItem.case_id == decided.c.case_id,
            condition,
            # A match or a look that came after the decision did not help it.
            at <= decided.c.at,
        )
        .correlate(decided)
    )


def count_told(session: Session, period: Period) -> FigureTable:
    """Referrals by the kind of office: how many arrived, and what the offices did in the period."""
    columns = (
        ("told", steps.TOLD),
        ("taken_up", (ReferralEvent.TAKEN_UP,)),
        ("no_action", (ReferralEvent.NO_ACTION,)),
        ("closed", (ReferralEvent.CLOSED,)),
    )
    counted = [
        func.count(
            # An office that got the letter and was telephoned as well was told
            # once.
            func.distinct(case((HistoryEntry.event.in_(events), Referral.id)))
        )
        for _, events in columns
    ]
    rows = session.execute(
        select(Partner.kind, *counted)
        .select_from(HistoryEntry)
        .join(Referral, Referral.id == HistoryEntry.entity_id)
        .join(Partner, Partner.id == Referral.partner_id)
        .where(
            HistoryEntry.entity == "referral",
            HistoryEntry.event.in_(
                [event for _, events in columns for event in events]
            ),
            is_within(HistoryEntry.at, period),
        )
        .group_by(Partner.kind)
        .order_by(Partner.kind)
    )
    return make_table(
        TableName.TOLD,
        "office",
        [name for name, _ in columns],
        {kind: tuple(counts) for kind, *counts in rows},
    )


def count_outcomes(session: Session, period: Period) -> FigureTable:
    """What came of referrals, as the offices said in the period."""
    counted = (
        select(ReferralOutcome.outcome, func.count())
        .where(is_within(ReferralOutcome.at, period))
        .group_by(ReferralOutcome.outcome)
    )
    counts = count_groups(session, counted)
    return make_table(
        TableName.OUTCOMES,
        "outcome",
        ("count",),
        {
            outcome.value: (counts.get(outcome.value, 0),)
            # Every outcome has its row, also where it never came: a gap in a
            # series would look like a figure that was not asked for.
            for outcome in OfficeOutcome
        },
    )


def count_for_lanzarote(session: Session, period: Period) -> FigureTable:
    """Each subject: reports, cases found illegal, police told, children's offices told, removals.

    A subject is counted by what people agreed on; a case may belong to more than one.
    """
    police = steps.first_told(period, (PartnerKind.POLICE,), ("police",))
    support = steps.first_told(period, SUPPORTING, SUPPORT_ROUTES)
    columns = {
        "cases": _count_cases(session, steps.first_assessed(period)),
        "police_told": _count_cases(session, police),
        "support_told": _count_cases(session, support),
        "locations_removed": _count_removals(session, period),
    }
    reports = _count_reports(session, period)
    rows = {}
    for number, subject in enumerate(SUBJECTS):
        counts = (column[number] for column in columns.values())
        rows[subject.kind.value] = (reports.get(subject.kind, 0), *counts)
    return make_table(
        TableName.LANZAROTE, "subject", ("reports", *columns), rows
    )


def count_supported(session: Session, period: Period) -> int:
    """Cases in which a helpline or child protection was told for the first time."""
    support = steps.first_told(period, SUPPORTING, SUPPORT_ROUTES)
    return session.scalar(select(func.count()).select_from(support)) or 0


def _is_about(subject: Subject) -> ColumnElement[bool]:
    """Of a case that was found illegal."""
    is_kind = Case.outcome["kind"].as_string() == subject.kind.value
    if subject.question:
        answer = Case.outcome[subject.question].as_string()
        # A picture that a child was made to send is both kinds: people answer
        # that beside the kind of the case.
        is_kind = or_(is_kind, answer == "yes")
    # A report's own kind is only what its sender took it for.
    is_illegal = Case.outcome["class"].as_string().in_(ILLEGAL)
    return and_(is_illegal, is_kind)


def _sum_subjects(session: Session, cases: Select[Any]) -> list[int]:
    """How many rows of ``cases``, which selects from joined cases, are about each subject."""
    counts = [count_where(_is_about(subject)) for subject in SUBJECTS]
    return list(session.execute(cases.add_columns(*counts)).one())


def _count_cases(session: Session, chosen: Subquery) -> list[int]:
    joined = select().select_from(chosen)
    return _sum_subjects(
        session, joined.join(Case, Case.id == chosen.c.case_id)
    )


def _count_removals(session: Session, period: Period) -> list[int]:
    removed = steps.first_removed(period)
    joined = (
        select()
        .select_from(removed)
        .join(CaseItem, CaseItem.id == removed.c.entity_id)
        .join(Case, Case.id == CaseItem.case_id)
    )
    return _sum_subjects(session, joined)


def _count_reports(session: Session, period: Period) -> dict[str, int]:
    counted = (
        select(Report.kind, func.count())
        .where(is_within(Report.received_at, period))
        .group_by(Report.kind)
    )
    return count_groups(session, counted)
