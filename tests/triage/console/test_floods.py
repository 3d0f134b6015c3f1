"""What is held as a possible flood, through the console's pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, update

from hotline.core.context import Context
from triage.cases.models import Case, CaseItem
from triage.items.models import Sighting

Browse = Callable[[str], Any]


@pytest.fixture
def make_held(
    make_case: Callable[..., str], context: Context
) -> Callable[..., str]:
    def make(held: int = 1) -> str:
        reference = make_case("held", held=held)
        with context.database.writing() as session:
            item_id = session.scalars(
                select(CaseItem.item_id)
                .join(Case, Case.id == CaseItem.case_id)
                .where(Case.reference == reference)
            ).one()
            session.execute(
                update(Sighting)
                .where(Sighting.item_id == item_id)
                .values(held=True)
            )
        return reference

    return make


def states(context: Context) -> dict[str, tuple[str, int]]:
    with context.database.reading() as session:
        return {
            one.reference: (one.state, one.held)
            for one in session.scalars(select(Case))
        }


def test_held_danger_is_told_on_every_tab(
    browse: Browse, make_held: Any
) -> None:
    browser = browse("analyst")
    make_held()
    assert "is in danger now" not in browser.get("/console/queue").text
    make_held(held=3)
    for tab in ("waiting", "held", "closed"):
        page = browser.get("/console/queue", tab=tab).text
        assert "says that a child is in danger now" in page
        assert 'Held: possible flood <span class="count">2</span>' in page
    make_held(held=3)
    assert (
        "2 cases with reports that are held"
        in browser.get("/console/queue").text
    )


def test_several_are_chosen_and_let_through(
    browse: Browse, make_held: Any, context: Context
) -> None:
    browser, references = browse("analyst"), [make_held() for _ in range(3)]
    at = "/console/queue?tab=held"
    page = browser.get("/console/queue", tab="held").text
    assert all(f'value="{reference}"' in page for reference in references)
    answer = browser.post("/console/queue/release", at=at, case=references[:2])
    assert answer.status_code == 303 and answer.location == at
    assert (
        "2 cases let through."
        in browser.get("/console/queue", tab="held").text
    )
    assert [states(context)[one] for one in references] == [
        ("received", 0),
        ("received", 0),
        ("held", 1),
    ]
    browser.post("/console/queue/release", at=at)
    assert (
        "Choose at least one case."
        in browser.get("/console/queue", tab="held").text
    )


def test_one_case_is_let_through_on_its_page(
    browse: Browse, make_held: Any, context: Context
) -> None:
    browser, reference = browse("analyst"), make_held(held=3)
    page = browser.get(f"/console/cases/{reference}").text
    assert (
        "wait here and change nothing" in page
        and "child is in danger now" in page
    )
    assert "Take this case" not in page
    for _ in range(2):
        browser.post(f"/console/cases/{reference}/reports/release")
    assert states(context) == {reference: ("received", 0)}
    page = browser.get(f"/console/cases/{reference}").text
    assert (
        "No report waits here" in page
        and "wait here and change nothing" not in page
    )


def test_chosen_cases_are_set_aside_and_what_a_child_may_be_behind_is_left(
    browse: Browse, make_held: Any, context: Context
) -> None:
    browser, at = browse("analyst"), "/console/queue?tab=held"
    references = [
        make_held(),
        make_held(),
        make_held(held=2),
        make_held(held=3),
    ]
    page = browser.get("/console/queue", tab="held").text
    assert 'formaction="/console/queue/set-aside"' in page
    answer = browser.post("/console/queue/set-aside", at=at, case=references)
    assert (answer.status_code, answer.location) == (303, at)
    page = browser.get("/console/queue", tab="held").text
    assert (
        "2 cases set aside." in page
        and "2 cases are left: a child reports" in page
    )
    assert [states(context)[one] for one in references] == [
        ("closed", 0),
        ("closed", 0),
        ("held", 2),
        ("held", 3),
    ]
    page = browser.get(f"/console/cases/{references[0]}").text
    assert "Set aside as part of a flood, not a report." in page


def test_a_list_keeps_its_filters(browse: Browse, make_held: Any) -> None:
    browser, reference = browse("analyst"), make_held()
    page = browser.get("/console/queue", tab="held", country="AL").text
    assert 'formaction="/console/queue/set-aside?country=AL"' in page
    answer = browser.post(
        "/console/queue/set-aside?country=AL",
        at="/console/queue?tab=held",
        case=[reference],
    )
    assert answer.location == "/console/queue?tab=held&country=AL"


def test_one_case_is_set_aside_only_when_somebody_has_read_it(
    browse: Browse, make_held: Any, context: Context
) -> None:
    browser, reference = browse("analyst"), make_held(held=3)
    assert (
        "no child is behind it"
        in browser.get(f"/console/cases/{reference}").text
    )
    browser.post(f"/console/cases/{reference}/reports/set-aside")
    assert states(context) == {reference: ("held", 3)}
    assert (
        "A child may be behind"
        in browser.get(f"/console/cases/{reference}").text
    )
    browser.post(
        f"/console/cases/{reference}/reports/set-aside", confirm="yes"
    )
    assert states(context) == {reference: ("closed", 0)}


def test_what_cannot_be_done_is_said_in_the_readers_language(
    browse: Browse,
) -> None:
    browser, at = browse("analyst"), "/console/queue?tab=held"
    browser.get("/console/queue", tab="held", lang="sq")
    browser.post("/console/queue/set-aside", at=at)
    assert (
        "Zgjidhni të paktën një rast."
        in browser.get("/console/queue", tab="held").text
    )
