"""One report is one case, whatever it names; what another case decides is decided there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import select

from hotline.core.context import Context
from hotline.core.jobs.task import Task
from hotline.core.storage.ids import new_id
from hotline.core.storage.machine import list_history
from hotline.core.storage.outbox import OutboxEntry
from tests.support.clock import NOW
from tests.support.reports import receive_report
from triage.cases.examination.appraise import appraise_case
from triage.cases.examination.examine import appraise_item
from triage.cases.examination.register import register_report
from triage.cases.models import Case, CaseItem


@pytest.fixture
def context(make_context: object) -> Context:
    return make_context(country="AL")  # type: ignore[operator,no-any-return]


def report(context: Context, *locations: str, **said: object) -> None:
    """A report comes in and is registered."""
    with context.database.writing() as session:
        receive_report(session, context, *locations, **said)  # type: ignore[arg-type]
    with context.database.reading() as session:
        entries = session.scalars(
            select(OutboxEntry).where(
                OutboxEntry.job == "report.received",
                OutboxEntry.done_at.is_(None),
            )
        ).all()
    for entry in entries:
        register_report(Task(context, entry.id, entry.payload, 1, NOW))


def cases(context: Context) -> Sequence[Case]:
    with context.database.reading() as session:
        return session.scalars(select(Case).order_by(Case.reference)).all()


def hosts(case: Case) -> list[str]:
    return [item.host or "words" for item in case.items]


def decide(context: Context, case: Case, state: str) -> None:
    with context.database.writing() as session:
        session.get_one(Case, case.id).state = state


def test_a_report_of_several_locations_is_one_case(context: Context) -> None:
    report(context, "http://one.example/a", "http://two.example/b")
    (case,) = cases(context)
    assert hosts(case) == ["one.example", "two.example"]
    assert {place.state for place in case.places} == {"nothing"}


def test_words_and_what_they_name_are_one_case(context: Context) -> None:
    """What can be looked at comes first; the words are an item like the others."""
    report(context, narrative="At http://one.example/c, he said. Help her.")
    (case,) = cases(context)
    assert hosts(case) == ["one.example", "words"]
    assert [place.number for place in case.places] == [1, 2]
    assert len(case.located) == 1


def test_a_location_that_nobody_has_decided_on_draws_the_others_to_its_case(
    context: Context,
) -> None:
    report(context, "http://one.example/a")
    report(context, "http://two.example/b", "http://one.example/a")
    (case,) = cases(context)
    assert hosts(case) == ["one.example", "two.example"]
    assert [item.sighting_count for item in case.items] == [2, 1]


@pytest.mark.parametrize(
    "state", ["second_assessment", "assessed", "in_progress", "removed"]
)
def test_what_people_decide_on_is_not_decided_twice_and_gains_nothing(
    context: Context, state: str
) -> None:
    """The known location counts where it is decided; what is new is a case of its own."""
    report(context, "http://one.example/a")
    (known_case,) = cases(context)
    decide(context, known_case, state)
    report(context, "http://one.example/a", "http://two.example/b")
    first, second = cases(context)
    assert (hosts(first), hosts(second)) == (["one.example"], ["two.example"])
    assert first.items[0].sighting_count == 2
    assert first.state == state


def test_of_two_open_cases_the_older_one_takes_what_is_new(
    context: Context,
) -> None:
    report(context, "http://one.example/a")
    report(context, "http://two.example/b")
    report(
        context,
        "http://three.example/c",
        "http://two.example/b",
        "http://one.example/a",
    )
    first, second = cases(context)
    assert hosts(first) == ["one.example", "three.example"]
    assert hosts(second) == ["two.example"]


def test_a_flood_joins_no_case_and_is_one_held_case_a_report(
    context: Context,
) -> None:
    report(context, "http://one.example/a")
    report(
        context,
        "http://one.example/a",
        "http://two.example/b",
        "http://three.example/c",
        held=True,
    )
    first, second = cases(context)
    assert hosts(first) == ["one.example"]
    assert hosts(second) == ["two.example", "three.example"]
    assert (first.held, second.held, second.state) == (1, 1, "held")


def test_danger_in_a_report_is_danger_in_every_case_that_it_is_about(
    context: Context,
) -> None:
    report(context, "http://one.example/a")
    (known_case,) = cases(context)
    decide(context, known_case, "assessed")
    report(
        context,
        "http://one.example/a",
        "http://two.example/b",
        danger_now=True,
    )
    assert [case.danger_now for case in cases(context)] == [True, True]


def test_an_item_is_in_one_case_only(context: Context) -> None:
    """The database holds it, whatever a service does."""
    report(context, "http://one.example/a")
    report(context, "http://two.example/b")
    first, second = cases(context)
    with (
        pytest.raises(Exception, match=r"(?i)unique"),
        context.database.writing() as session,
    ):
        session.add(
            CaseItem(
                case_id=first.id,
                item_id=second.item.id,
                number=2,
                added_at=NOW + timedelta(1),
                state="nothing",
                state_since=NOW,
            )
        )


def test_a_single_item_has_its_answer_with_its_case_and_of_two_each_its_own(
    context: Context,
) -> None:
    report(context, "http://one.example/a")
    (case,) = appraised(context)
    assert case.routing["routes"] and not case.places[0].routing
    report(context, "http://two.example/b", "http://one.example/a")
    (case,) = appraised(context)
    assert all(place.routing["routes"] for place in case.places)


def appraised(context: Context) -> Sequence[Case]:
    with context.database.writing() as session:
        for case in session.scalars(select(Case)):
            appraise_case(session, context, case, NOW)
    return cases(context)


def test_a_further_sighting_of_what_waits_is_no_step_of_its_history(
    context: Context,
) -> None:
    report(context, "http://one.example/a")
    (case,) = cases(context)
    for _ in range(3):
        entry_id = new_id()
        payload = {"item_id": str(case.items[0].id)}
        with context.database.writing() as session:
            session.add(
                OutboxEntry(
                    id=entry_id,
                    key=str(entry_id),
                    job="item.appraise",
                    queue="default",
                    payload=payload,
                    created_at=NOW,
                    due_at=NOW,
                )
            )
        appraise_item(Task(context, entry_id, payload, 1, NOW))
    with context.database.reading() as session:
        steps = [entry.event for entry in list_history(session, case.id)]
    assert steps == ["created", "examined"]
