"""Media are found wherever a browser would show one from, and no markup makes the finder fail."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from triage.fetching.pages import html
from triage.fetching.pages.charset import decode_page
from triage.fetching.pages.jsonld import json_ld_urls
from triage.fetching.pages.media import (
    css_urls,
    find_media,
)
from triage.fetching.pages.page import facts_of_page
from triage.fetching.pages.srcset import pick_candidates

PAGE = "https://pictures.example/album/index.html"


def found(markup: str, limit: int = 100) -> list[tuple[str, str]]:
    return [
        (each.url, each.source)
        for each in find_media(
            html.parse_page(markup), PAGE, limit=limit
        ).candidates
    ]


def at(path: str) -> str:
    return "https://pictures.example/album/" + path


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<img src=a.jpg>", [("a.jpg", "img")]),
        ("<img data-src=lazy.jpg>", [("lazy.jpg", "img")]),
        (
            "<img srcset='s.jpg 1x, l.jpg 2x'>",
            [("l.jpg", "srcset"), ("s.jpg", "srcset")],
        ),
        (
            "<picture><source srcset='w.webp 800w, n.webp 400w'><img src=f.jpg></picture>",
            [("w.webp", "picture"), ("f.jpg", "picture")],
        ),
        (
            "<video src=v.mp4 poster=p.jpg></video>",
            [("v.mp4", "video"), ("p.jpg", "video")],
        ),
        ("<video><source src=v.webm></video>", [("v.webm", "source")]),
        (
            "<div style='background:url(&quot;b.png&quot;)'>",
            [("b.png", "css")],
        ),
        (
            "<style>.x{background-image:url( 'c.png' )}</style>",
            [("c.png", "css")],
        ),
        ("<table background=t.gif>", [("t.gif", "img")]),
        ("<meta property=og:image content=o.jpg>", [("o.jpg", "og")]),
        ("<meta name=twitter:image content=t.jpg>", [("t.jpg", "og")]),
        ("<a href='x.JPG?size=1#top'>", [("x.JPG?size=1", "direct")]),
        ("<a href=page.html>", []),
        ("<link rel=image_src href=i.jpg>", [("i.jpg", "img")]),
        (
            "<video src=live/index.m3u8?t=1>",
            [("live/index.m3u8?t=1", "manifest")],
        ),
        ("<object data=o.mp4></object>", [("o.mp4", "direct")]),
        (
            "<script src=code.js></script><iframe src=frame.html></iframe><img src=a.jpg>",
            [("a.jpg", "img"), ("frame.html", "frame")],
        ),
        ("<p style='background:url(a\\2e jpg)'>", [("a.jpg", "css")]),
        (
            "<p style='background:image-set(&quot;b.jpg&quot; 1x)'>",
            [("b.jpg", "css")],
        ),
        ("<object data=shown></object>", [("shown", "direct")]),
        ("<noscript><img src=n.jpg></noscript>", [("n.jpg", "img")]),
        ("<svg><image href=v.png /></svg>", [("v.png", "img")]),
        ("<base href=/other/><img src=../a.jpg>", [("../a.jpg", "img")]),
    ],
)
def test_each_place_that_shows_a_picture(
    markup: str, expected: list[tuple[str, str]]
) -> None:
    absolute = [(at(path), source) for path, source in expected]
    assert found(markup) == [
        (url.replace("album/../", ""), source) for url, source in absolute
    ]


def test_json_ld_names_media_at_any_depth() -> None:
    block = {
        "@graph": [
            {
                "@type": "VideoObject",
                "contentUrl": "v.mp4",
                "thumbnailUrl": ["t1.jpg", "t2.jpg"],
            },
            {"@type": "Article", "url": "no.html", "image": {"url": "i.jpg"}},
        ]
    }
    assert list(json_ld_urls(json.dumps(block))) == [
        "v.mp4",
        "t1.jpg",
        "t2.jpg",
        "i.jpg",
    ]
    assert list(json_ld_urls("{broken")) == []
    assert list(json_ld_urls("[" * 100_000)) == []


def test_order_is_the_document_s_each_once_and_no_more_than_the_limit() -> (
    None
):
    markup = "".join(
        f"<p><img src={n}.png><img src={n}.png></p>" for n in range(9)
    )
    assert [url for url, _ in found(markup, limit=3)] == [
        at("0.png"),
        at("1.png"),
        at("2.png"),
    ]


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", ""],
)
def test_what_is_no_picture_on_the_web_is_not_named(url: str) -> None:
    assert found(f'<img src="{url}">') == []


def test_srcset_with_commas_in_addresses() -> None:
    assert pick_candidates("a,b.jpg 1x, c,d.jpg 3x") == ["c,d.jpg", "a,b.jpg"]
    assert pick_candidates("a.jpg, b.jpg 2x") == ["b.jpg", "a.jpg"]
    assert pick_candidates("data:image/png;base64,AA== 2x, s.jpg") == [
        "data:image/png;base64,AA==",
        "s.jpg",
    ]
    assert pick_candidates(" ,, ") == []


@pytest.mark.parametrize(
    "hostile",
    [
        "<div>" * 200_000 + "<img src=deep.png>",
        "<b>" * 100_000 + "<img src=deep.png>",
        "".join(f"<i a{n}>" for n in range(20_000)) + "<img src=deep.png>",
        "<div></b>" * 100_000 + "<img src=deep.png>",
        "<table><tr><td>" * 50_000 + "<img src=deep.png>",
        "<a href=x" * 100_000 + "><img src=deep.png>",
    ],
    ids=["div", "b", "attributes", "mismatched", "tables", "unclosed"],
)
def test_nesting_hides_nothing_and_costs_nothing(hostile: str) -> None:
    assert [url for url, _ in found(hostile)] == [at("deep.png")]


def test_flattening_keeps_every_element_attribute_and_text() -> None:
    markup = "".join(f"<div id=d{n}>t{n} " for n in range(2_000))
    tree = html.parse_page(markup)
    assert len(tree.css("div")) == 2_000
    assert tree.body.text().split() == [f"t{n}" for n in range(2_000)]
    assert html.flatten_markup("<p>few<p>levels") == "<p>few<p>levels"


def test_unclosed_formatting_is_not_opened_again_in_every_paragraph() -> None:
    opened = "".join(f"<B a={n}>" for n in range(300))
    tree = html.parse_page(
        f"<p>{opened}</p>" + "<p>x</p>" * 1_000 + "<img src=a.png>"
    )
    assert len(tree.css("*")) < 1_500
    assert [
        each.url for each in find_media(tree, PAGE, limit=9).candidates
    ] == [at("a.png")]


@pytest.mark.parametrize(
    "css", ["url(" * 200_000, "url(" + " " * 200_000, "url('" * 100_000]
)
def test_style_rules_are_read_in_linear_time(css: str) -> None:
    assert css_urls(css) == []


FRAGMENTS = [
    *(
        "<img ",
        "src=",
        "<video ",
        "<source ",
        "srcset=",
        "<style>",
        "url(",
        "</style>",
        "</div>",
    ),
    *(
        "<script type='application/ld+json'>{",
        '"image":',
        "<base href=//",
        ">",
        '"',
        "'",
        "\0",
    ),
    *(
        "<a href=x.jpg",
        "<!--",
        "-->",
        "<meta property=og:image content=",
        "data:image/png,",
    ),
    *(
        "<svg>",
        "<template>",
        "<table>",
        "<select>",
        "&#0;",
        "</script>",
        "<title>",
    ),
]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.text(max_size=20),
            st.sampled_from(FRAGMENTS),
        ),
        max_size=30,
    )
)
def test_the_finder_never_raises(pieces: list[str]) -> None:
    tree = html.parse_page("".join(pieces))
    assert len(find_media(tree, PAGE, limit=5).candidates) <= 5
    facts_of_page(tree)


@given(st.binary(max_size=300), st.text(max_size=30))
def test_any_bytes_decode(body: bytes, label: str) -> None:
    decode_page(body, label)


def test_charsets_by_header_page_and_mark() -> None:
    assert (
        decode_page(
            "ë".encode("cp1252"), "text/html; charset=windows-1252"
        ).text
        == "ë"
    )
    assert decode_page(
        b"<meta charset=iso-8859-2>" + "ć".encode("iso-8859-2"), None
    ).text.endswith("ć")
    assert (
        decode_page("\ufeffх".encode(), "text/html; charset=latin-1").text
        == "х"
    )
    assert decode_page(b"x", "text/html; charset=base64").text == "x"
