"""One act on many cases: what it would do, the minute to take it back, and what it never does."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from hotline.accounts.service import find_person
from hotline.core.context import Context
from hotline.core.errors import Conflict
from hotline.core.jobs.task import Task
from hotline.core.storage.audit import AuditEntry
from hotline.core.storage.ids import new_id
from hotline.core.storage.outbox import OutboxEntry
from tests.conftest import BACKENDS
from tests.support.clock import Clock
from triage.cases.bulk.deeds import DEEDS
from triage.cases.bulk.models import BulkAct, BulkCase
from triage.cases.bulk.running import BATCH, run_bulk
from triage.cases.bulk.why import read_refusal, write_refusal
from triage.cases.models import Assessment, Case

Browse = Callable[[str], Any]
Make = Callable[..., str]
DEED_TABLE = {deed.name: deed for deed in DEEDS}
NATIONAL = {
    "class": "national",
    "kind": "csam_image",
    "age": "pubescent",
    "gender": "female",
}


def draft(browser: Any, deed: str, references: list[str], **form: Any) -> str:
    """The address of the page that says what it would do."""
    answer = browser.post(
        "/console/bulk/draft", deed=deed, case=references, **form
    )
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def work(context: Context, clock: Clock) -> int:
    """Run every job that is due; returns how many there were."""
    jobs = 0
    while True:
        with context.database.reading() as session:
            entry = session.scalars(
                select(OutboxEntry).where(
                    OutboxEntry.job == "bulk.run",
                    OutboxEntry.done_at.is_(None),
                    OutboxEntry.due_at <= clock.now,
                )
            ).first()
        if entry is None:
            return jobs
        jobs += 1
        run_bulk(
            Task(context, entry.id, entry.payload, 1, clock.now),
            deeds=DEED_TABLE,
        )


def states(context: Context) -> dict[str, int]:
    with context.database.reading() as session:
        rows = session.execute(
            select(Case.state, func.count()).group_by(Case.state)
        )
        return {row[0]: row[1] for row in rows}


def audited(context: Context, action: str) -> list[AuditEntry]:
    with context.database.reading() as session:
        return list(
            session.scalars(
                select(AuditEntry).where(AuditEntry.action == action)
            )
        )


def assessed_by(context: Context, reference: str, username: str) -> None:
    with context.database.writing() as session:
        case = session.scalars(
            select(Case).where(Case.reference == reference)
        ).one()
        session.add(
            Assessment(
                id=new_id(),
                case_id=case.id,
                person_id=find_person(session, username).id,
                at=Clock().now,
                scheme="test",
                version="1",
                answers=NATIONAL,
            )
        )


@pytest.mark.parametrize("backend", BACKENDS)
def test_many_are_assessed_with_one_reason_after_a_minute(
    browse: Browse, make_case: Make, context: Context, clock: Clock
) -> None:
    chosen = [make_case() for _ in range(3)]
    left_alone = make_case()
    browser = browse("analyst")
    page = browser.post("/console/bulk/new", deed="assess", case=chosen)
    assert "3 cases" in page.text and 'name="reason"' in page.text
    url = draft(browser, "assess", chosen, reason="One series.", **NATIONAL)
    preview = browser.get(url).text
    assert "<strong>3</strong> Assessed; another person assesses" in preview
    assert states(context) == {"waiting": 4}
    browser.post(f"{url}/ask")
    assert work(context, clock) == 0
    clock.now += timedelta(minutes=1)
    assert work(context, clock) == 1
    assert states(context) == {"waiting": 1, "second_assessment": 3}
    assert "It is done." in browser.get(url).text
    rows = audited(context, "case.done_in_bulk")
    assert {row.details["case"] for row in rows} == set(chosen)
    assert {row.details["why"] for row in rows} == {"One series."}
    assert left_alone not in str([row.details for row in rows])


def test_within_a_minute_it_is_taken_back(
    browse: Browse, make_case: Make, context: Context, clock: Clock
) -> None:
    browser = browse("analyst")
    url = draft(browser, "tag", [make_case()], reason="So.", tag="later")
    browser.post(f"{url}/ask")
    browser.post(f"{url}/take-back")
    clock.now += timedelta(minutes=2)
    work(context, clock)
    assert not audited(context, "case.tagged")
    assert "Taken back" in browser.get(url).text


def test_what_has_begun_is_not_taken_back(
    browse: Browse, make_case: Make, context: Context, clock: Clock
) -> None:
    browser = browse("analyst")
    url = draft(browser, "tag", [make_case()], reason="So.", tag="later")
    browser.post(f"{url}/ask")
    clock.now += timedelta(minutes=2)
    work(context, clock)
    browser.post(f"{url}/take-back")
    assert "It has begun" in browser.get(url).text
    assert len(audited(context, "case.tagged")) == 1


def test_the_blind_rule_holds_in_bulk(
    browse: Browse, make_case: Make, context: Context, clock: Clock
) -> None:
    """What the person assessed is left; what they may assess is done, and nobody is named."""
    own, other = (make_case("second_assessment") for _ in range(2))
    assessed_by(context, own, "analyst")
    assessed_by(context, other, "second")
    browser = browse("analyst")
    url = draft(
        browser, "assess", [own, other], reason="Same file.", **NATIONAL
    )
    page = browser.get(url).text
    assert "<strong>1</strong> Assessed a second time, blind" in page
    assert "<strong>1</strong> You have assessed this case" in page
    assert "Name of second" not in page
    browser.post(f"{url}/ask")
    clock.now += timedelta(minutes=1)
    work(context, clock)
    with context.database.reading() as session:
        of_own = session.scalar(
            select(func.count())
            .select_from(Assessment)
            .join(Case)
            .where(Case.reference == own)
        )
    assert of_own == 1
    assign = draft(browse("senior"), "assign", [own], reason="So.", to="third")
    assert "nobody is named" in browse("senior").get(assign).text


def test_what_changed_within_the_minute_is_asked_anew(
    browse: Browse, make_case: Make, context: Context, clock: Clock
) -> None:
    taken, urgent, free = (make_case() for _ in range(3))
    browser = browse("analyst")
    url = draft(
        browser, "assess", [taken, urgent, free], reason="So.", **NATIONAL
    )
    browser.post(f"{url}/ask")
    browse("second").post(f"/console/cases/{taken}/claim")
    with context.database.writing() as session:
        session.scalars(
            select(Case).where(Case.reference == urgent)
        ).one().danger_now = True
    clock.now += timedelta(minutes=1)
    work(context, clock)
    assert states(context) == {"waiting": 2, "second_assessment": 1}
    page = browser.get(url).text
    assert "Somebody else works on it now" in page
    assert "it is decided alone" in page


def test_whoever_lost_the_right_within_the_minute_does_nothing(
    browse: Browse, make_case: Make, context: Context, clock: Clock
) -> None:
    browser = browse("analyst")
    url = draft(browser, "assess", [make_case()], reason="So.", **NATIONAL)
    browser.post(f"{url}/ask")
    with context.database.writing() as session:
        find_person(session, "analyst").role = "auditor"
    clock.now += timedelta(minutes=1)
    work(context, clock)
    assert states(context) == {"waiting": 1}
    with context.database.reading() as session:
        row = session.scalars(select(BulkCase)).one()
    assert (row.outcome, "no longer" in row.why) == ("left", True)


def test_all_that_the_filters_let_through(
    browse: Browse, make_case: Make, context: Context
) -> None:
    here = [make_case(hosting_country="DE") for _ in range(3)]
    make_case(hosting_country="AL")
    browser = browse("analyst")
    answer = browser.post(
        "/console/bulk/draft?tab=waiting&country=DE",
        deed="tag",
        all="1",
        reason="Same host.",
        tag="one-host",
    )
    assert "3 cases" in browser.client.get(answer.location).text
    with context.database.reading() as session:
        chosen = set(
            session.scalars(
                select(Case.reference).join(
                    BulkCase, BulkCase.case_id == Case.id
                )
            )
        )
    assert chosen == set(here)


def test_many_go_batch_by_batch_and_a_second_run_changes_nothing(
    browse: Browse, make_case: Make, context: Context, clock: Clock
) -> None:
    chosen = [make_case() for _ in range(BATCH + 5)]
    browser = browse("analyst")
    url = draft(browser, "tag", chosen, reason="So.", tag="many")
    browser.post(f"{url}/ask")
    clock.now += timedelta(minutes=1)
    with context.database.reading() as session:
        first = session.scalars(
            select(OutboxEntry).where(OutboxEntry.job == "bulk.run")
        ).one()
    task = Task(context, first.id, first.payload, 1, clock.now)
    run_bulk(task, deeds=DEED_TABLE)
    progress = browser.get(f"{url}/progress")
    assert f"{BATCH} of {BATCH + 5}" in progress.text
    assert progress.headers["ETag"]
    work(context, clock)
    assert len(audited(context, "case.done_in_bulk")) == BATCH + 5
    assert work(context, clock) == 0


def test_nobody_else_sees_what_somebody_asked_for(
    browse: Browse, make_case: Make
) -> None:
    url = draft(
        browse("analyst"), "assess", [make_case()], reason="So.", **NATIONAL
    )
    for path in (url, f"{url}/progress"):
        assert browse("second").get(path).status_code == 404
    assert browse("second").post(f"{url}/ask").status_code == 404


def test_what_is_missing_is_said_and_what_was_typed_stays(
    browse: Browse, make_case: Make, context: Context
) -> None:
    reference = make_case()
    browser = browse("analyst")
    answer = browser.post(
        "/console/bulk/draft",
        deed="assess",
        case=[reference],
        reason="Because.",
        **{"class": "national"},
    )
    assert answer.status_code == 422
    assert 'value="Because."' in answer.text
    assert "choose an answer" in answer.text
    assert re.search(r'value="national"\s+selected', answer.text)
    with context.database.reading() as session:
        assert session.scalar(select(func.count(BulkAct.id))) == 0
    none = browser.post("/console/bulk/new", deed="tag")
    assert none.status_code == 303
    assert "Choose at least one case" in browser.get("/console/queue").text
    assert browser.post("/console/bulk/new", deed="x").status_code == 404
    may_not = browser.post("/console/bulk/new", deed="assign", case=reference)
    assert may_not.status_code == 403
    in_albanian = browser.post(
        "/console/bulk/draft?lang=sq", deed="assess", case=[reference]
    ).text
    assert "Vlerësimi nuk është i plotë." in in_albanian
    assert "needs an answer" not in in_albanian


def test_those_that_are_left_are_named_and_the_filters_are_kept(
    browse: Browse, make_case: Make
) -> None:
    """Whoever looks at many cases wants to know which ones it leaves for them."""
    done = make_case(kind="grooming")
    alone = [make_case(kind="grooming", danger_now=True) for _ in range(22)]
    browser = browse("analyst")
    answer = browser.post(
        "/console/bulk/draft?tab=waiting&kind=grooming",
        deed="assess",
        case=[done, *alone],
        reason="Because.",
        **NATIONAL,
    )
    path, _, query = answer.location.partition("?")
    assert query == "kind=grooming&tab=waiting"
    page = browser.client.get(answer.location).text
    assert "<strong>22</strong>" in page
    assert f'href="/console/cases/{alone[19]}"' in page
    assert f'href="/console/cases/{alone[20]}"' not in page, "twenty are"
    assert f'href="/console/cases/{done}"' not in page
    back = 'href="/console/queue?kind=grooming&amp;tab=waiting"'
    assert back in page
    asked = browser.post(f"{path}/ask?{query}")
    assert back in browser.client.get(asked.location).text


def test_the_list_says_what_became_of_each_act(
    browse: Browse, make_case: Make, context: Context, clock: Clock
) -> None:
    browser = browse("analyst")
    for follows in ("begins within a minute", "taken back", "done"):
        drafted = draft(browser, "tag", [make_case()], tag="x", reason="Why.")
        browser.post(f"{drafted.partition('?')[0]}/ask")
        if follows == "taken back":
            browser.post(f"{drafted.partition('?')[0]}/take-back")
        elif follows == "done":
            clock.forward(minutes=2)
            work(context, clock)
    page = browser.get("/console/bulk").text
    assert page.count("<td>done</td>") == 2, "the first one began, too"
    assert page.count("<td>taken back</td>") == 1


def test_a_reason_stands_in_the_time_line_of_each_case(
    browse: Browse, make_case: Make, context: Context, clock: Clock
) -> None:
    reference = make_case()
    supervisor = browse("supervisor")
    for deed, values in (
        ("tag", {"tag": "serial"}),
        ("assign", {"to": "second"}),
    ):
        drafted = draft(
            supervisor, deed, [reference], reason=f"Why {deed}.", **values
        )
        supervisor.post(f"{drafted.partition('?')[0]}/ask")
        clock.forward(minutes=2)
        work(context, clock)
    page = supervisor.get(f"/console/cases/{reference}").text
    assert "Tagged “serial”, with others" in page and "Why tag." in page
    assert "Assigned to Name of second, with others" in page
    assert "Why assign." in page
    with context.database.writing() as session:
        session.scalars(select(Case)).one().state = "second_assessment"
    blind = supervisor.get(f"/console/cases/{reference}").text
    assert "Why tag." not in blind and "Name of second, with" not in blind


def test_a_refusal_keeps_what_it_names_for_each_language() -> None:
    refusals = [
        Conflict("No: %(office)s.", values={"office": "Njësia e Beratit"}),
        Conflict("100 % no."),
    ]
    for refusal in refusals:
        again = read_refusal(write_refusal(refusal))
        assert (again.template, again.values) == (
            refusal.template,
            refusal.values,
        )
    long = Conflict("No: %(office)s.", values={"office": "x" * 400})
    assert len(write_refusal(long)) == 300
    assert read_refusal(write_refusal(long)).message.startswith("No: xxx")
