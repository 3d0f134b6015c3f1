"""What a letter in plain words names, however a mail program broke its lines."""

from __future__ import annotations

import pytest

from hotline.intake.inbound import mime
from hotline.intake.inbound.formats import plain
from triage.locations import identify_one
from triage.locations.places import find_places


def read_places(text: str, more: str = "") -> list[str]:
    raw = f"Content-Type: text/plain; charset=utf-8{more}\n\n{text}\n"
    message = mime.parse_message(raw.encode())
    (report,) = plain.read(message, find_places)
    return list(report.submission.locations)


FLOWED = "; format=flowed"
DELETED = "; format=flowed; delsp=yes"


@pytest.mark.parametrize(
    ("text", "more"),
    [
        (
            "Look at\n<https://a.example/long/path/that-\ngoes/on?x=1> please",
            "",
        ),
        (
            "Look at <URL:https://a.example/long/\n  path/that-goes/on?x=1> ok",
            "",
        ),
        ("> <https://a.example/long/path/\n> that-goes/on?x=1>", ""),
        ("See https://a.example/long/path/that- \ngoes/on?x=1 now", DELETED),
        ("> https://a.example/long/path/ \n> that-goes/on?x=1", DELETED),
        ("It is \nhttps://a.example/long/path/that-goes/on?x=1 \nnow", FLOWED),
        ("[url]https://a.example/long/path/that-goes/on?x=1[/url]", ""),
        ("hxxps[:]//a[.]example/long/path/that-goes/on?x=1", ""),
    ],
)
def test_an_address_over_lines_is_whole(text: str, more: str) -> None:
    (place,) = read_places(text, more)
    assert identify_one(place).key == (
        "url://a.example/long/path/that-goes/on?x=1"
    )


def test_flowed_lines_of_another_depth_and_a_signature_stay_apart() -> None:
    text = (
        "> https://a.example/x \nhttps://b.example/y\n-- \nhttps://c.example"
    )
    assert read_places(text, DELETED) == [
        "https://a.example/x",
        "https://b.example/y",
        "https://c.example",
    ]


def test_places_without_a_scheme_and_of_other_sorts_are_found() -> None:
    text = (
        "www.a.example/x and b[.]example/y, telegram: @some_body,\n"
        "magnet:?xt=urn:btih:c12fe1c06bba254a9dc9f519b335aa7c1367a88a\n"
        "Regards, desk@platform.test, +355 69 212 3456, @us"
    )
    assert read_places(text) == [
        "www.a.example/x",
        "b.example/y",
        "telegram: @some_body",
        "magnet:?xt=urn:btih:c12fe1c06bba254a9dc9f519b335aa7c1367a88a",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "Name used there: anna.example",
        "their_name: https://anna.example/",
        "> payment_to: pay.example/wolf",
        "contact: https://me.example/",
    ],
)
def test_an_answer_to_a_question_is_no_place(line: str) -> None:
    """An account may be called like a page, and nobody reported the page of that name."""
    assert read_places(f"{line}\nSee https://a.example/x") == [
        "https://a.example/x"
    ]
