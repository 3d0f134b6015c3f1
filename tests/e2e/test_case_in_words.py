"""A case whose substance is in words, in a real browser: from a mother's report to the police.

She names an account and a telephone; what the police get can be acted on, and nothing tells who
reported. They ask for more, and are answered under the same reference.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.support.browsing import follow, go_on_to
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
    assess(page, demo, case, "arta")
    assess(page, demo, case, "besnik")
    ask_for_a_plan(page, demo, case)
    approve_what_was_read(demo, desk, case)
    demo.wait(lambda: demo.messages(world.POLICE, case))
    letter = demo.messages(world.POLICE, case)[0]["text"]
    for said in ("wolf_of_tests", "+355 69 212 3456", SUMMARY, "Mosha: 12"):
        assert said in letter, letter
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
    while page.locator("#receipt").count() == 0:
        follow(page, CONTINUE)


def sign_in(page: Page, demo: Any, username: str) -> None:
    page.context.clear_cookies()
    page.goto(f"{demo.url}/console/?lang=en")
    page.fill("#username", username)
    page.fill("#password", demo.password(username))
    follow(page, page.get_by_role("button", name="Sign in"))


def note_the_people(demo: Any, desk: Any) -> str:
    page: Page = desk.page
    sign_in(page, demo, "arta")
    page.goto(f"{demo.url}/console/queue?kind=grooming&lang=en")
    page.locator("tbody a[data-row] >> nth=1").wait_for()
    cases = page.locator("tbody a[data-row]").all_inner_texts()
    case = max(cases)  # the newest: numbers rise
    page.goto(f"{demo.url}/console/cases/{case}")
    follow(
        page, page.get_by_role("link", name="People and what leads to them")
    )
    assert WORDS in page.inner_text("main")
    desk.look("people, nothing noted", narrow=True)
    for found in ("wolf_of_tests", "+355 69 212 3456"):
        row = page.locator("article li", has_text=found)
        follow(page, row.get_by_role("button", name="the reported person"))
    child = page.locator("form:has([name=role][value=affected_child])").first
    child.locator("[name='fact.age']").fill("12")
    child.locator("[name='fact.country']").fill("al")
    child.locator("[name='fact.next_meeting']").fill("Saturday")
    follow(page, child.get_by_role("button"))
    page.fill("#summary-police", SUMMARY)
    follow(
        page, page.locator("form:has(#summary-police)").get_by_role("button")
    )
    desk.look("people", narrow=True)
    desk.show("12-people", "h1")
    return case


def assess(page: Page, demo: Any, case: str, username: str) -> None:
    sign_in(page, demo, username)
    page.goto(f"{demo.url}/console/cases/{case}")
    follow(page, page.get_by_role("button", name="Take this case"))
    page.check("[name=class][value=national]")
    page.select_option("#q-kind", "grooming")
    page.check("[name=age][value=pre_pubescent]")
    page.check("[name=gender][value=female]")
    follow(page, page.get_by_role("button", name="Store the assessment"))
    page.locator(".flash", has_text="Your assessment is stored").wait_for()


def ask_for_a_plan(page: Page, demo: Any, case: str) -> None:
    sign_in(page, demo, "arta")
    page.goto(f"{demo.url}/console/cases/{case}")
    panel = page.locator("section[aria-labelledby=plan]")
    panel.get_by_label("Police", exact=False).first.check()
    follow(page, page.get_by_role("button", name="Ask for approval"))


def approve_what_was_read(demo: Any, desk: Any, case: str) -> None:
    page = desk.page
    sign_in(page, demo, "besnik")
    page.goto(f"{demo.url}/console/cases/{case}")
    follow(page, page.get_by_role("link", name="Read what would be told"))
    assert SUMMARY in page.inner_text("main")
    desk.look("what would be told", narrow=True)
    follow(page, page.get_by_role("button", name="Approve: send it"))
    page.locator("section[aria-labelledby=referrals] article").wait_for()


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
