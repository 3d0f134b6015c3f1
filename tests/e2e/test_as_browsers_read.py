"""What a browser shows of a page, the fetcher hashes, or its report says why not.

Two readers of one page differ where somebody wants them to. A corpus of generated pages is served
on loopback; Debian's Chromium and the fetcher visit each, and the addresses that the server was
asked for are compared as they stood on the wire.
"""

from __future__ import annotations

import hashlib
import http.server
import io
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, sync_playwright
from webencodings.labels import LABELS

from triage.fetching.fetch import fetch_location
from triage.fetching.report import FetchReport, FetchRequest

pytestmark = pytest.mark.browser

HOST = "pages.example"
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    f"--host-resolver-rules=MAP {HOST} 127.0.0.1, MAP * ~NOTFOUND",
)
SETTLE_MILLISECONDS = 150


@dataclass(frozen=True)
class Case:
    name: str
    body: bytes
    label: str = "text/html"


MARKUP = {
    "img": "<img src=a.png>",
    "entities": "<img src='a.png?x=1&amp;y=2&copy=3'>",
    "spaces": "<img src=' \n a b.png\t'>",
    "line breaks": "<img src='a\nb\t.png'>",
    "backslashes": "<img src='\\dir\\a.png'>",
    "dots": "<img src='./x/../%2e%2e/a.png'>",
    "no quotes": "<img/src=a.png/b>",
    "double": "<img src=a.png src=b.png>",
    "upper case": "<IMG SRC=a.png>",
    "broken": "<div <img src=a.png><p><img src=b.png",
    "comment": "<!-- <img src=no.png> --><img src=a.png>",
    "odd comment": "<!--><img src=a.png><!-- --!><img src=b.png>",
    "cdata": "<![CDATA[<img src=a.png>]]><img src=b.png>",
    "textarea": "<textarea><img src=no.png></textarea><img src=a.png>",
    "noscript": "<noscript><img src=a.png></noscript><img src=b.png>",
    "template": "<template><img src=no.png></template><img src=a.png>",
    "srcset": "<img srcset='small.png 1x, large.png 3x' src=c.png>",
    "srcset widths": "<img srcset='s.png 300w, m.png 1400w, l.png 4000w'>",
    "srcset sizes": "<img sizes=300px srcset='s.png 300w, l.png 4000w'>",
    "srcset commas": "<img srcset='a,b.png 1x, , c,d.png 2x,'>",
    "picture": "<picture><source srcset=a.png><img src=b.png></picture>",
    "picture media": (
        "<picture><source media='(max-width:1px)' srcset=a.png>"
        "<source srcset='b.png 1x,c.png 2x'><img src=d.png></picture>"
    ),
    "poster": "<video poster=a.png></video>",
    "video": "<video src=a.mp4 preload=auto></video>",
    "sources": "<video preload=auto><source src=a.mp4></video>",
    "background": "<body background=a.png><table background=b.png>",
    "style": "<p style='background:url(a.png)'>x",
    "style quoted": "<p style=\"background:url( 'a b.png' )\">x",
    "style escaped": "<p style='background:url(\\61\\2e png)'>x",
    "style sheet": '<style>p{background:url("a.png")}</style><p>x',
    "image-set": "<p style='background:image-set(\"a.png\" 1x)'>x",
    "list style": "<style>li{list-style-image:url(a.png)}</style><li>x",
    "content": "<style>p::before{content:url(a.png)}</style><p>x",
    "svg": "<svg width=9 height=9><image href=a.png width=9 height=9 /></svg>",
    "svg xlink": (
        "<svg width=9 height=9><image xlink:href=a.png width=9 height=9 /></svg>"
    ),
    "input": "<input type=image src=a.png>",
    "object": "<object data=a></object>",
    "embed": "<embed src=a.png>",
    "iframe": "<iframe src=a.png></iframe>",
    "base": "<img src=a.png><base href=/base/>",
    "two bases": "<base href=/one/><base href=/two/><img src=a.png>",
    "letters": "<img src='/ä/ж.png?q=ä#ä'>",
    "preload": "<link rel=preload as=image href=a.png>",
    "refresh": "<img src=a.png><meta http-equiv=refresh content='0;url=/next'>",
    "external style": "<link rel=stylesheet href=s.css><p>x",
    "script": "<script>new Image().src='a.png'</script>",
    "frame of a page": "<iframe src=/next></iframe>",
    "many": "".join(f"<img src={n}.png>" for n in range(60)),
}
NEXT = b"<img src=/of-next.png>"
STYLES = b"p{background:url(/of-style.png)}"


def list_cases() -> Iterator[Case]:
    for name, markup in MARKUP.items():
        yield Case(
            name,
            f"<!doctype html>{markup}".encode(),
            "text/html; charset=utf-8",
        )
    letters = "<img src='/dir/{}.png?q={}'>"
    encodings = sorted(set(LABELS.values()) - {"x-user-defined"})
    for encoding in encodings:
        letter = "é" if encoding in ("windows-1252", "iso-8859-15") else "я"
        body = letters.format(letter, letter).encode(
            _python(encoding), "replace"
        )
        yield Case(
            f"header {encoding}", body, f"text/html; charset={encoding}"
        )
        if not encoding.startswith("utf-16"):
            declared = f"<meta charset={encoding}>".encode() + body
            yield Case(f"page {encoding}", declared)
    plain = "<img src='/é.png?q=é'><img src=b.png>"
    for label in ("utf-7", "utf-32", "punycode", "cp037", "rot13", "none", ""):
        yield Case(
            f"strange {label}", plain.encode(), f"text/html; charset={label}"
        )
    yield Case(
        "late",
        b"<title>"
        + b"x" * 2000
        + b"</title><meta charset=koi8-r>"
        + plain.encode("koi8-r", "replace"),
    )
    yield Case(
        "too late",
        b"<p>"
        + b"x" * 2000
        + b"</p><meta charset=koi8-r>"
        + "<img src='/я.png'>".encode("koi8-r"),
        "text/html",
    )
    yield Case(
        "mark",
        b"\xff\xfe" + plain.encode("utf-16-le"),
        "text/html; charset=koi8-r",
    )
    yield Case("no label", plain.encode("cp1252"))
    yield Case(
        "utf-7 tricks",
        b"+ADw-img src=+ACI-no.png+ACI-+AD4-<img src=a.png>",
        "text/html; charset=utf-7",
    )


def _python(encoding: str) -> str:
    import webencodings

    if encoding == "replacement":
        return "ascii"
    return webencodings.lookup(encoding).codec_info.name


@dataclass
class Site:
    """``asked``: the paths that the server was asked for, as they stood on the wire."""

    port: int = 0
    pages: dict[str, Case] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def url(self, path: str) -> str:
        return f"http://{HOST}:{self.port}{path}"


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    found = Site()
    buffer = io.BytesIO()
    Image.effect_noise((40, 40), 50).save(buffer, "PNG")
    picture = buffer.getvalue()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            case = found.pages.get(self.path)
            if case is not None:
                self.answer(case.body, case.label)
                return
            found.asked.append(self.path)
            if self.path == "/next":
                self.answer(NEXT, "text/html")
            elif self.path.endswith(".css"):
                self.answer(STYLES, "text/css")
            else:
                self.answer(picture, "image/png")

        def answer(self, body: bytes, label: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", label)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            try:
                self.wfile.write(body)
            except OSError:
                self.close_connection = True

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    found.port = server.server_address[1]
    for number, case in enumerate(list_cases()):
        found.pages[f"/{number}/"] = case
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.02}
    )
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield chromium
        chromium.close()


def fingerprint(
    data: bytes, label: str | None, seconds: float
) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(data).hexdigest()}


def shown_by_browser(browser: Browser, site: Site, path: str) -> set[str]:
    site.asked.clear()
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(site.url(path), wait_until="load")
    page.wait_for_timeout(SETTLE_MILLISECONDS)
    context.close()
    return {each for each in site.asked if "favicon" not in each}


def look_at(site: Site, path: str) -> tuple[FetchReport, set[str]]:
    site.asked.clear()
    request = FetchRequest(
        site.url(path),
        allowed_networks=("127.0.0.0/8",),
        hosts={HOST: "127.0.0.1"},
    )
    report = fetch_location(request, fingerprint)
    return report, set(site.asked)


def admits(report: FetchReport) -> bool:
    """Whether the report says that the page may show more than was looked at."""
    reasons = [
        report.error,
        report.left_out,
        report.page and (report.page.styles or report.page.scripts),
        any(medium.error for medium in report.media),
    ]
    return any(reasons)


def test_what_a_browser_shows_is_hashed_or_said_to_be_left_out(
    browser: Browser, site: Site
) -> None:
    faults = []
    excused = []
    for path, case in site.pages.items():
        shown = shown_by_browser(browser, site, path)
        report, looked_at = look_at(site, path)
        missed = shown - looked_at
        if not missed:
            continue
        if admits(report):
            excused.append(case.name)
        else:
            faults.append((case.name, sorted(missed), sorted(looked_at)))
    assert not faults, "\n".join(map(str, faults))
    # A report that always had an excuse would prove nothing.
    assert sorted(excused) == [
        "external style",
        "frame of a page",
        "many",
        "script",
    ]
