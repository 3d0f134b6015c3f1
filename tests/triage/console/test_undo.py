"""One's own last act on a case is taken back while nobody built on it; one guard for all."""

from __future__ import annotations

import html
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.storage.audit import AuditEntry
from hotline.core.storage.machine import list_history
from hotline.intake.models import ReportPart
from hotline.intake.registry.vocabulary import PartState
from tests.support.at_once import start_behind
from tests.support.clock import Clock
from triage.cases.assessing.assess import reopen_case
from triage.cases.handling.models import HandOver
from triage.cases.listing.queue import by_reference
from triage.cases.locking import lock_case
from triage.cases.models import Case
from triage.cases.pages.history.diary import DIARIES
from triage.cases.pages.history.happening import Happening
from triage.cases.vocabulary import CaseEvent, CaseState

Browse = Callable[[str], Any]
Make = Callable[..., str]
ILLEGAL = {
    "class": "national",
    "kind": "csam_image",
    "age": "pubescent",
    "gender": "not_determined",
}
LAWFUL = {"class": "not_illegal"}
OUTCOME: dict[str, object] = {}
"""Of the case before it was opened again."""


def case_of(context: Context, reference: str) -> Case:
    with context.database.reading() as session:
        case = by_reference(session, reference)
        assert case.claimed_by is None or case.claimed_by.username
        return case


def act_on(person: Any, reference: str, what: str, **form: str) -> str:
    answer = person.post(f"/console/cases/{reference}/{what}", **form)
    assert answer.status_code == 303, answer.text
    page: str = person.get(f"/console/cases/{reference}").text
    return page


class Later:
    """Another package's keeper, who did something a second later."""

    def __init__(self, clock: Clock) -> None:
        at = clock.now + timedelta(seconds=1)
        self.happened = Happening(at, "Plan", "person:second")

    def list_happenings(self, *_: object) -> list[Happening]:
        return [self.happened]

    def list_due(self, *_: object) -> list[object]:
        return []

    def list_signs(self, *_: object) -> list[object]:
        return []


@pytest.fixture
def handed(browse: Browse, make_case: Make) -> str:
    """A case that the analyst handed to the second."""
    reference = make_case()
    analyst = browse("analyst")
    act_on(analyst, reference, "claim")
    act_on(analyst, reference, "hand-over", words="Look at it", to="second")
    return reference


@pytest.fixture
def reopened(
    browse: Browse,
    make_case: Make,
    context: Context,
    clock: Clock,
    request: pytest.FixtureRequest,
) -> str:
    """A case that two found not illegal, or illegal, and the analyst opened again."""
    answers = getattr(request, "param", LAWFUL)
    OUTCOME.clear()
    reference = make_case()
    for name in ("analyst", "second"):
        act_on(browse(name), reference, "assessment", **answers)
    clock.now += timedelta(minutes=5)
    OUTCOME.update(case_of(context, reference).outcome)
    act_on(browse("analyst"), reference, "reopen", why="A slip")
    return reference


def test_a_hand_over_is_taken_back(
    handed: str, browse: Browse, context: Context
) -> None:
    analyst = browse("analyst")
    page = analyst.get(f"/console/cases/{handed}").text
    assert "You handed this case over" in page and "Take it back" in page
    act_on(analyst, handed, "hand-over/take-back")
    case = case_of(context, handed)
    assert case.claimed_by is not None
    assert case.claimed_by.username == "analyst"
    with context.database.reading() as session:
        assert session.scalars(select(HandOver)).all() == []
        actions = set(session.scalars(select(AuditEntry.action)))
    assert {"case.handed_over", "case.hand_over_taken_back"} <= actions


@pytest.mark.parametrize("how", ["claimed", "noted", "another", "elsewhere"])
def test_a_hand_over_stays_once_somebody_went_on(
    handed: str,
    browse: Browse,
    context: Context,
    app: Flask,
    clock: Clock,
    how: str,
) -> None:
    person = "analyst"
    clock.now += timedelta(minutes=1)
    if how == "claimed":
        act_on(browse("second"), handed, "claim")
    elif how == "noted":
        act_on(browse("senior"), handed, "notes", words="I know this one")
    elif how == "another":
        person = "third"
    else:
        app.extensions[DIARIES] = (Later(clock),)
    page = act_on(browse(person), handed, "hand-over/take-back")
    assert "Take it back" not in page.partition("<h2")[2]
    with context.database.reading() as session:
        assert session.scalars(select(HandOver)).one().words


class Planned:
    """Another package's keeper, which knows what the transaction that asks can see."""

    def __init__(self, clock: Clock) -> None:
        self.at = clock.now + timedelta(seconds=1)

    def list_happenings(self, session: Session, case: Case) -> list[Happening]:
        planned = select(AuditEntry).where(AuditEntry.action == "plan.asked")
        return [
            Happening(self.at, "Plan", entry.actor)
            for entry in session.scalars(planned)
        ]

    def list_due(self, *_: object) -> list[object]:
        return []

    def list_signs(self, *_: object) -> list[object]:
        return []


@pytest.mark.services
@pytest.mark.parametrize("backend", ["postgresql"])
@pytest.mark.parametrize("what", ["assessment", "hand-over", "reopen"])
def test_nothing_is_taken_back_that_somebody_builds_on_in_that_very_moment(
    make_case: Make,
    browse: Browse,
    app: Flask,
    context: Context,
    clock: Clock,
    request: pytest.FixtureRequest,
    what: str,
) -> None:
    if what == "assessment":
        reference = make_case()
        act_on(browse("analyst"), reference, what, **ILLEGAL)
    else:
        made = {"hand-over": "handed", "reopen": "reopened"}[what]
        reference = request.getfixturevalue(made)
    app.extensions[DIARIES] = (Planned(clock),)
    before = case_of(context, reference)
    analyst = browse("analyst")
    with context.database.writing() as session:
        case = lock_case(session, by_reference(session, reference).id)
        act = Act(session, context, "person:second", clock.now)
        act.record("plan.asked", "case", case.id)
        taking_back = start_behind(
            context.database,
            lambda: act_on(analyst, reference, f"{what}/take-back"),
        )
    page = html.unescape(taking_back.result())
    assert "This can't be taken back any more" in page
    after = case_of(context, reference)
    assert (after.state, after.round) == (before.state, before.round)


@pytest.mark.parametrize(
    ("reopened", "state"),
    [(LAWFUL, CaseState.NOT_ILLEGAL), (ILLEGAL, CaseState.ASSESSED)],
    indirect=["reopened"],
)
def test_an_opening_is_taken_back_and_the_decision_holds_again(
    reopened: str, browse: Browse, context: Context, state: CaseState
) -> None:
    analyst = browse("analyst")
    opened = case_of(context, reopened)
    assert opened.state == CaseState.WAITING and opened.outcome == {}
    page = act_on(analyst, reopened, "reopen/take-back")
    assert "The case is as it was before" in page
    case = case_of(context, reopened)
    assert (case.state, case.round) == (state, 1)
    assert case.outcome == OUTCOME != {}
    with context.database.reading() as session:
        last = list_history(session, case.id)[-1]
        assert last.event in (
            CaseEvent.ASSESSED_STILL,
            CaseEvent.NOT_ILLEGAL_STILL,
        )
        # Who had read that it is not illegal reads so again.
        expected = (
            PartState.NOT_ILLEGAL
            if state == CaseState.NOT_ILLEGAL
            else PartState.IN_REVIEW
        )
        parts = session.scalars(select(ReportPart)).all()
        assert {part.state for part in parts} <= {expected}
    # Not for ever one act: it can be opened again with a better reason.
    act_on(analyst, reopened, "reopen", why="A real reason")
    assert case_of(context, reopened).round == 2


@pytest.mark.parametrize(
    "how", ["another", "claimed", "assessed", "noted", "elsewhere"]
)
def test_an_opening_stays_once_somebody_went_on(
    reopened: str,
    browse: Browse,
    context: Context,
    app: Flask,
    clock: Clock,
    how: str,
) -> None:
    person = "analyst"
    clock.now += timedelta(minutes=1)
    if how == "another":
        person = "second"
    elif how == "claimed":
        act_on(browse("third"), reopened, "claim")
    elif how == "assessed":
        act_on(browse("third"), reopened, "assessment", **ILLEGAL)
    elif how == "noted":
        act_on(browse("third"), reopened, "notes", words="Look here")
    else:
        app.extensions[DIARIES] = (Later(clock),)
    act_on(browse(person), reopened, "reopen/take-back")
    assert case_of(context, reopened).round == 2


def test_an_opening_that_let_a_flood_in_is_not_taken_back(
    make_case: Make, browse: Browse, context: Context, clock: Clock
) -> None:
    reference = make_case()
    for name in ("analyst", "second"):
        act_on(browse(name), reference, "assessment", **LAWFUL)
    with context.database.writing() as session:
        case = by_reference(session, reference)
        act = Act(session, context, "person:analyst", clock.now)
        reopen_case(act, case, "A slip")
        opened = list_history(session, case.id)[-1]
        assert opened.details["released"] is False
        opened.details = {**opened.details, "released": True}
    act_on(browse("analyst"), reference, "reopen/take-back")
    assert case_of(context, reference).round == 2


@pytest.mark.parametrize("how", ["noted", "handed"])
def test_an_assessment_stays_once_somebody_wrote_about_the_case(
    make_case: Make, browse: Browse, context: Context, clock: Clock, how: str
) -> None:
    reference = make_case()
    act_on(browse("analyst"), reference, "assessment", **ILLEGAL)
    clock.now += timedelta(minutes=1)
    second = browse("second")
    if how == "noted":
        act_on(second, reference, "notes", words="I saw this yesterday")
    else:
        act_on(second, reference, "claim")
        act_on(second, reference, "hand-over", words="Not mine", to="")
    act_on(browse("analyst"), reference, "assessment/take-back")
    assert case_of(context, reference).state == CaseState.SECOND_ASSESSMENT
