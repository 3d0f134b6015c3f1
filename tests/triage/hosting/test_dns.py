"""Names to addresses, against a server that speaks DNS."""

from __future__ import annotations

from typing import Any

import pytest

from triage.hosting.sources.dns import DnsResolver


@pytest.fixture
def resolver(dns_server: Any) -> DnsResolver:
    return DnsResolver(dns_server.address, timeout=0.4)


def test_all_addresses_of_both_families(
    dns_server: Any, resolver: DnsResolver
) -> None:
    dns_server.zone[("a.example", "A")] = ["192.0.2.1", "192.0.2.2"]
    dns_server.zone[("a.example", "AAAA")] = ["2001:db8::1"]
    found = resolver.resolve("A.Example.")
    assert found.status == "ok"
    assert set(found.addresses) == {"192.0.2.1", "192.0.2.2", "2001:db8::1"}
    assert found.aliases == ()


def test_ipv6_alone_is_as_good(dns_server: Any, resolver: DnsResolver) -> None:
    dns_server.zone[("six.example", "AAAA")] = ["2001:db8::6"]
    assert resolver.resolve("six.example").addresses == ("2001:db8::6",)


def test_the_chain_of_aliases_is_kept(
    dns_server: Any, resolver: DnsResolver
) -> None:
    dns_server.zone[("www.example", "CNAME")] = ["one.b-cdn.test"]
    dns_server.zone[("one.b-cdn.test", "CNAME")] = ["two.test"]
    dns_server.zone[("two.test", "A")] = ["192.0.2.9"]
    found = resolver.resolve("www.example")
    assert found.aliases == ("one.b-cdn.test", "two.test")
    assert found.addresses == ("192.0.2.9",)


def test_a_dangling_alias_is_no_such_name_and_says_which(
    dns_server: Any, resolver: DnsResolver
) -> None:
    dns_server.zone[("www.example", "CNAME")] = ["gone.test"]
    found = resolver.resolve("www.example")
    assert (found.status, found.aliases) == ("nxdomain", ("gone.test",))


@pytest.mark.parametrize(
    ("mode", "status"),
    [
        ("NXDOMAIN", "nxdomain"),
        ("SERVFAIL", "servfail"),
        ("REFUSED", "refused"),
        ("silent", "timeout"),
    ],
)
def test_failures_are_told_apart(
    dns_server: Any, resolver: DnsResolver, mode: str, status: str
) -> None:
    dns_server.modes["x.example"] = mode
    assert resolver.resolve("x.example").status == status


def test_a_name_without_addresses_exists(
    dns_server: Any, resolver: DnsResolver
) -> None:
    dns_server.zone[("mail.example", "MX")] = ["10 x.example."]
    assert resolver.resolve("mail.example").status == "no_address"


def test_a_loop_and_a_name_that_is_none_raise_nothing(
    dns_server: Any, resolver: DnsResolver
) -> None:
    assert resolver.resolve("a" * 70 + ".example").status == "invalid"
    assert resolver.resolve("a..example").status == "invalid"
    assert resolver.resolve("").status in ("no_address", "invalid", "nxdomain")


def test_the_static_table_answers_first(dns_server: Any) -> None:
    static = {"Isp.Example": ("127.0.0.1", "::1")}
    found = DnsResolver(dns_server.address, static=static).resolve(
        "isp.example."
    )
    assert found.addresses == ("127.0.0.1", "::1")
    assert dns_server.asked == []


def test_no_search_list_is_used(
    dns_server: Any, resolver: DnsResolver
) -> None:
    resolver.resolve("short")
    assert {name for name, _ in dns_server.asked} == {"short"}
