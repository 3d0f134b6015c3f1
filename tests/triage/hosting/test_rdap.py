"""Registries, against servers that answer in RDAP's and RIPEstat's form."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hotline.core.errors import Misconfigured
from hotline.core.jobs.circuit import FIRST_PAUSE, SILENCES
from hotline.core.network.client import LOOPBACK
from hotline.core.network.resolve import Reach
from triage.hosting.facts import Observation
from triage.hosting.sources.budget import Budget
from triage.hosting.sources.registries.rdap import Registry

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ADDRESS = "80.78.64.1"


@pytest.fixture
def registry(web_server: Any, bootstrap: str) -> Registry:
    return Registry(
        bootstrap=bootstrap,
        ripestat=f"{web_server.url}/stat",
        timeout=2,
        reach=Reach(LOOPBACK),
    )


def network(**more: Any) -> dict[str, Any]:
    return {
        "objectClassName": "ip network",
        "handle": "X",
        "name": "EXAMPLE-NET",
        "startAddress": "80.78.64.0",
        "endAddress": "80.78.95.255",
        "country": "al",
        **more,
    }


def stat(
    *mailboxes: str, rir: str = "ripe"
) -> tuple[int, dict[str, Any], dict[str, str]]:
    return (
        200,
        {
            "data": {
                "abuse_contacts": list(mailboxes),
                "authoritative_rir": rir,
            }
        },
        {},
    )


def value(facts: tuple[Observation, ...], fact: str) -> str | None:
    known = sorted(
        (o for o in facts if o.fact == fact and o.value),
        key=lambda o: -o.confidence,
    )
    return known[0].value if known else None


def test_network_facts_and_an_abuse_role_nested_three_deep(
    web_server: Any, registry: Registry, card: Callable[..., Any]
) -> None:
    inner = {
        "roles": ["Abuse"],
        "vcardArray": card("Desk", "mailto:abuse@isp.example"),
    }
    middle = {"roles": ["technical"], "entities": [inner]}
    outer = {"roles": ["registrant"], "entities": ["odd", middle]}
    web_server.routes[f"/rdap/ip/{ADDRESS}"] = (
        200,
        network(entities=[outer]),
        {},
    )
    facts = registry.observe_network(ADDRESS, NOW)
    assert value(facts, "abuse_contact") == "abuse@isp.example"
    assert value(facts, "network_name") == "EXAMPLE-NET"
    assert value(facts, "network_range") == "80.78.64.0-80.78.95.255"
    assert value(facts, "registered_country") == "AL"
    assert {o.at for o in facts} == {NOW}
    assert len(web_server.requests) == 1  # not RIPE's block: RIPE is not asked


def test_abuse_c_is_the_first_choice_in_ripes_region(
    web_server: Any, registry: Registry, card: Callable[..., Any]
) -> None:
    desk = {"roles": ["abuse"], "vcardArray": card("Desk", "old@isp.example")}
    web_server.routes[f"/rdap/ip/{ADDRESS}"] = (
        200,
        network(entities=[desk], port43="whois.ripe.net"),
        {},
    )
    web_server.routes["/stat/data/abuse-contact-finder/data.json"] = stat(
        "abuse@isp.example"
    )
    facts = registry.observe_network(ADDRESS, NOW)
    assert value(facts, "abuse_contact") == "abuse@isp.example"
    assert {o.value for o in facts if o.fact == "abuse_contact"} == {
        "abuse@isp.example",
        "old@isp.example",
    }
    assert web_server.requests[1].path.endswith(f"?resource={ADDRESS}")


def test_where_rdap_fails_ripestat_still_helps(
    web_server: Any, registry: Registry
) -> None:
    web_server.routes[f"/rdap/ip/{ADDRESS}"] = (500, {}, {})
    web_server.routes["/stat/data/abuse-contact-finder/data.json"] = stat(
        "a@b.example", rir="arin"
    )
    facts = registry.observe_network(ADDRESS, NOW)
    contact = next(o for o in facts if o.fact == "abuse_contact")
    assert contact.value == "a@b.example"
    assert contact.confidence < 0.9  # not its own region
    assert value(facts, "registry_status") == "http_500"


def test_registrar_and_its_abuse_contact(
    web_server: Any, registry: Registry, card: Callable[..., Any]
) -> None:
    desk = {
        "roles": ["abuse"],
        "vcardArray": card("Desk", "abuse@registrar.example"),
    }
    other = {
        "roles": ["abuse"],
        "vcardArray": card("Other", "other@reseller.example"),
    }
    registrar = {
        "roles": ["registrar"],
        "vcardArray": card("Example Registrar"),
        "entities": [desk],
    }
    answer = {"objectClassName": "domain", "entities": [other, registrar]}
    web_server.routes["/rdap/domain/x.com.al"] = (200, answer, {})
    facts = registry.observe_domain("x.com.al", NOW)
    assert value(facts, "registrar") == "Example Registrar"
    assert value(facts, "registrar_abuse_contact") == "abuse@registrar.example"


def test_a_tld_without_rdap_is_unknown_and_asks_nobody(
    web_server: Any, registry: Registry
) -> None:
    facts = registry.observe_domain("pictures.mk", NOW)
    assert value(facts, "registrar") is None
    assert value(facts, "registry_status") == "no_server"
    assert web_server.requests == []


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        ((404, {}, {}), "not_found"),
        ((429, {}, {"Retry-After": "600"}), "rate_limited"),
        ((200, b"<html>", {}), "malformed"),
        ((200, [1], {}), "malformed"),
        ((200, b"[" * 5000, {}), "malformed"),
        ((200, b" " * 1_100_000, {}), "too_large"),
        (("drip", None, {}), "timeout"),
        ((302, {}, {"Location": "http://10.0.0.1/rdap"}), "blocked_address"),
        ((302, {}, {"Location": "ftp://127.0.0.1/rdap"}), "network"),
    ],
)
def test_what_a_server_does_wrong_is_an_observation(
    web_server: Any, bootstrap: str, reply: Any, status: str
) -> None:
    registry = Registry(
        bootstrap=bootstrap,
        ripestat="http://127.0.0.1:9",
        timeout=0.6,
        reach=Reach(LOOPBACK),
    )
    web_server.routes[f"/rdap/ip/{ADDRESS}"] = reply
    facts = registry.observe_network(ADDRESS, NOW)
    assert value(facts, "registry_status") == status
    assert next(o for o in facts if o.fact == "abuse_contact").value is None


@pytest.mark.parametrize(
    "odd",
    [
        {"entities": "x"},
        {"entities": [{"roles": "abuse", "vcardArray": 7}]},
        {
            "entities": [
                {
                    "roles": ["abuse"],
                    "vcardArray": ["vcard", [["email", {}, "text", "a b"]]],
                }
            ]
        },
        {"country": 7, "name": [], "startAddress": "x"},
        {"startAddress": "80.78.64.0"},
        {"startAddress": "9.9.9.0", "endAddress": "9.9.9.9"},
    ],
)
def test_odd_objects_raise_nothing_and_invent_nothing(
    web_server: Any, registry: Registry, odd: dict[str, Any]
) -> None:
    web_server.routes[f"/rdap/ip/{ADDRESS}"] = (
        200,
        {"objectClassName": "ip network", **odd},
        {},
    )
    facts = registry.observe_network(ADDRESS, NOW)
    assert [o for o in facts if o.value is not None] == []


def test_answers_are_kept_for_a_day_and_failures_for_minutes(
    web_server: Any, registry: Registry
) -> None:
    web_server.routes[f"/rdap/ip/{ADDRESS}"] = (200, network(), {})
    first = registry.observe_network(ADDRESS, NOW)
    assert (
        registry.observe_network(ADDRESS, NOW + timedelta(hours=23)) is first
    )
    assert len(web_server.requests) == 1
    later = NOW + timedelta(hours=25)
    assert {o.at for o in registry.observe_network(ADDRESS, later)} == {later}
    registry.observe_domain("missing.com", later)
    registry.observe_domain("missing.com", later + timedelta(minutes=5))
    assert len(web_server.requests) == 3
    registry.observe_domain("missing.com", later + timedelta(minutes=11))
    assert len(web_server.requests) == 4


def test_memory_is_bounded(web_server: Any, bootstrap: str) -> None:
    registry = Registry(
        bootstrap=bootstrap,
        reach=Reach(LOOPBACK),
        keep=2,
        ripestat=web_server.url,
    )
    for name in ("a.com", "b.com", "c.com", "a.com"):
        registry.observe_domain(name, NOW)
    assert len(web_server.requests) == 4


def test_one_server_is_not_rushed(web_server: Any, bootstrap: str) -> None:
    budget = Budget(burst=2, interval=timedelta(seconds=10))
    registry = Registry(
        bootstrap=bootstrap, reach=Reach(LOOPBACK), budget=budget
    )
    statuses = [
        value(registry.observe_domain(f"{n}.com", NOW), "registry_status")
        for n in "abc"
    ]
    assert statuses == ["not_found", "not_found", "rate_limited"]
    assert len(web_server.requests) == 2
    later = registry.observe_domain("d.com", NOW + timedelta(seconds=10))
    assert value(later, "registry_status") == "not_found"


def test_a_server_that_says_too_many_is_left_alone(
    web_server: Any, registry: Registry
) -> None:
    web_server.routes["/rdap/domain/a.com"] = (429, {}, {"Retry-After": "600"})
    registry.observe_domain("a.com", NOW)
    registry.observe_domain("b.com", NOW + timedelta(seconds=599))
    assert len(web_server.requests) == 1
    registry.observe_domain("c.com", NOW + timedelta(seconds=601))
    assert len(web_server.requests) == 2


def test_plain_http_and_local_addresses_are_refused_by_default(
    web_server: Any, bootstrap: str
) -> None:
    facts = Registry(bootstrap=bootstrap).observe_domain("a.com", NOW)
    assert value(facts, "registry_status") == "no_server"
    secure = bootstrap.replace("http://", "https://")
    facts = Registry(bootstrap=secure, timeout=2).observe_domain("a.com", NOW)
    assert value(facts, "registry_status") == "blocked_address"
    assert web_server.requests == []


def test_the_shipped_bootstrap_knows_the_regions() -> None:
    servers = Registry()._servers
    for question, server in (
        (("ip", "80.78.64.1"), "rdap.db.ripe.net"),
        (("ip", "2a02:26f0::1"), "rdap.db.ripe.net"),
        (("ip", "1.1.1.1"), "rdap.apnic.net"),
        (("domain", "a.com"), "rdap.verisign.com"),
        (("domain", "a.org"), "rdap.publicinterestregistry.org"),
    ):
        assert server in servers.build(*question)[1]
    with pytest.raises(Misconfigured):
        Registry(bootstrap="{}")


def test_a_silent_registry_is_left_alone_for_a_while() -> None:
    """It holds up the look at the first items and at none after them; others are still asked."""
    budget = Budget(burst=100)
    for _ in range(SILENCES):
        assert budget.take_turn("silent.example", NOW)
        budget.note_answer("silent.example", NOW, answered=False)
    assert not budget.take_turn("silent.example", NOW)
    assert budget.take_turn("other.example", NOW)
    later = NOW + FIRST_PAUSE + timedelta(seconds=1)
    assert budget.take_turn("silent.example", later)
    budget.note_answer("silent.example", later, answered=True)
    assert budget.take_turn("silent.example", later)


def test_who_accepts_and_says_nothing_counts_as_silent(bootstrap: str) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(50)
        registry = Registry(
            bootstrap=bootstrap,
            ripestat=f"http://127.0.0.1:{silent.getsockname()[1]}",
            timeout=0.2,
            reach=Reach(LOOPBACK),
        )
        for number in range(SILENCES):
            assert registry._ask_ripestat(f"192.0.2.{number}", NOW) == []
        begun = time.monotonic()
        for number in range(20):
            assert registry._ask_ripestat(f"198.51.100.{number}", NOW) == []
        assert time.monotonic() - begun < 1
