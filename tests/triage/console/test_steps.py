"""Steps of the playbook on the case page: seen where they can be, ticked where not."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from flask import Flask
from sqlalchemy import select

from hotline.core.context import Context
from hotline.core.storage.audit import AuditEntry
from triage.cases.handling.models import StepTick
from triage.cases.handling.playbook import Sign
from triage.cases.handling.steps import StepOfCase, list_steps
from triage.cases.models import Case
from triage.cases.pages.history.diary import DIARIES

Browse = Callable[[str], Any]
Make = Callable[..., str]


def steps_of(
    context: Context, *told: Sign, reference: str
) -> dict[str, StepOfCase]:
    with context.database.reading() as session:
        case = session.scalars(
            select(Case).where(Case.reference == reference)
        ).one()
        steps = list_steps(session, context, case, told)
        return {each.step.name: each for each in steps}


def test_a_person_ticks_what_cannot_be_seen(
    browse: Browse, make_case: Make, context: Context
) -> None:
    reference = make_case(kind="sexual_extortion")
    analyst, page = browse("analyst"), f"/console/cases/{reference}"
    assert "Answer the child" in analyst.get(page).text
    for _ in range(2):  # a second time changes nothing
        analyst.post(f"{page}/steps", step="answer_reporter")
    step = steps_of(context, reference=reference)["answer_reporter"]
    assert step.is_done and step.ticked_by == "person:analyst"
    assert "Name of analyst" in analyst.get(page).text
    analyst.post(f"{page}/steps/undo", step="answer_reporter")
    with context.database.reading() as session:
        assert not session.scalars(select(StepTick)).all()
        actions = [
            action
            for action in session.scalars(select(AuditEntry.action))
            if action.startswith("case.step")
        ]
        assert sorted(actions) == ["case.step_done", "case.step_undone"]


def test_a_call_to_the_police_is_recorded_and_not_ticked(
    browse: Browse, make_case: Make, context: Context
) -> None:
    """The case asks for the call until somebody says whom they reached."""
    reference = make_case(kind="grooming", danger_now=True)
    analyst, page = browse("analyst"), f"/console/cases/{reference}"
    shown = analyst.get(page).text
    assert 'name="step" value="note_people"' in shown
    assert 'name="step" value="telephone_police"' not in shown
    answer = analyst.post(f"{page}/steps", step="telephone_police")
    assert answer.status_code == 404
    steps = steps_of(context, reference=reference)
    assert not steps["telephone_police"].is_done


def test_a_step_of_another_kind_is_none(
    browse: Browse, make_case: Make, context: Context
) -> None:
    reference = make_case(kind="grooming")
    answer = browse("analyst").post(
        f"/console/cases/{reference}/steps", step="no_host"
    )
    assert answer.status_code == 404
    with context.database.reading() as session:
        assert not session.scalars(select(StepTick)).all()


def test_signs_are_seen_without_anybody_saying_so(
    browse: Browse, make_case: Make, context: Context, app: Flask
) -> None:
    reference = make_case(
        kind="live_stream", outcome={"class": "national"}, state="assessed"
    )
    steps = steps_of(context, Sign.POLICE_CALLED, reference=reference)
    assert steps["telephone_police"].is_seen and steps["assess"].is_seen
    assert not steps["police"].is_done

    class Diary:
        def list_happenings(self, *_: object) -> Collection[object]:
            return ()

        def list_due(self, *_: object) -> Collection[object]:
            return ()

        def list_signs(self, *_: object) -> Collection[Sign]:
            return (Sign.POLICE_CALLED,)

    app.extensions[DIARIES] = (Diary(),)
    page = browse("analyst").get(f"/console/cases/{reference}").text
    assert "2 of 6" in page


def test_a_new_round_is_done_anew(
    browse: Browse, make_case: Make, context: Context
) -> None:
    reference = make_case(kind="sexual_extortion")
    browse("analyst").post(
        f"/console/cases/{reference}/steps", step="own_pictures"
    )
    with context.database.writing() as session:
        case = session.scalars(select(Case)).one()
        case.round += 1
    assert not steps_of(context, reference=reference)["own_pictures"].is_done
