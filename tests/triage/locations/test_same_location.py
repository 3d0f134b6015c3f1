"""Pairs that name one location, and pairs that do not: one table for each kind of variation."""

from __future__ import annotations

import pytest

from triage.locations import identify_locations, identify_one

PAGE = "https://www.example.com/a/b?x=1&y=2"

SAME = {
    "defanged": [
        ("hxxps://www.example.com/a", "https://www.example.com/a"),
        ("hXXp://www[.]example[.]com/a", "http://www.example.com/a"),
        ("h**p://www.example.com/a", "http://www.example.com/a"),
        ("www(dot)example(dot)com/a", "http://www.example.com/a"),
        ("www [dot] example [dot] com/a", "http://www.example.com/a"),
        ("https://www{.}example{.}com/a", "https://www.example.com/a"),
        ("http[:]//www.example.com/a", "http://www.example.com/a"),
        ("http[://]www.example.com/a", "http://www.example.com/a"),
        ("hxxp[s]://www.example.com/a", "https://www.example.com/a"),
        ("https:\\/\\/www.example.com\\/a", "https://www.example.com/a"),
        ("203[.]0[.]113[.]5", "203.0.113.5"),
        ("alice[at]example[.]com", "alice@example.com"),
        ("alice (at) example (dot) com", "alice@example.com"),
    ],
    "scheme": [
        ("www.example.com/a", "http://www.example.com/a"),
        ("example.com", "http://example.com/"),
        ("//example.com/a", "http://example.com/a"),
        ("example.com:8080/a", "http://example.com:8080/a"),
        ("203.0.113.5/a", "http://203.0.113.5/a"),
        ("[2001:db8::1]/a", "http://[2001:db8::1]/a"),
        ("http//www.example.com/a", "http://www.example.com/a"),
        ("http:/www.example.com/a", "http://www.example.com/a"),
        ("https;//www.example.com/a", "https://www.example.com/a"),
        ("https: //www.example.com/a", "https://www.example.com/a"),
        ("https://www.example.com/a", "http://www.example.com/a"),
        ("HTTPS://www.example.com/a", "https://www.example.com/a"),
        ("view-source:https://www.example.com/a", "https://www.example.com/a"),
    ],
    "surroundings": [
        (f"<{PAGE}>", PAGE),
        (f"({PAGE})", PAGE),
        (f"[{PAGE}]", PAGE),
        (f'"{PAGE}"', PAGE),
        (f"'{PAGE}'", PAGE),
        (f"“{PAGE}”", PAGE),
        (f"„{PAGE}“", PAGE),
        (f"«{PAGE}»", PAGE),
        (f"`{PAGE}`", PAGE),
        (f"{PAGE}.", PAGE),
        (f"{PAGE},", PAGE),
        (f"{PAGE}!?", PAGE),
        (f"({PAGE}).", PAGE),
        (f"[a page]({PAGE})", PAGE),
        (f'<a href="{PAGE}">a page</a>', PAGE),
        (f"  {PAGE}\n", PAGE),
        ("https://example.org/wiki/A_(b)", "(https://example.org/wiki/A_(b))"),
        (PAGE.replace("&", "&amp;"), PAGE),
    ],
    "white space and invisible characters": [
        ("https://www.exa\nmple.com/a/b?x=1&y=2", PAGE),
        ("https://www.example.com/a/\r\nb?x=1&y=2", PAGE),
        ("https://www.example.com/a\t/b?x=1&y=2", PAGE),
        ("ht\ntps://www.example.com/a/b?x=1&y=2", PAGE),
        ("https://www.exam\u200bple.com/a/b?x=1&y=2", PAGE),
        ("https://www.exam\u00adple.com/a/b?x=1&y=2", PAGE),
        ("\ufeffhttps://www.example.com/a/b?x=1&y=2\u200e", PAGE),
        ("https://www.example\u2060.com/a/b?x=1&y=2", PAGE),
        ("https://www.example.com/a/\x00b?x=1&y=2", PAGE),
    ],
    "full width": [
        (
            "ｈｔｔｐｓ：／／ｗｗｗ．ｅｘａｍｐｌｅ．ｃｏｍ／ａ",
            "https://www.example.com/a",
        ),
        ("https://ｗｗｗ.example.com/a", "https://www.example.com/a"),
        ("https://www。example。com/a", "https://www.example.com/a"),
    ],
    "host": [
        ("https://WWW.Example.COM/a", "https://www.example.com/a"),
        ("https://www.example.com./a", "https://www.example.com/a"),
        ("https://www.example.com:443/a", "https://www.example.com/a"),
        ("http://www.example.com:80/a", "https://www.example.com/a"),
        ("https://www.ex%61mple.com/a", "https://www.example.com/a"),
        ("https://user:secret@www.example.com/a", "https://www.example.com/a"),
        ("https://faß.example/", "https://xn--fa-hia.example/"),
        ("https://ПРИМЕР.example/", "https://xn--e1afmkfd.example/"),
        ("https://dëshmi.example/", "https://DËSHMI.example/"),
    ],
    "addresses": [
        ("http://192.0.2.1/", "http://3221225985/"),
        ("http://192.0.2.1/", "http://0xC0.0x00.0x02.0x01/"),
        ("http://192.0.2.1/", "http://0300.0.2.1/"),
        ("http://192.0.2.1/", "http://192.0.513/"),
        ("http://192.0.2.1/", "http://１９２.0.2.1/"),
        ("http://192.0.2.1/", "http://192.0.2.1./"),
        ("http://192.0.2.1/", "http://[::ffff:192.0.2.1]/"),
        ("http://[2001:DB8:0:0::1]/", "http://[2001:db8::1]:80/"),
    ],
    "path": [
        ("https://www.example.com", "https://www.example.com/"),
        ("https://www.example.com/a/./b/../c", "https://www.example.com/a/c"),
        ("https://www.example.com/a/%2e%2E/c", "https://www.example.com/c"),
        ("https://www.example.com\\a\\b", "https://www.example.com/a/b"),
        ("https://www.example.com/%7Ea", "https://www.example.com/~a"),
        ("https://www.example.com/%61%2d%5f", "https://www.example.com/a-_"),
        ("https://www.example.com/%c3%ab", "https://www.example.com/%C3%AB"),
        ("https://www.example.com/ë", "https://www.example.com/%C3%AB"),
        ("https://www.example.com/a|b", "https://www.example.com/a%7Cb"),
        (
            "https://www.example.com/a;jsessionid=0123456789ABCDEF",
            "https://www.example.com/a",
        ),
        (
            "https://www.example.com/(S(abcdefghijklmnop12345678))/a",
            "https://www.example.com/a",
        ),
    ],
    "query": [
        (
            "https://www.example.com/a?y=2&x=1",
            "https://www.example.com/a?x=1&y=2",
        ),
        ("https://www.example.com/a?", "https://www.example.com/a"),
        (
            "https://www.example.com/a?x=1&&y=2&",
            "https://www.example.com/a?x=1&y=2",
        ),
        ("https://www.example.com/a?x=%7e", "https://www.example.com/a?x=~"),
        (
            "https://www.example.com/a?x[]=1",
            "https://www.example.com/a?x%5B%5D=1",
        ),
        (
            "https://www.example.com/a?utm_source=m&x=1",
            "https://www.example.com/a?x=1",
        ),
        (
            "https://www.example.com/a?UTM_Campaign=m&fbclid=z",
            "https://www.example.com/a",
        ),
        (
            "https://www.example.com/a?gclid=1&msclkid=2&x=1",
            "https://www.example.com/a?x=1",
        ),
        (
            "https://www.example.com/a?PHPSESSID=q1w2e3r4&x=1",
            "https://www.example.com/a?x=1",
        ),
        (
            f"https://www.example.com/index.php?sid={'0a' * 16}&x=1",
            "https://www.example.com/index.php?x=1",
        ),
    ],
    "fragment": [
        ("https://www.example.com/a#top", "https://www.example.com/a"),
        ("https://www.example.com/a#", "https://www.example.com/a"),
        (
            "https://www.example.com/a#:~:text=some",
            "https://www.example.com/a",
        ),
    ],
}

DIFFERENT = {
    "host": [
        ("https://www.example.com/", "https://example.com/"),
        ("https://m.example.com/", "https://example.com/"),
        ("https://www.example.com:8443/", "https://www.example.com/"),
        ("http://www.example.com:443/", "https://www.example.com/"),
        ("https://faß.example/", "https://fass.example/"),
        ("https://example.com.al/", "https://example.com/"),
        ("ftp://www.example.com/a", "https://www.example.com/a"),
    ],
    "path": [
        ("https://www.example.com/A", "https://www.example.com/a"),
        ("https://www.example.com/a/", "https://www.example.com/a"),
        ("https://www.example.com/a//b", "https://www.example.com/a/b"),
        ("https://www.example.com/a%2Fb", "https://www.example.com/a/b"),
        ("https://www.example.com/a%3Fb", "https://www.example.com/a?b"),
        ("https://www.example.com/a%23b", "https://www.example.com/a"),
        ("https://www.example.com/%2541", "https://www.example.com/A"),
        ("https://www.example.com/a%3Bb", "https://www.example.com/a;b"),
        ("https://www.example.com/index.html", "https://www.example.com/"),
    ],
    "query": [
        ("https://www.example.com/a?x=1", "https://www.example.com/a"),
        (
            "https://www.example.com/a?x=1&x=2",
            "https://www.example.com/a?x=2&x=1",
        ),
        (
            "https://www.example.com/a?x=1%262",
            "https://www.example.com/a?x=1&2",
        ),
        (
            "https://www.example.com/a?x=a+b",
            "https://www.example.com/a?x=a%2Bb",
        ),
        (
            "https://www.example.com/a?x=%2525",
            "https://www.example.com/a?x=%25",
        ),
        ("https://www.example.com/a?x=A", "https://www.example.com/a?x=a"),
        ("https://www.example.com/a?sid=12", "https://www.example.com/a"),
        ("https://www.example.com/a?s=words", "https://www.example.com/a"),
    ],
    "fragment": [
        ("https://www.example.com/#!/a", "https://www.example.com/#!/b"),
        ("https://www.example.com/#/a", "https://www.example.com/"),
    ],
}


def _rows(tables: dict[str, list[tuple[str, str]]]) -> list[object]:
    return [
        pytest.param(one, other, id=f"{name}: {one!a} {other!a}")
        for name, pairs in tables.items()
        for one, other in pairs
    ]


@pytest.mark.parametrize(("one", "other"), _rows(SAME))
def test_same_location_has_the_same_key(one: str, other: str) -> None:
    assert len(identify_locations(one)) == 1
    assert identify_one(one).key == identify_one(other).key != ""


@pytest.mark.parametrize(("one", "other"), _rows(DIFFERENT))
def test_another_location_has_another_key(one: str, other: str) -> None:
    keys = {identify_one(one).key, identify_one(other).key}
    assert len(keys) == 2
    assert "" not in keys


@pytest.mark.parametrize(("one", "other"), _rows(SAME) + _rows(DIFFERENT))
def test_the_canonical_form_is_its_own_canonical_form(
    one: str, other: str
) -> None:
    for text in (one, other):
        first = identify_one(text)
        again = identify_locations(first.canonical)
        assert [again[0].canonical, again[0].key, len(again)] == [
            first.canonical,
            first.key,
            1,
        ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("hxxp://example.com", "defanged"),
        ("example.com", "missing_scheme"),
        ("http//example.com/a", "broken_scheme"),
        ("https://exam\u200bple.com", "invisible_removed"),
        ("https://ｅｘample.com", "full_width"),
        ("https://exam\nple.com/a", "whitespace_removed"),
        ("https://u@example.com", "userinfo_removed"),
        ("https://example.com/?utm_source=a", "tracking_removed"),
        ("https://example.com/?PHPSESSID=a1b2", "session_id_removed"),
        ("https://example.com/\ud800", "invalid_characters"),
        ("", "empty"),
        ("no place at all", "not_a_location"),
        ("file:///home/someone/picture.jpg", "local_only"),
        ("blob:https://example.com/0b1c", "local_only"),
    ],
)
def test_what_was_repaired_is_said(text: str, problem: str) -> None:
    assert problem in identify_one(text).problems


def test_userinfo_is_kept_apart_and_shown_nowhere() -> None:
    for text in (
        "https://alice:s3cret@example.com/a",
        "see hxxps://alice:s3cret@example[.]com/a please",
        "https://www.google.com/url?q=https%3A%2F%2Falice%3As3cret%40example.com%2Fa",
    ):
        location = identify_one(text)
        assert location.userinfo == "alice:s3cret"
        assert "userinfo_removed" in location.problems
        assert "s3cret" not in repr(location) + str(location.to_json())
        assert location.key == identify_one("https://example.com/a").key


def test_content_inside_a_data_address_is_not_kept() -> None:
    location = identify_one("data:image/png;base64,iVBORw0KGgoAAAANSUhEUg==")
    assert location.problems == ("inline_data_removed",)
    assert "iVBOR" not in repr(location) + str(location.to_json())


def test_every_location_of_a_text_is_found_in_its_order() -> None:
    text = (
        "First https://a.example/1, then (hxxp://b[.]example/2); c.example/3 and "
        "https://a.example/1 again. Telegram: @some_body, alice@example.com, 203.0.113.5:51413 "
        "2026-11-01T12:00:00Z, call +355 69 212 3456.\nhttps://d.example/4|https://e.example/5"
    )
    assert [location.key for location in identify_locations(text)] == [
        "url://a.example/1",
        "url://b.example/2",
        "url://c.example/3",
        "account:telegram:@some_body",
        "email:alice@example.com",
        "ip:203.0.113.5:51413@2026-11-01T12:00:00Z",
        "phone:+355692123456",
        "url://d.example/4",
        "url://e.example/5",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "https://a.example/1\nhttps://b.example/2",
        "https://a.example/1\r\n\r\nb.example/2",
        "https://a.example/1\tb.example/2",
        "https://a.example/1,https://b.example/2",
        "https://a.example/1;hxxps://b.example/2",
        "https://a.example/1https://b.example/2",
        "a.example/1 b.example/2",
        "a.example/1\nb.example/2",
    ],
)
def test_two_addresses_stay_two(text: str) -> None:
    assert [one.key for one in identify_locations(text)] == [
        "url://a.example/1",
        "url://b.example/2",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "He sent it.It was removed.Then again",
        "version 1.2.3 of photo.zip",
        "at 12:30:45 on 2026-11-01",
        "and/or",
        "e.g. this",
        "12345",
        "[" * 40,
        "http://",
        "https://%/",
        "http://a..example/",
        "http://999.999.999.999/",
    ],
)
def test_running_text_is_no_location(text: str) -> None:
    assert [one.kind for one in identify_locations(text)] == ["unknown"]


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("https://x.com.al/", "x.com.al"),
        ("https://www.x.com.al/", "x.com.al"),
        ("https://a.b.example.co.rs/", "example.co.rs"),
        ("https://a.example.com.mk/", "example.com.mk"),
        ("https://someone.github.io/", "someone.github.io"),
        ("http://127.0.0.1/", None),
        ("http://[2001:db8::1]/", None),
    ],
)
def test_registrable_domain_is_by_the_public_suffix_list(
    text: str, domain: str | None
) -> None:
    assert identify_one(text).registrable_domain == domain


def test_the_public_shape() -> None:
    assert identify_one("https://www.x.com.al/a#b").to_json() == {
        "input": "https://www.x.com.al/a#b",
        "kind": "url",
        "canonical": "https://www.x.com.al/a",
        "key": "url://www.x.com.al/a",
        "display": "www.x.com.al/a",
        "platform": None,
        "content_id": None,
        "host": "www.x.com.al",
        "registrable_domain": "x.com.al",
        "problems": [],
    }


def test_a_long_location_has_a_short_key_of_its_own() -> None:
    long = "https://www.example.com/" + "a" * 5_000
    one, other = identify_one(long), identify_one(long + "b")
    assert one.key != other.key
    for location in (one, other):
        assert len(location.key) <= 200
        assert location.key.isascii()
        assert location.key == identify_one(location.canonical).key


def test_a_text_beyond_the_limit_is_never_cut_inside_a_location() -> None:
    whole = (
        "https://www.example.com/x "
        + "word " * 209_800
        + "https://www.example.com/y"
    )
    found = identify_locations(whole)
    assert [one.key for one in found] == ["url://www.example.com/x"]
    assert "truncated_input" in found[0].problems
    giant = "https://www.example.com/" + "a" * (1 << 20)
    assert identify_one(giant).kind == "unknown"
    assert "truncated_input" in identify_one(giant).problems
