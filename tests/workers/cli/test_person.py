"""``hotline person``: two people answer, and the asker never learns that there is a case."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import typer
from argon2 import PasswordHasher
from sqlalchemy import func, select

from hotline.accounts import service
from hotline.accounts.approvals.models import Approval
from hotline.accounts.models import Person
from hotline.accounts.signing_in import passwords
from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import Forbidden
from hotline.core.storage.audit import AuditEntry
from hotline.intake.models import Report
from partners.forgetting.due import is_under_hold
from tests.support.cases import open_case
from tests.support.clock import NOW
from tests.support.items import make_item
from tests.support.reports import receive_report, sight_item
from triage.cases.models import Case
from triage.cases.people.models import CaseIdentifier
from triage.cases.people.reading.words import find_identifiers
from triage.cases.people.service import add_identifier
from triage.cases.people.vocabulary import FactSource, Whose
from workers import cli
from workers.retention.asked import (
    ASKED_BY_PERSON,
    agree_to_answer,
    erase_asked,
    find_asked,
)

REPORTER = "anna@mail.example"
NUMBER = "+355692000001"
WORDS = {"drita": "orange kettle rain", "teuta": "purple ladder wind"}


@pytest.fixture
def context(
    make_context: Callable[..., Context], monkeypatch: pytest.MonkeyPatch
) -> Context:
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(1, 64, 1))
    made = make_context()
    # Where the commands look for it.
    monkeypatch.setenv("HOTLINE_DATA_DIR", str(made.settings.data_dir))
    with made.database.writing() as session:
        act = Act(session, made, actor="test", now=NOW)
        for name, password in WORDS.items():
            add_member(act, name, "supervisor", password)
        add_member(act, "besa", "analyst", "silver candle road")
        person = service.find_person(session, "besa")
        person.email = "besa@hotline.example"
        for contact in (REPORTER, f"joh{REPORTER}"):
            report = receive_report(
                session,
                made,
                "http://a.example/",
                contact=contact,
                narrative="I saw it yesterday.",
            )
            for part in report.parts:
                part.state = "closed"
    return made


def add_member(act: Act, name: str, role: str, password: str) -> None:
    service.add_person(
        act, username=name, display_name=name, role=role, password=password
    )


def add_named(context: Context, state: str) -> None:
    """A case in which a person's number is known."""
    with context.database.writing() as session:
        item = make_item("url:b")
        session.add(item)
        sight_item(session, context, item)
        case = open_case(session, item, state=state)
        session.flush()
        for said in find_identifiers(NUMBER, "AL"):
            add_identifier(
                Act(session, context, "test", NOW),
                case,
                said,
                whose=Whose.REPORTED_PERSON,
                source=FactSource.ANALYST,
            )


def ask(
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    text: str,
    *more: str,
    people: tuple[str, str] = ("drita", "teuta"),
    typed: tuple[str, ...] = tuple(WORDS.values()),
) -> int:
    answers = iter(typed)
    monkeypatch.setattr(typer, "prompt", lambda *_, **__: next(answers))
    return cli.run(
        [
            "person",
            command,
            text,
            "--why",
            "letter of 3 March, identity card seen",
            "--by",
            people[0],
            "--with",
            people[1],
            *more,
        ]
    )


def test_a_reporter_gets_their_own_report_and_no_other(
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ask(monkeypatch, "export", REPORTER) == 0
    said = json.loads(capsys.readouterr().out)
    (report,) = said["reports"]
    assert report["contact"] == REPORTER
    assert report["narrative"] == "I saw it yesterday."


def test_who_is_named_in_a_case_gets_what_a_stranger_gets(
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    add_named(context, "waiting")
    assert ask(monkeypatch, "export", NUMBER) == 0
    named = capsys.readouterr()
    assert ask(monkeypatch, "export", "+355692999999") == 0
    stranger = capsys.readouterr()
    assert named.out == stranger.out
    assert "from the police or a court" in " ".join(named.err.split())
    assert stranger.err == ""


def test_find_is_logged_without_what_was_asked_for(
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    add_named(context, "waiting")
    assert ask(monkeypatch, "find", NUMBER, "--json") == 0
    (met,) = json.loads(capsys.readouterr().out)
    assert met["as"] == "case"
    assert met["not_erased"].startswith("It is still worked on")
    with context.database.reading() as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "person.asked_find")
        ).one()
    assert entry.details["by"] == ["drita", "teuta"]
    assert NUMBER not in json.dumps(entry.details)


def test_erasing_takes_what_may_go_and_says_what_stays(
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    add_named(context, "waiting")
    assert ask(monkeypatch, "erase", NUMBER) == 0
    kept = capsys.readouterr()
    assert "Erased: 0." in kept.out
    assert "still worked on" in kept.err
    with context.database.writing() as session:
        session.scalars(select(Case)).one().state = "closed"
    assert ask(monkeypatch, "erase", NUMBER) == 0
    assert "Erased: 1." in capsys.readouterr().out
    assert ask(monkeypatch, "erase", REPORTER) == 0
    with context.database.reading() as session:
        assert not session.scalars(select(CaseIdentifier)).all()
        erased = session.scalars(
            select(Report).where(Report.erased_at.is_not(None))
        ).all()
        assert len(erased) == 1
        assert erased[0].narrative is None
        assert not session.scalar(select(func.count()).where(is_under_hold()))


def test_staff_who_work_here_are_not_erased(
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ask(monkeypatch, "erase", "besa@hotline.example") == 0
    assert "end their access first" in capsys.readouterr().err
    with context.database.writing() as session:
        service.find_person(session, "besa").disabled_at = NOW
    assert ask(monkeypatch, "erase", "besa@hotline.example") == 0
    with context.database.reading() as session:
        person = session.scalars(
            select(Person).where(Person.username == "besa")
        ).one()
    assert person.email == person.password_hash == ""


@pytest.mark.parametrize(
    ("people", "typed", "words"),
    [
        (("drita", "drita"), (), "Two different people"),
        (("drita", "teuta"), ("orange kettle rain", "x"), "is not right"),
        (
            ("drita", "besa"),
            ("orange kettle rain", "silver candle road"),
            "may not answer",
        ),
    ],
)
def test_who_may_not_answer_learns_nothing(
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    people: tuple[str, str],
    typed: tuple[str, ...],
    words: str,
) -> None:
    code = ask(monkeypatch, "find", REPORTER, people=people, typed=typed)
    said = capsys.readouterr()
    assert code != 0
    assert words in said.err
    assert said.out == ""


def test_a_part_of_an_address_is_refused_or_meets_nobody(
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ask(monkeypatch, "find", "ann") != 0
    assert "whole address" in capsys.readouterr().err
    assert ask(monkeypatch, "find", "mail.example") == 0
    assert "Met: 0." in capsys.readouterr().out


def test_what_two_people_agreed_on_is_a_row_that_the_database_checks(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask(monkeypatch, "erase", REPORTER) == 0
    with context.database.reading() as session:
        agreed = session.scalars(select(Approval)).one()
    assert (agreed.kind, agreed.asked_by, agreed.granted_by) == (
        "asked_by_person",
        "person:drita",
        "person:teuta",
    )


@pytest.mark.parametrize("state", ["asked", "granted", "refused"])
def test_nothing_is_erased_early_on_less_than_an_agreement(
    context: Context, state: str
) -> None:
    with context.database.writing() as session:
        act = Act(session, context, "person:drita", NOW)
        less = Approval(kind=ASKED_BY_PERSON.code, state=state)
        with pytest.raises(Forbidden):
            erase_asked(act, find_asked(session, context, REPORTER), less)


def test_one_person_is_no_two(context: Context) -> None:
    for first, second in (("drita", "drita"), ("drita", "besa")):
        with (
            pytest.raises(Forbidden),
            context.database.writing() as session,
        ):
            act = Act(session, context, "cli", NOW)
            agree_to_answer(
                act, what="erase", why="x", first=first, second=second
            )
