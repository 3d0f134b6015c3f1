"""Whoever works by keyboard needs nothing else, on any layout, and sees what others do."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, sync_playwright
from sqlalchemy import func, select
from werkzeug.serving import make_server

from hotline.accounts import service
from hotline.accounts.signing_in import auth, sessions
from hotline.core.context import Context
from tests.support.clock import Clock
from triage.cases.bulk.models import BulkAct
from triage.cases.models import Assessment, Case

pytestmark = pytest.mark.browser
CHROMIUM = next(
    (
        path
        for path in ("/usr/bin/chromium", "/usr/bin/chromium-browser")
        if Path(path).exists()
    ),
    None,
)
Make = Callable[..., str]
EXPECTED = ("status of 304", "status of 409", "status of 429")
"""Answers that a browser notes as errors, and that are right where they come."""
LIMIT = 15_000
"""Milliseconds: the machine of a test may be busy."""


@pytest.fixture
def base(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(base: str, context: Context, clock: Clock) -> Iterator[Page]:
    """An analyst's browser. Whatever its console complains about fails the test."""
    with context.database.writing() as session:
        person = service.find_person(session, "analyst")
        token = sessions.open_session(session, person, clock.now)
    faults: list[str] = []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        opened = chromium.new_context(viewport={"width": 1366, "height": 768})
        cookies: list[Any] = [
            {"name": auth.COOKIE, "value": token, "url": f"{base}/console"},
            {"name": "lang", "value": "en", "url": base},
        ]
        opened.add_cookies(cookies)
        opened.set_default_timeout(LIMIT)
        made = opened.new_page()
        made.on(
            "console",
            lambda message: (
                faults.append(message.text)
                if message.type == "error"
                and not any(code in message.text for code in EXPECTED)
                else None
            ),
        )
        made.on("pageerror", lambda error: faults.append(str(error)))
        yield made
        chromium.close()
    assert not faults


def press(page: Page, *codes: str) -> None:
    for code in codes:
        page.keyboard.press(code)


def go(page: Page, code: str) -> None:
    """Press a key that leads to another page."""
    with page.expect_navigation():
        page.keyboard.press(code)


def shown(page: Page) -> str:
    return page.inner_text("h1")


@pytest.mark.timeout(180)
def test_ten_cases_with_the_keyboard_alone(
    page: Page, base: str, make_case: Make, context: Context
) -> None:
    """Take the next, answer by digits, store: no mouse, no tabulator."""
    cases = [make_case(priority=points) for points in range(10)]
    page.goto(f"{base}/console/queue")
    done = []
    for _ in cases:
        go(page, "KeyN")
        done.append(shown(page))
        # class, kind, age and gender; then the rest as it is
        press(page, "Digit2", "Digit1", "Digit3", "Digit1")
        page.evaluate("document.activeElement.blur()")
        go(page, "KeyS")
        assert "Your assessment is stored" in page.inner_text("main")
    assert done == list(reversed(cases))
    with context.database.reading() as session:
        states = session.execute(
            select(Case.state, func.count()).group_by(Case.state)
        ).all()
        answers = session.scalars(select(Assessment.answers)).all()
    assert [tuple(row) for row in states] == [("second_assessment", 10)]
    assert {one["class"] for one in answers} == {"national"}
    assert {one["age"] for one in answers} == {"pubescent"}


def test_rows_are_walked_chosen_and_tagged_by_keys(
    page: Page, base: str, make_case: Make
) -> None:
    first, second, _ = (make_case(priority=9 - turn) for turn in range(3))
    page.goto(f"{base}/console/queue")
    press(page, "KeyJ", "KeyX", "KeyJ", "KeyX", "KeyJ", "KeyK")
    ticked = page.locator("input[name=case]:checked")
    assert [ticked.nth(at).input_value() for at in range(2)] == [first, second]
    go(page, "KeyT")
    assert "2 cases" in shown(page)
    page.fill("#tag", "by-keys")
    page.fill("#reason", "Tried.")
    go(page, "Enter")
    go(page, "KeyY")
    assert "It begins at" in page.inner_text("main")
    go(page, "KeyU")
    assert "Taken back" in page.inner_text("main")


def test_what_has_begun_offers_no_way_back(
    page: Page, base: str, make_case: Make, context: Context
) -> None:
    """The page knows it without a reload, so that nobody is sent to a refusal."""
    make_case()
    page.goto(f"{base}/console/queue")
    press(page, "KeyJ", "KeyX")
    go(page, "KeyT")
    page.fill("#tag", "x")
    page.fill("#reason", "Tried.")
    go(page, "Enter")
    go(page, "KeyY")
    button = page.get_by_role("button", name="Take it back")
    assert button.is_visible()
    with context.database.writing() as session:
        session.scalars(select(BulkAct)).one().state = "running"
    page.wait_for_selector("[data-bulk=running]")
    assert not button.is_visible()


def test_25_cases_are_seen_at_once_on_a_small_screen(
    page: Page, base: str, make_case: Make
) -> None:
    for _ in range(30):
        make_case()
    page.set_viewport_size({"width": 1366, "height": 768})
    page.goto(f"{base}/console/queue")
    whole = page.evaluate(
        """() => [...document.querySelectorAll("table.queue tbody tr")]
        .filter(row => row.getBoundingClientRect().bottom <= innerHeight).length"""
    )
    assert whole >= 25


def test_where_acts_lie_below_all_else_a_link_leads_there(
    page: Page, base: str, make_case: Make
) -> None:
    reference = make_case()
    page.goto(f"{base}/console/cases/{reference}")
    link, button = page.locator("a.to-do"), page.locator("[data-code=KeyC]")
    assert not link.is_visible(), "they are beside it"
    page.set_viewport_size({"width": 360, "height": 640})
    below = button.bounding_box()
    assert below and below["y"] > 640
    link.click()
    there = button.bounding_box()
    assert there and 0 <= there["y"] < 640


def test_the_key_is_a_place_not_a_letter(
    page: Page, base: str, make_case: Make
) -> None:
    """On a Cyrillic layout the key beside M gives another letter and does the same."""
    reference = make_case()
    page.goto(f"{base}/console/queue")
    with page.expect_navigation():
        page.evaluate(
            """() => document.body.dispatchEvent(new KeyboardEvent("keydown",
            {code: "KeyN", key: "н", bubbles: true, cancelable: true}))"""
        )
    assert shown(page) == reference


def test_the_list_of_keys_and_a_letter_on_everything(
    page: Page, base: str, make_case: Make
) -> None:
    reference = make_case()
    page.goto(f"{base}/console/cases/{reference}")
    press(page, "Shift+Slash")
    listed = page.inner_text("#keys")
    assert "Take this case" in listed and "Hand" not in listed
    press(page, "Escape")
    assert not page.locator("#keys").is_visible()
    press(page, "KeyE")
    assert page.locator(".key-hint").count() > 10
    press(page, "Escape")
    assert page.locator(".key-hint").count() == 0


def test_nothing_happens_while_somebody_writes(
    page: Page, base: str, make_case: Make
) -> None:
    make_case()
    page.goto(f"{base}/console/queue")
    press(page, "KeyF")
    page.keyboard.type("next.example")
    assert page.input_value("#f-host") == "next.example"
    assert page.url.endswith("/console/queue")


def test_a_key_that_opens_a_part_leads_into_its_first_field(
    page: Page, base: str, make_case: Make
) -> None:
    reference = make_case()
    page.goto(f"{base}/console/cases/{reference}")
    go(page, "KeyC")
    for code, field in (
        ("KeyV", "#note-words"),
        ("KeyH", "[name=words] >> visible=true"),
    ):
        page.evaluate("document.activeElement.blur()")
        press(page, code)
        page.keyboard.type("written at once")
        assert "written at once" in {
            page.locator(field).nth(at).input_value()
            for at in range(page.locator(field).count())
        }, code


def test_anything_is_found_over_any_page(
    page: Page, base: str, make_case: Make
) -> None:
    reference = make_case(url="http://found.example/1.html")
    page.goto(f"{base}/console/keys")
    press(page, "Control+KeyK")
    page.keyboard.type("found[.]example")
    press(page, "Enter")
    page.wait_for_selector(f"#palette a:text-is('{reference}')")
    go(page, "Enter")
    assert shown(page) == reference


def test_new_danger_shows_without_a_reload(
    page: Page, base: str, make_case: Make
) -> None:
    calm = make_case(priority=10)
    page.goto(f"{base}/console/queue")
    page.focus("a[data-row]")
    urgent = make_case(priority=900, danger_now=True)
    page.wait_for_selector(f"a[data-row]:text-is('{urgent}')", timeout=30_000)
    assert "A child is in danger" in page.inner_text("#queue-says")
    assert page.evaluate("document.activeElement.textContent") == calm


def test_what_comes_while_one_looks_leaves_everybody_where_they_are(
    page: Page, base: str, make_case: Make
) -> None:
    """At a box or a tab as at a row: a mouse or the tabulator puts people there, too."""
    held = "document.activeElement.value || document.activeElement.textContent"
    chosen = make_case()
    page.goto(f"{base}/console/queue")
    for at, selector in enumerate(
        (f"input[value='{chosen}']", "ul.tabs li:nth-child(2) a")
    ):
        page.focus(selector)
        before = page.evaluate(held)
        newer = make_case(priority=20 + at)
        page.wait_for_selector(f"a[data-row]:text-is('{newer}')")
        assert page.evaluate(held) == before, selector


def test_a_table_that_was_moved_sideways_stays_so(
    page: Page, base: str, make_case: Make
) -> None:
    make_case()
    page.set_viewport_size({"width": 360, "height": 640})
    page.goto(f"{base}/console/queue")
    for part in (".tabs", ".scroll"):
        page.evaluate(f"document.querySelector('{part}').scrollLeft = 120")
    newer = make_case(priority=20)
    page.wait_for_selector(f"a[data-row]:text-is('{newer}')")
    for part in (".tabs", ".scroll"):
        moved = page.evaluate(f"document.querySelector('{part}').scrollLeft")
        assert moved == 120, part


def test_the_place_of_a_row_that_is_gone_is_kept(
    page: Page, base: str, make_case: Make, context: Context
) -> None:
    first, second, third = (make_case(priority=9 - at) for at in range(3))
    page.goto(f"{base}/console/queue")
    press(page, "KeyJ", "KeyJ")
    with context.database.writing() as session:
        case = session.scalars(
            select(Case).where(Case.reference == second)
        ).one()
        case.state = "second_assessment"
    page.wait_for_selector(
        f"a[data-row]:text-is('{second}')", state="detached"
    )
    assert page.evaluate("document.activeElement.textContent") == third
    press(page, "KeyK")
    assert page.evaluate("document.activeElement.textContent") == first


def test_the_key_of_a_box_ticks_it(
    page: Page, base: str, make_case: Make
) -> None:
    for _ in range(2):
        make_case()
    page.goto(f"{base}/console/queue")
    press(page, "Shift+KeyA")
    assert page.is_checked("[name=all]")
    press(page, "Shift+KeyA")
    assert not page.is_checked("[name=all]")
    press(page, "Shift+KeyA")
    go(page, "KeyT")
    assert "2 cases" in shown(page)


def test_keys_are_taken_as_they_are_pressed(page: Page, base: str) -> None:
    page.goto(f"{base}/console/keys")
    page.focus("#k-next")
    press(page, "Shift+KeyB")
    assert page.input_value("#k-next") == "Shift+KeyB"
    page.locator("main button.primary").focus()
    go(page, "Enter")
    assert "Your keys are stored" in page.inner_text("main")


COUNT_LYING = """() => {
  const canvas = document.querySelector("canvas");
  const pen = canvas.getContext("2d");
  const wanted = getComputedStyle(canvas).getPropertyValue("--line").trim();
  const hex = (part) => part.toString(16).padStart(2, "0");
  let count = 0;
  for (let x = 12; x < 240; x += 24)
    for (let y = 12; y < 384; y += 24) {
      const [red, green, blue] = pen.getImageData(x, y, 1, 1).data;
      count += "#" + hex(red) + hex(green) + hex(blue) === wanted;
    }
  return count;
}"""


@pytest.mark.timeout(180)
def test_the_game_of_the_break_sends_and_stores_nothing(
    page: Page, base: str
) -> None:
    """It is played by keys or buttons, holds still until then, and never ends."""
    page.goto(f"{base}/console/queue")
    page.click("text=Take a break")
    page.wait_for_selector("canvas:visible")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))

    def field() -> str:
        drawn = "document.querySelector('canvas').toDataURL()"
        return str(page.evaluate(drawn))

    def lying() -> int:
        """How many places hold the colour of what lies."""
        return int(page.evaluate(COUNT_LYING))

    at_first = field()
    page.wait_for_timeout(1_200)
    assert field() == at_first
    page.focus("canvas")
    press(page, "ArrowLeft")
    assert field() != at_first
    hold = page.locator("[data-move=pause]")
    assert hold.get_attribute("aria-pressed") == "false"
    before = field()
    page.wait_for_timeout(2_000)
    assert field() != before
    press(page, "Space")
    assert hold.get_attribute("aria-pressed") == "true"
    before = field()
    page.click("[data-move=sink]")
    assert field() != before
    page.focus("canvas")
    press(page, *["ArrowUp", "ArrowDown"] * 300)
    assert lying() > 20
    before = field()
    page.click("[data-move=sink]")
    assert field() != before
    assert sent == []
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
