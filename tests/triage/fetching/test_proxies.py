"""Tor and upstream proxies: used where they are named, never gone around, no way inwards."""

from __future__ import annotations

from typing import Any

import pytest

ONION = "http://" + "a" * 56 + ".onion"


def test_onion_services_are_reached_through_the_socks_proxy(
    lab: Any, world: Any, socks: Any
) -> None:
    socks.backend = world.port
    world.routes = {
        "/": lab.answer(b"<img src=a.jpg>"),
        "/a.jpg": lab.answer(lab.picture()),
    }
    report = lab.look(
        lab.ask(ONION + "/", socks_proxy=socks.url, allowed_networks=())
    )
    assert report.outcome == "ok"
    assert report.media[0].error is None
    assert set(socks.names) == {"a" * 56 + ".onion"}
    assert report.hops[0].address is None


@pytest.mark.parametrize(
    ("reply", "error"),
    [(1, "proxy_failure"), (4, "unreachable"), (5, "refused")],
)
def test_the_proxy_s_failure_is_told_from_the_service_s(
    lab: Any, socks: Any, reply: int, error: str
) -> None:
    socks.reply = reply
    report = lab.look(lab.ask(ONION, socks_proxy=socks.url))
    assert (report.outcome, report.error) == ("failed", error)


def test_no_proxy_listening(lab: Any) -> None:
    for proxy in (
        {"socks_proxy": "socks5h://127.0.0.1:1"},
        {"http_proxy": "http://127.0.0.1:1"},
    ):
        host = ONION if "socks_proxy" in proxy else "http://pictures.example/"
        report = lab.look(lab.ask(host, **proxy))
        assert (report.outcome, report.error) == ("failed", "proxy_failure")


@pytest.mark.parametrize(
    "inside", ["http://10.0.0.1/", "http://0x7f.1/", "http://a.localhost/"]
)
def test_a_proxy_is_no_way_inwards(lab: Any, socks: Any, inside: str) -> None:
    report = lab.look(
        lab.ask(inside, socks_proxy=socks.url, allowed_networks=())
    )
    assert (report.outcome, report.error) == ("refused", "blocked_address")
    assert socks.names == []


def test_a_named_proxy_is_never_gone_around(
    lab: Any, world: Any, socks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    socks.backend = world.port
    world.routes = {"/": lab.answer(b"<p>by way of the proxy")}
    report = lab.look(
        lab.ask(
            "http://clear.test/", socks_proxy=socks.url, resolver="127.0.0.1:1"
        )
    )
    assert report.outcome == "ok"
    assert socks.names == ["clear.test"]


def test_the_environment_names_no_proxy(
    lab: Any, world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    world.routes = {"/": lab.answer(b"<p>direct")}
    assert lab.look(lab.ask(world.url())).outcome == "ok"


def test_a_clear_page_cannot_send_us_to_an_onion_without_tor(
    lab: Any, world: Any
) -> None:
    world.routes = {"/": lab.answer(b"", 302, Location=ONION)}
    report = lab.look(lab.ask(world.url()))
    assert (report.outcome, report.error) == ("refused", "onion_needs_tor")


def test_an_upstream_proxy_carries_the_clear_web(
    lab: Any, world: Any, socks: Any
) -> None:
    world.routes = {
        "http://clear.test/": lab.answer(b"<p>by way of the proxy")
    }
    proxies = {
        "http_proxy": world.url(host="127.0.0.1"),
        "socks_proxy": socks.url,
    }
    assert lab.look(lab.ask("http://clear.test/", **proxies)).outcome == "ok"
    assert (world.paths, socks.names) == (["http://clear.test/"], [])
    report = lab.look(lab.ask("https://clear.test/", **proxies))
    assert (report.outcome, report.error) == ("failed", "proxy_failure")


@pytest.mark.parametrize("kind", ["A", "AAAA"])
def test_an_upstream_proxy_is_not_asked_for_a_name_that_leads_inside(
    lab: Any, world: Any, name_server: Any, kind: str
) -> None:
    inside = {"A": ["10.0.0.1"], "AAAA": ["::ffff:10.0.0.1"]}
    name_server.answers = lambda _name, asked: (
        inside[asked] if asked == kind else []
    )
    request = lab.ask(
        "http://inward.test/",
        http_proxy=world.url(host="127.0.0.1"),
        resolver=name_server.address,
    )
    report = lab.look(request)
    assert (report.outcome, report.error) == ("refused", "blocked_address")
    assert world.requests == []


def test_an_upstream_proxy_is_not_asked_for_a_redirect_that_leads_inside(
    lab: Any, world: Any, name_server: Any
) -> None:
    inside = {"inward.test": ["192.168.0.1"], "clear.test": ["127.0.0.1"]}
    name_server.answers = lambda name, kind: (
        inside[name] if kind == "A" else []
    )
    world.routes = {
        "http://clear.test/": lab.answer(
            b"", 302, Location="http://inward.test/"
        )
    }
    request = lab.ask(
        "http://clear.test/",
        http_proxy=world.url(host="127.0.0.1"),
        resolver=name_server.address,
    )
    report = lab.look(request)
    assert (report.outcome, report.error) == ("refused", "blocked_address")
    assert world.paths == ["http://clear.test/"]
