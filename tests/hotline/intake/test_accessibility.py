"""axe-core in a real browser: every public page and language, narrow and wide, light and dark."""

import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from hotline.accounts import service as accounts
from hotline.accounts.signing_in import auth, sessions
from hotline.core.act import Act
from hotline.core.context import Context, build_context, utc_now
from hotline.core.settings import Settings
from hotline.core.storage.database import Base
from hotline.intake import service
from tests.support.browsing import follow
from workers.app import create_app
from workers.migrations.tables import metadata

CHROMIUM = next(
    (
        p
        for p in ("/usr/bin/chromium", "/usr/bin/chromium-browser")
        if Path(p).exists()
    ),
    None,
)
PAGES = (
    "/",
    "/help",
    "/about",
    "/status",
    "/report/all",
    "/report/kept",
    "/api/v1/docs",
    "/nowhere",
    "/report/discard",  # a page that is not here, and one that is only written to
)
LANGUAGES = (
    ("AL", "sq"),
    ("AL", "en"),
    ("RS", "sr-Latn"),
    ("RS", "sr-Cyrl"),
    ("MK", "mk"),
)
LOOKS: tuple[tuple[int, Any], ...] = (
    (320, "light"),
    (320, "dark"),
    (1280, "light"),
    (1280, "dark"),
)
RULES = [
    "wcag2a",
    "wcag2aa",
    "wcag21a",
    "wcag21aa",
    "wcag22aa",
    "best-practice",
]
NEXT = "main form >> nth=0 >> button >> nth=0"
pytestmark = pytest.mark.browser


@contextmanager
def serving(directory: Path, country: str) -> Iterator[tuple[str, Context]]:
    context = build_context(
        Settings(data_dir=directory, audiences=("public",), country=country)
    )
    Base.metadata.create_all(context.database.engine)
    with listening(context) as base:
        yield base, context


@contextmanager
def listening(context: Context) -> Iterator[str]:
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
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        yield chromium
        chromium.close()


def walk(
    page: Page, base: str, context: Context, language: str
) -> Iterator[str]:
    """Every public page there is, one after the other; yields what it is."""
    for path in PAGES:
        page.goto(f"{base}{path}?lang={language}")
        yield path
    page.goto(f"{base}/report/all")
    page.fill("#contact", "x" * 301)
    follow(page, "main form >> nth=0 >> button")
    yield "a fault on the one page"
    page.fill("#contact", "")
    page.check("[value=child_friend]")
    page.check("[name=danger_now][value=yes]")
    page.fill("#narrative", "x")
    follow(page, "main form >> nth=0 >> button")
    assert page.locator("main .lines [href^='tel:']").count()
    assert page.locator(".emergency.shown").count()
    yield "help first, on the one page"
    page.context.clear_cookies()
    page.goto(f"{base}/report/where?lang={language}")
    page.context.clear_cookies()
    page.fill("#locations", "https://a.example/1")
    follow(page, NEXT)
    assert page.input_value("#locations") == "https://a.example/1"
    assert (
        page.get_attribute("html", "lang") == language
        and page.locator("#narrative").count()
    )
    yield "the one page, where no cookie came back"
    yield from short_way(page, base)
    yield from helping_way(page, base)
    receipt = yield from long_way(page, base)
    page.goto(f"{base}/status")
    page.fill("#receipt", "0000")
    follow(page, "main .button")
    yield "a wrong code"
    with context.database.writing() as session:
        report = service.find_by_receipt(session, context, receipt)
        assert report is not None
        service.ask_reporter(
            Act(session, context, "t", utc_now()), report, "Which one?"
        )
    page.fill("#receipt", receipt)
    follow(page, "main .button")
    assert (
        "Which one?" in page.inner_text("main")
        and page.locator(".note").count() == 3
    )
    yield "the status, held, with a question"
    page.fill("#text", " ")
    follow(page, "main form .button")
    yield "an empty answer"
    page.fill("#text", "more words")
    follow(page, "main form .button")
    assert "more words" in page.inner_text("main")
    yield "the status, answered"


def short_way(page: Page, base: str) -> Iterator[str]:
    """A child's, to the last page."""
    page.goto(f"{base}/help")
    follow(page, "main [value=child]")
    yield f"{page.url}, a child"
    page.check("[value=no]")
    follow(page, NEXT)
    while not page.url.endswith("/check"):
        yield f"{page.url}, a child"
        follow(page, NEXT)
    yield f"{page.url}, a child"
    follow(page, "main form:last-of-type button")


def helping_way(page: Page, base: str) -> Iterator[str]:
    """A parent's, with every question that the kind brings, and a contact."""
    page.goto(f"{base}/report/where")
    page.fill("#locations", "https://a.example/1\n+355 69 212 3456")
    chosen = (
        "[value=sexual_extortion]",
        "[value=parent]",
        "[name=danger_now][value=no]",
        "[name=asked_for][value=money]",
    )
    while not page.url.endswith("/check"):
        for answer in chosen:
            if page.locator(answer).count():
                page.check(answer)
        if page.locator("#contact").count():
            page.fill("#contact", "after school")
        yield f"{page.url}, a parent"
        follow(page, NEXT)
    for name in ("#understood", "[href*=pass_on]", "[href*=payment]"):
        assert page.locator(name).count()
    yield f"{page.url}, a parent"
    follow(page, "main form:last-of-type button")


def long_way(page: Page, base: str) -> Generator[str, None, str]:
    """Of a child about a friend who is in danger, in a flood; returns the receipt."""
    page.goto(f"{base}/report/where")
    page.fill("#locations", "x" * 4001)
    follow(page, NEXT)
    yield "a fault"
    page.fill("#locations", "https://a.example/1")
    answers = (
        None,
        "[value=p2p]",
        "[name=seen_zone][value=unknown]",
        "[value=child_friend]",
        None,
        "[value=yes]",
        None,
        None,
    )
    for answer in (*answers, None):
        if answer:
            page.check(answer)
        follow(page, NEXT)
        yield page.url
    assert page.url.endswith("/check")
    page.eval_on_selector("[name=website]", "field => { field.value = 'x' }")
    follow(page, NEXT)
    yield "the receipt, held, in danger"
    return page.inner_text("#receipt")


def faults_of(page: Page, name: str) -> list[str]:
    """What axe-core finds, and what sticks out, in each look."""
    page.evaluate(Axe().axe_script)
    options = {"runOnly": RULES, "resultTypes": ["violations"]}
    faults = []
    for width, scheme in LOOKS:
        page.set_viewport_size({"width": width, "height": 720})
        page.emulate_media(color_scheme=scheme)
        for fault in page.evaluate("options => axe.run(options)", options)[
            "violations"
        ]:
            for node in fault["nodes"]:
                faults.append(
                    f"{name}, {width} {scheme}: {fault['id']}: {node['html'][:160]}"
                )
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            faults.append(f"{name}, {width}: wider than the screen")
    return faults


@pytest.mark.parametrize(("country", "language"), LANGUAGES)
def test_every_page(
    browser: Browser, tmp_path: Path, country: str, language: str
) -> None:
    """In each language, narrow and wide, light and dark."""
    look = browser.new_context(bypass_csp=True)
    page = look.new_page()
    with serving(tmp_path, country) as (base, context):
        faults, seen = [], []
        for name in walk(page, base, context, language):
            assert page.get_attribute("html", "lang") == language, name
            seen.append(name)
            faults += faults_of(page, name)
        look.close()
    assert len(seen) > 25
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("language", ["sq", "en"])
def test_the_form_for_callers(
    browser: Browser, tmp_path: Path, language: str
) -> None:
    context = build_context(
        Settings(data_dir=tmp_path, audiences=("console",), country="AL")
    )
    metadata.create_all(context.database.engine)
    with context.database.writing() as session:
        operator = accounts.add_person(
            Act(session, context, actor="test", now=utc_now()),
            username="operator",
            display_name="Operator",
            role="operator",
            password="seven grey herons wait",
        )
        token = sessions.open_session(session, operator, utc_now())
    look = browser.new_context(bypass_csp=True)
    page = look.new_page()
    with listening(context) as base:
        look.add_cookies(
            [{"name": auth.COOKIE, "value": token, "url": f"{base}/console"}]
        )
        page.goto(f"{base}/console/report?lang={language}")
        faults = faults_of(page, "empty")
        follow(page, "main form .primary")
        assert page.locator("#locations-error").count() == 1
        faults += faults_of(page, "with a fault")
        page.fill("#narrative", "words")
        follow(page, "main form .primary")
        page.wait_for_selector("#receipt")
        faults += faults_of(page, "the receipt")
        look.close()
    assert not faults, "\n".join(faults)


class Keys:
    """Somebody who has a keyboard only; the focus is always to be seen."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def tab_to(self, selector: str) -> None:
        for _ in range(80):
            self.page.keyboard.press("Tab")
            if self.page.evaluate(
                "s => document.activeElement.matches(s)", selector
            ):
                box = self.page.locator(":focus").bounding_box()
                bar = self.page.locator(".bar").bounding_box()
                assert (
                    box and bar and box["y"] + box["height"] > bar["height"]
                ), selector
                assert self.page.evaluate(
                    "getComputedStyle(document.activeElement).outlineStyle != 'none'"
                )
                return
        raise AssertionError(f"no way to {selector}")

    def press(self, selector: str, key: str = "Enter") -> None:
        self.tab_to(selector)
        with self.page.expect_navigation():
            self.page.keyboard.press(key)

    def press_until(self, wanted: str, selector: str) -> None:
        """Go on from page to page, until ``wanted`` is on one."""
        for _ in range(30):
            if self.page.locator(wanted).count():
                return
            self.press(selector)
        raise AssertionError(f"no page with {wanted}")


def test_the_keyboard_alone_is_enough(
    browser: Browser, tmp_path: Path
) -> None:
    """From the start page to the receipt and back with the code, by Tab, Space and Enter."""
    look = browser.new_context(viewport={"width": 320, "height": 600})
    page = look.new_page()
    keys = Keys(page)
    with serving(tmp_path, "AL") as (base, _):
        page.goto(base)
        keys.press("main a[href='/report']")
        keys.tab_to("#locations")
        page.keyboard.type("https://a.example/1")
        answers = {
            "what": "kind",
            "who": "reporter_role",
            "danger": "danger_now",
        }
        while (name := page.url.rsplit("/", 1)[1]) != "check":
            if name in answers:
                keys.tab_to(f"[name={answers[name]}]")
                page.keyboard.press("Space")
            if name == "more":
                keys.tab_to("#narrative")
                page.keyboard.type("words")
            keys.press("main form button.button:not(.plain)")
        keys.press("dl a[href='/report/contact']")
        keys.tab_to("#contact")
        page.keyboard.type("me@mail.test")
        keys.press_until("#receipt", "main form button.button:not(.plain)")
        receipt = page.inner_text("#receipt")
        keys.press("main a[href='/report/kept']")
        keys.press("main a[href='/status']")
        keys.tab_to("#receipt")
        page.keyboard.type(receipt)
        keys.press("main form button")
        keys.tab_to("#text")
        page.keyboard.type("more words")
        keys.press("main form button")
        assert "more words" in page.inner_text("main")
        look.close()


def test_a_child_s_way_by_the_keyboard(
    browser: Browser, tmp_path: Path
) -> None:
    look = browser.new_context(viewport={"width": 320, "height": 600})
    page = look.new_page()
    keys = Keys(page)
    with serving(tmp_path, "AL") as (base, _):
        page.goto(base)
        keys.press("main a[href='/help']")
        keys.tab_to("main a[href='tel:116111']")
        keys.press("main [value=child]")
        keys.tab_to("[value=yes]")
        page.keyboard.press("Space")
        assert page.locator(".emergency").is_visible()
        keys.press("main form button.button")
        keys.tab_to(".emergency a[href='tel:112']")
        keys.press("main form button.button")
        keys.press("button.plain")  # no link
        keys.press_until("#narrative", "main form button.button:not(.plain)")
        keys.tab_to("#narrative")
        page.keyboard.type("words")
        keys.press_until("#receipt", "main form button.button:not(.plain)")
        assert page.inner_text("#receipt")
        keys.press("main a[href='/report/kept']")
        look.close()


def test_leaving_quickly_from_everywhere(
    browser: Browser, tmp_path: Path
) -> None:
    look = browser.new_context()
    page = look.new_page()
    page.route(
        "https://www.wikipedia.org/**",
        lambda route: route.fulfill(body="elsewhere"),
    )
    questions = [
        f"/report/{name}"
        for name in ("where", "what", "who", "danger", "more")
    ]
    with serving(tmp_path, "AL") as (base, _):
        for path in (*PAGES, *questions):
            page.goto(base + path)
            field = page.locator(
                "main textarea, main input[name=receipt]"
            ).first
            if field.count():
                field.focus()  # also in the middle of writing
                page.keyboard.type("ABC")
                assert page.url.startswith(base)
            begun = 0.0
            while (
                time.monotonic() - begun > 1.4
            ):  # a machine that stalls is no hasty person
                begun = time.monotonic()
                for _ in range(3):
                    page.keyboard.press("Shift")
            page.wait_for_url("https://www.wikipedia.org/")
            page.go_back()  # the page was replaced in the history: this leads before it
            assert not page.url.endswith(path) or path == "/"
            page.goto(base + path)
            page.click("#exit")
            page.wait_for_url("https://www.wikipedia.org/")
        look.close()
