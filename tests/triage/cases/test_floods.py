"""A flood: held at its cases, changing nothing, until a person lets it through; never dropped."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from hotline.accounts.models import Person
from hotline.core import machine
from hotline.core.audit import AuditEntry
from hotline.core.context import Context
from hotline.core.errors import Conflict, InvalidInput
from hotline.core.ids import new_id
from hotline.core.outbox import OutboxEntry
from hotline.core.task import Task
from hotline.intake import service as intake
from hotline.intake.submission import read
from triage.cases import floods, service
from triage.cases.models import Case
from triage.items.models import Item, Sighting
from triage.items.service import register_report

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
URL = "http://site.example/a"


@pytest.fixture
def analyst(context: Context) -> Person:
    with context.database.writing() as session:
        person = Person(
            id=new_id(), username="ana", display_name="Ana", role="analyst",
            password_hash="-", created_at=NOW,
        )  # fmt: skip
        session.add(person)
        session.flush()
        session.expunge(person)
        return person


@pytest.fixture
def report(context: Context) -> Callable[..., uuid.UUID]:
    """Store a report and have its locations registered, as the job does."""

    def made(url: str = URL, *, held: bool = True, now: datetime = NOW, **said: Any) -> uuid.UUID:
        with context.database.writing() as session:
            received = intake.receive(
                session, context, read({"locations": [url], **said}), channel="form", held=held,
                now=now,
            )  # fmt: skip
            key = f"report:{received.report_id}"
            entry = session.scalars(select(OutboxEntry).where(OutboxEntry.key == key)).one()
            task = Task(context, entry.id, entry.payload, 1, now)
        register_report(task)
        return received.report_id

    return made


def looks(context: Context) -> list[tuple[str, str]]:
    """(job, queue) of what the machine is to look at."""
    wanted = ("item.examine", "item.appraise")
    with context.database.reading() as session:
        query = select(OutboxEntry.job, OutboxEntry.queue).where(OutboxEntry.job.in_(wanted))
        return [(row[0], row[1]) for row in session.execute(query.order_by(OutboxEntry.id))]


def cases(context: Context) -> list[Case]:
    with context.database.reading() as session:
        found = list(session.scalars(select(Case).order_by(Case.id)))
        session.expunge_all()
        return found


def tab(context: Context, name: str, person: Person) -> list[str]:
    with context.database.reading() as session:
        page = service.queue(session, tab=name, filters=service.Filters(), person=person, now=NOW)
        return [row.case.reference for row in page.rows]


def released(context: Context, person: Person, references: list[str]) -> int:
    with context.database.writing() as session:
        return floods.release_many(session, references, person, LATER)


def test_a_held_report_opens_a_case_for_which_nothing_is_fetched(
    context: Context, report: Any, analyst: Person
) -> None:
    report(danger_now=True, reporter_role="child_self")
    (case,) = cases(context)
    assert (case.state, case.held, case.danger_now) == ("held", 3, False)
    assert looks(context) == []
    assert tab(context, "held", analyst) == [case.reference]
    assert all(tab(context, name, analyst) == [] for name in ("received", "waiting"))


def test_let_through_it_is_a_report_like_any_other(
    context: Context, report: Any, analyst: Person
) -> None:
    for _ in range(3):
        report()
    report(danger_now=True, reporter_role="child_self", kind="grooming")
    (case,) = cases(context)
    assert case.item.sighting_count == 0
    assert released(context, analyst, [case.reference]) == 1
    (case,) = cases(context)
    assert (case.state, case.held, case.danger_now) == ("received", 0, True)
    assert case.child_reporter and case.item.sighting_count == 4
    assert looks(context) == [("item.examine", "urgent")]
    assert tab(context, "held", analyst) == []
    with context.database.reading() as session:
        assert not session.scalars(select(Sighting.id).where(Sighting.held)).all()
        events = [(row.event, row.actor) for row in machine.history(session, case.id)]
        assert events[-2:] == [("held", "system"), ("released", analyst.actor)]
        row = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "case.reports_released")
        ).one()
        assert row.details["reports"] == 4


def test_danger_comes_first_then_children_then_whoever_waits_longest(
    context: Context, report: Any, analyst: Person
) -> None:
    report("http://site.example/1")
    report("http://site.example/2")
    report("http://site.example/3", reporter_role="child_friend")
    report("http://site.example/4", danger_now=True)
    order = [case.reference for case in cases(context)]
    assert tab(context, "held", analyst) == [order[3], order[2], order[0], order[1]]
    with context.database.reading() as session:
        counted = service.counts(session)
        assert (counted["held"], counted["held, in danger"]) == (4, 1)
        page = service.queue(
            session, tab="held", filters=service.Filters(), person=analyst, now=NOW, limit=2
        )
        following = service.queue(
            session, tab="held", filters=service.Filters(), person=analyst, now=NOW, limit=2,
            after=page.after,
        )  # fmt: skip
        assert [row.case.reference for row in following.rows] == [order[0], order[1]]


def test_a_flood_reorders_nothing_and_reopens_nothing(
    context: Context, report: Any, analyst: Person
) -> None:
    report(held=False)
    with context.database.writing() as session:
        case = session.scalars(select(Case)).one()
        case.state, case.priority = "closed", 17
    before = looks(context)
    for _ in range(5):
        report(danger_now=True, own_material=True)
    (case,) = cases(context)
    assert (case.state, case.priority, case.held) == ("closed", 17, 3)
    assert not case.danger_now and not case.own_material and case.item.sighting_count == 1
    assert looks(context) == before
    assert tab(context, "closed", analyst) == tab(context, "held", analyst) == [case.reference]
    assert released(context, analyst, [case.reference]) == 1
    (case,) = cases(context)
    assert (case.state, case.round, case.held) == ("waiting", 2, 0)
    assert case.danger_now and case.item.sighting_count == 6
    assert len(looks(context)) == len(before) + 1


def test_a_report_from_outside_the_flood_opens_the_case_and_the_flood_still_waits(
    context: Context, report: Any, analyst: Person
) -> None:
    report(danger_now=True)
    report(held=False, now=LATER)
    (case,) = cases(context)
    assert (case.state, case.held, case.danger_now) == ("received", 3, False)
    assert case.item.sighting_count == 1 and looks(context) == [("item.examine", "default")]
    assert tab(context, "held", analyst) == tab(context, "received", analyst)


def test_several_are_let_through_at_once_and_each_only_once(
    context: Context, report: Any, analyst: Person
) -> None:
    for number in range(3):
        report(f"http://site.example/{number}")
    references = [case.reference for case in cases(context)]
    assert released(context, analyst, references[:2]) == 2
    assert released(context, analyst, [*references, "AL-2026-999999"]) == 1
    assert [case.item.sighting_count for case in cases(context)] == [1, 1, 1]
    with context.database.writing() as session, pytest.raises(Conflict, match="No report waits"):
        floods.release(session, session.scalars(select(Case)).all()[0], analyst, LATER)
    with pytest.raises(InvalidInput):
        released(context, analyst, [])


def test_a_second_flood_about_a_case_is_counted_once_more(
    context: Context, report: Any, analyst: Person
) -> None:
    report()
    (case,) = cases(context)
    released(context, analyst, [case.reference])
    report()
    assert cases(context)[0].held == 1
    released(context, analyst, [case.reference])
    with context.database.reading() as session:
        assert session.scalars(select(Item.sighting_count)).one() == 2
