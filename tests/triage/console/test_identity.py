"""Who reported is read by one person after another agreed, for hours; every look is logged."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from hotline.core.context import Context
from hotline.core.storage.audit import AuditEntry
from hotline.core.storage.crypto import Vault
from hotline.intake.models import Report
from hotline.intake.service import CONTACT
from tests.support.clock import Clock

SECRET = "+355 69 123 4567"
APPROVALS = "/console/approvals"


@pytest.fixture
def report(make_case: Callable[..., str], context: Context) -> str:
    """The address of a case's report whose reporter left a contact."""
    reference = make_case()
    with context.database.writing() as session:
        stored = session.scalars(select(Report)).one()
        key = context.vault.key_for(session, stored.id)
        sealed = Vault.seal(key, CONTACT, stored.id, SECRET)
        session.execute(update(Report).values(contact=sealed))
        return f"/console/cases/{reference}/reports/{stored.id}"


def ask(person: Any, report: str, why: str = "To call back") -> Any:
    return person.post(f"{report}/identity/ask", why=why)


def open_question(person: Any) -> str:
    found = re.search(
        rf'href="({APPROVALS}/[0-9a-f-]+)"', person.get(APPROVALS).text
    )
    assert found
    return found[1]


def test_no_page_shows_a_contact_by_itself(
    browse: Callable[[str], Any], report: str
) -> None:
    person = browse("supervisor")
    case = report.partition("/reports")[0]
    for page in (
        person.post(f"{report}/words"),
        person.get(case),
        person.get(f"{case}/people"),
    ):
        assert page.status_code == 200
        assert SECRET not in page.text
    assert "Left, and sealed" in person.post(f"{report}/words").text


def test_one_asks_another_agrees_and_the_look_is_logged(
    browse: Callable[[str], Any], context: Context, report: str, clock: Clock
) -> None:
    one, other = browse("analyst"), browse("senior")
    assert one.post(f"{report}/identity").status_code == 403
    assert ask(one, report).status_code == 303
    assert "another person must agree" in one.post(f"{report}/words").text
    assert one.post(f"{report}/identity").status_code == 403
    assert one.post(f"{open_question(one)}/grant").status_code == 403
    page = other.get(open_question(other)).text
    assert "To call back" in page and SECRET not in page
    other.post(f"{open_question(other)}/grant")
    assert SECRET in one.post(f"{report}/identity").text
    assert other.post(f"{report}/identity").status_code == 403
    words = other.post(f"{report}/words").text
    assert words.count("To call back") == 1  # who has read this report
    clock.now += timedelta(hours=4)
    assert browse("analyst").post(f"{report}/identity").status_code == 403
    with context.database.reading() as session:
        looks = session.scalars(
            select(AuditEntry).where(
                AuditEntry.action == "personal.identity_read"
            )
        ).all()
        assert [(look.actor, dict(look.details)) for look in looks] == [
            (
                "person:analyst",
                {"why": "To call back", "granted_by": "person:senior"},
            )
        ]


def test_what_was_granted_leads_to_where_it_is_used(
    browse: Callable[[str], Any], report: str
) -> None:
    one, other = browse("analyst"), browse("senior")
    ask(one, report)
    question = open_question(one)
    way = f'class="button" href="{report.partition("/reports")[0]}"'
    assert way not in one.get(question).text
    other.post(f"{question}/grant")
    assert way in one.get(question).text
    assert way not in other.get(question).text
    auditor = browse("auditor")
    auditor.post("/console/log/export/ask", why="The yearly audit")
    page = browse("administrator").get(APPROVALS).text
    (of_log,) = set(re.findall(rf"{APPROVALS}/[0-9a-f-]+", page))
    assert "<td>the log</td>" in page
    browse("administrator").post(f"{of_log}/grant")
    assert 'class="button" href="/console/log"' in auditor.get(of_log).text


def test_the_one_who_may_grant_cannot_grant_to_themselves(
    browse: Callable[[str], Any], report: str
) -> None:
    one = browse("senior")
    ask(one, report)
    question = open_question(one)
    assert "another person must agree" in one.get(question).text
    assert one.post(f"{question}/grant").status_code == 403
    assert one.post(f"{report}/identity").status_code == 403


def test_an_analyst_grants_nothing(
    browse: Callable[[str], Any], report: str
) -> None:
    ask(browse("analyst"), report)
    question = open_question(browse("senior"))
    second = browse("second")
    assert second.get(question).status_code == 404
    assert second.post(f"{question}/grant").status_code == 404
    assert "Nothing waits." in second.get(APPROVALS).text


def test_it_is_taken_back_and_refused(
    browse: Callable[[str], Any], report: str
) -> None:
    one, other = browse("analyst"), browse("senior")
    for person in (one, other):
        ask(one, report)
        person.post(f"{open_question(one)}/refuse")
        assert "Nothing waits." in one.get(APPROVALS).text
    ask(one, report)
    question = open_question(other)
    other.post(f"{question}/grant")
    other.post(f"{question}/refuse")
    assert one.post(f"{report}/identity").status_code == 403


def test_without_a_reason_nothing_is_asked(
    browse: Callable[[str], Any], report: str
) -> None:
    one = browse("analyst")
    ask(one, report, why=" ")
    assert "Nothing waits." in one.get(APPROVALS).text


def test_the_auditor_sees_it_and_answers_nothing(
    browse: Callable[[str], Any], report: str
) -> None:
    ask(browse("analyst"), report)
    auditor = browse("auditor")
    question = open_question(auditor)
    page = auditor.get(question).text
    assert "To call back" in page and "/grant" not in page
    assert auditor.post(f"{question}/grant").status_code == 403
    assert auditor.post(f"{question}/refuse").status_code == 403
