"""A page that cannot be parsed in time is searched as text: slow markup is no place to hide."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from triage.fetching.pages.charset import Decoded
from triage.fetching.pages.media import find_in_text
from triage.fetching.pages.reading import read_page
from triage.fetching.process.helper import Helper

PAGE = "https://pictures.example/album/"


def test_a_plain_page_is_read_thoroughly() -> None:
    reading = read_page(
        Decoded("<title>x</title><p>a b<img src=a.png>"), PAGE, limit=9
    )
    assert [(each.url, each.source) for each in reading.candidates] == [
        (PAGE + "a.png", "img")
    ]
    assert reading.facts.title_hash is not None
    assert not reading.crude


def test_a_page_that_takes_too_long_is_searched_as_text() -> None:
    attributes = " ".join(f"a{n}" for n in range(150_000))
    page = f"<p>hello<img {attributes} src=a.png><a href='b.jpg?x=1&amp;y=2'><a href=c.html>"
    reading = read_page(Decoded(page), PAGE, limit=9, seconds=0.3)
    assert reading.crude
    assert [each.url for each in reading.candidates] == [
        PAGE + "a.png",
        PAGE + "b.jpg?x=1&y=2",
    ]
    assert reading.facts.text_length == len("hello")


WORK = {
    b"short": lambda: b"done",
    b"long": lambda: b"x" * 3_000_000,
    b"fails": lambda: bytes([1 // (os.getpid() * 0)]),
    b"dies": lambda: os.kill(os.getpid(), 9) or b"",
    b"hangs": lambda: time.sleep(60) or b"",
    b"grows": lambda: bytes(3 << 30),
    b"says too much": lambda: bytes(65 << 20),
}


def test_a_helper_answers_again_and_again() -> None:
    helper = Helper(lambda question: WORK[question]())
    for _ in range(3):
        assert helper.ask_for_answer(b"short", 5) == b"done"
        assert helper.ask_for_answer(b"long", 5) == b"x" * 3_000_000
    helper.close()
    assert helper.ask_for_answer(b"short", 5) is None


@pytest.mark.parametrize(
    "question", [b"fails", b"dies", b"hangs", b"grows", b"says too much"]
)
def test_a_helper_that_fails_dies_or_hangs_gives_nothing(
    question: bytes,
) -> None:
    before = time.monotonic()
    helper = Helper(lambda question: WORK[question]())
    assert (
        helper.ask_for_answer(question, 2 if question != b"hangs" else 0.1)
        is None
    )
    assert not helper.is_alive
    assert helper.ask_for_answer(b"short", 5) is None
    if question == b"hangs":
        assert time.monotonic() - before < 30


def test_a_helper_holds_nothing_but_its_pipes(tmp_path: Path) -> None:
    secret = (tmp_path / "secret").open("w")
    helper = Helper(
        lambda _: str(len(list(Path("/proc/self/fd").iterdir()))).encode()
    )
    # nowhere three times, two pipes, and the folder that is being listed
    assert helper.ask_for_answer(b"", 5) == b"6"
    secret.close()
    helper.close()


def test_text_search_finds_what_is_named_plainly() -> None:
    page = """<img SRC = "a.jpg"><video poster='b.jpg'><img srcset="s.png 1x, l.png 2x">
    <meta property=og:image content=https://cdn.example/o.jpg><meta content="no words.">
    <img data-src=lazy.webp><a href=javascript:x()><img src=javascript:x()>"""
    assert [
        each.url.rpartition("/")[2]
        for each in find_in_text(page, PAGE, limit=9).candidates
    ] == [
        "a.jpg",
        "b.jpg",
        "l.png",
        "o.jpg",
        "lazy.webp",
        "s.png",
    ]
    assert len(find_in_text(page, PAGE, limit=2).candidates) == 2


def test_the_report_says_that_a_page_was_too_complex(
    lab: Any, world: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(
        "triage.fetching.pages.reading._ask_reader", lambda *_: None
    )
    world.routes = {
        "/": lab.answer(b"<img src=a.jpg>"),
        "/a.jpg": lab.answer(lab.picture()),
    }
    report = lab.look(lab.ask(world.url()))
    assert (report.outcome, report.error) == ("ok", "page_too_complex")
    assert report.media[0].error is None
