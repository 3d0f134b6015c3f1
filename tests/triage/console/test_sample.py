"""The quality reviewer sees decisions and no names, and the same sample whenever they look."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from hotline.accounts.models import Person
from hotline.core.context import Context
from hotline.core.storage.audit import AuditEntry
from hotline.core.storage.ids import new_id
from tests.triage.console.conftest import NOW, Browser
from triage.cases.assessing import sample
from triage.cases.assessing.assessment import load_schema
from triage.cases.models import Assessment, Case
from triage.console import sample_pages

Browse = Callable[[str], Browser]
Make = Callable[..., str]
MONDAY = sample.last_week(NOW.date())
IN_THE_WEEK = datetime.combine(MONDAY, datetime.min.time(), UTC) + timedelta(
    days=2
)
ANSWERS = {"class": "baseline", "kind": "csam_image", "age": "pre_pubescent"}


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample_pages, "utc_now", lambda: NOW)


def assess(context: Context, reference: str, *answers: dict[str, str]) -> None:
    with context.database.writing() as session:
        case = session.scalars(
            select(Case).where(Case.reference == reference)
        ).one()
        people = session.scalars(select(Person).order_by(Person.username))
        for person, given in zip(people, answers, strict=False):
            session.add(
                Assessment(
                    id=new_id(),
                    case_id=case.id,
                    person_id=person.id,
                    round=1,
                    at=IN_THE_WEEK,
                    scheme="x",
                    version="1",
                    answers=given,
                )
            )


def test_the_week_that_is_over() -> None:
    assert sample.last_week(date(2026, 11, 23)) == date(2026, 11, 16)
    assert sample.last_week(date(2026, 11, 22)) == date(2026, 11, 9)


def test_decisions_are_shown_and_nobody_s_name(
    browse: Browse, make_case: Make, context: Context
) -> None:
    agreed, other = make_case("assessed"), make_case("assessed")
    assess(context, agreed, ANSWERS, ANSWERS)
    assess(context, other, ANSWERS, {**ANSWERS, "class": "not_illegal"})
    make_case("assessed")  # assessed by nobody in that week
    page = browse("reviewer").get("/console/sample").text
    assert agreed in page and other in page and page.count("<section") == 2
    assert page.count("contradicted each other") == 1
    with context.database.reading() as session:
        for person in session.scalars(select(Person)):
            if person.role != "reviewer":
                assert person.display_name not in page
        noted = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "sample.seen")
        ).all()
        assert len(noted) == 1


def test_an_empty_week_says_so(browse: Browse) -> None:
    page = browse("reviewer").get("/console/sample").text
    assert "Nothing was assessed in that week." in page


def test_the_sample_is_the_same_for_everybody(
    make_case: Make, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample, "SIZE", 3)
    for _ in range(9):
        assess(context, make_case("assessed"), ANSWERS)
    schema = load_schema(context.settings.data_dir)

    def drawn(monday: date) -> list[str]:
        with context.database.reading() as session:
            found = sample.draw_sample(session, schema, monday)
            return [one.reference for one in found]

    assert len(drawn(MONDAY)) == 3 and drawn(MONDAY) == drawn(MONDAY)
    assert drawn(MONDAY - sample.WEEK) == []
