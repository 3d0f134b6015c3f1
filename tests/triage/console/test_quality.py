"""What the quality reviewer judges: drawn by chance, answered unseen, measured, and no names."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hotline.accounts.models import Person
from hotline.accounts.service import find_person
from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import Misconfigured
from hotline.core.storage.audit import AuditEntry
from hotline.core.storage.ids import new_id
from tests.conftest import BACKENDS
from tests.support.clock import Clock
from triage.cases.assessing.assessment import load_schema
from triage.cases.models import Assessment, Case
from triage.cases.quality import drawing, judging
from triage.cases.quality.kappa import compute_kappa
from triage.cases.quality.models import QualityReview
from triage.cases.quality.people_agree import compare_people
from triage.console import quality_pages

Browse = Callable[[str], Any]
Make = Callable[..., str]
OUTCOME = {"class": "national", "kind": "csam_image", "age": "pubescent"}
ILLEGAL = {**OUTCOME, "gender": "not_determined"}


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    monkeypatch.setattr(quality_pages, "utc_now", clock)


def draw(context: Context, reference: str, clock: Clock) -> str:
    """As if chance had drawn the case."""
    with context.database.writing() as session:
        case = session.scalars(
            select(Case).where(Case.reference == reference)
        ).one()
        review = QualityReview(
            id=new_id(),
            case_id=case.id,
            round=case.round,
            drawn_for="alone",
            drawn_at=clock.now,
        )
        session.add(review)
        return str(review.id)


def reviews(context: Context) -> list[QualityReview]:
    with context.database.reading() as session:
        return list(session.scalars(select(QualityReview)))


@pytest.mark.parametrize(
    ("alone", "machine", "is_alone", "proposed", "drawn"),
    [
        (1, 0, True, "", "alone"),
        (0, 1, True, "", None),
        (0, 1, True, "baseline", "machine"),
        (0, 1, False, "national", "machine"),
        (1, 0, False, "national", None),
        (0, 0, True, "baseline", None),
    ],
)
def test_what_is_drawn_follows_the_shares(
    make_case: Make,
    context: Context,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    alone: float,
    machine: float,
    is_alone: bool,
    proposed: str,
    drawn: str | None,
) -> None:
    shares = drawing.Shares(clock.now.date(), "a test", alone, machine)
    monkeypatch.setattr(drawing, "load_shares", lambda _: shares)
    make_case(proposed_class=proposed)
    for _ in range(2):  # a job may run twice
        with context.database.writing() as session:
            act = Act(session, context, "test", clock.now)
            case = session.scalars(select(Case)).one()
            drawing.draw_for_review(act, case, alone=is_alone)
    assert [row.drawn_for for row in reviews(context)] == (
        [drawn] if drawn else []
    )


def test_chance_is_spread_and_another_in_each_round() -> None:
    cases = [Case(id=new_id(), round=1) for _ in range(2000)]
    share = sum(drawing.chance_of(case) < 0.2 for case in cases) / 2000
    assert 0.15 < share < 0.25
    again = Case(id=cases[0].id, round=2)
    assert drawing.chance_of(again) != drawing.chance_of(cases[0])


def test_chance_stays_as_it_was_for_what_was_drawn_already() -> None:
    """Another chance would draw decided cases anew, and ask people twice."""
    case = Case(id=uuid.UUID(int=1), round=3)
    assert drawing.chance_of(case) == 0.1949772500152018
    both = (uuid.UUID(int=number).hex for number in (1, 2))
    assert drawing.chance_from(*both) == 0.6787602788833559


def test_a_share_above_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "quality.toml").write_text(
        'dated = 2026-11-28\nsource = "x"\nalone = 2\nmachine = 0.1\n'
    )
    with pytest.raises(Misconfigured, match="alone"):
        drawing.load_shares(tmp_path)


def test_a_single_decision_is_drawn_and_taken_back_unjudged(
    browse: Browse,
    make_case: Make,
    context: Context,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shares = drawing.Shares(clock.now.date(), "a test", 1, 0)
    monkeypatch.setattr(drawing, "load_shares", lambda _: shares)
    monkeypatch.setitem(vars(context.settings), "second_assessment", False)
    reference = make_case()
    analyst, page = browse("analyst"), f"/console/cases/{reference}"
    analyst.post(f"{page}/claim")
    analyst.post(f"{page}/assessment", **ILLEGAL)
    (drawn,) = reviews(context)
    analyst.post(f"{page}/assessment/take-back")
    assert reviews(context) == []
    analyst.post(f"{page}/assessment", **ILLEGAL)
    (drawn,) = reviews(context)
    reviewer = browse("reviewer")
    reviewer.post(f"/console/quality/{drawn.id}", **OUTCOME)
    assert "Take it back" not in analyst.get(page).text
    analyst.post(f"{page}/assessment/take-back")
    assert len(reviews(context)) == 1


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_reviewer_answers_before_the_decision_is_shown(
    browse: Browse, make_case: Make, context: Context, clock: Clock
) -> None:
    reference = make_case("assessed", outcome=OUTCOME)
    review_id = draw(context, reference, clock)
    reviewer = browse("reviewer")
    page = reviewer.get("/console/quality").text
    assert reference in page and " selected" not in page
    with context.database.reading() as session:
        for person in session.scalars(select(Person)):
            if person.role != "reviewer":
                assert person.display_name not in page
    path = f"/console/quality/{review_id}"
    answer = reviewer.post(path, **{**OUTCOME, "age": ""})
    assert answer.status_code == 422 and "missing" in answer.text
    assert 'value="national" selected' in answer.text
    reviewer.post(path, **{**OUTCOME, "age": "infant"}, gold="yes")
    page = reviewer.get("/console/quality").text
    assert "you: Infant, decided: Pubescent" in page
    # Once and for all.
    reviewer.post(path, **OUTCOME)
    (row,) = reviews(context)
    assert row.answers["age"] == "infant" and row.is_gold
    with context.database.reading() as session:
        actions = session.scalars(select(AuditEntry.action)).all()
        assert actions.count("sample.judged") == 1


def test_decisions_are_measured_by_question_and_gold(
    browse: Browse, make_case: Make, context: Context, clock: Clock
) -> None:
    reviewer = browse("reviewer")
    for age, gold in (("pubescent", "yes"), ("infant", ""), ("infant", "yes")):
        reference = make_case("assessed", outcome=OUTCOME)
        review_id = draw(context, reference, clock)
        given = {**OUTCOME, "age": age, "gold": gold}
        reviewer.post(f"/console/quality/{review_id}", **given)
    with context.database.reading() as session:
        schema = load_schema(None)
        measured = {
            one.question: one
            for one in judging.measure_decisions(session, schema)
        }
    assert measured["class"].all.share == 1
    assert measured["age"].all.count == 3
    assert measured["age"].all.share == pytest.approx(1 / 3)
    assert (measured["age"].gold.count, measured["age"].gold.share) == (2, 0.5)


def test_people_are_compared_by_month_and_pair_without_names(
    make_case: Make, context: Context, clock: Clock
) -> None:
    ages = ("infant", "pubescent", "infant", "pubescent", "infant", "infant")
    references = [make_case("assessed") for _ in ages]
    with context.database.writing() as session:
        people = [find_person(session, name) for name in ("analyst", "second")]
        for number, (reference, age) in enumerate(
            zip(references, ages, strict=True)
        ):
            case = session.scalars(
                select(Case).where(Case.reference == reference)
            ).one()
            for n, person in enumerate(people):
                said = age if n == 0 or number < 5 else "pubescent"
                session.add(
                    Assessment(
                        id=new_id(),
                        case_id=case.id,
                        person_id=person.id,
                        at=clock.now + timedelta(minutes=n),
                        scheme="hotline-plain",
                        version="1",
                        answers={**OUTCOME, "age": said},
                    )
                )
    with context.database.reading() as session:
        compared = compare_people(session, load_schema(None), clock.now)
    months = {line.question: line for line in compared.by_month}
    assert months["age"].label == "2026-11"
    assert months["age"].agreement.count == 6
    expected = compute_kappa(
        {
            ("infant", "infant"): 3,
            ("pubescent", "pubescent"): 2,
            ("infant", "pubescent"): 1,
        }
    )
    assert months["age"].agreement.kappa == expected
    assert {line.label for line in compared.by_pair} == {"A–B"}
