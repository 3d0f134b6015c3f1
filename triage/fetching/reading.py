"""Reading a page at a bounded price: thoroughly in a fork with a clock, else crudely.

Parsers have bad cases that nobody has found yet (Lexbor compares each attribute of a tag with all
the others: 600,000 of them take minutes), and a page that could use one to fail would use it to
hide. So the tree is built in a fork that may take a few seconds; if it does not come back, the
markup is searched as text, which is linear and finds what a page names plainly. The report says so.
"""

from __future__ import annotations

import json
import os
import re
import resource
import select
import signal
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from triage.fetching import html
from triage.fetching.media import Candidate, find, find_in_text
from triage.fetching.page import facts_of_page, facts_of_text
from triage.fetching.report import PageFacts

SECONDS = 5.0
_MEMORY = 2 << 30
_CHUNK = 1 << 20
_MARKUP = re.compile(r"<[^<>]*+>?")


@dataclass(frozen=True, slots=True)
class Reading:
    """``refresh``: where the page sends a browser. ``crude``: the tree could not be built."""

    facts: PageFacts
    found: tuple[Candidate, ...]
    refresh: str | None = None
    crude: bool = False


def read(markup: str, url: str, *, limit: int, seconds: float = SECONDS) -> Reading:
    """At most ``limit`` media of the page at ``url``, and its facts, in about ``seconds``."""
    written = in_a_fork(lambda: _thorough(markup, url, limit), seconds)
    if written is None:
        text = _MARKUP.sub(" ", markup)
        return Reading(
            facts_of_text(text), tuple(find_in_text(markup, url, limit=limit)), None, True
        )
    value = json.loads(written)
    found = tuple(Candidate(**each) for each in value["found"])
    return Reading(PageFacts(**value["facts"]), found, value["refresh"])


def _thorough(markup: str, url: str, limit: int) -> bytes:
    tree = html.parse(markup)
    found, refresh = find(tree, url, limit=limit), html.refresh(tree)
    facts = facts_of_page(tree)  # last: it takes the tree apart
    value = {"found": [asdict(each) for each in found], "refresh": refresh, "facts": asdict(facts)}
    return json.dumps(value).encode()


def in_a_fork(work: Callable[[], bytes], seconds: float) -> bytes | None:
    """What ``work`` returns, or None where it fails, is killed or takes longer than ``seconds``."""
    source, target = os.pipe()
    pid = os.fork()
    if pid == 0:
        _work_and_exit(work, target, seconds)
    os.close(target)
    try:
        received = _receive(source, seconds)
    finally:
        os.close(source)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    return received[:-1] if received.endswith(b"\n") else None


def _work_and_exit(work: Callable[[], bytes], target: int, seconds: float) -> None:
    """In the fork. Its own limits end it also when nobody is left to kill it."""
    try:
        whole = max(1, int(seconds) + 1)
        resource.setrlimit(resource.RLIMIT_CPU, (whole, whole))
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        most = _MEMORY if hard == resource.RLIM_INFINITY else min(_MEMORY, hard)
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
        with os.fdopen(target, "wb") as out:
            out.write(work() + b"\n")
    except BaseException:  # noqa: S110  whatever it was, its text must not be shown
        pass
    finally:
        os._exit(0)


def _receive(source: int, seconds: float) -> bytes:
    until, received = time.monotonic() + seconds, bytearray()
    while (left := until - time.monotonic()) > 0:
        ready, _, _ = select.select([source], [], [], left)
        chunk = os.read(source, _CHUNK) if ready else b""
        if not chunk:
            break
        received += chunk
    return bytes(received)
