"""Hard inputs, class by class: what is one location, what must never become one, what is none.

Two locations made one is the worse error: a report of the second would never be looked at.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.locations import identify_locations, identify_one

MD5 = "8f1b2c3d4e5f60718f1b2c3d4e5f6071"
V3 = "duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad.onion"
HASH = "c12fe1c06bba254a9dc9f519b335aa7c1367a88a"
CID = "bafybeihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"

#: Each row is one location, however it is written.
ONE = [
    # broken on the way
    [
        "http://a.example/xy",
        "http://a.example/x\ty",
        "http://a.exa\u00admple/xy",
        "ht\u200btp://a.example/xy",
        "\uff48\uff54\uff54\uff50://a.example/xy",
        "http://a\uff0eexample/xy",
        "http://a\u3002example/xy",
        "<http://a.example/xy>",
        "«http://a.example/xy»",
        "„http://a.example/xy”",
        "[t](http://a.example/xy)",
        "(http://a.example/xy).",
        "http://a.example/xy...",
        "http://a.example/xy!?",
        "view-source:http://a.example/xy",
        "https://https://a.example/xy",
        "http://http//a.example/xy",
        "https:https://a.example/xy",
        "http:a.example/xy",
        "http:/a.example/xy",
        "http:\\\\a.example\\xy",
        "http//a.example/xy",
        "hxxps[:]//a[.]example/xy",
        "a[dot]example/xy",
        "//a.example/xy",
        "HTTP://A.EXAMPLE:80/xy",
        "http://a.example:port/xy",
        "http://a.example:99999/xy",
        "http://a.example../xy",
        "http://a.example./xy",
        "http://u:p@a.example/xy",
        "http://a.example/./b/../xy",
        "http://a.example/%2e/b/%2E%2e/xy",
        "http://a.example/%78y",
        "https://a.example:443/xy",
        "http://a.example/xy?",
        "http://a.example/xy#",
        "http://a.example/xy#top",
        "http://a.example/xy#:~:text=a",
        "http://a.example/xy?utm_source=b",
        "http://a.example/xy?UTM_Medium=b&fbclid=c",
        f"http://a.example/xy;jsessionid={MD5}",
        f"http://a.example/xy?PHPSESSID={MD5}",
        "http://a.example/(S(lit3py55t21z5v55vlm25s55))/xy",
    ],
    [
        "http://a.example/?a=1&b=2",
        "http://a.example?b=2&a=1",
        "http://a.example/?&&b=2&a=1&",
        "http://a.example/?a=1&amp;b=2",
    ],
    [
        "http://127.0.0.1/",
        "http://0x7f.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0177.0.0.1/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
    ],
    ["http://[2001:db8::1]/x", "http://[2001:DB8:0:0::0001]:80/x"],
    [
        "http://xn--mnchen-3ya.example/",
        "http://münchen.example/",
        "http://MÜNCHEN.example",
    ],
    [
        "http://a.example/%C3%A9",
        "http://a.example/é",
        "http://a.example/%c3%a9",
    ],
    # forum software's own sessions
    [
        "http://f.example/viewtopic.php?t=5",
        f"http://f.example/viewtopic.php?t=5&sid={MD5}",
    ],
    [
        "http://f.example/forum/showthread.php?t=5",
        f"http://f.example/forum/showthread.php?s={MD5}&t=5",
    ],
    # platforms
    [
        "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
        "https://youtu.be/dQw4w9WgXcQ?si=x",
        "https://m.youtube.com/watch?list=PL123456789&v=dQw4w9WgXcQ&t=5",
        "https://www.youtube.com/shorts/dQw4w9WgXcQ",
        "https://www.youtube.com/live/dQw4w9WgXcQ?feature=share",
        "vnd.youtube:dQw4w9WgXcQ",
    ],
    [
        "https://x.com/a/status/1234567890123456789",
        "https://twitter.com/b/status/1234567890123456789?s=20",
        "https://mobile.twitter.com/i/web/status/1234567890123456789/photo/1",
    ],
    [
        "https://t.me/chan_nel/5",
        "https://t.me/s/chan_nel/5",
        "https://telegram.me/chan_nel/5",
        "tg://resolve?domain=chan_nel&post=5",
    ],
    [
        "https://discord.gg/AbCdEf",
        "https://discord.com/invite/AbCdEf",
        "https://discordapp.com/invite/AbCdEf",
    ],
    [
        "https://redd.it/abc123",
        "https://old.reddit.com/r/A/comments/abc123",
        "https://www.reddit.com/r/a/comments/abc123/title/",
    ],
    [
        "https://mega.nz/file/AbCdEfGh#1234567890123456789012345678901234567890123",
        "https://mega.nz/#!AbCdEfGh!1234567890123456789012345678901234567890123",
        "https://mega.co.nz/#!AbCdEfGh!1234567890123456789012345678901234567890123",
    ],
    [
        "https://wa.me/355691234567",
        "https://api.whatsapp.com/send?phone=355691234567&text=x",
    ],
    # wrappers
    [
        "https://a.example/x",
        "https://www.google.com/url?q=https://a.example/x&sa=D",
        "https://l.facebook.com/l.php?u=https%3A%2F%2Fa.example%2Fx&h=AT",
        "https://vk.com/away.php?to=https%3A%2F%2Fa.example%2Fx",
        "https://translate.google.com/translate?sl=sq&tl=en&u=http://a.example/x",
        "https://a-example.translate.goog/x?_x_tr_sl=sq",
        "https://urldefense.com/v3/__https://a.example/x__;!!abc",
        "https://www.google.com/amp/s/a.example/x",
    ],
    [
        "https://web.archive.org/web/20200101000000/http://a.example/x",
        "http://archive.org/web/20200101000000/http://a.example/x",
        "https://web.archive.org/web/20200101000000id_/https://a.example/x",
        "http://archive.org/web/20200101000000/a.example/x",
    ],
    # not the web
    [
        f"magnet:?xt=urn:btih:{HASH}",
        f"magnet:?dn=a&xt=urn:btih:{HASH.upper()}&tr=udp://t",
        f"info hash: {HASH}",
        "magnet:?xt=urn:btih:YEX6DQDLXISUVHOJ6UM3GNNKPQJWPKEK",
        f"magnet:?xt.1=urn:btih:{HASH}",
    ],
    [
        "ed2k://|file|a%20b.avi|123|31D6CFE0D16AE931B73C59D7E0C089C0|/",
        "ed2k://%7Cfile%7Cz.avi%7C123%7C31d6cfe0d16ae931b73c59d7e0c089c0%7C/",
    ],
    [
        f"ipfs://{CID}/a.jpg",
        f"https://ipfs.io/ipfs/{CID}/a.jpg",
        f"https://{CID}.ipfs.dweb.link/a.jpg",
        f"/ipfs/{CID}/a.jpg",
    ],
    [f"http://{V3}/x", f"HTTP://{V3.upper()}:80/x", f"https://{V3}.ws/x"],
    [
        "+355 69 123 4567",
        "069 123 4567",
        "00355691234567",
        "(069) 123-4567",
        "tel:+355691234567",
    ],
    [
        "192.0.2.1:4662 2026-11-01T10:00:00Z",
        "192.0.2.1 port 4662 at 2026-11-01 10:00 UTC",
        "192.0.2.1:4662 2026-11-01 12:00:00 +02:00",
        "192.0.2.1:4662 01.11.2026 12:00 +02:00",
        "192.0.2.1:4662, 1.11.2026, 12:00 +0200",
    ],
    ["news:abc123@news.example", "Message-ID: <abc123@news.example>"],
    ["nntp://News.example/alt.x/5", "nntp://news.example/ALT.x/05"],
]

#: Every two of a row are different locations.
APART = [
    [
        "http://a.example/a%2Fb",
        "http://a.example/a/b",
        "http://a.example/a%252Fb",
    ],
    [
        "http://a.example/?q=a+b",
        "http://a.example/?q=a%20b",
        "http://a.example/?q=a%2Bb",
    ],
    [
        "http://a.example/x",
        "http://a.example/X",
        "http://a.example/x/",
        "http://a.example//x",
        "http://www.a.example/x",
    ],
    [
        "http://a.example/?a=1&a=2",
        "http://a.example/?a=2&a=1",
        "http://a.example/?a=1",
        "http://a.example/?a=2",
    ],
    [
        "http://a.example/?a%26b=1",
        "http://a.example/?a&b=1",
        "http://a.example/?a%3D1=2",
        "http://a.example/?a=1=2",
    ],
    ["http://a.example/a;b", "http://a.example/a%3Bb", "http://a.example/a"],
    [
        "http://a.example/app#/photo/1",
        "http://a.example/app#/photo/2",
        "http://a.example/app#!/photo/1",
        "http://a.example/app",
    ],
    ["http://faß.example/", "http://fass.example/"],
    [
        "http://a.example:8080/x",
        "http://a.example/x",
        "http://a.example:443/x",
        "ftp://a.example/x",
    ],
    # names that a site gives to its own content
    [
        f"http://a.example/view?s={MD5}",
        f"http://a.example/view?s={MD5[::-1]}",
        f"http://a.example/image.php?sid={MD5}",
        f"http://a.example/image.php?sid={MD5[::-1]}",
    ],
    [
        "http://a.example/?pk_id=1",
        "http://a.example/?pk_id=2",
        "http://a.example/?cvid=1",
        "http://a.example/?cvid=2",
        "http://a.example/?smid=1",
        "http://a.example/?smid=2",
        "http://a.example/?scm=1",
        "http://a.example/?elq=1",
        "http://a.example/?sc_code=1",
        "http://a.example/?ncid=3",
        "http://a.example/?token=1",
        "http://a.example/?ref=1",
    ],
    # a broken address never becomes its host
    [
        "http://a.example:port/x",
        "http://a.example:port/y",
        "http://a.example../z",
        "http://a.example/",
    ],
    [
        "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
        "https://www.youtube.com/watch?v=DQW4w9WgXcQ",
        "https://www.youtube.com/watch?v=dQw4w9WgXcR",
        "https://www.youtube.com/watch",
    ],
    [
        "https://www.youtube.com/attribution_link?u=%2Fwatch%3Fv%3DdQw4w9WgXcQ",
        "https://www.youtube.com/attribution_link?u=%2Fwatch%3Fv%3DdQw4w9WgXcR",
    ],
    [
        "https://pbs.twimg.com/media/ABCdef?format=jpg&name=large",
        "https://pbs.twimg.com/media/ABCdeg?format=jpg&name=large",
    ],
    [
        "https://t.me/chan_nel/5",
        "https://t.me/chan_nel/6",
        "https://t.me/c/123/5",
        "https://t.me/chan_nel",
    ],
    ["https://discord.gg/AbCdEf", "https://discord.gg/abcdef"],
    [
        "https://cdn.discordapp.com/attachments/1/2/a.jpg",
        "https://cdn.discordapp.com/attachments/1/2/b.jpg",
    ],
    [
        "https://mega.nz/folder/AbCdEfGh#key/file/AAAAAAAA",
        "https://mega.nz/folder/AbCdEfGh#key/file/BBBBBBBB",
        "https://mega.nz/folder/AbCdEfGh#key",
    ],
    [
        "https://www.dropbox.com/scl/fo/abc123/AAAA/p1.jpg?rlkey=k",
        "https://www.dropbox.com/scl/fo/abc123/AAAA/p2.jpg?rlkey=k",
        "https://www.dropbox.com/scl/fo/abc123/AAAA?rlkey=k",
        "https://www.dropbox.com/scl/fo/abc123/AAAA?rlkey=k&preview=p3.jpg",
    ],
    [
        "https://www.dropbox.com/sh/abc1234567/AAAA?preview=p1.jpg",
        "https://www.dropbox.com/sh/abc1234567/AAAA?preview=p2.jpg",
        "https://www.dropbox.com/sh/abc1234567/AAAA",
    ],
    [
        "https://www.instagram.com/p/CAbcdEfGhIj/",
        "https://www.instagram.com/p/CabcdEfGhIj/",
    ],
    [
        "https://www.facebook.com/permalink.php?story_fbid=1&id=2",
        "https://www.facebook.com/permalink.php?story_fbid=1&id=3",
    ],
    [
        "https://web.archive.org/web/20200101000000/http://a.example/x",
        "https://web.archive.org/web/20200102000000/http://a.example/x",
        "https://web.archive.org/web/20200101000000/http://a.example/y",
        "https://a.example/x",
        "https://archive.ph/20200101000000/http://a.example/x",
    ],
    [f"ipfs://{CID}/a.jpg", f"ipfs://{CID}/b.jpg", f"ipfs://{CID}"],
    [f"http://{V3}/x", f"http://www.{V3}/x", f"http://{V3}/y"],
    [HASH, f"btih:{HASH}"],
    [
        "192.0.2.1",
        "192.0.2.1:80",
        "192.0.2.1:80 2026-11-01T10:00:00Z",
        "192.0.2.1:80 2026-11-01T10:00:01Z",
        "192.0.2.1:80 01.11.2026 10:00",
        "192.0.2.1:80 02.11.2026 10:00",
        "192.0.2.1:80 2026-11-01 10:00 +01:00",
    ],
    [
        "nntp://news.example/alt.x/5",
        "nntp://news.example/alt.x/6",
        "nntp://other.example/alt.x/5",
        "news:alt.x",
    ],
    ["me@a.example", "me+tag@a.example", "m.e@a.example"],
    [
        "telegram @some_one",
        "instagram @some_one",
        "@some_one",
        "discord: some_one",
    ],
]

#: What names nothing, or nothing that can be told.
NOTHING = [
    "http://a..b.example/x",
    "http://a%00b.example/x",
    "http://1.2.3.4.5/x",
    "http://256.1.1.1/x",
    "http://[2001:db8::1/x",
    "http://a.example|b/x",
    "http://a.example%20.b/x",
    "http:8080",
    "http:x",
    "javascript:alert(1)",
    "about:blank",
    "data:text/html,<b>x",
    "file:///C:/x",
    "foto.jpg",
    "v1.2.3",
    "magnet:?dn=only",
]


@pytest.mark.parametrize("row", ONE, ids=lambda row: row[0])
def test_one_location_however_it_is_written(row: list[str]) -> None:
    keys = {text: identify_one(text, "AL").key for text in row}
    assert len(set(keys.values())) == 1, keys
    assert "" not in keys.values()


@pytest.mark.parametrize("row", APART, ids=lambda row: row[0])
def test_what_is_different_stays_apart(row: list[str]) -> None:
    keys = [identify_one(text, "AL").key for text in row]
    assert "" not in keys
    assert len(set(keys)) == len(row), sorted(zip(keys, row, strict=True))


@pytest.mark.parametrize("text", NOTHING)
def test_what_names_nothing_is_unknown(text: str) -> None:
    assert [(one.kind, one.key) for one in identify_locations(text, "AL")] == [
        ("unknown", "")
    ]


@given(
    st.text("ab./:%20\\|@#?&=", max_size=12), st.text("ab/%?=&#;", max_size=12)
)
def test_no_broken_host_swallows_the_path(junk: str, rest: str) -> None:
    """Whatever is wrong with a host, two paths that are read at all are two locations."""
    one, other = (
        identify_one(f"http://a.example{junk}/{rest}{end}")
        for end in ("1", "2")
    )
    if one.kind == other.kind == "url" and one.host and "#" not in junk + rest:
        assert one.key != other.key
