"""Somebody who reports with the form on one page, as a browser would, and a service that lets them.

Benches send from one address what a whole country would; what a flood meets is not measured.
"""

from __future__ import annotations

import html
import re
import time
import urllib.parse
from dataclasses import dataclass
from http.client import HTTPConnection

from hotline.core.context import Context
from hotline.core.datafiles import files
from workers.bench.serving.load import ask_server

LIMITS = "limits.toml"
PAGE = "/report/all"
_FORM = "application/x-www-form-urlencoded"
_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')
TYPED = {"kind": "csam_image", "reporter_role": "public", "danger_now": "no"}


@dataclass(frozen=True, slots=True)
class Page:
    """What a fetched form gives its reader to send back."""

    hidden: dict[str, str]
    cookies: str


def let_everything_in(context: Context) -> None:
    """Open the limits of a flood in this service's own folder."""
    shipped = files.read_text("hotline.intake", LIMITS)
    folder = context.settings.data_dir / "data"
    folder.mkdir(parents=True, exist_ok=True)
    wide = re.sub(r"(?m)^(reports_of_\w+ =) \d+", r"\1 1000000000", shipped)
    wide = re.sub(r"(?m)^form_seconds = .*", "form_seconds = 0", wide)
    (folder / LIMITS).write_text(wide, encoding="utf-8")


def fetch_form(connection: HTTPConnection) -> Page:
    text, cookies = ask_server(connection, "GET", PAGE, expect=200)
    hidden = {}
    for name, value in _HIDDEN.findall(text):
        hidden[name] = html.unescape(value)
    return Page(hidden, cookies)


def send_form(
    connection: HTTPConnection,
    page: Page,
    *,
    path: str = PAGE,
    expect: int = 200,
    **typed: str,
) -> float:
    """Send the form, with ``typed`` in its fields; the time at which it was sent."""
    fields = page.hidden | TYPED | typed
    body = urllib.parse.urlencode(fields).encode()
    begun = time.perf_counter()
    headers = {"Content_Type": _FORM, "Cookie": page.cookies}
    ask_server(connection, "POST", path, body, expect=expect, **headers)
    return begun
