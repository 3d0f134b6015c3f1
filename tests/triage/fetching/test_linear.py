"""No text costs more than its length: twice as much of anything takes about twice as long."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from hotline.core.network.targets import parse_target
from triage.fetching.pages import manifests, page
from triage.fetching.pages.charset import decode_page
from triage.fetching.pages.html import flatten_markup
from triage.fetching.pages.jsonld import json_ld_urls
from triage.fetching.pages.media import css_urls, find_in_text
from triage.fetching.pages.reading import _read_thoroughly
from triage.fetching.pages.srcset import pick_candidates

SMALL = 20_000
TIMES = 8
MOST = 30
"""A step that costs the square takes 64 times as long. Measuring errs by a factor of 2 or 3."""
NEGLIGIBLE = 0.05


def search_text(text: str) -> Any:
    return find_in_text(text, "http://a.example/", limit=9)


def decode_text(text: str) -> Any:
    return decode_page(text.encode("utf-8", "replace"), None)


def read_ld(text: str) -> Any:
    return list(json_ld_urls(text))


PIECES: list[tuple[Callable[[str], Any], list[str]]] = [
    (
        pick_candidates,
        [",", "a,", "a ,", " ", "(", "a (", "a 1x", "a 1x,", "a" + "," * 9],
    ),
    (
        css_urls,
        [
            "url(",
            "url('",
            'url("',
            "url( ",
            "url(\\",
            "image-set(",
            'image-set("',
            "\\",
            "url(a'",
        ],
    ),
    (
        search_text,
        [
            "src=",
            'src="',
            "src='",
            "src ",
            "srcset=','",
            "data-a-",
            "src=a ",
            "&#9",
            "src=',,,' ",
        ],
    ),
    (
        decode_text,
        ["<meta ", "<script", "<!--", "<title>", "<?xml ", "</", "<meta a='"],
    ),
    (manifests.read_hls, ["#EXT-X-KEY:", "A", "#EXT-X-MAP:A\n", "A=,", '="']),
    (manifests.read_dash, ["<a>", "<S d='9'/>", "<!--", "&amp;"]),
    (flatten_markup, ["<a ", "<a", "<", "</a>", "<div>", "</div>"]),
    (
        page.make_simhash,
        ["\u0345", "\u0323", "\u0345\u0323", "a\u0323", "\ufdfa", "a ", "ß"],
    ),
    (read_ld, ["[", "{", '{"image":', '["a",', "9"]),
]


@pytest.mark.parametrize(
    ("work", "piece"),
    [
        pytest.param(work, piece, id=f"{work.__name__} {piece!r}")
        for work, pieces in PIECES
        for piece in pieces
    ],
)
@pytest.mark.parametrize("start", ["", "a", "#EXT-X-KEY:", "{"])
def test_text_is_read_in_linear_time(
    work: Callable[[str], Any], piece: str, start: str
) -> None:
    few = SMALL // len(piece)
    once = measure(work, start + piece * few)
    many = measure(work, start + piece * few * TIMES)
    assert many < max(once * MOST, NEGLIGIBLE * TIMES)


def measure(work: Callable[[str], Any], text: str) -> float:
    """The processor's seconds, the better of two."""
    taken = []
    for _ in range(2):
        begun = time.process_time()
        work(text)
        taken.append(time.process_time() - begun)
        if taken[0] > 5:
            break
    return min(taken)


@pytest.mark.parametrize(
    "host", ["ж" * 8_000, "ж." * 4_000, "xn--" + "z9" * 4_000]
)
def test_a_host_name_of_any_length_is_refused_before_it_is_encoded(
    host: str,
) -> None:
    """Punycode costs the square of a name's length, and no name is as long as that."""
    taken = measure(
        lambda url: [parse_target(url + str(n)) for n in range(50)],
        f"http://{host[:8_000]}/",
    )
    assert taken < 0.2


def test_a_number_that_no_character_has_costs_nothing() -> None:
    """Python refuses to read it, which once lost the whole report."""
    text = f"<img src='a.jpg?&#{'9' * 5_000};'><img src=b.jpg>"
    found = find_in_text(text, "http://a.example/", limit=9).candidates
    assert [each.url for each in found] == [
        "http://a.example/a.jpg?%EF%BF%BD",
        "http://a.example/b.jpg",
    ]


def test_a_page_of_commas_is_read_thoroughly() -> None:
    markup = f"<img srcset='{',' * 1_000_000}'><img src=a.jpg>"
    about = {
        "url": "http://a.example/",
        "limit": 9,
        "encoding": "utf-8",
        "is_guess": False,
    }
    question = json.dumps(about).encode() + b"\n" + markup.encode()
    begun = time.process_time()
    answer = json.loads(_read_thoroughly(question))
    assert [each["url"] for each in answer["candidates"]] == [
        "http://a.example/a.jpg"
    ]
    assert time.process_time() - begun < 5
