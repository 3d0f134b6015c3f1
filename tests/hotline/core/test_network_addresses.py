"""No address that leads inwards is visited, however it is written."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.core.network.addresses import parse_address, refuse_address

INSIDE = [
    ("127.0.0.1", "loopback"),
    ("10.1.2.3", "private"),
    ("172.31.255.255", "private"),
    ("192.168.0.1", "private"),
    ("169.254.169.254", "metadata"),
    ("168.63.129.16", "metadata"),
    ("169.254.1.1", "link_local"),
    ("100.64.0.1", "shared"),
    ("0.0.0.0", "this_network"),
    ("224.0.0.1", "multicast"),
    ("255.255.255.255", "reserved"),
    ("192.88.99.1", "reserved"),
    ("198.18.0.1", "benchmarking"),
    ("203.0.113.9", "documentation"),
    ("::1", "loopback"),
    ("::", "this_network"),
    ("fe80::1%eth0", "link_local"),
    ("fd00:ec2::254", "metadata"),
    ("fc00::1", "private"),
    ("fec0::1", "private"),
    ("ff02::1", "multicast"),
    ("::ffff:127.0.0.1", "wrapped_ipv4"),
    ("::ffff:8.8.8.8", "wrapped_ipv4"),
    ("::7f00:1", "wrapped_ipv4"),
    ("64:ff9b::7f00:1", "nat64"),
    ("64:ff9b:1::a00:1", "nat64"),
    ("2002:7f00:1::", "wrapped_ipv4"),
    ("2001:0:1::1", "wrapped_ipv4"),
    ("2001:db8::1", "documentation"),
    ("3fff::1", "documentation"),
    ("5f00::1", "reserved"),
    ("4000::1", "reserved"),
]


@pytest.mark.parametrize(("address", "reason"), INSIDE)
def test_what_is_not_public_is_refused_with_its_reason(
    address: str, reason: str
) -> None:
    assert refuse_address(address, ()) == reason


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "80.78.64.1", "2606:4700::1111", "2a00:1450::5"]
)
def test_public_hosts_may_be_visited(address: str) -> None:
    assert refuse_address(address, ()) is None


@pytest.mark.parametrize(
    "written",
    [
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "127.0.0.1.",
        "１２７.0.0.1",
        "①②⑦.0.0.1",
        " 127.0.0.1 ",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
    ],
)
def test_odd_notations_are_read_as_a_browser_would(written: str) -> None:
    assert refuse_address(written, ()) == "loopback"


@pytest.mark.parametrize(
    "text", ["", "example.test", "1.2.3.4/8", "user@10.0.0.1", "10.0.0.1:80"]
)
def test_what_is_no_address_is_refused_as_such(text: str) -> None:
    assert parse_address(text) is None
    assert refuse_address(text, ("0.0.0.0/0",)) == "not_an_address"


def test_an_allowed_network_opens_itself_and_no_wrapping_of_it() -> None:
    assert refuse_address("127.0.0.1", ("127.0.0.0/8",)) is None
    assert (
        refuse_address("::ffff:127.0.0.1", ("127.0.0.0/8",)) == "wrapped_ipv4"
    )
    assert refuse_address("10.0.0.1", ("127.0.0.0/8",)) == "private"


_NOTATIONS = (
    lambda a: str(a),
    lambda a: str(int(a)),
    lambda a: hex(int(a)),
    lambda a: "0" + oct(int(a))[2:],
    lambda a: ".".join(hex(byte) for byte in a.packed),
    lambda a: ".".join("0" + oct(byte)[2:] for byte in a.packed),
    lambda a: f"{a.packed[0]}.{int(a) & 0xFFFFFF}",
)


@given(st.ip_addresses(v=4), st.sampled_from(_NOTATIONS))
def test_a_notation_never_changes_the_verdict(
    address: IPv4Address, write: Callable[[IPv4Address], str]
) -> None:
    assert parse_address(write(address)) == address
    assert refuse_address(write(address), ()) == refuse_address(
        str(address), ()
    )


@given(st.ip_addresses(v=4))
def test_ipv4_inside_ipv6_is_always_refused(address: IPv4Address) -> None:
    for prefix in ("::ffff:0:0", "64:ff9b::", "::"):
        wrapped = IPv6Address(int(IPv6Address(prefix)) | int(address))
        assert refuse_address(str(wrapped), ()) is not None
    six_to_four = IPv6Address((0x2002 << 112) | (int(address) << 80))
    assert refuse_address(str(six_to_four), ()) == "wrapped_ipv4"


@given(st.ip_addresses())
def test_nothing_that_python_calls_private_is_let_through(
    address: IPv4Address | IPv6Address,
) -> None:
    exempt = ip_network("192.0.0.0/24")
    if not address.is_global and not (
        address.version == 4 and address in exempt
    ):
        assert refuse_address(str(address), ()) is not None


@given(st.text(max_size=60))
def test_any_text_gets_an_answer(text: str) -> None:
    parsed = parse_address(text)
    assert parsed is None or ip_address(str(parsed)) == parsed
    refuse_address(text, ())
