"""The running demo, and people at browsers of their own who look at everything they come by."""

from __future__ import annotations

import io
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from workers.demo import world

# Read when the file is loaded: no test sees the settings of the shell.
SCREENSHOTS = os.environ.get("SCREENSHOTS", "")
SHOWN_PORT = 8000  # pictures for the README show the addresses that it names
OTHER_LANGUAGES = ("sq", "sr-Latn", "sr-Cyrl", "mk")
"""Of the console, beside English."""
WAIT_SECONDS = 120.0
WIDE = {"width": 1366, "height": 768}
NARROW = {"width": 320, "height": 640}
RULES = [
    "wcag2a",
    "wcag2aa",
    "wcag21a",
    "wcag21aa",
    "wcag22aa",
    "best-practice",
]
TO_THE_TOP = """it => {
  document.querySelector(".knowing, main").style.paddingBottom = "100vh"
  scrollTo(0, scrollY + it.getBoundingClientRect().top - 16)
}"""
SIDEWAYS = """() => {
  const folded = [...document.querySelectorAll(".case details:not([open])")]
  for (const part of folded) part.open = true
  const wide = [...document.querySelectorAll(".case *")].filter((it) =>
    it.scrollWidth > it.clientWidth + 1
      && ["auto", "scroll"].includes(getComputedStyle(it).overflowX))
  const end = (it) => it.getBoundingClientRect().right
  const names = wide.map((it) => {
    const widest = [...it.querySelectorAll("tbody *")].sort((a, b) => end(b) - end(a))[0]
    return `${it.scrollWidth} > ${it.clientWidth}: ${(widest || it).outerHTML.slice(0, 120)}`
  })
  for (const part of folded) part.open = false
  return names
}"""
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
)


class Demo:
    """One ``hotline demo`` with everything that belongs to it, on a data directory of its own."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "service.log"
        self.port = SHOWN_PORT if SCREENSHOTS else free_ports()
        self.url = f"http://127.0.0.1:{self.port}"
        self.sandbox = (
            f"http://127.0.0.1:{self.port + world.INBOX_PORT_OFFSET}"
        )
        self.begun = time.monotonic()
        kept = {
            k: v for k, v in os.environ.items() if not k.startswith("HOTLINE_")
        }
        (folder / "tmp").mkdir()
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "workers", "demo"],
                cwd=folder,
                stdout=log,
                stderr=log,
                env={
                    **kept,
                    "HOTLINE_DATA_DIR": str(folder),
                    "HOTLINE_PORT": str(self.port),
                    "TMPDIR": str(folder / "tmp"),
                    "COLUMNS": "200",
                },
            )
        self.wait(lambda: "Stop with Ctrl-C" in self.said())

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def password(self, username: str) -> str:
        found = re.search(
            rf"Demo sign-in\s+{username}\s+password: (\S+)", self.said()
        )
        assert found, self.said()
        return found[1]

    def address(self, page: world.Page) -> str:
        """Where a page of the sandbox's web host is."""
        return world.page_url(page, self.port + world.ISP_PORT_OFFSET)

    def messages(self, to: str, words: str = "") -> list[dict[str, Any]]:
        """What the sandbox's inboxes took for ``to`` that speaks of ``words``, oldest first."""
        found = httpx.get(
            f"{self.sandbox}/messages.json", timeout=30, trust_env=False
        ).json()
        return [
            one for one in found if to in one["to"] and words in one["text"]
        ]

    def wait(self, condition: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            found = condition()
            if found:
                return found
            time.sleep(0.2)
        raise AssertionError(
            f"Waited in vain; the service said:\n{self.said()[-3000:]}"
        )

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(60)


def free_ports(count: int = 4) -> int:
    """The first of ``count`` free ports in a row."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            first = int(probe.getsockname()[1])
        try:
            for port in range(first, first + count):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            continue
        return first


class Visitor:
    """One person's browser. ``faults`` grows by whatever is wrong with what it comes by."""

    def __init__(
        self, browser: Browser, faults: list[str], scripts: bool = True
    ) -> None:
        self.faults = faults
        self.context = browser.new_context(
            viewport=WIDE, java_script_enabled=scripts, color_scheme="light"
        )
        self.context.set_default_timeout(30_000)
        self.context.on("console", self._console)
        self.context.on(
            "weberror", lambda error: faults.append(f"script: {error.error}")
        )
        self.context.on("request", self._request)
        self.page: Page = self.context.new_page()

    def _console(self, message: Any) -> None:
        faulty_form = (
            "status of 422" in message.text
        )  # the right answer to one
        if message.type in ("error", "warning") and not faulty_form:
            self.faults.append(
                f"console of {message.page.url}: {message.text}"
            )

    def _request(self, request: Any) -> None:
        address = urlsplit(request.url)
        if address.scheme != "data" and address.hostname != "127.0.0.1":
            self.faults.append(f"asked elsewhere: {request.url}")

    def look(self, name: str, *, narrow: bool = False) -> None:
        """Nobody is kept out of this page, and nothing sticks out of it."""
        for size in (WIDE, NARROW) if narrow else (WIDE,):
            self.page.set_viewport_size(size)
            self.faults += faults_of(self.page, f"{name} at {size['width']}")
        self.page.set_viewport_size(WIDE)

    def show(self, name: str, around: str | None = None) -> None:
        """A picture for the README, where one is asked for; ``around`` is at its top."""
        if not SCREENSHOTS:
            return
        self.page.mouse.move(0, 0)
        self.page.evaluate("document.activeElement.blur()")
        if around:
            self.page.locator(around).first.evaluate(TO_THE_TOP)
        save_picture(self.page, f"{name}.png")

    def show_in_each_language(
        self, name: str, around: str | None = None
    ) -> None:
        """The same for the guide, in each language of the console, from a tab of its own."""
        self.show(name, around)
        if not SCREENSHOTS:
            return
        own = self.page.evaluate("document.documentElement.lang")
        address = self.page.url.partition("#")[0].partition("?")[0]
        tab = self.page.context.new_page()
        tab.set_viewport_size(WIDE)
        for language in OTHER_LANGUAGES:
            tab.goto(f"{address}?lang={language}")
            assert tab.evaluate("document.documentElement.lang") == language
            if around:
                tab.locator(around).first.evaluate(TO_THE_TOP)
            save_picture(tab, f"{language}/{name}.png")
        # The visitor's own language again: the choice is the browser's, not the tab's.
        tab.goto(f"{address}?lang={own}")
        tab.close()

    def see(self, text: str) -> None:
        """Load the page again until ``text`` stands on it."""
        deadline = time.monotonic() + WAIT_SECONDS
        while not self.page.get_by_text(text).first.is_visible():
            assert time.monotonic() < deadline, (
                f"{text!r} never stood on {self.page.url}"
            )
            time.sleep(1)
            self.page.reload()


def save_picture(page: Page, name: str) -> None:
    """Few colours are on these pages; a palette of them makes a third of the bytes."""
    target = Path(SCREENSHOTS) / name
    target.parent.mkdir(exist_ok=True)
    with Image.open(io.BytesIO(page.screenshot())) as picture:
        few = picture.convert("RGB").quantize(128, dither=Image.Dither.NONE)
    few.save(target, optimize=True)


def faults_of(page: Page, name: str) -> list[str]:
    options = {"runOnly": RULES, "resultTypes": ["violations"]}
    faults = [
        f"{name}: {fault['id']}: {node['html'][:200]}"
        for fault in Axe().run(page, options=options).response["violations"]
        for node in fault["nodes"]
    ]
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        faults.append(f"{name}: wider than the screen")
    if page.viewport_size == NARROW:
        # Of a case all is read in one column: nothing in it is pushed sideways, what is folded
        # away included.
        faults += [
            f"{name}: scrolls sideways: {part}"
            for part in page.evaluate(SIDEWAYS)
        ]
    return faults


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One for each file: what one has confirmed, another may want to see unconfirmed."""
    running = Demo(tmp_path_factory.mktemp("demo"))
    yield running
    assert running.stop() == 0, running.said()[-3000:]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if SCREENSHOTS:
        Path(SCREENSHOTS).mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Callable[..., Visitor]]:
    """New visitors; when the test is over, what they found wrong is told."""
    faults: list[str] = []
    made: list[Visitor] = []

    def make(**options: Any) -> Visitor:
        made.append(Visitor(browser, faults, **options))
        return made[-1]

    yield make
    for one in made:
        one.context.close()
    assert not faults, "\n".join(dict.fromkeys(faults))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Function) -> Generator[None, Any, Any]:
    """A failure says where the open pages' pictures and the service's log are."""
    try:
        return (yield)
    except Exception as error:
        folder: Path = item.funcargs["tmp_path"]
        given = item.funcargs
        for number, page in enumerate(
            page
            for context in given["browser"].contexts
            for page in context.pages
        ):
            picture = folder / f"page-{number}.png"
            page.screenshot(path=picture, full_page=True)
            error.add_note(f"{page.url}: {picture}")
        if "demo" in given:
            log = shutil.copy(given["demo"].log, folder / "service.log")
            error.add_note(f"The service's log: {log}")
        raise
