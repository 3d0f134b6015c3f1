"""A page that cannot be parsed in time is searched as text: slow markup is no place to hide."""

from __future__ import annotations

import os
import time
from typing import Any

import psutil

from triage.fetching.media import find_in_text
from triage.fetching.reading import in_a_fork, read

PAGE = "https://pictures.example/album/"


def test_a_plain_page_is_read_thoroughly() -> None:
    reading = read("<title>x</title><p>a b<img src=a.png>", PAGE, limit=9)
    assert [(each.url, each.source) for each in reading.found] == [(PAGE + "a.png", "img")]
    assert reading.facts.title_hash is not None
    assert not reading.crude


def test_a_page_that_takes_too_long_is_searched_as_text() -> None:
    attributes = " ".join(f"a{n}" for n in range(150_000))
    page = f"<p>hello<img {attributes} src=a.png><a href='b.jpg?x=1&amp;y=2'><a href=c.html>"
    reading = read(page, PAGE, limit=9, seconds=0.3)
    assert reading.crude
    assert [each.url for each in reading.found] == [PAGE + "a.png", PAGE + "b.jpg?x=1&y=2"]
    assert reading.facts.text_length == len("hello")
    assert not psutil.Process().children()


def test_a_fork_that_fails_dies_or_hangs_gives_nothing() -> None:
    assert in_a_fork(lambda: b"done", 5) == b"done"
    assert in_a_fork(lambda: b"x" * 3_000_000, 5) == b"x" * 3_000_000
    assert in_a_fork(lambda: bytes([1 // (os.getpid() * 0)]), 5) is None
    assert in_a_fork(lambda: os.kill(os.getpid(), 9) or b"", 5) is None
    assert in_a_fork(lambda: time.sleep(60) or b"", 0.1) is None
    assert in_a_fork(lambda: bytes(3 << 30), 5) is None


def test_text_search_finds_what_is_named_plainly() -> None:
    page = """<img SRC = "a.jpg"><video poster='b.jpg'><img srcset="s.png 1x, l.png 2x">
    <meta property=og:image content=https://cdn.example/o.jpg><meta content="no words.">
    <img data-src=lazy.webp><a href=javascript:x()><img src=javascript:x()>"""
    assert [each.url.rpartition("/")[2] for each in find_in_text(page, PAGE, limit=9)] == [
        "a.jpg",
        "b.jpg",
        "l.png",
        "o.jpg",
        "lazy.webp",
    ]
    assert len(find_in_text(page, PAGE, limit=2)) == 2


def test_the_report_says_that_a_page_was_too_complex(
    lab: Any, world: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("triage.fetching.reading.in_a_fork", lambda _work, _seconds: None)
    world.routes = {"/": lab.answer(b"<img src=a.jpg>"), "/a.jpg": lab.answer(lab.picture())}
    report = lab.look(lab.ask(world.url()))
    assert (report.outcome, report.error) == ("ok", "page_too_complex")
    assert report.media[0].error is None
