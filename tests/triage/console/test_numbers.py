"""Of a case with many locations some are named by their numbers, and not ticked one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from hotline.core.context import Context
from hotline.core.errors import InvalidInput
from tests.support.clock import NOW
from tests.support.items import make_item
from triage.cases.models import Assessment, Case
from triage.cases.pages.page_content import SHOWN_PLACES
from triage.cases.places import places_numbered

Browse = Callable[[str], Any]
MANY = SHOWN_PLACES + 5
ANSWERS = {
    "class": "national",
    "kind": "csam_image",
    "age": "pubescent",
    "gender": "not_determined",
}


@pytest.fixture
def large(make_case: Callable[..., str], context: Context) -> str:
    """A case with more locations than are shown in full."""
    reference = make_case()
    with context.database.writing() as session:
        case = session.scalars(select(Case)).one()
        for number in range(2, MANY + 1):
            item = make_item(f"url:further{number}", now=NOW)
            session.add_all((item, case.add_item(item, NOW)))
    return reference


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("", []),
        ("3", [3]),
        ("3, 7-9", [3, 7, 8, 9]),
        ("3 ; 7 – 9,3", [3, 7, 8, 9]),
        (f"{MANY}-{MANY}", [MANY]),
    ],
)
def test_numbers_are_read_as_people_write_them(
    large: str, context: Context, text: str, numbers: list[int]
) -> None:
    with context.database.reading() as session:
        case = session.scalars(select(Case)).one()
        places = places_numbered(case, text)
        assert [place.number for place in places] == numbers


def test_a_run_leaves_out_what_went_into_another_case(
    large: str, context: Context
) -> None:
    with context.database.writing() as session:
        case = session.scalars(select(Case)).one()
        case.places[4].number = MANY + 10
        session.flush()
        session.expire(case)
        numbers = [place.number for place in places_numbered(case, "3-7")]
        assert numbers == [3, 4, 6, 7]
        with pytest.raises(InvalidInput):
            places_numbered(case, "3-5")


@pytest.mark.parametrize(
    "text",
    ["x", "0", "3, 9-7", "-3", "1-999999", f"{MANY + 1}", "3.5", "9" * 40],
)
def test_what_is_no_number_of_a_location_is_refused(
    large: str, context: Context, text: str
) -> None:
    with context.database.reading() as session:
        case = session.scalars(select(Case)).one()
        with pytest.raises(InvalidInput):
            places_numbered(case, text)


def test_classes_are_said_by_numbers(
    browse: Browse, large: str, context: Context
) -> None:
    browser = browse("analyst")
    path = f"/console/cases/{large}"
    browser.post(f"{path}/claim")
    page = browser.get(path).text
    assert 'name="numbers-not_illegal"' in page and 'name="class-' not in page
    twice = {"numbers-not_illegal": "2", "numbers-baseline": "1-3"}
    refused = browser.post(f"{path}/assessment", **ANSWERS, **twice)
    assert refused.status_code == 422
    # What was written is not lost.
    assert 'value="1-3"' in refused.text
    wanted = {"numbers-not_illegal": "2, 4-5"}
    stored = browser.post(f"{path}/assessment", **ANSWERS, **wanted)
    assert stored.status_code == 303
    with context.database.reading() as session:
        made = session.scalars(select(Assessment)).one()
        case = session.scalars(select(Case)).one()
        assert made.item_classes == {
            place.item_id.hex: "not_illegal"
            for place in case.places
            if place.number in (2, 4, 5)
        }


def test_the_table_of_locations_has_parts(browse: Browse, large: str) -> None:
    browser = browse("analyst")
    first = browser.get(f"/console/cases/{large}").text
    assert "part=where.1#where" in first
    last = f'<td class="number">{MANY}</td>'
    assert last not in first
    assert last in browser.get(f"/console/cases/{large}", part="where.1").text
