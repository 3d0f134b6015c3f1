"""A flood: held at its cases, changing nothing, until a person lets it through; never dropped."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from hotline.accounts.models import Person
from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import Conflict, InvalidInput
from hotline.core.jobs.task import Task
from hotline.core.storage import audit, machine
from hotline.core.storage.audit import AuditEntry
from hotline.core.storage.ids import new_id
from hotline.core.storage.outbox import OutboxEntry
from hotline.intake import service as intake
from hotline.intake.models import Report, ReportPart
from hotline.intake.submission import read_submission
from triage.cases import floods
from triage.cases.assessing.assess import reopen_case
from triage.cases.examination.register import alarm_item, register_report
from triage.cases.examination.reporters import tell_reporters
from triage.cases.keeping.unread import list_unread
from triage.cases.listing.filters import Filters
from triage.cases.listing.queue import count_tabs, list_queue
from triage.cases.models import Case
from triage.items.models import Item, Sighting

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
LONG_AGO = LATER - timedelta(days=200)
URL = "http://site.example/a"


@pytest.fixture
def analyst(context: Context) -> Person:
    with context.database.writing() as session:
        person = Person(
            id=new_id(),
            username="ana",
            display_name="Ana",
            role="analyst",
            password_hash="-",
            created_at=NOW,
        )
        session.add(person)
        session.flush()
        session.expunge(person)
        return person


@pytest.fixture
def report(context: Context) -> Callable[..., uuid.UUID]:
    """Store a report and have its locations registered, as the job does."""

    def made(
        url: str = URL, *, held: bool = True, now: datetime = NOW, **said: Any
    ) -> uuid.UUID:
        with context.database.writing() as session:
            received = intake.receive_report(
                session,
                context,
                read_submission({"locations": [url], **said}),
                channel="form",
                held=held,
                now=now,
            )
            key = f"report:{received.report_id}"
            entry = session.scalars(
                select(OutboxEntry).where(OutboxEntry.key == key)
            ).one()
            task = Task(context, entry.id, entry.payload, 1, now)
        register_report(task)
        return received.report_id

    return made


def looks(context: Context) -> list[tuple[str, str]]:
    """(job, queue) of what the machine is to look at."""
    wanted = ("item.examine", "item.appraise")
    with context.database.reading() as session:
        query = select(OutboxEntry.job, OutboxEntry.queue).where(
            OutboxEntry.job.in_(wanted)
        )
        return [
            (row[0], row[1])
            for row in session.execute(query.order_by(OutboxEntry.id))
        ]


def cases(context: Context) -> list[Case]:
    with context.database.reading() as session:
        found = list(session.scalars(select(Case).order_by(Case.id)))
        session.expunge_all()
        return found


def tab(context: Context, name: str, person: Person) -> list[str]:
    with context.database.reading() as session:
        page = list_queue(
            session,
            tab=name,
            filters=Filters(),
            person=person,
            now=NOW,
        )
        return [row.case.reference for row in page.rows]


def released(context: Context, person: Person, references: list[str]) -> int:
    with context.database.writing() as session:
        return floods.release_many(
            Act(session, context, person.actor, LATER), references
        )


def test_a_held_report_opens_a_case_for_which_nothing_is_fetched(
    context: Context, report: Any, analyst: Person
) -> None:
    report(danger_now=True, reporter_role="child_self")
    (case,) = cases(context)
    assert (case.state, case.held, case.danger_now) == ("held", 3, False)
    assert looks(context) == []
    assert tab(context, "held", analyst) == [case.reference]
    assert all(
        tab(context, name, analyst) == [] for name in ("received", "waiting")
    )


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
        assert not session.scalars(
            select(Sighting.id).where(Sighting.held)
        ).all()
        events = [
            (row.event, row.actor)
            for row in machine.list_history(session, case.id)
        ]
        assert events[-2:] == [("held", "system"), ("released", analyst.actor)]
        row = session.scalars(
            select(AuditEntry).where(
                AuditEntry.action == "case.reports_released"
            )
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
    assert tab(context, "held", analyst) == [
        order[3],
        order[2],
        order[0],
        order[1],
    ]
    with context.database.reading() as session:
        counted = count_tabs(session)
        assert (counted["held"], counted["held, in danger"]) == (4, 1)
        page = list_queue(
            session,
            tab="held",
            filters=Filters(),
            person=analyst,
            now=NOW,
            limit=2,
        )
        following = list_queue(
            session,
            tab="held",
            filters=Filters(),
            person=analyst,
            now=NOW,
            limit=2,
            after=page.after,
        )
        assert [row.case.reference for row in following.rows] == [
            order[0],
            order[1],
        ]


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
    assert (
        not case.danger_now
        and not case.own_material
        and case.item.sighting_count == 1
    )
    assert looks(context) == before
    assert (
        tab(context, "closed", analyst)
        == tab(context, "held", analyst)
        == [case.reference]
    )
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
    assert case.item.sighting_count == 1 and looks(context) == [
        ("item.examine", "default")
    ]
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
    with (
        context.database.writing() as session,
        pytest.raises(Conflict, match="No report waits"),
    ):
        floods.release_held(
            Act(session, context, analyst.actor, LATER),
            session.scalars(select(Case)).all()[0],
        )
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


def parts(context: Context) -> list[str]:
    with context.database.reading() as session:
        return list(
            session.scalars(select(ReportPart.state).order_by(ReportPart.id))
        )


def set_aside(
    context: Context, person: Person, references: list[str]
) -> tuple[int, int]:
    with context.database.writing() as session:
        return floods.set_aside_many(
            Act(session, context, person.actor, LATER), references
        )


def test_clear_junk_is_set_aside_in_bulk_and_children_are_not(
    context: Context, report: Any, analyst: Person
) -> None:
    for number in range(3):
        report(f"http://site.example/{number}")
    report("http://site.example/3", danger_now=True)
    report("http://site.example/4", reporter_role="child_friend")
    report("http://site.example/5", own_material=True)
    references = [case.reference for case in cases(context)]
    assert set_aside(context, analyst, references) == (3, 3)
    assert [(case.state, case.held) for case in cases(context)] == [
        ("closed", 0),
        ("closed", 0),
        ("closed", 0),
        ("held", 3),
        ("held", 2),
        ("held", 2),
    ]
    assert parts(context) == ["set_aside"] * 3 + ["received"] * 3
    assert looks(context) == []
    with context.database.reading() as session:
        first = session.scalars(select(Case).order_by(Case.id)).first()
        assert first is not None
        last = machine.list_history(session, first.id)[-1]
        assert (last.event, last.actor) == ("set_aside", analyst.actor)
        assert last.details["why"] == "part of a flood, not a report"
        actions = list(session.scalars(select(AuditEntry.action)))
        assert (
            actions.count("case.reports_set_aside")
            == actions.count("case.set_aside")
            == 3
        )
    assert set_aside(context, analyst, references[:3]) == (0, 0)
    with pytest.raises(InvalidInput):
        set_aside(context, analyst, [])


def test_where_a_child_may_be_behind_it_a_person_says_to_have_read_it(
    context: Context, report: Any, analyst: Person
) -> None:
    report(danger_now=True)
    for confirmed in (False, True):
        with context.database.writing() as session:
            case = session.scalars(select(Case)).one()
            if not confirmed:
                with pytest.raises(
                    InvalidInput, match="A child may be behind"
                ):
                    floods.set_aside(
                        Act(session, context, analyst.actor, LATER),
                        case,
                        confirmed=False,
                    )
                continue
            floods.set_aside(
                Act(session, context, analyst.actor, LATER),
                case,
                confirmed=True,
            )
    assert [(case.state, case.held) for case in cases(context)] == [
        ("closed", 0)
    ]
    with (
        context.database.writing() as session,
        pytest.raises(Conflict, match="No report waits"),
    ):
        case = session.scalars(select(Case)).one()
        floods.set_aside(
            Act(session, context, analyst.actor, LATER), case, confirmed=True
        )


def test_what_was_set_aside_counts_when_its_case_is_opened_again(
    context: Context, report: Any, analyst: Person
) -> None:
    report(reporter_role="professional")
    report()
    (case,) = cases(context)
    set_aside(context, analyst, [case.reference])
    assert tab(context, "closed", analyst) == [case.reference]
    with context.database.writing() as session:
        again = session.scalars(select(Case)).one()
        act = Act(session, context, analyst.actor, LATER)
        reopen_case(act, again, "the reporter wrote")
    (case,) = cases(context)
    assert (case.state, case.round, case.item.sighting_count) == (
        "waiting",
        2,
        2,
    )
    assert parts(context) == ["in_review", "in_review"]
    assert [job for job, _ in looks(context)] == ["item.examine"]


def test_setting_a_flood_aside_leaves_a_case_with_other_reports_as_it_is(
    context: Context, report: Any, analyst: Person
) -> None:
    report(held=False)
    report()
    (case,) = cases(context)
    assert set_aside(context, analyst, [case.reference]) == (1, 0)
    (case,) = cases(context)
    assert (case.state, case.held, case.item.sighting_count) == (
        "received",
        0,
        1,
    )
    assert parts(context) == ["received", "set_aside"]
    with context.database.writing() as session:
        tell_reporters(
            Act(session, context, "system", LATER), case.item.id, "examined"
        )
    assert parts(context) == ["in_review", "in_review"]


def test_a_flood_that_goes_on_after_it_was_set_aside_is_held_again(
    context: Context, report: Any, analyst: Person
) -> None:
    report()
    (case,) = cases(context)
    set_aside(context, analyst, [case.reference])
    report(danger_now=True)
    (case,) = cases(context)
    assert (case.state, case.held) == ("closed", 3)
    assert tab(context, "held", analyst) == [case.reference]


def test_a_reporters_later_words_wait_until_a_person_opens_them(
    context: Context, report: Any, analyst: Person
) -> None:
    report_id = report()
    (case,) = cases(context)
    set_aside(context, analyst, [case.reference])

    def waiting() -> list[tuple[str, datetime]]:
        with context.database.reading() as session:
            return [(one.reference, at) for one, at in list_unread(session)]

    def opened(actor: str, now: datetime) -> None:
        with context.database.writing() as session:
            found = session.get_one(Report, report_id)
            intake.open_texts(
                Act(session, context, actor, now), found, why="test"
            )

    assert waiting() == []
    with context.database.writing() as session:
        found = session.get_one(Report, report_id)
        intake.add_information(
            Act(session, context, audit.PUBLIC, LATER), found, "I meant it"
        )
    opened("system", LATER)
    opened(analyst.actor, NOW)
    assert waiting() == [(case.reference, LATER)]
    opened(analyst.actor, LATER)
    assert waiting() == []


def test_who_waits_longest_for_a_reader_comes_first_however_many_wrote(
    context: Context,
    report: Any,
    analyst: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("triage.cases.keeping.unread.SHOWN", 3)
    reports = [
        report(locations=[f"https://site.example/{n}"]) for n in range(8)
    ]
    with context.database.writing() as session:
        for number, report_id in enumerate(reports):
            found = session.get_one(Report, report_id)
            at = LONG_AGO - timedelta(minutes=number)
            intake.add_information(
                Act(session, context, audit.PUBLIC, at), found, "A word"
            )
        for report_id in reports[4:]:  # who wrote first was read
            found = session.get_one(Report, report_id)
            intake.open_texts(
                Act(session, context, analyst.actor, LATER), found, why="t"
            )
    with context.database.reading() as session:
        found_at = [at for _, at in list_unread(session)]
    assert found_at == [
        LONG_AGO - timedelta(minutes=number) for number in (3, 2, 1)
    ]


def test_danger_that_is_let_through_is_before_a_person_without_a_fetch(
    context: Context, report: Any, analyst: Person
) -> None:
    report(danger_now=True)
    (case,) = cases(context)
    assert released(context, analyst, [case.reference]) == 1
    with context.database.reading() as session:
        alarm = select(OutboxEntry).where(OutboxEntry.job == "item.alarm")
        (entry,) = session.scalars(alarm).all()
    assert entry.queue == "urgent"
    alarm_item(Task(context, entry.id, entry.payload, 1, NOW))
    (case,) = cases(context)
    assert (case.state, case.item.examined_at) == ("waiting", None)
    assert case.routing["routes"][0]["to"] == "emergency"
