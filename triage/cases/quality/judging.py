"""The reviewer's own answers to drawn decisions, and what they measure.

They are given before the decision is shown, so that the two can be compared like those of any two
people who do not see each other's answers.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from hotline.core.act import Act
from hotline.core.errors import Conflict, InvalidInput, NotFound, phrase
from hotline.core.storage.machine import HistoryEntry
from triage.cases.assessing import assessment
from triage.cases.models import Assessment, Case
from triage.cases.places import item_ids_of
from triage.cases.quality.kappa import Agreement, measure_pairs
from triage.cases.quality.models import QualityReview
from triage.cases.vocabulary import CaseEvent
from triage.hashlists.models import HashList, MediaMatch
from triage.items.models import ItemMedia

SHOWN = 20
MEASURED = 5_000
"""The newest judgements that figures are made of."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a drawn case without anybody's name, address or words."""

    kind: str
    proposed_class: str
    locations: int
    hosting: tuple[str, ...]
    matches: tuple[MatchSeen, ...]


@dataclass(frozen=True, slots=True)
class MatchSeen:
    """Files that met a list. ``decision``: what a person said of the match."""

    hash_list: str
    kind: str
    distance: int
    decision: str
    count: int


@dataclass(frozen=True, slots=True)
class Measured:
    """Of one question: the decisions beside the reviewer's answers. ``gold``: of gold items."""

    question: str
    all: Agreement
    gold: Agreement


def list_open(session: Session) -> Sequence[QualityReview]:
    """Drawn and not judged yet; what waits longest comes first."""
    return session.scalars(
        select(QualityReview)
        .join(Case, Case.id == QualityReview.case_id)
        .where(
            QualityReview.judged_at.is_(None),
            # A case that was opened again is decided anew: the old decision is
            # no longer one.
            QualityReview.round == Case.round,
            Case.forgotten_at.is_(None),
        )
        .order_by(QualityReview.drawn_at, QualityReview.id)
        .limit(SHOWN)
    ).all()


def describe_evidence(session: Session, case: Case) -> Evidence:
    matches = session.execute(
        select(
            HashList.name,
            MediaMatch.kind,
            MediaMatch.distance,
            MediaMatch.decision,
            func.count(),
        )
        .join(HashList, HashList.id == MediaMatch.list_id)
        .join(ItemMedia, ItemMedia.media_id == MediaMatch.media_id)
        .where(ItemMedia.item_id.in_(item_ids_of(case.id)))
        .group_by(
            HashList.name,
            MediaMatch.kind,
            MediaMatch.distance,
            MediaMatch.decision,
        )
        .order_by(HashList.name, MediaMatch.kind, MediaMatch.distance)
        .limit(SHOWN)
    )
    return Evidence(
        _find_kind_before(session, case),
        case.proposed_class,
        len(case.located),
        tuple(sorted({item.hosting_kind for item in case.items})),
        tuple(MatchSeen(*row) for row in matches),
    )


def _find_kind_before(session: Session, case: Case) -> str:
    """What kind the case was before it was assessed: the kind of now is one of the answers."""
    before = session.scalars(
        select(HistoryEntry.details)
        .where(
            HistoryEntry.entity_id == case.id,
            HistoryEntry.event.in_(
                (CaseEvent.ASSESSED_FIRST, CaseEvent.ASSESSED)
            ),
        )
        .order_by(HistoryEntry.at.desc(), HistoryEntry.id.desc())
        .limit(1)
    ).first()
    return str((before or {}).get("kind") or case.kind)


def decisive_questions(
    schema: assessment.Schema,
) -> list[assessment.Question]:
    """Those that a reviewer answers."""
    return [question for question in schema.questions if question.decisive]


def judge(
    act: Act,
    review_id: uuid.UUID,
    reviewer: Person,
    given: Mapping[str, str],
    *,
    is_gold: bool,
) -> QualityReview:
    """Keep the reviewer's answers, once and for all."""
    review = act.session.get(
        QualityReview, review_id, with_for_update={"of": QualityReview}
    )
    if review is None:
        raise NotFound(phrase("There is no such decision."))
    if review.judged_at is not None:
        raise Conflict(phrase("This decision is judged already."))
    # Of whatever round: whoever has answered once knows the case.
    was_assessor = act.session.scalar(
        select(Assessment.id).where(
            Assessment.case_id == review.case_id,
            Assessment.person_id == reviewer.id,
        )
    )
    if was_assessor is not None:
        raise Conflict(phrase("You have assessed this case yourself."))
    schema = assessment.load_schema(act.context.settings.data_dir)
    review.answers = check_answers(schema, given)
    review.version = schema.version
    review.is_gold = is_gold
    review.judged_at, review.judged_by_id = act.now, reviewer.id
    act.record("sample.judged", "case", review.case_id, gold=is_gold)
    return review


def check_answers(
    schema: assessment.Schema, given: Mapping[str, str]
) -> dict[str, object]:
    """The answers to the decisive questions that are asked; ``InvalidInput`` names the faults."""
    kept: dict[str, str] = {}
    faults = {}
    for question in decisive_questions(schema):
        # As in an assessment; but here nothing may be left open, as only
        # answers can be compared.
        if not question.is_asked(kept):
            continue
        answer = given.get(question.name, "")
        if answer in question.values:
            kept[question.name] = answer
        else:
            faults[f"/{question.name}"] = "needs an answer"
    if faults:
        raise InvalidInput(
            phrase("Some answers are missing or not possible."), fields=faults
        )
    return {**kept}


def list_judged(session: Session) -> Sequence[QualityReview]:
    """The newest judgements."""
    return session.scalars(
        select(QualityReview)
        .where(QualityReview.judged_at.is_not(None))
        .order_by(QualityReview.judged_at.desc(), QualityReview.id.desc())
        .limit(SHOWN)
    ).all()


def measure_decisions(
    session: Session, schema: assessment.Schema
) -> list[Measured]:
    """How the house's decisions stand beside the reviewer's answers, question by question."""
    rows = session.execute(
        select(QualityReview.answers, QualityReview.is_gold, Case.outcome)
        .join(Case, Case.id == QualityReview.case_id)
        .where(
            QualityReview.judged_at.is_not(None),
            QualityReview.round == Case.round,
        )
        .order_by(QualityReview.judged_at.desc())
        .limit(MEASURED)
    ).all()
    measured = []
    for question in decisive_questions(schema):
        name = question.name
        pairs: dict[tuple[str, str], int] = {}
        gold: dict[tuple[str, str], int] = {}
        for answers, is_gold, outcome in rows:
            # A question may be of one version alone.
            decided, judged = outcome.get(name), answers.get(name)
            if not decided or not judged:
                continue
            key = (str(decided), str(judged))
            pairs[key] = pairs.get(key, 0) + 1
            if is_gold:
                gold[key] = gold.get(key, 0) + 1
        measured.append(
            Measured(name, measure_pairs(pairs), measure_pairs(gold))
        )
    return measured
