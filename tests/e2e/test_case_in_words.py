"""A case whose substance is in words, in a real browser: from a mother's report to the police.

She names an account and a telephone; what the police get can be acted on, and nothing tells who
reported. They ask for more, and are answered under the same reference.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.support.browsing import follow, go_on_to, send_report
from tests.support.desk import (
    approve_what_was_read,
    ask_for_plan,
    assess,
    note_facts,
    note_found,
    open_people,
    sign_in,
    write_summary,
)
from workers.demo import world

pytestmark = pytest.mark.browser

CONTINUE = "main form >> nth=0 >> button.button"
WORDS = (
    "A man writes to my daughter as wolf_of_tests on Snapchat and calls her from"
    " +355 69 212 3456. He wants to meet her on Saturday."
)
SUMMARY = (
    "A stranger arranged to meet a girl of 12 on Saturday. Please call us."
)
GIRL = {"age": "pre_pubescent", "gender": "female"}
ANSWERS = (
    "[value=grooming]",
    "[value=parent]",
    "[name=danger_now][value=no]",
)


def test_from_words_to_a_letter_that_the_police_can_act_on(
    demo: Any, visitor: Any
) -> None:
    report_in_words(demo, visitor().page)
    desk = visitor()
    page: Page = desk.page
    case = note_the_people(demo, desk)
    for username in ("arta", "besnik"):
        assess(page, demo, case, username, "grooming", **GIRL)
    ask_for_plan(page, demo, case, "Police")
    look_at_what_would_be_told(demo, desk, case)
    assert SUMMARY in approve_what_was_read(page, demo, case)
    demo.wait(lambda: demo.messages(world.POLICE, case))
    letter = demo.messages(world.POLICE, case)[0]["text"]
    for said in ("wolf_of_tests", "+355 69 212 3456", SUMMARY, "Mosha: 12"):
        assert said in letter, letter
    assert re.search(
        r"Na u raportua më: \d{4}-\d\d-\d\d \d\d:\d\d CES?T", letter
    )
    for boilerplate in (
        "my daughter",
        "Hosted:",
        "Nothing is said to the host",
    ):
        assert boilerplate not in letter, letter
    they_ask_and_are_answered(demo, desk, visitor().page, case, letter)


def report_in_words(demo: Any, page: Page) -> None:
    page.goto(f"{demo.url}/report?lang=en")
    follow(page, CONTINUE)  # there is no address to give
    for answer in ANSWERS:
        go_on_to(page, answer)
        page.check(answer)
    go_on_to(page, "#narrative")
    page.fill("#narrative", WORDS)
    send_report(page)


def note_the_people(demo: Any, desk: Any) -> str:
    page: Page = desk.page
    sign_in(page, demo, "arta")
    page.goto(f"{demo.url}/console/queue?kind=grooming&lang=en")
    page.locator("tbody a[data-row] >> nth=1").wait_for()
    cases = page.locator("tbody a[data-row]").all_inner_texts()
    case = max(cases)  # the newest: numbers rise
    open_people(page, demo, case)
    assert WORDS in page.inner_text("main")
    desk.look("people, nothing noted", narrow=True)
    for found in ("wolf_of_tests", "+355 69 212 3456"):
        note_found(page, found)
    note_facts(
        page,
        "affected_child",
        {"age": "12", "country": "al", "next_meeting": "Saturday"},
    )
    write_summary(page, "police", SUMMARY)
    desk.look("people", narrow=True)
    desk.show("12-people", "h1")
    return case


def look_at_what_would_be_told(demo: Any, desk: Any, case: str) -> None:
    page: Page = desk.page
    sign_in(page, demo, "besnik")
    page.goto(f"{demo.url}/console/cases/{case}")
    follow(page, page.get_by_role("link", name="Read what would be told"))
    desk.look("what would be told", narrow=True)


def they_ask_and_are_answered(
    demo: Any, desk: Any, office: Page, case: str, letter: str
) -> None:
    link = re.search(r"http://\S+/referral/\S+", letter)
    assert link
    office.goto(f"{link[0]}?lang=en")
    office.check("[value=want_more]")
    office.fill("#note", "Which school?")
    follow(office, office.get_by_role("button", name="Send the answer"))
    page = desk.page
    sign_in(page, demo, "drita")
    page.goto(f"{demo.url}/console/cases/{case}")
    page.get_by_label("Your answer to them").fill("The one at the lake.")
    follow(page, page.get_by_role("button", name="Send the answer"))
    demo.wait(lambda: len(demo.messages(world.POLICE, case)) == 2)
    assert (
        "The one at the lake." in demo.messages(world.POLICE, case)[1]["text"]
    )
    office.reload()
    assert "The one at the lake." in office.inner_text("main")
    office.check("[value=take_up]")
    follow(office, office.get_by_role("button", name="Send the answer"))
    office.locator("dl.facts", has_text="Taken up").wait_for()
