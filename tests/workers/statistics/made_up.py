"""What the made-up year of cases lacks, so that no figure of it is nothing on both sides."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import cycle
from typing import Any

from sqlalchemy import select

from hotline.core.storage.ids import new_id
from hotline.core.storage.machine import HistoryEntry
from hotline.intake.models import Report
from partners.notices.models import Notice, ProviderAnswer
from partners.referrals.models import Referral, ReferralOutcome
from partners.referrals.vocabulary import OfficeOutcome
from triage.cases.assessing.assessment import CLASSES, Schema
from triage.cases.models import Assessment, Case

VERBS = (
    "acknowledge",
    "removed",
    "preserved",
    "not_ours",
    "not_illegal",
    "question",
)
DID = (("taken_up", "closed"), ("no_action",), ("taken_up",), ())
"""What offices do about one referral after the other."""


def add_more(session: Any, schema: Schema) -> None:
    _mark_reports(session)
    _have_offices_act(session)
    _have_hosts_answer(session)
    _answer_questions(session, schema)
    _vary_outcomes(session)


def _rows(session: Any, model: Any) -> list[Any]:
    return list(session.scalars(select(model).order_by(model.id)))


def _mark_reports(session: Any) -> None:
    for number, report in enumerate(_rows(session, Report)):
        report.danger_now = number % 7 == 0
        report.held_for_review = number % 11 == 0


def _have_offices_act(session: Any) -> None:
    known = {
        (one.referral_id, one.outcome)
        for one in _rows(session, ReferralOutcome)
    }
    outcomes = cycle(OfficeOutcome)
    for referral, acts in zip(
        _rows(session, Referral), cycle(DID), strict=False
    ):
        at = _delivered_at(session, referral.id)
        if at is None:
            continue
        for days, act in enumerate(acts, start=1):
            session.add(_step(referral.id, act, at + timedelta(days=days)))
            # Twice, as after a link was opened again: it counts once.
            session.add(_step(referral.id, act, at + timedelta(days=days)))
        outcome = next(outcomes)
        if (referral.id, outcome) not in known:
            session.add(
                ReferralOutcome(
                    referral_id=referral.id,
                    outcome=outcome,
                    at=at + timedelta(days=3),
                    actor="partner",
                )
            )


def _delivered_at(session: Any, referral_id: Any) -> datetime | None:
    at: datetime | None = session.scalar(
        select(HistoryEntry.at).where(
            HistoryEntry.entity_id == referral_id,
            HistoryEntry.event == "delivered",
        )
    )
    return at


def _step(referral_id: Any, event: str, at: datetime) -> HistoryEntry:
    return HistoryEntry(
        id=new_id(),
        entity="referral",
        entity_id=referral_id,
        event=event,
        from_state="delivered",
        to_state=event,
        at=at,
        actor="partner",
        details={},
    )


def _have_hosts_answer(session: Any) -> None:
    verbs = cycle(VERBS)
    for notice in _rows(session, Notice):
        session.add(
            ProviderAnswer(
                notice_id=notice.id,
                at=notice.created_at + timedelta(days=2),
                verb=next(verbs),
            )
        )


def _answer_questions(session: Any, schema: Schema) -> None:
    for number, one in enumerate(_rows(session, Assessment)):
        added = {
            question.name: question.choices[
                number * place % len(question.choices)
            ].value
            for place, question in enumerate(schema.questions, start=1)
            # Some are not asked of everybody.
            if question.name not in one.answers and (number + place) % 5
        }
        one.answers = {**one.answers, **added}


def _vary_outcomes(session: Any) -> None:
    flags = cycle(
        ("self_generated", "sexual_extortion", "live_stream", "ai_generated")
    )
    classes = cycle(CLASSES)
    for case in _rows(session, Case):
        if "class" in case.outcome:
            case.outcome = {
                **case.outcome,
                "class": next(classes),
                next(flags): "yes",
            }
