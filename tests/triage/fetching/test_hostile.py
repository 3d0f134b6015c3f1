"""Hosts that mean harm: none leads inwards, none takes more than its share."""

from __future__ import annotations

import gzip
import http.server
import json
import time
import zlib
from typing import Any

import pycurl
import pytest

from hotline.core.network.targets import parse_target
from hotline.core.network.transfer import Plan, Transfer
from triage.fetching.report import FetchLimits


@pytest.mark.parametrize(
    "location",
    [
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://2852039166/",
        "http://0xa9.0xfe.0xa9.0xfe/",
        "http://0251.0376.0251.0376/",
        "http://[::ffff:10.0.0.1]/",
        "http://[::ffff:7f00:1]:{port}/",
        "http://[64:ff9b::a00:1]/",
        "http://[fd00:ec2::254]/",
        "http://192.168.1.1:{port}/",
        "http://①⓪.0.0.1/",
        "//100.100.100.200/",
        "http://0/",
    ],
)
def test_a_redirect_inwards_is_refused_in_every_notation(
    lab: Any, world: Any, location: str
) -> None:
    world.routes = {
        "/": lab.answer(
            b"", 302, Location=_latin(location.format(port=world.port))
        )
    }
    report = lab.look(lab.ask(world.url(), allowed_networks=("127.0.0.1/32",)))
    assert (report.outcome, report.error) == ("refused", "blocked_address")
    assert len(report.hops) == 2
    assert report.hops[1].status is None


def _latin(text: str) -> str:
    """Header text as a server writes UTF-8 into it."""
    return text.encode().decode("latin-1")


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://127.0.0.1:{port}/", "blocked_address"),
        ("http://0x7f.1:{port}/", "blocked_address"),
        ("http://pictures.example:{port}/", "blocked_address"),
        ("file:///etc/passwd", "bad_scheme"),
        ("gopher://127.0.0.1/", "bad_scheme"),
        ("data:text/html,marker", "bad_scheme"),
        ("http://", "bad_url"),
        ("http://exa mple/", "bad_url"),
        ("http://" + "a" * 20 + ".onion/", "onion_needs_tor"),
        ("http://pictures.example/" + "a" * 10_000, "bad_url"),
    ],
)
def test_what_is_not_visited_at_all(
    lab: Any, world: Any, url: str, error: str
) -> None:
    report = lab.look(
        lab.ask(url.format(port=world.port), allowed_networks=())
    )
    assert (report.outcome, report.error) == ("refused", error)
    assert world.requests == []


def test_a_redirect_to_inline_data_does_not_carry_it_into_the_report(
    lab: Any, world: Any
) -> None:
    world.routes = {
        "/": lab.answer(b"", 302, Location="data:text/html,marker-in-location")
    }
    report = lab.look(lab.ask(world.url()))
    assert (report.outcome, report.error) == ("refused", "bad_scheme")
    assert "marker" not in json.dumps(report.to_json())


def test_a_loop_of_redirects_ends(lab: Any, world: Any) -> None:
    world.routes = {"/": lab.answer(b"", 302, Location="/")}
    limits = FetchLimits(total_seconds=10, max_redirects=4)
    report = lab.look(lab.ask(world.url(), limits=limits))
    assert (report.outcome, report.error) == ("failed", "too_many_redirects")
    assert len(world.requests) == 5


def test_a_name_that_changes_its_address_is_asked_once(
    lab: Any, world: Any, name_server: Any
) -> None:
    """DNS rebinding: an allowed address first, an inner one for every question after it."""
    given = iter(["127.0.0.1"])
    name_server.answers = lambda _name, kind: (
        [next(given, "10.0.0.1")] if kind == "A" else ["::ffff:10.0.0.1"]
    )
    world.routes = {
        "/": lab.answer(b"", 302, Location="/page"),
        "/page": lab.answer(b"<img src=/a.jpg>"),
        "/a.jpg": lab.answer(lab.picture()),
    }
    request = lab.ask(
        world.url("/", host="rebind.test"),
        hosts={},
        resolver=name_server.address,
    )
    report = lab.look(request)
    assert [hop.address for hop in report.hops] == ["127.0.0.1", "127.0.0.1"]
    assert report.hops[0].dropped == ("::ffff:10.0.0.1",)
    assert report.media[0].error is None
    assert name_server.asked == [("rebind.test", "A"), ("rebind.test", "AAAA")]
    again = lab.look(request)
    assert (again.outcome, again.error) == ("refused", "blocked_address")
    assert again.hops[0].dropped == ("10.0.0.1", "::ffff:10.0.0.1")


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        (lambda _n, _k: 3, "dns_nxdomain"),
        (lambda _n, _k: 2, "dns_failure"),
        (lambda _n, _k: [], "dns_no_address"),
        (lambda _n, _k: None, "dns_failure"),
        (lambda _n, k: 2 if k == "A" else [], "dns_failure"),
    ],
    ids=["nxdomain", "servfail", "no address", "silence", "half an answer"],
)
def test_failures_of_names(
    lab: Any, name_server: Any, answers: Any, error: str
) -> None:
    name_server.answers = answers
    request = lab.ask(
        "http://nowhere.test/",
        resolver=name_server.address,
        limits=FetchLimits(total_seconds=1, connect_seconds=0.4),
    )
    report = lab.look(request)
    assert (report.outcome, report.error) == ("failed", error)


def test_a_host_name_that_dns_cannot_hold_fails_plainly(
    lab: Any, name_server: Any
) -> None:
    report = lab.look(
        lab.ask(f"http://{'a' * 70}.test/", resolver=name_server.address)
    )
    assert (report.outcome, report.error) == ("failed", "dns_failure")


def test_nobody_listening_is_refused_by_the_host(lab: Any, world: Any) -> None:
    report = lab.look(lab.ask("http://127.0.0.1:1/"))
    assert (report.outcome, report.error) == ("failed", "refused")


def _drip(handler: http.server.BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for _ in range(100):
        handler.wfile.write(b"X-Slow: 1\r\n")
        time.sleep(0.1)


def _silent(_handler: http.server.BaseHTTPRequestHandler) -> None:
    time.sleep(1.5)


@pytest.mark.parametrize("slow", [_drip, _silent])
def test_slowness_is_bounded_by_the_deadline_of_the_whole(
    lab: Any, world: Any, slow: Any
) -> None:
    world.routes = {"/": slow}
    report = lab.look(
        lab.ask(world.url(), limits=FetchLimits(total_seconds=0.6))
    )
    assert (report.outcome, report.error) == ("failed", "timeout")
    assert report.seconds < 5


def test_one_endless_medium_does_not_take_the_time_of_the_others(
    lab: Any, world: Any
) -> None:
    world.routes = {
        "/": lab.answer(b"<img src=slow.jpg><img src=a.jpg>"),
        "/slow.jpg": _silent,
        "/a.jpg": lab.answer(lab.picture()),
    }
    report = lab.look(
        lab.ask(world.url(), limits=FetchLimits(total_seconds=2.2))
    )
    assert [m.error for m in report.media] == ["timeout", None]


def _bombs() -> dict[str, bytes]:
    deflate = zlib.compressobj(9)
    zeros = (
        b"".join(deflate.compress(bytes(1 << 20)) for _ in range(100))
        + deflate.flush()
    )
    return {"gzip": gzip.compress(bytes(100 << 20), 1), "deflate": zeros}


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_decompression_bomb_stops_at_the_cap(
    lab: Any, world: Any, encoding: str
) -> None:
    bomb = _bombs()[encoding]
    assert len(bomb) < 1_000_000
    world.routes = {
        "/page": lab.answer(bomb, Content_Encoding=encoding),
        "/x.jpg": lab.answer(
            bomb, content_type="image/jpeg", Content_Encoding=encoding
        ),
    }
    limits = FetchLimits(
        total_seconds=10, max_bytes=300_000, max_page_bytes=200_000
    )
    page = lab.look(lab.ask(world.url("/page"), limits=limits))
    image = lab.look(lab.ask(world.url("/x.jpg"), limits=limits))
    assert (page.bytes_read, page.error) == (200_000, "too_large")
    assert (image.bytes_read, image.media[0].error) == (300_000, "too_large")


def test_a_huge_page_is_looked_at_up_to_its_cap(lab: Any, world: Any) -> None:
    page = b"<html><img src=a.jpg>" + b"<p>padding</p>" * 100_000
    world.routes = {"/": lab.answer(page), "/a.jpg": lab.answer(lab.picture())}
    limits = FetchLimits(total_seconds=10, max_page_bytes=50_000)
    report = lab.look(lab.ask(world.url(), limits=limits))
    assert (report.outcome, report.error) == ("ok", "too_large")
    assert report.media[0].error is None


def test_the_budget_of_the_whole_is_kept(lab: Any, world: Any) -> None:
    big = lab.picture(1, "BMP", 128)
    world.routes = {
        "/": lab.answer(b"".join(b"<img src=%d.bmp>" % n for n in range(9))),
        **{
            f"/{n}.bmp": lab.answer(big, content_type="image/bmp")
            for n in range(9)
        },
    }
    limits = FetchLimits(
        total_seconds=10, max_total_bytes=120_000, max_media=8
    )
    report = lab.look(lab.ask(world.url(), limits=limits))
    assert report.bytes_read == 120_000
    assert [m.error for m in report.media] == [None, None, *["too_large"] * 6]


def test_a_body_that_ends_early_is_used_and_noted(
    lab: Any, world: Any
) -> None:
    """A browser shows it, so declaring more than one sends is no way to hide."""
    data = lab.picture(5)
    world.routes = {
        "/": lab.raw(
            b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n<html><img src=a.jpg>"
        ),
        "/a.jpg": lab.raw(
            b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 99999\r\n\r\n"
            + data
        ),
    }
    report = lab.look(lab.ask(world.url()))
    assert (report.outcome, report.error) == ("ok", "truncated")
    assert report.media[0].error == "truncated"
    assert report.media[0].fingerprint == lab.fake_hash(data, "image/jpeg")


def test_chunked_bodies(lab: Any, world: Any) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
    world.routes = {
        "/": lab.raw(head + b"8\r\n<p>hello\r\n6\r\n world\r\n0\r\n\r\n"),
        "/bad": lab.raw(head + b"zz\r\n<p>hello"),
    }
    good = lab.look(lab.ask(world.url()))
    assert good.page is not None
    assert good.page.text_length == len("hello world")
    assert lab.look(lab.ask(world.url("/bad"))).outcome == "failed"


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (b"", "empty_reply"),
        (b"SSH-2.0-OpenSSH_9\r\n", "bad_response"),
        (
            b"HTTP/1.1 200 OK\r\n" + b"X-A: " + b"a" * 400_000 + b"\r\n\r\n",
            "bad_response",
        ),
    ],
    ids=["nothing", "not http", "giant header"],
)
def test_what_is_not_http_fails(
    lab: Any, world: Any, sent: bytes, error: str
) -> None:
    world.routes = {"/": lab.raw(sent)}
    report = lab.look(lab.ask(world.url()))
    assert (report.outcome, report.error) == ("failed", error)


def test_the_socket_itself_is_checked_whatever_was_resolved(
    lab: Any, world: Any
) -> None:
    """The second door: an address that slipped past the first is not connected to."""
    plan = Plan(
        parse_target(world.url()), ("127.0.0.1",), seconds=3.0, budget=1_000
    )
    answer = Transfer(pycurl.Curl(), plan, lambda _headers, _head: 1_000).run(
        verify=True
    )
    assert (answer.error, answer.refused) == ("blocked_address", True)
    assert world.requests == []


def _many_headers(handler: http.server.BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(100_000):
        handler.wfile.write(b"X-%d: %s\r\n" % (number, b"h" * 100))
    handler.wfile.write(b"\r\nbody")
    handler.close_connection = True


def _one_huge_header(handler: http.server.BaseHTTPRequestHandler) -> None:
    handler.wfile.write(
        b"HTTP/1.1 200 OK\r\nX-Huge: " + b"h" * 20_000_000 + b"\r\n\r\nbody"
    )
    handler.close_connection = True


@pytest.mark.parametrize("reply", [_many_headers, _one_huge_header])
def test_headers_without_end_are_not_read_to_their_end(
    lab: Any, world: Any, reply: Any
) -> None:
    world.routes = {"/": reply}
    report = lab.look(lab.ask(world.url()))
    assert report.outcome == "failed"
    assert len(json.dumps(report.to_json())) < 2_000


def test_a_length_that_lies_hides_nothing_and_adds_nothing(
    lab: Any, world: Any
) -> None:
    """Too small: only what was announced is the body. Too large: what came, and that it was cut."""
    body = b"<title>t</title><p>" + b"word " * 200
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n"
    world.routes = {
        path: lab.raw(head % length + body)
        for path, length in (
            ("/small", 40),
            ("/large", 9_999_999),
            ("/less", -5),
        )
    }
    small = lab.look(lab.ask(world.url("/small")))
    assert (small.outcome, small.bytes_read) == ("ok", 40)
    large = lab.look(lab.ask(world.url("/large")))
    assert (large.outcome, large.error, large.bytes_read) == (
        "ok",
        "truncated",
        len(body),
    )
    assert lab.look(lab.ask(world.url("/less"))).bytes_read <= len(body)


def test_a_page_of_endless_media_is_looked_at_up_to_its_number(
    lab: Any, world: Any
) -> None:
    page = "".join(f'<img src="/m/{number}.png">' for number in range(20_000))
    world.routes = {"/": lab.answer(page.encode())}
    report = lab.look(lab.ask(world.url(), limits=FetchLimits(max_media=7)))
    assert len(report.media) == 7
    assert len(world.requests) == 8


INWARD = [
    "http://127.0.0.2:{port}/in",
    "http://127.2:{port}/in",
    "http://2130706434:{port}/in",
    "http://0177.0.0.2/in",
    "http://10.0.0.1/in",
    "http://[::ffff:10.0.0.1]/in",
    "http://[64:ff9b::a00:1]/in",
    "http://[::1]:{port}/in",
    "http://0.0.0.0:{port}/in",
    "http://0/in",
    "http://169.254.169.254/in",
    "http://inside.example:{port}/in",
    "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/_in",
    "ftp://127.0.0.1:{port}/in",
    "dict://127.0.0.1:{port}/in",
    "ldap://127.0.0.1:{port}/in",
    "jar:http://127.0.0.2/!/in",
]


@pytest.mark.parametrize("inward", INWARD)
def test_nothing_on_a_page_leads_inwards(
    lab: Any, world: Any, monkeypatch: pytest.MonkeyPatch, inward: str
) -> None:
    """Pictures, styles, frames, a refresh, a base and a stream's parts: all are checked alike."""
    reached: list[str] = []
    opened = Transfer._on_socket

    def noted(self: Transfer, purpose: int, address: Any) -> Any:
        reached.append(address.addr[0])
        return opened(self, purpose, address)

    monkeypatch.setattr(Transfer, "_on_socket", noted)
    there = inward.format(port=world.port)
    page = (
        f'<img src="{there}"><img srcset="{there} 2x"><video src="{there}"></video>'
        f'<iframe src="{there}"></iframe><object data="{there}"></object><embed src="{there}">'
        f"<div style=\"background:url('{there}')\"></div><img src='/own.png'>"
        f'<meta property="og:image" content="{there}"><link rel="image_src" href="{there}">'
    )
    stream = f'#EXTM3U\n#EXT-X-MAP:URI="{there}"\n#EXTINF:1,\n{there}\n'
    world.routes = {
        "/": lab.answer(page.encode()),
        "/base": lab.answer(
            f'<base href="{there}"><img src="beside.png">'.encode()
        ),
        "/refresh": lab.answer(
            f'<meta http-equiv="refresh" content="0;url={there}">'.encode()
        ),
        "/live.m3u8": lab.answer(
            stream.encode(), content_type="application/vnd.apple.mpegurl"
        ),
        "/away": lab.answer(b"", 302, Location=there),
    }
    for path in list(world.routes):
        lab.look(
            lab.ask(
                world.url(path),
                allowed_networks=("127.0.0.1/32",),
                hosts={lab.host: "127.0.0.1", "inside.example": "127.0.0.2"},
            )
        )
    assert {
        "/",
        "/own.png",
        "/base",
        "/refresh",
        "/live.m3u8",
        "/away",
    } <= set(world.paths)
    assert not any(path.startswith("/in") for path in world.paths)
    assert set(reached) == {"127.0.0.1"}


def test_a_picture_that_is_a_program_is_not_run(
    lab: Any, world: Any, second_world: Any
) -> None:
    """SVG and HTML in the place of a picture: neither scripts nor nested pictures are followed."""
    inside = second_world.url("/nested.png", host="127.0.0.1")
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{inside}"/>'
        f'<script href="{inside}"/></svg>'
    )
    html = f'<!DOCTYPE html><html><img src="{inside}"><iframe src="{inside}"></iframe>'
    world.routes = {
        "/": lab.answer(
            b'<img src="/a.svg"><img src="/b.html"><img src="/c.jpg">'
        ),
        "/a.svg": lab.answer(svg.encode(), content_type="image/svg+xml"),
        "/b.html": lab.answer(html.encode(), content_type="image/png"),
        "/c.jpg": lab.answer(html.encode(), content_type="image/jpeg"),
    }
    report = lab.look(lab.ask(world.url()))
    assert second_world.requests == []
    assert [one.error for one in report.media][1:] == [
        "not_media",
        "not_media",
    ]
