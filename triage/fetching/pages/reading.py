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
from triage.fetching.pages.charset import Decoded
from triage.fetching.pages.media import Candidate, find_in_text, find_media
from triage.fetching.pages.page import facts_of_page, facts_of_text
from triage.fetching.process.helper import Helper
from triage.fetching.report import PageFacts

SECONDS = 5.0
_MARKUP = re.compile(r"<[^<>]*+>?")


@dataclass(frozen=True, slots=True)
class Reading:
    """``refresh``: where the page sends a browser. ``left_out``: media beyond those asked for.
    ``crude``: the tree could not be built."""

    facts: PageFacts
    candidates: tuple[Candidate, ...]
    refresh: html.Refresh | None = None
    left_out: int = 0
    crude: bool = False


def read_page(
    page: Decoded, url: str, *, limit: int, seconds: float = SECONDS
) -> Reading:
    """At most ``limit`` media of the page at ``url``, and its facts, in about ``seconds``."""
    written = _ask_reader(page, url, limit, seconds)
    if written is None:
        return _read_crudely(page, url, limit)
    # As JSON, never as pickled objects: the helper has read what strangers wrote.
    value = json.loads(written)
    candidates = [Candidate(**candidate) for candidate in value["candidates"]]
    facts = PageFacts(**value["facts"])
    refresh = value["refresh"]
    return Reading(
        facts,
        tuple(candidates),
        None if refresh is None else html.Refresh(**refresh),
        value["left_out"],
    )


def _read_crudely(page: Decoded, url: str, limit: int) -> Reading:
    # Without a tree scripts count as text as well; better too many words than
    # none.
    text = _MARKUP.sub(" ", page.text)
    findings = find_in_text(page.text, url, limit=limit, page=page)
    return Reading(
        facts_of_text(text),
        findings.candidates,
        left_out=findings.left_out,
        crude=True,
    )


def start_reader(close_doors: Callable[[], object] = lambda: None) -> None:
    """Start the helper: before the doors close, behind which no process can be made."""
    _helpers[:] = [Helper(_read_thoroughly, close_doors)]


def is_worn_out() -> bool:
    """Whether a page has ended the helper, so that all further ones would be read crudely."""
    return bool(_helpers) and not _helpers[0].is_alive


_helpers: list[Helper] = []
"""One, once it was needed or prepared."""


def _ask_reader(
    page: Decoded, url: str, limit: int, seconds: float
) -> bytes | None:
    if not _helpers or not _helpers[0].is_usable:
        try:
            start_reader()
        except OSError:  # behind closed doors
            return None
    about = json.dumps(
        {
            "url": url,
            "limit": limit,
            "encoding": page.encoding,
            "is_guess": page.is_guess,
        }
    )
    # A page may hold half a pair of surrogates, which is no reason to read it crudely.
    written = page.text.encode("utf-8", "surrogatepass")
    # The first line says how to read, all behind it is the page: nothing in a
    # page can pass for the question.
    question = about.encode() + b"\n" + written
    return _helpers[0].ask_for_answer(question, seconds)


def _read_thoroughly(question: bytes) -> bytes:
    asked, _, written = question.partition(b"\n")
    about = json.loads(asked)
    markup = written.decode("utf-8", "surrogatepass")
    tree = html.parse_page(markup)
    findings = find_media(
        tree,
        about["url"],
        limit=about["limit"],
        page=Decoded("", about["encoding"], about["is_guess"]),
    )
    refresh = html.find_refresh(tree)
    facts = facts_of_page(tree)  # last: it takes the tree apart
    value = {
        "candidates": [asdict(each) for each in findings.candidates],
        "left_out": findings.left_out,
        "refresh": None if refresh is None else asdict(refresh),
        "facts": asdict(facts),
    }
    return json.dumps(value).encode()
