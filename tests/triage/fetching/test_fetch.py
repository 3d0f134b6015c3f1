"""A fetch against hosts that behave, hosts that fail and hosts that mean harm."""

from __future__ import annotations

import base64
import http.server
import io
import json
from typing import Any

import pytest

from hotline.core.network.targets import parse_target
from hotline.core.network.tls import TlsFacts
from triage.fetching.report import FetchLimits, FetchReport, FetchRequest
from triage.fetching.web import Web


def test_a_page_gives_facts_and_the_hashes_of_its_media(
    lab: Any, world: Any
) -> None:
    world.routes = {
        "/": lab.answer(
            b"<title>Album</title><img src=a.jpg><a href=b.png>b</a>",
            Server="nginx",
        ),
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
    assert report.media[0].fingerprint == lab.fake_hash(
        lab.picture(1), "image/jpeg"
    )
    assert report.hops[0].address == "127.0.0.1"
    assert report.bytes_read > 500
    assert (
        FetchReport.from_json(json.loads(json.dumps(report.to_json())))
        == report
    )


def test_without_media_only_the_page_is_asked_for(
    lab: Any, world: Any
) -> None:
    world.routes = {"/": lab.answer(b"<p>x<img src=a.jpg>")}
    report = lab.look(lab.ask(world.url(), want_media=False))
    no_media = FetchLimits(total_seconds=10, max_media=0)
    assert lab.look(lab.ask(world.url(), limits=no_media)).media == ()
    assert world.paths == ["/", "/"]
    assert report.media == ()
    assert report.page is not None


def test_headers_are_an_allow_list(lab: Any, world: Any) -> None:
    world.routes = {
        "/": lab.answer(
            b"x",
            Set_Cookie="id=1",
            X_Free_Text="marker",
            CF_Ray="8f",
            ETag='"t"',
        )
    }
    report = lab.look(lab.ask(world.url()))
    assert report.headers["cf-ray"] == "8f"
    assert report.headers["etag"] == '"t"'
    assert "marker" not in json.dumps(report.to_json())
    assert "set-cookie" not in report.headers


def test_an_error_page_keeps_its_facts_but_not_its_pictures(
    lab: Any, world: Any
) -> None:
    world.routes = {
        "/": lab.answer(b"<title>Gone</title><img src=logo.png>", 410)
    }
    report = lab.look(lab.ask(world.url()))
    assert (report.outcome, report.status) == ("http_error", 410)
    assert report.page is not None
    assert report.page.title_hash is not None
    assert world.paths == ["/"]


@pytest.mark.parametrize(
    "label", ["text/html", "text/plain", "application/octet-stream", ""]
)
def test_a_picture_is_a_picture_under_any_label(
    lab: Any, world: Any, label: str
) -> None:
    world.routes = {"/x": lab.answer(lab.picture(3), content_type=label)}
    report = lab.look(lab.ask(world.url("/x")))
    assert [(m.source, m.error) for m in report.media] == [("direct", None)]
    assert report.page is None


def test_a_page_without_any_label_is_read_as_one(lab: Any, world: Any) -> None:
    page = b"<img src=a.jpg>"
    world.routes = {
        "/": lab.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n" + page)
    }
    assert len(lab.look(lab.ask(world.url())).media) == 1


def test_a_medium_keeps_the_address_that_the_page_gave(
    lab: Any, world: Any
) -> None:
    world.routes = {
        "/": lab.answer(
            b"<img src=//user:secret@pictures.example:%d/go.jpg>" % world.port
        ),
        "/go.jpg": lab.answer(b"", 302, Location="/real.jpg"),
        "/real.jpg": lab.answer(lab.picture(), content_type="image/jpeg"),
    }
    (medium,) = lab.look(lab.ask(world.url())).media
    assert (medium.url, medium.status, medium.error) == (
        world.url("/go.jpg"),
        200,
        None,
    )


def test_a_page_labelled_as_a_picture_is_a_page(lab: Any, world: Any) -> None:
    world.routes = {
        "/": lab.answer(
            b"<!doctype html><img src=no.jpg>", content_type="image/jpeg"
        ),
        "/no.jpg": lab.answer(
            b"<html>sign in first", content_type="image/jpeg"
        ),
    }
    report = lab.look(lab.ask(world.url()))
    assert report.page is not None
    assert [(m.error, m.fingerprint) for m in report.media] == [
        ("not_media", None)
    ]


def test_media_that_fail_say_why(lab: Any, world: Any) -> None:
    world.routes = {
        "/": lab.answer(
            b"<img src=gone.jpg><img src=http://10.0.0.1/x.jpg><img src=empty.jpg>"
        ),
        "/empty.jpg": lab.answer(b"", content_type="image/jpeg"),
    }
    report = lab.look(lab.ask(world.url()))
    assert [m.error for m in report.media] == [
        "http_error",
        "blocked_address",
        "empty",
    ]


def test_a_picture_inside_the_page_is_hashed_and_its_bytes_are_not_named(
    lab: Any, world: Any
) -> None:
    data = lab.picture(4, "PNG")
    inline = base64.b64encode(data)
    world.routes = {
        "/": lab.answer(b"<img src='data:image/png;base64," + inline + b"'>")
    }
    report = lab.look(lab.ask(world.url()))
    assert report.media[0].fingerprint == lab.fake_hash(data, "image/png")
    assert report.media[0].url.startswith("data:image/png;sha256=")
    assert inline[:24].decode() not in json.dumps(report.to_json())


@pytest.mark.parametrize(
    ("home", "there", "same"),
    [
        ("http://a.example/x", "https://a.example/", True),
        ("https://a.example/x", "https://a.example/y", True),
        (
            "https://a.example/x",
            "http://a.example/x",
            False,
        ),  # it would leave in the clear
        ("http://a.example/x", "https://a.example:8443/", False),
        ("http://a.example:8080/x", "https://a.example/", False),
        ("http://a.example/x", "https://b.a.example/", False),
        ("http://a.example/x", "https://a.example.b.example/", False),
    ],
)
def test_what_opens_an_item_goes_where(
    home: str, there: str, same: bool
) -> None:
    web = Web(FetchRequest(url=home))
    target = parse_target(there)
    assert target is not None
    assert web._at_home(target) is same
    web.close()


def test_cookies_and_referrer_stay_with_the_item_s_own_host(
    lab: Any, world: Any, second_world: Any
) -> None:
    elsewhere = second_world.url("/a.jpg", host="127.0.0.1").encode()
    world.routes = {
        "/p": lab.answer(b"<img src=own.jpg><img src=" + elsewhere + b">")
    }
    lab.look(
        lab.ask(
            world.url("/p"),
            cookies="age=ok",
            referrer="https://forum.example/",
        )
    )
    page, own = (headers for _, headers in world.requests)
    far = second_world.requests[0][1]
    assert (page["Cookie"], page["Referer"]) == (
        "age=ok",
        "https://forum.example/",
    )
    assert (own["Cookie"], own["Referer"]) == ("age=ok", world.url("/p"))
    assert "Cookie" not in far


def test_a_sign_in_goes_to_the_item_s_own_host_alone(
    lab: Any, world: Any, second_world: Any
) -> None:
    """By the URL's own percent-encoding; another host that the page leads to never learns it."""
    seen = second_world.url("/a.png", host="127.0.0.1")
    world.routes["/p"] = lab.answer(
        f'<img src="/b.png"><img src="{seen}">'.encode()
    )
    lab.look(lab.ask(world.url("/p"), userinfo="me:s%40cret%3A1"))
    wanted = "Basic " + base64.b64encode(b"me:s@cret:1").decode()
    assert [headers.get("Authorization") for _, headers in world.requests] == [
        wanted,
        wanted,
    ]
    assert [
        headers.get("Authorization") for _, headers in second_world.requests
    ] == [None]


def test_a_cookie_wall_is_passed_and_forgotten(lab: Any, world: Any) -> None:
    def wall(handler: http.server.BaseHTTPRequestHandler) -> None:
        if "seen=1" in (handler.headers.get("Cookie") or ""):
            lab.answer(b"<p>inside")(handler)
        else:
            lab.answer(b"", 302, Location="/", Set_Cookie="seen=1")(handler)

    world.routes = {"/": wall}
    assert lab.look(lab.ask(world.url())).outcome == "ok"
    lab.look(lab.ask(world.url()))
    assert [("Cookie" in headers) for _, headers in world.requests] == [
        False,
        True,
        False,
        True,
    ]


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
        "/short": lab.answer(
            b"<meta http-equiv=Refresh content='0; URL=/album'><p>wait"
        ),
        "/album": lab.answer(
            b"<img src=a.jpg><meta http-equiv=refresh content='9;url=/ad'>"
        ),
        "/a.jpg": lab.answer(lab.picture()),
        "/loop": lab.answer(b"<meta http-equiv=refresh content='0;/loop?'>"),
        "/loop?": lab.answer(b"<meta http-equiv=refresh content='0;/loop'>"),
        "/in": lab.answer(
            b"<meta http-equiv=refresh content='0;url=http://10.0.0.1/'>"
        ),
        "/self": lab.answer(b"<p>news<meta http-equiv=refresh content=60>"),
    }
    report = lab.look(lab.ask(world.url("/short")))
    assert report.final_url == world.url("/album")
    assert [hop.url for hop in report.hops] == [
        world.url("/short"),
        world.url("/album"),
    ]
    assert [medium.url for medium in report.media] == [world.url("/a.jpg")]
    assert lab.look(lab.ask(world.url("/in"))).error == "blocked_address"
    assert lab.look(lab.ask(world.url("/self"))).outcome == "ok"
    assert (
        len(lab.look(lab.ask(world.url("/loop"))).hops)
        == FetchLimits().max_redirects + 1
    )


def test_a_certificate_that_does_not_hold_is_a_fact(
    lab: Any, tls_world: Any
) -> None:
    tls_world.routes = {"/": lab.answer(b"<p>secret")}
    report = lab.look(lab.ask(tls_world.url()))
    assert (report.outcome, report.error) == ("failed", "tls_invalid")
    assert report.hops[0].tls == TlsFacts(False, 18, "self_signed")
    assert tls_world.requests == []


def test_a_certificate_that_holds(
    lab: Any, tls_world: Any, trusted: None
) -> None:
    tls_world.routes = {"/": lab.answer(b"<p>x")}
    report = lab.look(lab.ask(tls_world.url()))
    assert report.outcome == "ok"
    assert report.hops[0].tls == TlsFacts(True, 0, None)


def test_a_certificate_of_another_host(
    lab: Any, tls_world: Any, trusted: None
) -> None:
    report = lab.look(lab.ask(tls_world.url(host="127.0.0.1")))
    assert report.error == "tls_invalid"
    assert report.hops[0].tls is not None
    assert report.hops[0].tls.problem == "wrong_host"


def test_going_on_without_a_valid_certificate_must_be_asked_for(
    lab: Any, tls_world: Any
) -> None:
    tls_world.routes = {"/": lab.answer(b"<p>secret")}
    report = lab.look(lab.ask(tls_world.url(), tls_insecure=True))
    assert report.outcome == "ok"
    assert report.hops[0].tls == TlsFacts(False, 18, "self_signed")


def test_no_tls_at_all_where_tls_was_said(lab: Any, world: Any) -> None:
    report = lab.look(lab.ask(world.url().replace("http:", "https:")))
    assert (report.outcome, report.error) == ("failed", "tls_failed")


def test_a_stream_is_hashed_from_its_first_segments(
    lab: Any, world: Any
) -> None:
    playlist = b'#EXTM3U\n#EXT-X-MAP:URI="init.mp4"\n#EXTINF:2,\n1.m4s\n#EXTINF:2,\n2.m4s\n3.m4s\n'
    world.routes = {
        "/": lab.answer(b"<video src=live/master.m3u8></video>"),
        "/live/master.m3u8": lab.answer(
            b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlow/i.m3u8\n"
        ),
        "/live/low/i.m3u8": lab.answer(
            playlist, content_type="application/x-mpegurl"
        ),
        **{
            f"/live/low/{name}": lab.answer(b"\0\0\0\x08ftyp" + name.encode())
            for name in ("init.mp4", "1.m4s", "2.m4s", "3.m4s")
        },
    }
    report = lab.look(lab.ask(world.url()))
    joined = b"".join(
        b"\0\0\0\x08ftyp" + name for name in (b"init.mp4", b"1.m4s", b"2.m4s")
    )
    assert [(m.source, m.error) for m in report.media] == [("manifest", None)]
    assert report.media[0].fingerprint == lab.fake_hash(joined, None)
    assert "/live/low/3.m4s" not in world.paths


def test_manifests_cannot_lead_inwards_or_round_and_round(
    lab: Any, world: Any
) -> None:
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


def test_a_decoder_that_fails_costs_one_medium_and_tells_nothing(
    lab: Any, world: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    from triage.fetching.fetch import fetch_location

    def hasher(
        data: bytes, label: str | None, seconds: float
    ) -> dict[str, Any]:
        if b"marker" in data:
            raise ValueError(f"cannot decode {data!r}")
        return lab.fake_hash(data, label)

    world.routes = {
        "/": lab.answer(b"<img src=a.jpg><img src=b.jpg>"),
        "/a.jpg": lab.answer(
            lab.picture(1) + b"marker", content_type="image/jpeg"
        ),
        "/b.jpg": lab.answer(lab.picture(2), content_type="image/jpeg"),
    }
    report = fetch_location(lab.ask(world.url()), hasher)
    assert [m.error for m in report.media] == ["undecodable", None]
    said = capfd.readouterr()
    assert "marker" not in json.dumps(report.to_json()) + said.out + said.err


def test_archives_are_not_opened(lab: Any, world: Any) -> None:
    import zipfile

    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("a.jpg", lab.picture())
    world.routes = {
        "/a.zip": lab.answer(target.getvalue(), content_type="application/zip")
    }
    report = lab.look(lab.ask(world.url("/a.zip")))
    expected = lab.fake_hash(target.getvalue(), "application/zip")
    assert [m.fingerprint for m in report.media] == [expected]
