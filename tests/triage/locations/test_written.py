"""How people write an address: unclickable, spoken, in mark-up. Each is read, or a cut is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.corpus import read_groups
from triage.locations import identify_locations, identify_one

WRITTEN = [
    (group.lines[0], line)
    for group in read_groups(Path(__file__).parent / "data" / "written.txt")
    for line in group.lines[1:]
]


@pytest.mark.parametrize(("address", "line"), WRITTEN)
def test_every_way_of_writing_an_address_is_read(
    address: str, line: str
) -> None:
    assert [one.key for one in identify_locations(line, "AL")] == [
        identify_one(address).key
    ]


#: What stands behind the mark may be more of the address, and may be something else.
CUT = [
    'http://a.example/x"y',
    "http://a.example/x<y",
    "http://a.example/x>y",
    "http://a.example/x`y",
    "see http://a.example/x“y and more",
    'http://a.example/x?q="word"',
]


@pytest.mark.parametrize("text", CUT)
def test_a_cut_within_an_address_is_told(text: str) -> None:
    assert "cut_at_mark" in identify_locations(text)[0].problems


FULL_LINE = (
    "https://a.example/a-path-that-is-long-enough-to-fill-a-line-of-70/x/y/"
)


@pytest.mark.parametrize(
    "rest", ["and/on?x=1", "12345.html", "b_c=2 and so on"]
)
def test_an_address_that_ends_with_a_full_line_is_told(rest: str) -> None:
    locations = identify_locations(f"Look:\n{FULL_LINE}\n{rest}")
    assert "cut_at_line" in locations[0].problems


@pytest.mark.parametrize(
    "text",
    [
        f"Look:\n{FULL_LINE}\nThank you",
        f"{FULL_LINE}\n\n12345",
        f"{FULL_LINE}\nhttps://b.example/1",
        "Look:\nhttps://a.example/x\nand/or",
    ],
)
def test_an_address_that_ends_before_other_words_is_no_cut(text: str) -> None:
    assert "cut_at_line" not in identify_locations(text)[0].problems


@pytest.mark.parametrize(
    "text",
    [line for address, line in WRITTEN if "a=1&b=2" in address]
    + ['he said "look at http://a.example/x" to me', "<http://a.example/x>y"],
)
def test_the_end_of_a_quotation_or_of_mark_up_is_no_cut(text: str) -> None:
    assert "cut_at_mark" not in identify_locations(text)[0].problems


@pytest.mark.parametrize(
    "text",
    ["https://example (?) com", "https://example _ com/x", "http://intranet/"],
)
def test_a_host_without_a_dot_is_told_to_be_incomplete(text: str) -> None:
    assert "host_incomplete" in identify_locations(text)[0].problems


#: Words that are not an address, however much they look like one that is spelt out.
WORDS = [
    "me at home dot or not",
    "Kjo pika me te tjera al dente",
    "to je tačka me razumeš",
    "We met at the dot com party.",
    "It was here. It is gone / deleted.",
    "photo . jpg / png",
    "help. me",
]


@pytest.mark.parametrize("text", WORDS)
def test_words_do_not_become_an_address(text: str) -> None:
    assert [one.kind for one in identify_locations(text)] == ["unknown"]


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        (
            "Visit https://a.example. Then write to us.",
            ["url://a.example/"],
        ),
        (
            "https://a.example/x. www.b.example is another",
            ["url://a.example/x", "url://www.b.example/"],
        ),
        (
            "(https://a.example/x_(y)) and [https://a.example/z]",
            ["url://a.example/x_(y)", "url://a.example/z"],
        ),
        (
            "[url=https://a.example/x]https://b.example/y[/url]",
            ["url://a.example/x", "url://b.example/y"],
        ),
        ("https://a.example/_x_", ["url://a.example/_x_"]),
        ("look at a.example", ["url://a.example/"]),
        (
            "https://a.example/wiki/Point_(dot)",
            ["url://a.example/wiki/Point_(dot)"],
        ),
        (
            "https://a.example/wiki/X_(pika)_y",
            ["url://a.example/wiki/X_(pika)_y"],
        ),
        ("a[,] b.example/x", ["url://b.example/x"]),
        ("[url]www.a.example/x[/url]", ["url://www.a.example/x"]),
        ("[x](www.a.example/x)y", ["url://www.a.example/x"]),
        ("https://a.example/a|b", ["url://a.example/a%7Cb"]),
        (
            "https://a.example/chat?session_id=aaaaaaaa1",
            ["url://a.example/chat?session_id=aaaaaaaa1"],
        ),
    ],
)
def test_what_an_address_holds_is_left_to_it(
    text: str, keys: list[str]
) -> None:
    assert [one.key for one in identify_locations(text)] == keys
