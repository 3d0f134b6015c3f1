"""Notes, whom they name, and taking back what nobody has built on."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from flask import Flask
from sqlalchemy import func, select

from hotline.accounts.service import find_person
from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import Conflict
from hotline.core.storage.audit import AuditEntry
from hotline.core.storage.machine import list_history
from tests.support.clock import Clock
from triage.cases.assessing.taking_back import take_assessment_back
from triage.cases.handling.models import CaseMention, CaseNote, CaseTag
from triage.cases.handling.tags import add_tag
from triage.cases.models import Assessment, Case
from triage.cases.pages.history.diary import DIARIES
from triage.cases.pages.history.happening import Happening
from triage.cases.pages.page_content import SHOWN_NOTES
from triage.cases.people.keeping.forget import forget_people_of
from triage.cases.vocabulary import CaseEvent, CaseState
from workers.retention.pruning import drop_expired_tags

Browse = Callable[[str], Any]
Make = Callable[..., str]
ILLEGAL = {
    "class": "national",
    "kind": "csam_image",
    "age": "pubescent",
    "gender": "not_determined",
}
LAWFUL = {"class": "not_illegal"}
NOTE = "Same cellar as in June? @second, see @lina.of.tests"


def note_on(browser: Any, reference: str, words: str = NOTE) -> None:
    answer = browser.post(f"/console/cases/{reference}/notes", words=words)
    assert answer.status_code == 303


def assess(browser: Any, reference: str, answers: dict[str, str]) -> None:
    browser.post(f"/console/cases/{reference}/claim")
    path = f"/console/cases/{reference}/assessment"
    assert browser.post(path, **answers).status_code == 303


def case_of(context: Context, reference: str) -> Case:
    with context.database.reading() as session:
        return session.scalars(
            select(Case).where(Case.reference == reference)
        ).one()


def test_a_note_names_a_colleague_and_no_reported_account(
    browse: Browse, make_case: Make, context: Context
) -> None:
    reference = make_case()
    note_on(browse("analyst"), reference)
    with context.database.reading() as session:
        (named,) = session.scalars(select(CaseMention)).all()
        assert named.person_id == find_person(session, "second").id
        (row,) = session.scalars(select(CaseNote)).all()
        assert b"cellar" not in row.words
    second = browse("second")
    assert "/console/mentions" in second.get("/console/queue").text
    page = second.get("/console/mentions").text
    assert reference in page and "cellar" not in page
    opened = second.post(f"/console/mentions/{named.id}/open")
    assert opened.location.endswith(f"/cases/{reference}#notes")
    assert "cellar" in second.get(f"/console/cases/{reference}").text
    # What was opened waits no more; the bar is free of it.
    assert "/console/mentions" not in second.get("/console/queue").text
    third = browse("third")
    assert third.post(f"/console/mentions/{named.id}/open").status_code == 404


def test_of_many_notes_the_newest_are_shown_and_the_rest_by_links(
    browse: Browse, make_case: Make, clock: Clock
) -> None:
    reference = make_case()
    first, second = browse("analyst"), browse("second")
    for number in range(SHOWN_NOTES * 2 + 1):
        note_on(first, reference, f"(no. {number}) @second")
        clock.forward(seconds=1)
    seen, address = [], f"/console/cases/{reference}"
    while address:
        page = second.get(**_parts_of(address)).text
        seen += reversed(re.findall(r"\((no\. \d+)\)", page))
        older = re.search(r'href="([^"]*part=notes\.\d+)#notes">Older', page)
        address = older[1] if older else ""
    assert seen == [f"no. {n}" for n in reversed(range(SHOWN_NOTES * 2 + 1))]
    # Whom an old note names comes to that very note, not to the newest ones.
    mentions = second.get("/console/mentions").text
    paths = re.findall(r"/console/mentions/[0-9a-f-]+/open", mentions)
    oldest = second.post(paths[-1]).location
    assert "(no. 0)" in second.get(**_parts_of(oldest)).text
    assert "part=notes" not in second.post(paths[0]).location


def _parts_of(address: str) -> dict[str, str]:
    split = urlsplit(address)
    return {"path": split.path, **dict(parse_qsl(split.query))}


@pytest.mark.parametrize("part", ["notes.999999", "notes.-1", "notes", "x.1"])
def test_a_part_that_is_not_there_leads_to_one_that_is(
    browse: Browse, make_case: Make, part: str
) -> None:
    reference = make_case()
    browser = browse("analyst")
    note_on(browser, reference, "The only one")
    page = browser.get(f"/console/cases/{reference}", part=part)
    assert "The only one" in page.text
    assert ">Older<" not in page.text and ">Newer<" not in page.text


def test_only_its_author_takes_a_note_back(
    browse: Browse, make_case: Make, context: Context
) -> None:
    reference = make_case()
    note_on(browse("analyst"), reference)
    with context.database.reading() as session:
        note_id = session.scalars(select(CaseNote.id)).one()
    path = f"/console/cases/{reference}/notes/{note_id}/take-back"
    browse("second").post(path)
    with context.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(CaseNote)) == 1
    browse("analyst").post(path)
    with context.database.reading() as session:
        for table in (CaseNote, CaseMention):
            assert not session.scalars(select(table)).all()
        actions = set(session.scalars(select(AuditEntry.action)))
        assert {"case.note_added", "case.note_taken_back"} <= actions


@pytest.mark.parametrize("words", ["", "  ", "x" * 2001])
def test_a_note_has_words(
    browse: Browse, make_case: Make, context: Context, words: str
) -> None:
    reference = make_case()
    browser = browse("analyst")
    note_on(browser, reference, words)
    page = browser.get(f"/console/cases/{reference}").text
    assert "at most 2000 characters" in page
    with context.database.reading() as session:
        assert not session.scalars(select(CaseNote)).all()


def test_a_blind_round_hides_the_assessor_s_note_and_the_mention(
    browse: Browse, make_case: Make
) -> None:
    reference = make_case()
    first, second = browse("analyst"), browse("second")
    note_on(first, reference)
    note_on(browse("third"), reference, "Two reports came by mail.")
    assess(first, reference, ILLEGAL)
    page = second.get(f"/console/cases/{reference}").text
    assert "cellar" not in page and "came by mail" in page
    assert reference not in second.get("/console/mentions").text
    assert "cellar" in first.get(f"/console/cases/{reference}").text
    assess(second, reference, ILLEGAL)
    assert "cellar" in second.get(f"/console/cases/{reference}").text
    assert reference in second.get("/console/mentions").text


def test_a_blind_round_hides_the_assessor_s_tags_and_a_mention_s_way(
    browse: Browse, make_case: Make, context: Context
) -> None:
    reference = make_case()
    first, second, third = (
        browse(name) for name in ("analyst", "second", "third")
    )
    note_on(first, reference)
    for person, tag in ((first, "surely-worst"), (third, "by-mail")):
        person.post(f"/console/cases/{reference}/tags", tag=tag)
    assert "surely-worst" in second.get(f"/console/cases/{reference}").text
    assess(first, reference, ILLEGAL)
    with context.database.reading() as session:
        mention_id = session.scalars(select(CaseMention.id)).one()
    for tag, is_found in (("surely-worst", False), ("by-mail", True)):
        tab = "second_assessment"
        queue = second.get("/console/queue", tab=tab, tag=tag).text
        assert (reference in queue) is is_found
        hits = second.post("/console/search", q=tag)
        found = f"{hits.location} {hits.text}"
        assert (reference in found) is is_found
        page = second.get(f"/console/cases/{reference}").text
        assert (tag in page) is is_found
    way = f"/console/mentions/{mention_id}/open"
    assert second.post(way).status_code == 404
    assess(second, reference, ILLEGAL)
    assert "surely-worst" in second.get(f"/console/cases/{reference}").text
    assert second.post(way).status_code == 303


def test_notes_go_with_the_case_s_people(
    browse: Browse, make_case: Make, context: Context
) -> None:
    reference = make_case()
    note_on(browse("analyst"), reference)
    with context.database.writing() as session:
        case = session.scalars(select(Case)).one()
        forget_people_of(session, context, case.id)
    with context.database.reading() as session:
        assert not session.scalars(select(CaseNote)).all()
        assert not session.scalars(select(CaseMention)).all()


def test_a_tag_with_a_last_day_is_forgotten(
    make_case: Make, context: Context, clock: Clock
) -> None:
    make_case()
    with context.database.writing() as session:
        case = session.scalars(select(Case)).one()
        act = Act(session, context, "test", clock.now)
        add_tag(act, case, "this week", clock.now + timedelta(days=2))
        add_tag(act, case, "series")
    later = clock.now + timedelta(days=2)
    with context.database.writing() as session:
        early = later - timedelta(seconds=1)
        assert drop_expired_tags(session, context, now=early) == 0
        assert drop_expired_tags(session, context, now=later) == 1
    with context.database.reading() as session:
        assert session.scalars(select(CaseTag.tag)).all() == ["series"]


@pytest.mark.parametrize("second_assessment", [True, False])
@pytest.mark.parametrize("answers", [ILLEGAL, LAWFUL])
def test_the_first_assessment_is_taken_back(
    browse: Browse,
    make_case: Make,
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
    second_assessment: bool,
    answers: dict[str, str],
) -> None:
    monkeypatch.setitem(
        vars(context.settings), "second_assessment", second_assessment
    )
    reference = make_case(kind="grooming")
    first = browse("analyst")
    assess(first, reference, {**answers, "note": "A slip."})
    assert "Take it back" in first.get(f"/console/cases/{reference}").text
    first.post(f"/console/cases/{reference}/assessment/take-back")
    case = case_of(context, reference)
    assert case.state == CaseState.WAITING and case.kind == "grooming"
    assert case.outcome == {} and case.claimed_by is not None
    assert case.claimed_by.username == "analyst"
    with context.database.reading() as session:
        assert not session.scalars(select(Assessment)).all()
        assert list_history(session, case.id)[-1].event == CaseEvent.TAKEN_BACK
    # The same person answers anew.
    assess(first, reference, ILLEGAL)
    assert case_of(context, reference).state != CaseState.WAITING


def test_nothing_is_taken_back_once_somebody_went_on(
    browse: Browse, make_case: Make, context: Context
) -> None:
    reference = make_case()
    first, second = browse("analyst"), browse("second")
    assess(first, reference, ILLEGAL)
    path = f"/console/cases/{reference}/assessment/take-back"
    second.post(path)  # somebody else's
    assert case_of(context, reference).state == CaseState.SECOND_ASSESSMENT
    second.post(f"/console/cases/{reference}/claim")
    first.post(path)
    assert case_of(context, reference).state == CaseState.SECOND_ASSESSMENT
    assert "Take it back" not in first.get(f"/console/cases/{reference}").text


def test_a_second_assessment_stays_blind_and_is_not_taken_back(
    browse: Browse, make_case: Make, context: Context
) -> None:
    reference = make_case()
    assess(browse("analyst"), reference, ILLEGAL)
    assess(browse("second"), reference, ILLEGAL)
    second = browse("second")
    second.post(f"/console/cases/{reference}/assessment/take-back")
    assert case_of(context, reference).state == CaseState.ASSESSED


def test_what_another_package_did_is_built_on_it(
    browse: Browse,
    make_case: Make,
    app: Flask,
    context: Context,
    clock: Clock,
) -> None:
    reference = make_case()
    first = browse("analyst")
    assess(first, reference, ILLEGAL)
    after = Happening(
        clock.now + timedelta(seconds=1), "Plan", "person:second"
    )

    class Asked:
        def list_happenings(self, *_: object) -> list[Happening]:
            return [after]

        def list_due(self, *_: object) -> list[object]:
            return []

        def list_signs(self, *_: object) -> list[object]:
            return []

    app.extensions[DIARIES] = (Asked(),)
    assert "Take it back" not in first.get(f"/console/cases/{reference}").text
    first.post(f"/console/cases/{reference}/assessment/take-back")
    assert case_of(context, reference).state == CaseState.SECOND_ASSESSMENT
    with (
        pytest.raises(Conflict, match="not the last"),
        context.database.writing() as session,
    ):
        person = find_person(session, "analyst")
        take_assessment_back(
            Act(session, context, person.actor, clock.now),
            session.scalars(select(Case)).one(),
            person,
            lambda: True,
        )
