"""Gold items among an analyst's work: blind, for the analyst alone; nothing follows from them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

import triage.cases.quality.gold as gold
from hotline.accounts.preferences import change_preferences
from hotline.accounts.service import find_person
from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.storage.audit import AuditEntry
from hotline.core.storage.database import Base
from hotline.core.storage.ids import new_id
from tests.support.clock import Clock
from triage.cases.assessing.assessment import load_schema
from triage.cases.models import Assessment, Case
from triage.cases.quality import drawing
from triage.cases.quality.models import GoldCheck, QualityReview
from triage.console import quality_pages

Browse = Callable[[str], Any]
Make = Callable[..., str]
RIGHT = {
    "class": "national",
    "kind": "csam_image",
    "age": "pubescent",
    "gender": "female",
}
NEXT = "/console/queue/next"
# What a person's signing in and own settings leave behind follows from no answer.
OF_THE_CHECK = {"gold_check", "audit_entry", "login_session"}


@pytest.fixture(autouse=True)
def always(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    monkeypatch.setattr(quality_pages, "utc_now", clock)
    set_share(monkeypatch, clock, 1)


def set_share(
    monkeypatch: pytest.MonkeyPatch, clock: Clock, share: float
) -> None:
    shares = drawing.Shares(clock.now.date(), "a test", 0, 0, share)
    monkeypatch.setattr(gold, "load_shares", lambda _: shares)


def make_gold(
    context: Context, make_case: Make, clock: Clock, **values: Any
) -> str:
    """A decided case whose right answers the reviewer knows."""
    reference = make_case("second_assessment", **values)
    with context.database.writing() as session:
        case = find_case(session, reference)
        case.state, case.outcome, case.kind = "assessed", RIGHT, "csam_image"
        schema = load_schema(context.settings.data_dir)
        session.add(
            QualityReview(
                id=new_id(),
                case_id=case.id,
                round=case.round,
                drawn_for="alone",
                drawn_at=clock.now,
                judged_at=clock.now,
                judged_by_id=find_person(session, "reviewer").id,
                version=schema.version,
                answers=RIGHT,
                is_gold=True,
            )
        )
    return reference


def find_case(session: Any, reference: str) -> Case:
    made: Case = session.scalars(
        select(Case).where(Case.reference == reference)
    ).one()
    return made


def let_assess(
    context: Context, reference: str, username: str, clock: Clock
) -> None:
    """Somebody assessed that case before."""
    with context.database.writing() as session:
        case = find_case(session, reference)
        session.add(
            Assessment(
                id=new_id(),
                case_id=case.id,
                person_id=find_person(session, username).id,
                round=case.round,
                at=clock.now - timedelta(hours=1),
                scheme="s",
                version="1",
                answers=RIGHT,
            )
        )


@pytest.fixture
def ready(context: Context, make_case: Make, clock: Clock) -> str:
    """A gold item, and an analyst who assessed another case an hour ago."""
    reference = make_gold(context, make_case, clock)
    let_assess(context, make_case("assessed"), "analyst", clock)
    make_case()
    return reference


def take(person: Any) -> str:
    answer = person.post(NEXT)
    assert answer.status_code == 303
    place: str = answer.location
    return place


def count_rows(context: Context) -> dict[str, int]:
    with context.database.reading() as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table))
            or 0
            for table in Base.metadata.sorted_tables
        }


def stored_cases(context: Context) -> list[dict[str, Any]]:
    with context.database.reading() as session:
        return [
            dict(row._mapping)
            for row in session.execute(select(*Case.__table__.columns))
        ]


def test_a_gold_item_comes_first_is_answered_blind_and_nothing_follows(
    ready: str, browse: Browse, context: Context
) -> None:
    analyst = browse("analyst")
    cases, rows = stored_cases(context), count_rows(context)
    place = take(analyst)
    assert "/console/gold/" in place
    page = analyst.get(place).text
    assert ready not in page and ".example" not in page
    # The kind of a decided case is one of the answers.
    assert "<dd>csam_image</dd>" not in page
    assert take(analyst) == place, "until it is answered or left out"
    assert analyst.post(f"{place}/answer", age="infant").status_code == 422
    given = {**RIGHT, "age": "infant"}
    answer = analyst.post(f"{place}/answer", **given)
    assert answer.location.endswith("/console/gold")
    own = analyst.get("/console/gold").text
    assert "right:" in own and "100 %" in own and "0 %" in own
    assert stored_cases(context) == cases
    after = count_rows(context)
    changed = {name for name, count in after.items() if count != rows[name]}
    assert changed <= OF_THE_CHECK
    with context.database.reading() as session:
        actions = list(
            session.scalars(
                select(AuditEntry.action).where(
                    AuditEntry.action.like("gold.%")
                )
            )
        )
        assert sorted(actions) == ["gold.answered", "gold.taken"]
    assert analyst.post(f"{place}/answer", **RIGHT).status_code == 303
    assert "100 %" in own, "answered once and for all"
    assert "/console/cases/" in take(analyst), "once after an assessment"


@pytest.mark.parametrize(
    "why",
    ["off", "urgent", "own", "judged", "opted out", "opened again", "new"],
)
def test_no_gold_item_comes(
    ready: str,
    browse: Browse,
    make_case: Make,
    context: Context,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    why: str,
) -> None:
    person = "analyst"
    if why == "off":
        set_share(monkeypatch, clock, 0)
    elif why == "urgent":
        make_case(danger_now=True)
    elif why == "own":
        let_assess(context, ready, person, clock)
    elif why == "new":
        person = "second"  # who has not assessed anything yet
    else:
        with context.database.writing() as session:
            case = find_case(session, ready)
            analyst = find_person(session, person)
            if why == "opened again":
                case.round += 1
            elif why == "judged":
                session.scalars(
                    select(QualityReview)
                ).one().judged_by_id = analyst.id
            else:
                change_preferences(
                    session, analyst.id, clock.now, opted_out=["csam_image"]
                )
    assert "/console/cases/" in take(browse(person))


def test_what_is_left_out_is_not_asked_again(
    ready: str, browse: Browse, context: Context
) -> None:
    analyst = browse("analyst")
    place = take(analyst)
    answer = analyst.post(f"{place}/leave-out")
    assert answer.status_code == 307 and answer.location.endswith(NEXT)
    assert "/console/cases/" in take(analyst)
    assert "None yet" in analyst.get("/console/gold").text


def test_another_persons_gold_item_does_not_exist(
    ready: str, browse: Browse
) -> None:
    place = take(browse("analyst"))
    second = browse("second")
    assert second.get(place).status_code == 404
    assert second.post(f"{place}/answer", **RIGHT).status_code == 404
    assert second.post(f"{place}/leave-out").status_code == 404


def test_a_case_that_was_opened_again_is_measured_no_more(
    ready: str, browse: Browse, context: Context
) -> None:
    analyst = browse("analyst")
    place = take(analyst)
    with context.database.writing() as session:
        find_case(session, ready).round += 1
    analyst.post(f"{place}/answer", **RIGHT)
    with context.database.reading() as session:
        assert session.scalars(select(GoldCheck)).one().ended_at is None
    assert "/console/cases/" in take(analyst)


def test_the_house_is_a_sum_of_three_people_at_least(
    ready: str, browse: Browse, context: Context, clock: Clock
) -> None:
    with context.database.writing() as session:
        review = session.scalars(select(QualityReview)).one()
        schema = load_schema(context.settings.data_dir)
        for name in ("analyst", "second", "third"):
            assert gold.measure_house(session, schema) is None
            person = find_person(session, name)
            session.add(
                GoldCheck(
                    id=new_id(),
                    review_id=review.id,
                    person_id=person.id,
                    taken_at=clock.now,
                    ended_at=clock.now,
                    version=schema.version,
                    answers={**RIGHT, "age": "infant"}
                    if name == "third"
                    else RIGHT,
                )
            )
            session.flush()
        measured = gold.measure_house(session, schema)
        assert measured
        shares = {each.question: each.agreement.share for each in measured}
        assert shares["class"] == 1
        assert shares["age"] == pytest.approx(2 / 3)
    page = browse("reviewer").get("/console/quality").text
    assert "67 %" in page
    for name in ("analyst", "second", "third"):
        assert f">{name}" not in page


def test_two_at_once_are_asked_about_one_item_once(
    ready: str, context: Context, clock: Clock
) -> None:
    with context.database.writing() as session:
        person = find_person(session, "analyst")
        act = Act(session, context, person.actor, clock.now)
        first = gold.take_check(act, person)
        session.flush()
        assert first is not None
        assert gold.take_check(act, person) is first
