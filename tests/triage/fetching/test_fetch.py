"""A fetch against hosts that behave, hosts that fail and hosts that mean harm."""

from __future__ import annotations

import base64
import gzip
import http.server
import io
import json
import time
import zlib
from typing import Any

import pytest

from triage.fetching.report import FetchLimits, FetchReport


def test_a_page_gives_facts_and_the_hashes_of_its_media(lab: Any, world: Any) -> None:
    world.routes = {
        "/": lab.answer(b"<title>Album</title><img src=a.jpg><a href=b.png>b</a>", Server="nginx"),
        "/a.jpg": lab.answer(lab.picture(1), content_type="image/jpeg"),
        "/b.png": lab.answer(lab.picture(2, "PNG"), content_type="image/png"),
    }
    report = lab.look(lab.ask(world.url()))
    assert (report.outcome, report.status, report.error) == ("ok", 200, None)
    assert report.media_type == "text/html"
    assert report.page is not None
    assert report.page.links == 1
    assert [(m.source, m.status, m.error) for m in report.media] == [
        ("img", 200, None),
        ("direct", 200, None),
    ]
    assert report.media[0].fingerprint == lab.fake_hash(lab.picture(1), "image/jpeg")
    assert report.hops[0].address == "127.0.0.1"
    assert report.bytes_read > 500
    assert FetchReport.from_json(json.loads(json.dumps(report.to_json()))) == report


def test_without_media_only_the_page_is_asked_for(lab: Any, world: Any) -> None:
    world.routes = {"/": lab.answer(b"<p>x<img src=a.jpg>")}
    report = lab.look(lab.ask(world.url(), want_media=False))
    no_media = FetchLimits(total_seconds=10, max_media=0)
    assert lab.look(lab.ask(world.url(), limits=no_media)).media == ()
    assert world.paths == ["/", "/"]
    assert report.media == ()
    assert report.page is not None


def test_headers_are_an_allow_list(lab: Any, world: Any) -> None:
    world.routes = {
        "/": lab.answer(b"x", Set_Cookie="id=1", X_Free_Text="marker", CF_Ray="8f", ETag='"t"')
    }
    report = lab.look(lab.ask(world.url()))
    assert report.headers["cf-ray"] == "8f"
    assert report.headers["etag"] == '"t"'
    assert "marker" not in json.dumps(report.to_json())
    assert "set-cookie" not in report.headers


def test_an_error_page_keeps_its_facts_but_not_its_pictures(lab: Any, world: Any) -> None:
    world.routes = {"/": lab.answer(b"<title>Gone</title><img src=logo.png>", 410)}
    report = lab.look(lab.ask(world.url()))
    assert (report.outcome, report.status) == ("http_error", 410)
    assert report.page is not None
    assert report.page.title_hash is not None
    assert world.paths == ["/"]


@pytest.mark.parametrize("label", ["text/html", "text/plain", "application/octet-stream", ""])
def test_a_picture_is_a_picture_under_any_label(lab: Any, world: Any, label: str) -> None:
    world.routes = {"/x": lab.answer(lab.picture(3), content_type=label)}
    report = lab.look(lab.ask(world.url("/x")))
    assert [(m.source, m.error) for m in report.media] == [("direct", None)]
    assert report.page is None


def test_a_page_without_any_label_is_read_as_one(lab: Any, world: Any) -> None:
    page = b"<img src=a.jpg>"
    world.routes = {"/": lab.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n" + page)}
    assert len(lab.look(lab.ask(world.url())).media) == 1


def test_a_medium_keeps_the_address_that_the_page_gave(lab: Any, world: Any) -> None:
    world.routes = {
        "/": lab.answer(b"<img src=//user:secret@pictures.example:%d/go.jpg>" % world.port),
        "/go.jpg": lab.answer(b"", 302, Location="/real.jpg"),
        "/real.jpg": lab.answer(lab.picture(), content_type="image/jpeg"),
    }
    (medium,) = lab.look(lab.ask(world.url())).media
    assert (medium.url, medium.status, medium.error) == (world.url("/go.jpg"), 200, None)


def test_a_page_labelled_as_a_picture_is_a_page(lab: Any, world: Any) -> None:
    world.routes = {
        "/": lab.answer(b"<!doctype html><img src=no.jpg>", content_type="image/jpeg"),
        "/no.jpg": lab.answer(b"<html>sign in first", content_type="image/jpeg"),
    }
    report = lab.look(lab.ask(world.url()))
    assert report.page is not None
    assert [(m.error, m.fingerprint) for m in report.media] == [("not_media", None)]


def test_media_that_fail_say_why(lab: Any, world: Any) -> None:
    world.routes = {
        "/": lab.answer(b"<img src=gone.jpg><img src=http://10.0.0.1/x.jpg><img src=empty.jpg>"),
        "/empty.jpg": lab.answer(b"", content_type="image/jpeg"),
    }
    report = lab.look(lab.ask(world.url()))
    assert [m.error for m in report.media] == ["http_error", "blocked_address", "empty"]


def test_a_picture_inside_the_page_is_hashed_and_its_bytes_are_not_named(
    lab: Any, world: Any
) -> None:
    data = lab.picture(4, "PNG")
    inline = base64.b64encode(data)
    world.routes = {"/": lab.answer(b"<img src='data:image/png;base64," + inline + b"'>")}
    report = lab.look(lab.ask(world.url()))
    assert report.media[0].fingerprint == lab.fake_hash(data, "image/png")
    assert report.media[0].url.startswith("data:image/png;sha256=")
    assert inline[:24].decode() not in json.dumps(report.to_json())


def test_cookies_and_referrer_stay_with_the_item_s_own_host(
    lab: Any, world: Any, second_world: Any
) -> None:
    elsewhere = second_world.url("/a.jpg", host="127.0.0.1").encode()
    world.routes = {"/p": lab.answer(b"<img src=own.jpg><img src=" + elsewhere + b">")}
    lab.look(lab.ask(world.url("/p"), cookies="age=ok", referrer="https://forum.example/"))
    page, own = (headers for _, headers in world.requests)
    far = second_world.requests[0][1]
    assert (page["Cookie"], page["Referer"]) == ("age=ok", "https://forum.example/")
    assert (own["Cookie"], own["Referer"]) == ("age=ok", world.url("/p"))
    assert "Cookie" not in far


def test_a_cookie_wall_is_passed_and_forgotten(lab: Any, world: Any) -> None:
    def wall(handler: http.server.BaseHTTPRequestHandler) -> None:
        if "seen=1" in (handler.headers.get("Cookie") or ""):
            lab.answer(b"<p>inside")(handler)
        else:
            lab.answer(b"", 302, Location="/", Set_Cookie="seen=1")(handler)

    world.routes = {"/": wall}
    assert lab.look(lab.ask(world.url())).outcome == "ok"
    lab.look(lab.ask(world.url()))
    assert [("Cookie" in headers) for _, headers in world.requests] == [False, True, False, True]


def test_the_chain_of_redirects_is_kept(lab: Any, world: Any) -> None:
    world.routes = {
        "/short": lab.answer(b"", 301, Location="/album#top"),
        "/album": lab.answer(b"<p>here"),
    }
    report = lab.look(lab.ask(world.url("/short")))
    assert [(h.status, h.location) for h in report.hops] == [
        (301, world.url("/album")),
        (200, None),
    ]
    assert report.final_url == world.url("/album")


def test_a_page_that_only_leads_on_is_a_redirect(lab: Any, world: Any) -> None:
    world.routes = {
        "/short": lab.answer(b"<meta http-equiv=Refresh content='0; URL=/album'><p>wait"),
        "/album": lab.answer(b"<img src=a.jpg><meta http-equiv=refresh content='9;url=/ad'>"),
        "/a.jpg": lab.answer(lab.picture()),
        "/loop": lab.answer(b"<meta http-equiv=refresh content='0;/loop?'>"),
        "/loop?": lab.answer(b"<meta http-equiv=refresh content='0;/loop'>"),
        "/in": lab.answer(b"<meta http-equiv=refresh content='0;url=http://10.0.0.1/'>"),
        "/self": lab.answer(b"<p>news<meta http-equiv=refresh content=60>"),
    }
    report = lab.look(lab.ask(world.url("/short")))
    assert report.final_url == world.url("/album")
    assert [hop.url for hop in report.hops] == [world.url("/short"), world.url("/album")]
    assert [medium.url for medium in report.media] == [world.url("/a.jpg")]
    assert lab.look(lab.ask(world.url("/in"))).error == "blocked_address"
    assert lab.look(lab.ask(world.url("/self"))).outcome == "ok"
    assert len(lab.look(lab.ask(world.url("/loop"))).hops) == FetchLimits().max_redirects + 1


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
    world.routes = {"/": lab.answer(b"", 302, Location=_latin(location.format(port=world.port)))}
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
def test_what_is_not_visited_at_all(lab: Any, world: Any, url: str, error: str) -> None:
    report = lab.look(lab.ask(url.format(port=world.port), allowed_networks=()))
    assert (report.outcome, report.error) == ("refused", error)
    assert world.requests == []


def test_a_redirect_to_inline_data_does_not_carry_it_into_the_report(lab: Any, world: Any) -> None:
    world.routes = {"/": lab.answer(b"", 302, Location="data:text/html,marker-in-location")}
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
    request = lab.ask(world.url("/", host="rebind.test"), hosts={}, resolver=name_server.address)
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
def test_failures_of_names(lab: Any, name_server: Any, answers: Any, error: str) -> None:
    name_server.answers = answers
    request = lab.ask(
        "http://nowhere.test/",
        resolver=name_server.address,
        limits=FetchLimits(total_seconds=1, connect_seconds=0.4),
    )
    report = lab.look(request)
    assert (report.outcome, report.error) == ("failed", error)


def test_a_host_name_that_dns_cannot_hold_fails_plainly(lab: Any, name_server: Any) -> None:
    report = lab.look(lab.ask(f"http://{'a' * 70}.test/", resolver=name_server.address))
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
def test_slowness_is_bounded_by_the_deadline_of_the_whole(lab: Any, world: Any, slow: Any) -> None:
    world.routes = {"/": slow}
    report = lab.look(lab.ask(world.url(), limits=FetchLimits(total_seconds=0.6)))
    assert (report.outcome, report.error) == ("failed", "timeout")
    assert report.seconds < 5


def test_one_endless_medium_does_not_take_the_time_of_the_others(lab: Any, world: Any) -> None:
    world.routes = {
        "/": lab.answer(b"<img src=slow.jpg><img src=a.jpg>"),
        "/slow.jpg": _silent,
        "/a.jpg": lab.answer(lab.picture()),
    }
    report = lab.look(lab.ask(world.url(), limits=FetchLimits(total_seconds=2.2)))
    assert [m.error for m in report.media] == ["timeout", None]


def _bombs() -> dict[str, bytes]:
    deflate = zlib.compressobj(9)
    zeros = b"".join(deflate.compress(bytes(1 << 20)) for _ in range(100)) + deflate.flush()
    return {"gzip": gzip.compress(bytes(100 << 20), 1), "deflate": zeros}


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_decompression_bomb_stops_at_the_cap(lab: Any, world: Any, encoding: str) -> None:
    bomb = _bombs()[encoding]
    assert len(bomb) < 1_000_000
    world.routes = {
        "/page": lab.answer(bomb, Content_Encoding=encoding),
        "/x.jpg": lab.answer(bomb, content_type="image/jpeg", Content_Encoding=encoding),
    }
    limits = FetchLimits(total_seconds=10, max_bytes=300_000, max_page_bytes=200_000)
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
        **{f"/{n}.bmp": lab.answer(big, content_type="image/bmp") for n in range(9)},
    }
    limits = FetchLimits(total_seconds=10, max_total_bytes=120_000, max_media=8)
    report = lab.look(lab.ask(world.url(), limits=limits))
    assert report.bytes_read == 120_000
    assert [m.error for m in report.media] == [None, None, *["too_large"] * 6]


def test_a_body_that_ends_early_is_used_and_noted(lab: Any, world: Any) -> None:
    """A browser shows it, so declaring more than one sends is no way to hide."""
    data = lab.picture(5)
    world.routes = {
        "/": lab.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n<html><img src=a.jpg>"),
        "/a.jpg": lab.raw(
            b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: 99999\r\n\r\n" + data
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
        (b"HTTP/1.1 200 OK\r\n" + b"X-A: " + b"a" * 400_000 + b"\r\n\r\n", "bad_response"),
    ],
    ids=["nothing", "not http", "giant header"],
)
def test_what_is_not_http_fails(lab: Any, world: Any, sent: bytes, error: str) -> None:
    world.routes = {"/": lab.raw(sent)}
    report = lab.look(lab.ask(world.url()))
    assert (report.outcome, report.error) == ("failed", error)


def test_a_certificate_that_does_not_hold_is_a_fact(lab: Any, tls_world: Any) -> None:
    tls_world.routes = {"/": lab.answer(b"<p>secret")}
    report = lab.look(lab.ask(tls_world.url()))
    assert (report.outcome, report.error) == ("failed", "tls_invalid")
    assert report.hops[0].tls == {"verified": False, "code": 18, "problem": "self_signed"}
    assert tls_world.requests == []


def test_going_on_without_a_valid_certificate_must_be_asked_for(lab: Any, tls_world: Any) -> None:
    tls_world.routes = {"/": lab.answer(b"<p>secret")}
    report = lab.look(lab.ask(tls_world.url(), tls_insecure=True))
    assert report.outcome == "ok"
    assert report.hops[0].tls == {"verified": False, "code": 18, "problem": "self_signed"}


def test_no_tls_at_all_where_tls_was_said(lab: Any, world: Any) -> None:
    report = lab.look(lab.ask(world.url().replace("http:", "https:")))
    assert (report.outcome, report.error) == ("failed", "tls_failed")


def test_a_stream_is_hashed_from_its_first_segments(lab: Any, world: Any) -> None:
    playlist = b'#EXTM3U\n#EXT-X-MAP:URI="init.mp4"\n#EXTINF:2,\n1.m4s\n#EXTINF:2,\n2.m4s\n3.m4s\n'
    world.routes = {
        "/": lab.answer(b"<video src=live/master.m3u8></video>"),
        "/live/master.m3u8": lab.answer(b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlow/i.m3u8\n"),
        "/live/low/i.m3u8": lab.answer(playlist, content_type="application/x-mpegurl"),
        **{
            f"/live/low/{name}": lab.answer(b"\0\0\0\x08ftyp" + name.encode())
            for name in ("init.mp4", "1.m4s", "2.m4s", "3.m4s")
        },
    }
    report = lab.look(lab.ask(world.url()))
    joined = b"".join(b"\0\0\0\x08ftyp" + name for name in (b"init.mp4", b"1.m4s", b"2.m4s"))
    assert [(m.source, m.error) for m in report.media] == [("manifest", None)]
    assert report.media[0].fingerprint == lab.fake_hash(joined, None)
    assert "/live/low/3.m4s" not in world.paths


def test_manifests_cannot_lead_inwards_or_round_and_round(lab: Any, world: Any) -> None:
    world.routes = {
        "/in.m3u8": lab.answer(b"#EXTM3U\n#EXTINF:1,\nhttp://10.0.0.1/a.ts\n"),
        "/loop.m3u8": lab.answer(b"#EXTM3U\n#EXT-X-STREAM-INF:\nloop.m3u8\n"),
        "/file.m3u8": lab.answer(b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"),
    }
    errors = [
        lab.look(lab.ask(world.url(path))).media[0].error
        for path in ("/in.m3u8", "/loop.m3u8", "/file.m3u8")
    ]
    assert errors == ["blocked_address", "bad_manifest", "bad_scheme"]


def test_a_dash_stream(lab: Any, world: Any) -> None:
    manifest = (
        b"<?xml version='1.0'?><MPD><BaseURL>s/</BaseURL><Period><AdaptationSet"
        b" mimeType='video/mp4'><Representation id='1'><BaseURL>film.mp4</BaseURL>"
        b"</Representation></AdaptationSet></Period></MPD>"
    )
    film = b"\0\0\0\x08ftypfilm"
    world.routes = {
        "/a.mpd": lab.answer(manifest, content_type="application/dash+xml"),
        "/s/film.mp4": lab.answer(film, content_type="video/mp4"),
    }
    report = lab.look(lab.ask(world.url("/a.mpd")))
    assert report.media[0].fingerprint == lab.fake_hash(film, None)


ONION = "http://" + "a" * 56 + ".onion"


def test_onion_services_are_reached_through_the_socks_proxy(
    lab: Any, world: Any, socks: Any
) -> None:
    socks.backend = world.port
    world.routes = {"/": lab.answer(b"<img src=a.jpg>"), "/a.jpg": lab.answer(lab.picture())}
    report = lab.look(lab.ask(ONION + "/", socks_proxy=socks.url, allowed_networks=()))
    assert report.outcome == "ok"
    assert report.media[0].error is None
    assert set(socks.names) == {"a" * 56 + ".onion"}
    assert report.hops[0].address is None


@pytest.mark.parametrize(
    ("reply", "error"), [(1, "proxy_failure"), (4, "unreachable"), (5, "refused")]
)
def test_the_proxy_s_failure_is_told_from_the_service_s(
    lab: Any, socks: Any, reply: int, error: str
) -> None:
    socks.reply = reply
    report = lab.look(lab.ask(ONION, socks_proxy=socks.url))
    assert (report.outcome, report.error) == ("failed", error)


def test_no_proxy_listening(lab: Any) -> None:
    for proxy in ({"socks_proxy": "socks5h://127.0.0.1:1"}, {"http_proxy": "http://127.0.0.1:1"}):
        host = ONION if "socks_proxy" in proxy else "http://pictures.example/"
        report = lab.look(lab.ask(host, **proxy))
        assert (report.outcome, report.error) == ("failed", "proxy_failure")


@pytest.mark.parametrize("inside", ["http://10.0.0.1/", "http://0x7f.1/", "http://a.localhost/"])
def test_a_proxy_is_no_way_inwards(lab: Any, socks: Any, inside: str) -> None:
    report = lab.look(lab.ask(inside, socks_proxy=socks.url, allowed_networks=()))
    assert (report.outcome, report.error) == ("refused", "blocked_address")
    assert socks.names == []


def test_a_named_proxy_is_never_gone_around(
    lab: Any, world: Any, socks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    socks.backend = world.port
    world.routes = {"/": lab.answer(b"<p>by way of the proxy")}
    report = lab.look(lab.ask("http://clear.test/", socks_proxy=socks.url, resolver="127.0.0.1:1"))
    assert report.outcome == "ok"
    assert socks.names == ["clear.test"]


def test_the_environment_names_no_proxy(
    lab: Any, world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    world.routes = {"/": lab.answer(b"<p>direct")}
    assert lab.look(lab.ask(world.url())).outcome == "ok"


def test_a_clear_page_cannot_send_us_to_an_onion_without_tor(lab: Any, world: Any) -> None:
    world.routes = {"/": lab.answer(b"", 302, Location=ONION)}
    report = lab.look(lab.ask(world.url()))
    assert (report.outcome, report.error) == ("refused", "onion_needs_tor")


def test_a_decoder_that_fails_costs_one_medium_and_tells_nothing(
    lab: Any, world: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    from triage.fetching.fetch import fetch

    def hasher(data: bytes, label: str | None) -> dict[str, Any]:
        if b"marker" in data:
            raise ValueError(f"cannot decode {data!r}")
        return lab.fake_hash(data, label)

    world.routes = {
        "/": lab.answer(b"<img src=a.jpg><img src=b.jpg>"),
        "/a.jpg": lab.answer(lab.picture(1) + b"marker", content_type="image/jpeg"),
        "/b.jpg": lab.answer(lab.picture(2), content_type="image/jpeg"),
    }
    report = fetch(lab.ask(world.url()), hasher)
    assert [m.error for m in report.media] == ["undecodable", None]
    said = capfd.readouterr()
    assert "marker" not in json.dumps(report.to_json()) + said.out + said.err


def test_archives_are_not_opened(lab: Any, world: Any) -> None:
    import zipfile

    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("a.jpg", lab.picture())
    world.routes = {"/a.zip": lab.answer(target.getvalue(), content_type="application/zip")}
    report = lab.look(lab.ask(world.url("/a.zip")))
    expected = lab.fake_hash(target.getvalue(), "application/zip")
    assert [m.fingerprint for m in report.media] == [expected]
