"""Gold items among an analyst's work: the answers are known, and the analyst gives their own.

What is shown is a copy of what is known of the case, as the quality reviewer saw it. The case
itself is not claimed, counted, opened or changed: no letter, notice, plan or figure of cases can
follow from an answer that is kept apart from every assessment. The page says that it is a gold
item: it hides the answers, not itself, because a case in disguise would have to be one that can be
acted on.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from hotline.accounts.preferences import preferences_of
from hotline.core.act import Act
from hotline.core.errors import Conflict, NotFound, phrase
from hotline.core.storage.ids import new_id
from triage.cases.assessing.assessment import Schema, load_schema
from triage.cases.handling.next_case import ASSESSABLE
from triage.cases.models import Assessment, Case
from triage.cases.quality.drawing import chance_from, load_shares
from triage.cases.quality.judging import check_answers, decisive_questions
from triage.cases.quality.kappa import Agreement, measure_pairs
from triage.cases.quality.models import GoldCheck, QualityReview

CANDIDATES = 100
"""The newest gold items, of which one is drawn for a person."""
SHOWN = 20
MEASURED = 5_000
FEWEST_PEOPLE = 3
"""A sum of fewer people would say how one of them answers."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Of one question: how often the answer was the right one."""

    question: str
    agreement: Agreement


def take_check(act: Act, person: Person) -> GoldCheck | None:
    """Perhaps a gold item before the next case: never before one that is urgent, by chance after
    an assessment, and again while it is neither answered nor left out."""
    # An exercise never keeps a child waiting.
    if _is_urgent_waiting(act.session):
        return None
    schema = load_schema(act.context.settings.data_dir)
    begun = act.session.scalar(
        select(GoldCheck)
        .join(GoldCheck.review)
        .join(QualityReview.case)
        .where(
            GoldCheck.person_id == person.id,
            GoldCheck.ended_at.is_(None),
            *_still_right(schema),
        )
        .limit(1)
    )
    if begun is not None:
        return begun
    if not _is_drawn(act, person):
        return None
    return _begin_check(act, person, schema)


def _is_urgent_waiting(session: Session) -> bool:
    urgent = exists().where(
        Case.state.in_(ASSESSABLE),
        or_(Case.danger_now.is_(True), Case.time_presses.is_(True)),
    )
    return bool(session.scalar(select(urgent)))


def _is_drawn(act: Act, person: Person) -> bool:
    """By the person's last assessment, so that asking twice draws the same, and once after each."""
    last = act.session.execute(
        select(Assessment.id, Assessment.at)
        .where(Assessment.person_id == person.id)
        .order_by(Assessment.at.desc(), Assessment.id.desc())
        .limit(1)
    ).first()
    if last is None:
        return False
    # One question for each assessment of theirs: asking again for the next
    # case draws no second lot.
    asked = exists().where(
        GoldCheck.person_id == person.id, GoldCheck.taken_at >= last.at
    )
    if act.session.scalar(select(asked)):
        return False
    share = load_shares(act.context.settings.data_dir).gold
    return chance_from(person.id.hex, last.id.hex) < share


def _begin_check(act: Act, person: Person, schema: Schema) -> GoldCheck | None:
    reviews = act.session.scalars(
        select(QualityReview)
        .join(QualityReview.case)
        .where(*_offered(act.session, person), *_still_right(schema))
        .order_by(QualityReview.judged_at.desc())
        .limit(CANDIDATES)
    ).all()
    if not reviews:
        return None
    review = min(
        # Another one for each person, and the same when they ask again.
        reviews,
        key=lambda each: chance_from(person.id.hex, each.id.hex),
    )
    check = GoldCheck(
        id=new_id(),
        review_id=review.id,
        review=review,
        person_id=person.id,
        taken_at=act.now,
    )
    act.session.add(check)
    act.record("gold.taken", "case", review.case_id)
    return check


def _still_right(schema: Schema) -> list[ColumnElement[bool]]:
    """The judgement is of the questions of now, and of what the case is now."""
    return [
        QualityReview.is_gold.is_(True),
        QualityReview.version == schema.version,
        QualityReview.round == Case.round,
        Case.forgotten_at.is_(None),
    ]


def _offered(session: Session, person: Person) -> list[ColumnElement[bool]]:
    """The person has not assessed it, judged it or answered it, and takes its kind."""
    knows = exists().where(
        Assessment.case_id == QualityReview.case_id,
        Assessment.person_id == person.id,
    )
    answered = exists().where(
        GoldCheck.review_id == QualityReview.id,
        GoldCheck.person_id == person.id,
    )
    opted_out = preferences_of(session, person.id).opted_out
    return [
        ~knows,
        ~answered,
        QualityReview.judged_by_id != person.id,
        Case.kind.not_in(opted_out),
    ]


def get_check(
    session: Session, check_id: uuid.UUID, person: Person
) -> GoldCheck:
    """The person's own; another's does not exist for them."""
    check = session.get(
        GoldCheck,
        check_id,
        # Of two tabs, the second one finds it answered.
        with_for_update={"of": GoldCheck},
        populate_existing=True,
    )
    if check is None or check.person_id != person.id:
        raise NotFound(phrase("There is no such gold item."))
    return check


def answer_check(
    act: Act, check_id: uuid.UUID, person: Person, given: Mapping[str, str]
) -> GoldCheck:
    """Keep the answers, once and for all; only then are the right ones shown."""
    check = get_check(act.session, check_id, person)
    _require_open(check)
    case = check.review.case
    if check.review.round != case.round or case.forgotten_at is not None:
        raise Conflict(
            phrase("This case was opened again: it is no gold item any more.")
        )
    schema = load_schema(act.context.settings.data_dir)
    check.answers = check_answers(schema, given)
    check.version = schema.version
    check.ended_at = act.now
    act.record("gold.answered", "case", check.review.case_id)
    return check


def leave_check_out(
    act: Act, check_id: uuid.UUID, person: Person
) -> GoldCheck:
    """Nobody has to answer; it is not asked again."""
    check = get_check(act.session, check_id, person)
    _require_open(check)
    # Without answers or version, so that it counts in no figure.
    check.ended_at = act.now
    act.record("gold.left_out", "case", check.review.case_id)
    return check


def _require_open(check: GoldCheck) -> None:
    if check.ended_at is not None:
        raise Conflict(phrase("This gold item is answered already."))


def list_own_checks(session: Session, person: Person) -> Sequence[GoldCheck]:
    """What the person answered, newest first; for nobody else."""
    return session.scalars(
        select(GoldCheck)
        .where(
            GoldCheck.person_id == person.id,
            GoldCheck.ended_at.is_not(None),
            GoldCheck.version != "",
        )
        .order_by(GoldCheck.taken_at.desc())
        .limit(SHOWN)
    ).all()


def measure_own(checks: Iterable[GoldCheck], schema: Schema) -> list[Accuracy]:
    """Of what one person answered, for that person alone."""
    return _measure(
        [
            (check.answers, check.review.answers)
            for check in checks
            # The questions have changed since: two schemes have no common
            # answer.
            if check.version == check.review.version
        ],
        schema,
    )


def measure_house(session: Session, schema: Schema) -> list[Accuracy] | None:
    """All analysts together; None where they are so few that it would tell of one."""
    rows = session.execute(
        select(GoldCheck.person_id, GoldCheck.answers, QualityReview.answers)
        .join(GoldCheck.review)
        .where(
            GoldCheck.ended_at.is_not(None),
            GoldCheck.version == QualityReview.version,
        )
        .order_by(GoldCheck.ended_at.desc())
        .limit(MEASURED)
    ).all()
    if len({person_id for person_id, *_ in rows}) < FEWEST_PEOPLE:
        return None
    return _measure([(given, right) for _, given, right in rows], schema)


def _measure(
    answered: Sequence[tuple[Mapping[str, object], Mapping[str, object]]],
    schema: Schema,
) -> list[Accuracy]:
    measured = []
    for question in decisive_questions(schema):
        pairs: dict[tuple[str, str], int] = {}
        for given, right in answered:
            said, meant = given.get(question.name), right.get(question.name)
            # What only one of them was asked is a wrong turn before it, and counted there.
            if said and meant:
                pair = str(said), str(meant)
                pairs[pair] = pairs.get(pair, 0) + 1
        measured.append(Accuracy(question.name, measure_pairs(pairs)))
    return measured
