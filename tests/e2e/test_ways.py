"""The same doors for those who have no scripts or no mouse, and for a partner across the border."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.e2e.conftest import NARROW, OTHER_LANGUAGES
from tests.support.browsing import follow, go_on_to, send_report
from workers.demo import world

pytestmark = pytest.mark.browser

CONTINUE = "main form >> nth=0 >> button.button"
BUTTON = "main form button.button"
RELEASED = world.PAGES[6]  # its notice waits for a confirmed contact only
FORWARDED = world.PAGES[2]
NARROWED = {"elira": ("/console/log?who=person:drita",)}
HOST = world.ABUSE_DESKS["127.0.0.2"][3]


def test_reporting_without_scripts(demo: Any, visitor: Any) -> None:
    page: Page = visitor(scripts=False).page
    page.goto(f"{demo.url}/?lang=sq")
    follow(page, "main a.button")
    assert not page.locator("input[type=file]").count()
    page.fill("#locations", f"{demo.address(world.PAGES[1])}?from=no-scripts")
    follow(page, CONTINUE)
    for answer in (
        "[value=csam_image]",
        "[value=parent]",
        "[name=danger_now][value=no]",
    ):
        go_on_to(page, answer)
        page.check(answer)
    receipt = send_report(page)  # nothing more to tell, and no contact
    assert not page.locator(
        "#copy"
    ).is_visible()  # what needs a script is not offered
    page.goto(f"{demo.url}/status")
    page.fill("#receipt", receipt.lower().replace("-", " "))
    follow(page, CONTINUE)
    assert page.locator(".parts li").count() == 1
    page.fill("#text", "Edhe një gjë.")
    follow(page, "main form button")
    assert "Edhe një gjë." in page.inner_text(".messages")


def test_a_host_answers_without_scripts(demo: Any, visitor: Any) -> None:
    page: Page = visitor(scripts=False).page
    location = demo.address(RELEASED)
    assert not demo.messages(HOST, location)
    confirm_the_contact(demo, page)
    letter = demo.wait(lambda: demo.messages(HOST, location))[0]
    found = re.search(r"http://127\.0\.0\.1:\d+/provider/\S+", letter["text"])
    assert found, letter
    page.goto(f"{found[0]}?lang=en")
    follow(page, page.get_by_role("button", name="Show the addresses"))
    assert location in page.inner_text("main")
    page.check("[value=question]")
    follow(page, page.get_by_role("button", name="Send the answer"))
    assert page.locator("#text-error").is_visible()  # a question needs words
    assert page.is_checked("[value=question]")
    page.fill("#text", "Which of our customers is it?")
    follow(page, page.get_by_role("button", name="Send the answer"))
    assert "Which of our customers is it?" in page.inner_text(".answers")


def confirm_the_contact(demo: Any, page: Page) -> None:
    page.goto(f"{demo.url}/console/partners?words={HOST}&lang=en")
    page.fill("#username", "drita")
    page.fill("#password", demo.password("drita"))
    follow(page, page.get_by_role("button", name="Sign in"))
    page.goto(f"{demo.url}/console/partners?words={HOST}&lang=en")
    follow(page, page.get_by_role("link", name="Look and confirm"))
    follow(page, page.get_by_role("button", name="Confirm the address"))


def test_reporting_by_keyboard_alone(demo: Any, visitor: Any) -> None:
    one = visitor()
    page: Page = one.page
    page.goto(f"{demo.url}/?lang=en")
    go(page, "main a.button")
    go(
        page,
        BUTTON,
        ("#locations", f"{demo.address(world.PAGES[3])}?by=keyboard"),
    )
    go(page, BUTTON, ("[name=kind]", " "))
    go(page, BUTTON, ("[name=reporter_role]", ""))
    tab_to(page, "[name=danger_now]")
    page.keyboard.press("ArrowDown")  # "I do not know" stands after "Yes"
    go(page, BUTTON)
    go(page, BUTTON, ("#narrative", "I saw it once."))
    go(page, BUTTON)
    assert "I saw it once." in page.inner_text("dl.answers")
    go(page, BUTTON)
    assert re.fullmatch(
        r"[0-9A-Z]{4}(-[0-9A-Z]{4}){4}", page.inner_text("#receipt")
    )
    one.look("receipt by keyboard")


def go(page: Page, button: str, answer: tuple[str, str] | None = None) -> None:
    """Tab to a field and type, Tab to the button, Enter; the focus is always to be seen."""
    if answer is not None:
        tab_to(page, answer[0])
        page.keyboard.type(answer[1])
    tab_to(page, button)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def tab_to(page: Page, selector: str) -> None:
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            focus = page.locator(":focus")
            assert (
                focus.evaluate("e => getComputedStyle(e).outlineStyle")
                != "none"
            ), selector
            return
    raise AssertionError(f"no way to {selector} on {page.url}")


@pytest.mark.parametrize("username", ["drita", "admin", "elira"])
def test_nobody_is_kept_out_of_a_page_that_is_linked(
    demo: Any, visitor: Any, username: str
) -> None:
    """No page is wider than a telephone in any language: words are longer in some."""
    person = visitor()
    page: Page = person.page
    page.goto(f"{demo.url}/console/sign-in?lang=en")
    page.fill("#username", username)
    page.fill("#password", demo.password(username))
    follow(page, page.get_by_role("button", name="Sign in"))
    links = page.eval_on_selector_all(
        "nav a", "links => links.map(link => link.getAttribute('href'))"
    )
    pages = sorted({link for link in links if "lang=" not in link})
    assert len(pages) > 3
    for path in (*pages, *NARROWED.get(username, ())):
        page.goto(f"{demo.url}{path}")
        person.look(path)
    page.set_viewport_size(NARROW)
    wide = []
    for language in ("en", *OTHER_LANGUAGES):
        for path in pages:
            mark = "&" if "?" in path else "?"
            page.goto(f"{demo.url}{path}{mark}lang={language}")
            if page.evaluate(
                "document.documentElement.scrollWidth > innerWidth"
            ):
                wide.append((language, path))
            assert bars_with_words_cut(page) == [], (language, path)
    assert wide == []


def bars_with_words_cut(page: Page) -> list[str]:
    """Words of a plot that begin left of it, where they are cut."""
    cut: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("svg.plot text")]
        .filter(text => text.getBBox().x < 0).map(text => text.textContent)"""
    )
    return cut


def test_what_lies_abroad_is_with_the_partner_hotline(
    demo: Any, visitor: Any
) -> None:
    """Hosted in Serbia: its hotline's endpoint has the referral, and we have its number for it."""
    location = demo.address(FORWARDED)
    [message] = demo.wait(
        lambda: demo.messages("partner hotline (RS)", location)
    )
    document = json.loads(message["text"])
    assert message["attachments"] == []
    assert document["reference"] in message["subject"]
    assert location in json.dumps(document)
    assert not {"narrative", "reporter", "reporter_role", "receipt"} & keys_of(
        document
    )
    one = visitor()
    page: Page = one.page
    page.goto(f"{demo.url}/console/?lang=en")
    page.fill("#username", "arta")
    page.fill("#password", demo.password("arta"))
    follow(page, page.get_by_role("button", name="Sign in"))
    page.goto(
        f"{demo.url}/console/queue?tab=in_progress&host={FORWARDED.site}"
    )
    follow(page, page.locator("tbody a[data-row]").first)
    referrals = page.inner_text("section[aria-labelledby=referrals]")
    assert re.search(r"RS-SANDBOX-\d{4}", referrals), referrals
    assert "accepted by the other side" in referrals
    one.look("forwarded case")


def keys_of(value: Any) -> set[str]:
    """Every name used anywhere in a document."""
    if isinstance(value, dict):
        return set(value).union(*(keys_of(one) for one in value.values()))
    return (
        set().union(*(keys_of(one) for one in value))
        if isinstance(value, list)
        else set()
    )
