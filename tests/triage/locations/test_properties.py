"""Properties over generated text: identity never raises, is idempotent, and costs linear work."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from triage.locations import Location, identify_locations, identify_one
from triage.locations.location import KEY_LIMIT, KINDS, PROBLEMS

QUIET = settings(max_examples=150, deadline=None)

LABEL = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)
HOST = st.builds(
    lambda a, b, top: f"{a}.{b}.{top}",
    LABEL,
    LABEL,
    st.sampled_from(["example", "al"]),
)
SEGMENT = st.from_regex(r"[A-Za-z0-9_~-]{1,8}", fullmatch=True)
NAMES = st.sampled_from(["id", "page", "v", "lang", "q9", "x"])
PAGES = st.builds(
    lambda host, path, query: (
        f"https://{host}/{'/'.join(path)}"
        + (
            "?" + "&".join(f"{name}={value}" for name, value in query.items())
            if query
            else ""
        )
    ),
    HOST,
    st.lists(SEGMENT, min_size=1, max_size=3),
    st.dictionaries(NAMES, SEGMENT, max_size=3),
)

# What a hostile or careless sender strings together; fragments meet in every order.
WORDS = [
    "https://",
    "http://",
    "hxxp://",
    "ftp://",
    "//",
    "/",
    "\\",
    ".",
    "..",
    "...",
    "?",
    "&",
    "=",
    "#",
    "%",
    "%2",
    "%2e",
    "%2E",
    "%zz",
    "%25",
    "%00",
    "%C3%AB",
    ":",
    ";",
    ",",
    "@",
    "!",
    "*",
    "'",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "<",
    ">",
    '"',
    "|",
    "^",
    "`",
    "~",
    "$",
    "+",
    "-",
    "_",
    "(dot)",
    "[.]",
    "(.)",
    "[:]",
    "[at]",
    "hxxp",
    "%68xxp",
    "amp;",
    "&amp;",
    "&#x2F;",
    "&lt;",
    "\\u002F",
    "[url]",
    "[/url]",
    " dot ",
    " . ",
    " pikë ",
    "•",
    "**",
    "www.",
    "example.com",
    "a.example",
    "xn--",
    "xn--a",
    "0x7f.1",
    "127.0.0.1",
    "[::1]",
    "[::ffff:1.2.3.4]",
    "1.2.3.4:5",
    "magnet:?xt=urn:btih:",
    "news:",
    "ed2k://|file|",
    "mailto:",
    "tel:",
    "+355692123456",
    "data:image/png;base64,",
    "ipfs://",
    "/ipfs/",
    "tg://",
    "t.me/",
    "telegram:",
    "@name",
    "name#1234",
    ".onion",
    "/web/2020/",
    "url?q=",
    "https://web.archive.org/web/2020/",
    "https://www.google.com/url?q=",
    "https://href.li/?",
    "https://t.co/",
    "mega.nz/#!",
    ";jsessionid=0123456789",
    "(S(aaaaaaaaaaaaaaaaaaaa))/",
    "?utm_source=x",
    "#!/",
    "#/",
    "é",
    "ß",
    "ａ",
    "．",
    "。",
    "İ",
    "ı",
    "ſ",
    "ﬁ",
    "🙂",
]
ODD = [
    " ",
    "\t",
    "\n",
    "\x00",
    "\u200b",
    "\u00ad",
    "\u202e",
    "\ud800",
    "\udfff",
    "\ufffd",
    "\ue000",
    "\u3000",
]
PIECES = st.sampled_from(WORDS + ODD)
JUNK = st.lists(PIECES | st.text(max_size=3), max_size=14).map("".join)
ANY = st.text(st.characters(), max_size=60)


def _sound(location: Location) -> None:
    assert location.kind in KINDS
    assert set(location.problems) <= set(PROBLEMS)
    assert len(location.key) <= KEY_LIMIT
    assert location.key.isascii()
    assert (location.key == "") == (location.kind == "unknown")
    for text in (location.input, location.canonical, location.display):
        text.encode("utf-8")
        assert "\0" not in text


def _settled(location: Location) -> None:
    if location.kind == "unknown":
        return
    again = identify_locations(location.canonical)
    assert [(one.kind, one.key, one.canonical) for one in again] == [
        (location.kind, location.key, location.canonical)
    ]


@settings(max_examples=600, deadline=None)
@given(JUNK)
@example("[" * 50_000)
@example("http://" + "[" * 50_000)
@example("https://a.example/" + "%" * 20_000)
@example("https://a.example/?" + "&" * 20_000)
@example("https://a.example/%%37E")
@example("https://a.example/(%2E)")
@example("https://a.example/a%2E")
@example("https://a.example/a.?utm_source=x")
@example("https://a.example/..;jsessionid=0123456789/b")
@example("https://a.example/1%68ttps://b.example")
@example("https://a.example/(%68xxp://b")
@example("https://a.example/?a=1&%61mp;b=2")
@example("http://xn--/")
@example("http://0x7f../")
def test_nothing_raises_and_every_canonical_form_is_settled(text: str) -> None:
    for location in identify_locations(text):
        _sound(location)
        _settled(location)


@QUIET
@given(ANY)
def test_any_text_is_taken(text: str) -> None:
    found = identify_locations(text)
    assert found
    for location in found:
        _sound(location)
        _settled(location)


def _defang(url: str) -> str:
    return url.replace("https", "hxxps").replace(".", "[.]")


def _encode_letters(url: str) -> str:
    head, slash, path = (
        url.partition(".example/")
        if ".example/" in url
        else url.partition(".al/")
    )
    return (
        head
        + slash
        + re.sub(
            r"(?<![?&=])([aeiou])(?![^?&]*=)",
            lambda m: f"%{ord(m[1]):02x}",
            path,
        )
    )


def _reverse_query(url: str) -> str:
    path, mark, query = url.partition("?")
    return path + mark + "&".join(reversed(query.split("&")))


VARIATIONS: dict[str, Callable[[str], str]] = {
    "defanged": _defang,
    "(dot)": lambda url: url.replace(".", "(dot)"),
    "other scheme": lambda url: url.replace("https", "http"),
    "no scheme": lambda url: url.removeprefix("https://"),
    "upper-case host": lambda url: re.sub(
        r"//[^/]+", lambda m: m[0].upper(), url
    ),
    "default port": lambda url: re.sub(
        r"//[^/]+", lambda m: f"{m[0]}:443", url
    ),
    "trailing dot": lambda url: re.sub(r"//[^/]+", lambda m: f"{m[0]}.", url),
    "user-info": lambda url: url.replace("//", "//name:word@"),
    "fragment": lambda url: f"{url}#part",
    "empty query": lambda url: url if "?" in url else f"{url}?",
    "tracking": lambda url: (
        url + ("&" if "?" in url else "?") + "utm_source=a&fbclid=b"
    ),
    "session": lambda url: (
        url + ("&" if "?" in url else "?") + "PHPSESSID=a1b2c3d4"
    ),
    "query order": _reverse_query,
    "dot segments": lambda url: re.sub(
        r"(//[^/]+)/", r"\1/./x/%2e%2E/", url, count=1
    ),
    "percent": _encode_letters,
    "brackets": lambda url: f"(<{url}>)",
    "quotes": lambda url: f"„{url}“",
    "sentence": lambda url: f"It is at {url}, I think.",
    "zero width": lambda url: url[:12] + "\u200b" + url[12:],
    "soft hyphen": lambda url: url[:-1] + "\u00ad" + url[-1:],
    "full width": lambda url: "".join(chr(ord(c) + 0xFEE0) for c in url),
    "line break in the host": lambda url: url[:10] + "\n" + url[10:],
    "tab at the end": lambda url: f"{url}\t",
    "redirector": lambda url: "https://anonym.to/?" + url,
}


@pytest.mark.parametrize("name", VARIATIONS)
@settings(max_examples=25, deadline=None)
@given(PAGES)
def test_every_variation_names_the_same_location(name: str, url: str) -> None:
    varied = VARIATIONS[name](url)
    assert [one.key for one in identify_locations(varied)] == [
        identify_one(url).key
    ], varied


@QUIET
@given(PAGES, PAGES)
def test_keys_of_plain_pages_differ_exactly_where_they_do(
    one: str, other: str
) -> None:
    def meaning(url: str) -> tuple[str, tuple[str, ...]]:
        path, _, query = url.partition("?")
        return path, tuple(sorted(query.split("&")))

    same = identify_one(one).key == identify_one(other).key
    assert same == (meaning(one) == meaning(other))


@QUIET
@given(
    st.lists(PAGES, min_size=1, max_size=6, unique=True),
    st.sampled_from([" ", "\n", ", ", "; "]),
)
def test_every_address_of_a_text_is_found(
    pages: list[str], between: str
) -> None:
    expected = list(dict.fromkeys(identify_one(page).key for page in pages))
    assert [
        one.key for one in identify_locations(between.join(pages))
    ] == expected


EVIL: dict[str, Callable[[int], str]] = {
    "opening brackets": lambda n: "[" * n,
    "bracketed dots": lambda n: "[.]" * n,
    "half-made dots": lambda n: "( " * n,
    "schemes": lambda n: "http://" * n,
    "schemes in one path": lambda n: "http://a.example/" + "/http://" * n,
    "percent": lambda n: "http://a.example/" + "%" * n,
    "dots": lambda n: "a." * n,
    "hyphens": lambda n: "a-" * n,
    "at signs": lambda n: "a@" * n,
    "colons": lambda n: "a:" * n,
    "digits": lambda n: "1 " * n,
    "hexadecimal": lambda n: "ab:" * n,
    "closing brackets at the end": lambda n: "http://a.example/" + ")" * n,
    "full stops at the end": lambda n: "http://a.example/x" + "." * n,
    "wrappers": lambda n: "https://href.li/?" * n + "https://a.example/",
    "line breaks": lambda n: "https://a.example/" + "\nx" * n,
    "quotes": lambda n: "\"'" * n,
    "parameters": lambda n: (
        "https://a.example/?" + "&".join(f"p{i}=1" for i in range(n))
    ),
    "exclamations": lambda n: "!" * n + "@",
    "spaced dots": lambda n: "https://a" + " . a" * n,
    "spoken dots": lambda n: "https://a" + " dot a" * n,
    "www and gaps": lambda n: "www . " * n,
    "tags": lambda n: "http://a.example/x<a" * n,
    "closing tags": lambda n: "[url]http://a.example/x[/url]" * n,
    "opened brackets": lambda n: "[" * n + "http://a.example/" + "]" * n,
    "emphasis": lambda n: "*" * n + "http://a.example/x" + "*" * n,
    "entities": lambda n: "&#x2F;" * n,
    "escapes": lambda n: "\\u002F" * n,
    "slugs": lambda n: "https://imgur.com/a/" + "a-" * n,
    "comments": lambda n: (
        "https://www.facebook.com/a/posts/1?" + "comment_id=1&" * n
    ),
}


def _calls(text: str) -> int:
    """Python calls made for one text: work that is counted, not timed."""
    count = 0

    def tick(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(tick)
    try:
        identify_locations(text)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("name", EVIL)
def test_work_grows_no_faster_than_the_text(name: str) -> None:
    identify_locations("https://a.example/ warm.example")
    small, large = _calls(EVIL[name](150)), _calls(EVIL[name](1_200))
    assert large <= small * 8 + 400


@pytest.mark.parametrize("name", EVIL)
def test_large_evil_text_is_taken(name: str) -> None:
    """Work inside one pattern is not seen by counting calls; the suite's time limit bounds it."""
    found = identify_locations(EVIL[name](20_000))
    assert len(found) <= 5_001
    for location in found[:3]:
        _sound(location)


def test_a_million_characters_are_taken() -> None:
    text = "word " * 209_000 + "https://a.example/end"
    assert [one.key for one in identify_locations(text)] == [
        "url://a.example/end"
    ]
