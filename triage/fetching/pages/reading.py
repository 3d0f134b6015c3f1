"""Reading a page at a bounded price: thoroughly in a process with a clock, else crudely.

Parsers have bad cases that nobody has found yet (Lexbor compares each attribute of a tag with all
the others: 600,000 of them take minutes), and a page that could use one to fail would use it to
hide. So the tree is built in a helper that may take a few seconds; if it does not answer, the
markup is searched as text, which is linear and finds what a page names plainly. The report says so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass

from triage.fetching.pages import html
from triage.fetching.pages.media import Candidate, find_in_text, find_media
from triage.fetching.pages.page import facts_of_page, facts_of_text
from triage.fetching.process.helper import Helper
from triage.fetching.report import PageFacts

SECONDS = 5.0
_MARKUP = re.compile(r"<[^<>]*+>?")


@dataclass(frozen=True, slots=True)
class Reading:
    """``refresh``: where the page sends a browser. ``crude``: the tree could not be built."""

    facts: PageFacts
    candidates: tuple[Candidate, ...]
    refresh: str | None = None
    crude: bool = False


def read_page(
    markup: str, url: str, *, limit: int, seconds: float = SECONDS
) -> Reading:
    """At most ``limit`` media of the page at ``url``, and its facts, in about ``seconds``."""
    written = _ask_reader(markup, url, limit, seconds)
    if written is None:
        return _read_crudely(markup, url, limit)
    value = json.loads(written)
    candidates = [Candidate(**candidate) for candidate in value["candidates"]]
    facts = PageFacts(**value["facts"])
    return Reading(facts, tuple(candidates), value["refresh"])


def _read_crudely(markup: str, url: str, limit: int) -> Reading:
    text = _MARKUP.sub(" ", markup)
    candidates = find_in_text(markup, url, limit=limit)
    return Reading(facts_of_text(text), tuple(candidates), crude=True)


def start_reader(close_doors: Callable[[], object] = lambda: None) -> None:
    """Start the helper: before the doors close, behind which no process can be made."""
    _helpers[:] = [Helper(_read_thoroughly, close_doors)]


def is_worn_out() -> bool:
    """Whether a page has ended the helper, so that all further ones would be read crudely."""
    return bool(_helpers) and not _helpers[0].is_alive


_helpers: list[Helper] = []
"""One, once it was needed or prepared."""


def _ask_reader(
    markup: str, url: str, limit: int, seconds: float
) -> bytes | None:
    if not _helpers or not _helpers[0].is_usable:
        try:
            start_reader()
        except OSError:  # behind closed doors
            return None
    about = json.dumps({"url": url, "limit": limit})
    # A page may hold half a pair of surrogates, which is no reason to read it crudely.
    written = markup.encode("utf-8", "surrogatepass")
    question = about.encode() + b"\n" + written
    return _helpers[0].ask_for_answer(question, seconds)


def _read_thoroughly(question: bytes) -> bytes:
    asked, _, written = question.partition(b"\n")
    about = json.loads(asked)
    markup = written.decode("utf-8", "surrogatepass")
    tree = html.parse_page(markup)
    url, limit = about["url"], about["limit"]
    candidates = find_media(tree, url, limit=limit)
    refresh = html.find_refresh(tree)
    facts = facts_of_page(tree)  # last: it takes the tree apart
    value = {
        "candidates": [asdict(candidate) for candidate in candidates],
        "refresh": refresh,
        "facts": asdict(facts),
    }
    return json.dumps(value).encode()
