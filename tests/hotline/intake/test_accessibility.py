"""axe-core in a real browser: every public page and language, narrow and wide, light and dark."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from hotline.app import create_app
from hotline.core.context import build_context
from hotline.core.database import Base
from hotline.core.settings import Settings

CHROMIUM = next(
    (p for p in ("/usr/bin/chromium", "/usr/bin/chromium-browser") if Path(p).exists()), None
)
PAGES = ("/", "/help", "/about", "/status", "/report/all", "/report/kept", "/api/v1/docs")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Each language once; each width with each scheme. Contrast does not depend on the language, nor
# the layout on the scheme.
LOOKS = (
    ("AL", "sq", 320, "light"),
    ("AL", "en", 1280, "dark"),
    ("RS", "sr-Latn", 320, "dark"),
    ("RS", "sr-Cyrl", 1280, "light"),
    ("MK", "mk", 320, "dark"),
)
pytestmark = pytest.mark.browser


@contextmanager
def serving(directory: Path, country: str) -> Iterator[str]:
    context = build_context(Settings(data_dir=directory, audiences=("public",), country=country))
    Base.metadata.create_all(context.database.engine)
    server = make_server("127.0.0.1", 0, create_app(context), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        context.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


def walk(page: Page, base: str, language: str) -> Iterator[str]:
    """Every page there is, one after the other; yields what it is."""
    for path in PAGES:
        page.goto(f"{base}{path}?lang={language}")
        yield path
    page.goto(f"{base}/report/where")
    page.fill("textarea", "x" * 4001)
    page.click("main .button")
    yield "a fault"
    page.fill("textarea", "https://a.example/1")
    for answer in (None, "[value=csam_image]", "[value=child_self]", None, "[value=yes]", None):
        if answer:
            page.check(answer)
        page.click("main form >> nth=0 >> button")
        yield page.url
    page.fill("textarea", "words")
    page.click("main form >> nth=0 >> button")
    yield page.url
    page.click("main form >> nth=0 >> button")
    yield page.url
    page.click("main form >> nth=0 >> button")
    receipt = page.inner_text("#receipt")
    yield "the receipt"
    page.goto(f"{base}/status")
    page.fill("#receipt", receipt)
    page.click("main .button")
    page.fill("#text", "more words")
    page.click("main .button")
    assert "more words" in page.inner_text("main")
    yield "the status"


def faults_of(page: Page, name: str) -> list[str]:
    options = {"runOnly": RULES, "resultTypes": ["violations"]}
    faults = [
        f"{name}: {fault['id']}: {node['html'][:160]}"
        for fault in Axe().run(page, options=options).response["violations"]
        for node in fault["nodes"]
    ]
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        faults.append(f"{name}: wider than the screen")
    return faults


@pytest.mark.parametrize(("country", "language", "width", "scheme"), LOOKS)
def test_every_page(
    browser: Browser, tmp_path: Path, country: str, language: str, width: int, scheme: Any
) -> None:
    look = browser.new_context(
        viewport={"width": width, "height": 720}, color_scheme=scheme, bypass_csp=True
    )
    page = look.new_page()
    with serving(tmp_path, country) as base:
        faults = [fault for name in walk(page, base, language) for fault in faults_of(page, name)]
        look.close()
    assert not faults, "\n".join(faults)


def test_the_keyboard_alone_is_enough(browser: Browser, tmp_path: Path) -> None:
    """From the start page to the receipt with Tab, Space, Enter; the focus is always to be seen."""
    look = browser.new_context(viewport={"width": 320, "height": 600})
    page = look.new_page()

    def tab_to(selector: str) -> None:
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("s => document.activeElement.matches(s)", selector):
                box = page.locator(":focus").bounding_box()
                bar = page.locator(".bar").bounding_box()
                assert box and bar and box["y"] + box["height"] > bar["height"], selector
                return
        raise AssertionError(f"no way to {selector}")

    with serving(tmp_path, "AL") as base:
        page.goto(f"{base}/report/where")
        tab_to("#locations")
        page.keyboard.type("https://a.example/1")
        for choice in ("", "[name=kind]", "[name=reporter_role]", "", "[name=danger_now]", "", ""):
            if choice:
                tab_to(choice)
                page.keyboard.press("Space")
            tab_to("main form button.button")
            with page.expect_navigation():
                page.keyboard.press("Enter")
        tab_to("main form button.button")
        page.keyboard.press("Enter")
        page.wait_for_selector("#receipt")
        look.close()


def test_leaving_quickly(browser: Browser, tmp_path: Path) -> None:
    look = browser.new_context()
    page = look.new_page()
    page.route("https://www.wikipedia.org/**", lambda route: route.fulfill(body="elsewhere"))
    with serving(tmp_path, "AL") as base:
        page.goto(f"{base}/help")
        for _ in range(3):
            page.keyboard.press("Shift")
        page.wait_for_url("https://www.wikipedia.org/")
        page.go_back()  # the page was replaced in the history: this leads before it
        assert "/help" not in page.url
        look.close()
