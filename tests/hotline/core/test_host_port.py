"""A server's name and port are read in one way, wherever a setting names one."""

from __future__ import annotations

import pytest

from hotline.core.network.host_port import split_host_and_port
from hotline.core.network.resolve import make_resolver
from hotline.core.settings import Settings


@pytest.mark.parametrize(
    ("written", "host", "port"),
    [
        ("time.example", "time.example", 53),
        ("time.example:123", "time.example", 123),
        ("192.0.2.1", "192.0.2.1", 53),
        ("192.0.2.1:5353", "192.0.2.1", 5353),
        ("[2001:db8::1]:5353", "2001:db8::1", 5353),
        ("[2001:db8::1]", "2001:db8::1", 53),
        ("2001:db8::1", "2001:db8::1", 53),
        ("::1", "::1", 53),
    ],
)
def test_a_server_has_a_host_and_a_port(
    written: str, host: str, port: int
) -> None:
    assert split_host_and_port(written, 53) == (host, port)


@pytest.mark.parametrize(
    "written",
    ["", ":53", "name:", "name:0", "name:65536", "name:a", "a b", "[name]:1"],
)
def test_what_names_no_server_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="name:port"):
        split_host_and_port(written, 53)


def test_a_resolver_is_asked_at_its_port() -> None:
    resolver = make_resolver("[2001:db8::1]:5353")
    assert resolver.nameservers == ["2001:db8::1"]
    assert resolver.port == 5353
    assert make_resolver("2001:db8::1").port == 53


@pytest.mark.parametrize("name", ["dns_server", "time_server"])
def test_a_misspelt_server_is_told_at_the_start(name: str) -> None:
    with pytest.raises(ValueError, match="name:port"):
        Settings(**{name: "127.0.0.1:port"})  # type: ignore[arg-type]
