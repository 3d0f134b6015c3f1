"""The proof of work as a visitor's browser finds it: unasked, unseen, and never in the way."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from apiflask import APIFlask
from playwright.sync_api import Page, sync_playwright
from sqlalchemy import select
from werkzeug.serving import make_server

from hotline.core.context import Context
from hotline.intake.flood import guard
from hotline.intake.flood.limits import Counters, Limits
from hotline.intake.models import Report
from tests.support.browsing import follow

pytestmark = pytest.mark.browser
CHROMIUM = next(
    (
        p
        for p in ("/usr/bin/chromium", "/usr/bin/chromium-browser")
        if Path(p).exists()
    ),
    None,
)
SOLVED = "document.querySelector('[name=proof]').value !== ''"
NEXT = "main form >> nth=0 >> button >> nth=0"


@pytest.fixture
def base(app: APIFlask) -> Iterator[str]:
    """A flood: every report without a proof is held."""
    limits = Limits(600, 0, 0, 0, 0, 0, 1000, 100)
    app.extensions["hotline.intake.flood.guard"] = guard.Guard(
        limits, Counters(600)
    )
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        yield chromium.new_page()
        chromium.close()


def held(context: Context) -> list[bool]:
    with context.database.reading() as session:
        return list(
            session.scalars(select(Report.held_for_review).order_by(Report.id))
        )


def wait_for_proof(page: Page) -> None:
    for _ in range(400):
        if page.evaluate(SOLVED):
            return
        page.wait_for_timeout(50)
    raise AssertionError("no proof was found")


def test_it_is_found_while_somebody_writes_and_goes_with_the_report(
    page: Page, base: str, context: Context
) -> None:
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text))
    page.goto(f"{base}/report/where?lang=en")
    seen = page.inner_text("body")
    wait_for_proof(page)
    assert page.inner_text("body") == seen  # nothing to see, nothing to click
    page.fill("#locations", "https://a.example/1")
    while not page.url.endswith("/check"):
        follow(page, NEXT)
    follow(page, NEXT)
    assert page.locator(
        "#receipt"
    ).count() == 1 and "Very many" not in page.inner_text("main")
    assert held(context) == [False] and not faults


def test_nobody_waits_for_it_and_nothing_is_lost_without_it(
    page: Page, base: str, context: Context
) -> None:
    page.route("**/api/v1/challenge", lambda route: route.abort())
    page.goto(f"{base}/report/all?lang=en")
    page.fill("#narrative", "sent at once")
    follow(page, "main form button.button")
    assert "Very many" in page.inner_text("main")
    assert held(context) == [True]
