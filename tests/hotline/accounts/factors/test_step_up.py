"""Sensitive acts ask for the second factor again, and lose nothing of what was typed."""

from __future__ import annotations

import io
import re

from sqlalchemy import func, select

from hotline.accounts.models import PersonRequest
from hotline.accounts.permissions import PERMISSIONS, SENSITIVE
from tests.hotline.accounts.factors.conftest import Browser, House

NEWCOMER = {
    "username": "newcomer",
    "display_name": 'New "<b>"',
    "role": "analyst",
    "email": "new@hotline.example",
}


def count_requests(house: House) -> int:
    with house.context.database.reading() as session:
        counted = session.scalar(select(func.count(PersonRequest.id)))
        return counted or 0


def old_session(house: House) -> Browser:
    browser = house.enrolled("first")
    house.clock.forward(minutes=house.context.settings.step_up_minutes + 1)
    return browser


def test_what_is_sensitive_is_known_to_the_table() -> None:
    assert set(PERMISSIONS) >= SENSITIVE
    assert {"person.manage", "hashlist.decide", "hold.decide"} <= SENSITIVE


def test_a_fresh_session_is_not_asked(house: House) -> None:
    browser = house.enrolled("first")
    browser.post("/console/people", **NEWCOMER)
    assert count_requests(house) == 1


def test_an_old_one_is_asked_and_the_form_is_kept(house: House) -> None:
    browser = old_session(house)
    page = browser.post("/console/people", **NEWCOMER)
    assert page.status_code == 200 and "Is it still you?" in page.text
    assert count_requests(house) == 0
    kept = dict(
        re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text)
    )
    assert kept["username"] == "newcomer"
    assert kept["display_name"] == "New &#34;&lt;b&gt;&#34;"
    wrong = browser.post("/console/people", **NEWCOMER, proof_code="000000")
    assert "does not hold" in wrong.text and count_requests(house) == 0
    code = browser.code()
    browser.post("/console/people", **NEWCOMER, proof_code=code)
    assert count_requests(house) == 1
    # It is fresh now, and no code is needed for the next one.
    another = {**NEWCOMER, "username": "another"}
    browser.post("/console/people", **another)
    assert count_requests(house) == 2


def test_looking_is_not_asked_about(house: House) -> None:
    assert old_session(house).get("/console/people").status_code == 200


def test_a_code_that_was_used_proves_nothing_again(house: House) -> None:
    browser = old_session(house)
    code = browser.code()
    browser.post("/console/people", **NEWCOMER, proof_code=code)
    house.clock.forward(minutes=house.context.settings.step_up_minutes + 1)
    again = {**NEWCOMER, "username": "another"}
    page = browser.post("/console/people", **again, proof_code=code)
    assert "does not hold" in page.text and count_requests(house) == 1


def test_a_file_has_to_be_chosen_again_and_the_page_says_so(
    house: House,
) -> None:
    browser = old_session(house)
    page = browser.post(
        "/console/people", **NEWCOMER, file=(io.BytesIO(b"x"), "list.csv")
    )
    assert "choose the file again" in page.text
    assert 'action="/console/account/proof"' in page.text


def test_another_role_learns_nothing_by_it(house: House) -> None:
    browser = house.enrolled("ana")
    house.clock.forward(minutes=30 - 1)
    refused = browser.post("/console/people", **NEWCOMER)
    assert refused.status_code == 403
    assert "Your role does not allow this." in refused.text
