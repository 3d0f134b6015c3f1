"""One look at a host, from all sources together."""

from __future__ import annotations

import json
import struct
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotline.core.errors import Misconfigured
from hotline.core.network.client import LOOPBACK
from hotline.core.network.resolve import Reach
from hotline.core.network.tls import TlsFacts
from triage.hosting.facts import HostingFacts, Observation, tls_observation
from triage.hosting.lookup import HostingLookup, observe_behind
from triage.hosting.sources import asn as asn_table
from triage.hosting.sources.cdn import CdnRanges
from triage.hosting.sources.dns import DnsResolver
from triage.hosting.sources.geography import Geography
from triage.hosting.sources.registries.rdap import Registry

SHARED = Geography()
NOW = datetime(2026, 11, 22, tzinfo=UTC)
ALBANIAN, SERBIAN, CLOUDFLARE = "80.78.64.1", "147.91.1.1", "104.16.1.1"


@pytest.fixture(scope="module")
def geography() -> Geography:
    return SHARED


@pytest.fixture(scope="module")
def cdns() -> CdnRanges:
    return CdnRanges.load_file()


def lookup(
    geography: Geography, cdns: CdnRanges, **names: tuple[str, ...]
) -> HostingLookup:
    static = {
        name.replace("_", "."): addresses for name, addresses in names.items()
    }
    return HostingLookup(
        DnsResolver("127.0.0.1:9", 0.1, static), geography, None, cdns
    )


def test_a_host_at_home(geography: Geography, cdns: CdnRanges) -> None:
    facts = lookup(geography, cdns, www_x_com_al=(ALBANIAN,)).observe(
        "WWW.x.com.al.", kind="url", now=NOW
    )
    assert (facts.kind, facts.country, facts.asn) == ("host", "AL", "AS21183")
    assert facts.registrable_domain == "x.com.al"
    assert facts.abuse_contact is None
    assert facts.disagreements == {}
    assert json.loads(json.dumps(facts.to_json()))["country"] == "AL"


def test_two_countries_are_unknown_and_shown(
    geography: Geography, cdns: CdnRanges
) -> None:
    facts = lookup(geography, cdns, a_example=(ALBANIAN, SERBIAN)).observe(
        "a.example", kind="url", now=NOW
    )
    assert facts.country is None
    assert facts.countries == ("AL", "RS")
    assert {o.value for o in facts.disagreements["country"]} == {"AL", "RS"}


def test_an_address_without_a_country_makes_it_unknown(
    geography: Geography, cdns: CdnRanges
) -> None:
    facts = lookup(geography, cdns, a_example=(ALBANIAN, "192.0.2.1")).observe(
        "a.example", kind="url", now=NOW
    )
    assert facts.country is None
    assert facts.disagreements == {}


def test_behind_a_delivery_network_the_country_is_unknown(
    geography: Geography, cdns: CdnRanges
) -> None:
    facts = lookup(
        geography, cdns, a_example=(CLOUDFLARE, "2606:4700::1")
    ).observe("a.example", kind="url", now=NOW)
    assert (facts.kind, facts.cdn, facts.country) == (
        "cdn",
        "Cloudflare",
        None,
    )


def test_ipv6_literal_equals_ipv4(
    geography: Geography, cdns: CdnRanges
) -> None:
    look = lookup(geography, cdns)
    six = look.observe("[2a02:26f0:3500::1]", kind="ip", now=NOW)
    assert (six.kind, six.cdn) == ("cdn", "Akamai")
    four = look.observe(ALBANIAN, kind="ip", now=NOW)
    assert (four.kind, four.country, four.registrable_domain) == (
        "host",
        "AL",
        None,
    )


@pytest.mark.parametrize(
    ("host", "kind", "expected"),
    [
        ("a" * 56 + ".onion", "url", "onion"),
        (None, "magnet", "p2p"),
        (None, "ed2k", "p2p"),
        (None, "handle", "platform"),
        (None, "phone", "none"),
        ("no-such.invalid", "url", "unknown"),
    ],
)
def test_what_has_no_host(
    geography: Geography,
    cdns: CdnRanges,
    host: str | None,
    kind: str,
    expected: str,
) -> None:
    facts = lookup(geography, cdns).observe(host, kind=kind, now=NOW)
    assert (facts.kind, facts.country, facts.addresses) == (expected, None, ())


@pytest.mark.parametrize("kind", ["email", "phone"])
def test_what_leads_to_a_person_is_hosted_by_nobody(
    geography: Geography, cdns: CdnRanges, kind: str
) -> None:
    """The mail service behind an address is no host of what was reported."""
    facts = lookup(geography, cdns, mail_x_com_al=(ALBANIAN,)).observe(
        "mail.x.com.al", kind=kind, now=NOW
    )
    assert facts.kind == "none"


def test_onion_names_are_never_asked_about(
    dns_server: Any, geography: Geography, cdns: CdnRanges
) -> None:
    look = HostingLookup(
        DnsResolver(dns_server.address, 0.2), geography, None, cdns
    )
    look.observe("abc.onion.", kind="onion", now=NOW)
    assert dns_server.asked == []


def test_failures_of_dns_are_kept_apart(
    dns_server: Any, geography: Geography, cdns: CdnRanges
) -> None:
    look = HostingLookup(
        DnsResolver(dns_server.address, 0.3), geography, None, cdns
    )
    assert (
        look.observe("gone.example", kind="url", now=NOW).dns_status
        == "nxdomain"
    )
    dns_server.modes["ill.example"] = "SERVFAIL"
    assert (
        look.observe("ill.example", kind="url", now=NOW).dns_status
        == "servfail"
    )


def test_registries_are_asked_once_a_block(
    web_server: Any, bootstrap: str, geography: Geography, cdns: CdnRanges
) -> None:
    block = {
        "objectClassName": "ip network",
        "startAddress": "80.78.64.0",
        "endAddress": "80.78.95.255",
        "country": "DE",
        "name": "N",
    }
    web_server.routes[f"/rdap/ip/{ALBANIAN}"] = (200, block, {})
    registry = Registry(
        bootstrap=bootstrap, ripestat=web_server.url, reach=Reach(LOOPBACK)
    )
    static = {"a.com": tuple(f"80.78.64.{n}" for n in range(1, 9))}
    look = HostingLookup(
        DnsResolver("127.0.0.1:9", static=static), geography, registry, cdns
    )
    facts = look.observe("a.com", kind="url", now=NOW)
    assert [r.path for r in web_server.requests] == [
        f"/rdap/ip/{ALBANIAN}",
        "/rdap/domain/a.com",
    ]
    assert (
        facts.country == "AL"
    )  # what a registration says is shown, and decides nothing
    assert {o.value for o in facts.disagreements["country"]} == {"AL", "DE"}


def test_a_registry_is_asked_for_what_was_bought_of_it(
    web_server: Any, bootstrap: str, geography: Geography, cdns: CdnRanges
) -> None:
    """Two tenants of one blog host are two sites, and their names were bought by the host."""
    registry = Registry(
        bootstrap=bootstrap, ripestat=web_server.url, reach=Reach(LOOPBACK)
    )
    static = {
        "one.blogspot.com": (ALBANIAN,),
        "www.two.blogspot.com": (ALBANIAN,),
    }
    look = HostingLookup(
        DnsResolver("127.0.0.1:9", static=static), geography, registry, cdns
    )
    domains = [
        look.observe(host, kind="url", now=NOW).registrable_domain
        for host in static
    ]
    assert domains == ["one.blogspot.com", "two.blogspot.com"]
    asked = [r.path for r in web_server.requests if "/domain/" in r.path]
    assert asked == ["/rdap/domain/blogspot.com"]


def test_behind_a_network_the_origin_decides_and_another_network_does_not(
    geography: Geography, cdns: CdnRanges
) -> None:
    look = lookup(geography, cdns, a_example=(CLOUDFLARE,))

    def told(address: str) -> HostingFacts:
        said = Observation("origin_address", address, "their mail", NOW, 0.9)
        return observe_behind(
            look, "a.example", kind="url", now=NOW, headers={}, origins=[said]
        )

    facts = told(ALBANIAN)
    assert (facts.kind, facts.country, facts.cdn) == (
        "host",
        "AL",
        "Cloudflare",
    )
    assert facts.origins == (ALBANIAN,)
    assert "country" not in facts.disagreements
    assert facts.to_json()["origins"] == [ALBANIAN]
    again = told("151.101.1.1")  # Fastly's: the host lies further behind
    assert (again.kind, again.country, again.origins) == ("cdn", None, ())


def test_delivery_networks_by_each_kind_of_evidence(cdns: CdnRanges) -> None:
    def names(*addresses: str, **known: Any) -> set[str]:
        return {s.name for s in cdns.detect_networks(addresses, **known)}

    assert names("151.101.1.1") == {"Fastly"}
    assert names("203.0.113.1", aliases=["x.b-cdn.net"]) == {"Bunny"}
    assert names("203.0.113.1", aliases=["notb-cdn.net"]) == set()
    assert names("203.0.113.1", asns={"203.0.113.1": "AS57724"}) == {
        "DDoS-Guard"
    }
    assert names("203.0.113.1", headers={"Server": "ddos-guard"}) == {
        "DDoS-Guard"
    }
    ray = {"CF-Ray": "8f1b2c3d4e5f6071-TIA"}
    assert names(CLOUDFLARE, headers=ray) == {"Cloudflare"}
    assert (
        names("203.0.113.1", headers=ray) == set()
    )  # a header alone is easily forged
    assert names(headers=ray) == {
        "Cloudflare"
    }  # through a proxy no address is known
    for edge in (
        "103.21.243.255",
        "103.21.248.0",
        "2405:b4ff:ffff::",
        "255.255.255.255",
        "::",
    ):
        assert names(edge) == set()


def test_ranges_of_the_shipped_table_do_not_overlap(cdns: CdnRanges) -> None:
    for version in (4, 6):
        networks = sorted(
            ip_network(span.text) for span in cdns._spans[version]
        )
        for one, other in pairwise(networks):
            assert not one.overlaps(other)


def test_a_faulty_table_names_all_its_faults(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "cdn.toml").write_text(
        '[[cdn]]\nname="A"\nranges=["1.2.3.4/8"]\nheaders={x="("}\ncolour="red"\n'
    )
    with pytest.raises(Misconfigured) as error:
        CdnRanges.load_file(tmp_path)
    for part in ("source", "date", "1.2.3.4/8", "header x", "colour"):
        assert part in str(error.value)


def test_asn_tables_from_csv_and_packed_agree(tmp_path: Path) -> None:
    (tmp_path / "asn-ipv4.csv").write_text(
        "192.0.2.0,192.0.2.127,64496,First\n192.0.2.128,192.0.2.255,64497,Second\n"
        "255.255.255.0,255.255.255.255,64498,Last\n"
    )
    (tmp_path / "asn-ipv6.csv").write_text(
        "2001:db8::,2001:db8::ffff,64496,First\n2001:db8::1:0,2001:db8::1:ff,64497,Second\n"
    )
    fresh = asn_table.from_csv(sorted(tmp_path.glob("*.csv")), "2026-11-01")
    for table in (fresh, asn_table.unpack_table(asn_table.pack_table(fresh))):
        for address, number in (
            ("192.0.2.0", 64496),
            ("192.0.2.127", 64496),
            ("192.0.2.128", 64497),
            ("192.0.3.0", None),
            ("192.0.1.255", None),
            ("0.0.0.0", None),
            ("255.255.255.255", 64498),
            ("2001:db8::ffff", 64496),
            ("2001:db8::1:0", 64497),
            ("2001:db8::1:100", None),
            ("::", None),
        ):
            found = table.find_system(ip_address(address))
            assert (found[0] if found else None) == number, address
    facts = Geography(asn_csv=tmp_path).locate_address("192.0.2.200", NOW)
    assert {o.fact: o.value for o in facts} == {
        "country": None,
        "asn": "AS64497",
        "as_name": "Second",
    }


# The first question loads the table.
@settings(deadline=None)
@given(st.ip_addresses())
def test_the_shipped_table_answers_for_any_address(address: Any) -> None:
    facts = SHARED.locate_address(str(address), NOW)
    assert [o.fact for o in facts][:2] == ["country", "asn"]


def test_a_faulty_csv_says_which_line(tmp_path: Path) -> None:
    table = tmp_path / "asn.csv"
    table.write_text(
        "192.0.2.0,192.0.2.127,64496,First\n16777216,16777471,13335,Numeric\n"
    )
    with pytest.raises(Misconfigured, match="line 2"):
        Geography(asn_csv=table).locate_address("192.0.2.1", NOW)
    with pytest.raises(Misconfigured):
        Geography(asn_csv=tmp_path / "none.csv").locate_address(
            "192.0.2.1", NOW
        )


def test_an_operators_mmdb_is_preferred_and_dated(tmp_path: Path) -> None:
    path = tmp_path / "geo.mmdb"
    path.write_bytes(
        mmdb(
            {"country": {"iso_code": "DE"}, "autonomous_system_number": 64499}
        )
    )
    facts = Geography(path).locate_address(
        ALBANIAN, NOW
    )  # 80/8 lies in the lower half
    assert {o.fact: o.value for o in facts} == {
        "country": "DE",
        "asn": "AS64499",
    }
    assert "2023-11-14" in facts[0].source
    other = Geography(path).locate_address(SERBIAN, NOW)
    assert other[0].value == "RS"  # not in the file: the shipped data answers
    with pytest.raises(Misconfigured):
        broken = tmp_path / "broken.mmdb"
        broken.write_bytes(b"nothing")
        Geography(broken)


def mmdb(record: dict[str, Any]) -> bytes:
    """A valid MMDB file (format 2.0) of one node: the lower half of IPv4 space has ``record``."""
    nodes = 1
    tree = (
        struct.pack(">I", nodes + 16)[1:] + struct.pack(">I", nodes)[1:]
    )  # 24-bit records
    about = {
        "node_count": nodes,
        "record_size": 24,
        "ip_version": 4,
        "database_type": "Test",
        "languages": [],
        "binary_format_major_version": 2,
        "binary_format_minor_version": 0,
        "build_epoch": 1_700_000_000,
        "description": {},
    }
    return (
        tree
        + bytes(16)
        + _packed(record)
        + b"\xab\xcd\xefMaxMind.com"
        + _packed(about)
    )


def _packed(value: Any, name: str = "") -> bytes:
    if isinstance(value, dict):
        inside = b"".join(_packed(k) + _packed(v, k) for k, v in value.items())
        return bytes([7 << 5 | len(value)]) + inside
    if isinstance(value, str):
        return bytes([2 << 5 | len(value)]) + value.encode()
    if isinstance(value, list):
        return bytes([len(value), 11 - 7]) + b"".join(map(_packed, value))
    raw = value.to_bytes((value.bit_length() + 7) // 8, "big")
    if name == "build_epoch":  # uint64, an extended type
        return bytes([len(raw), 9 - 7]) + raw
    kind = 6 if name in ("node_count", "autonomous_system_number") else 5
    return bytes([kind << 5 | len(raw)]) + raw


def seen(
    fact: str,
    value: str | None,
    confidence: float = 0.9,
    of: str | None = None,
) -> Observation:
    return Observation(fact, value, "test", NOW, confidence, of)


def test_observations_survive_json_and_know_their_names() -> None:
    told = seen("country", "AL", of="192.0.2.1")
    assert (
        Observation.from_json(json.loads(json.dumps(told.to_json()))) == told
    )
    with pytest.raises(ValueError, match="nonsense"):
        seen("nonsense", "x")


def test_a_certificate_is_a_fact_of_the_host() -> None:
    bad = tls_observation(TlsFacts(False, 10, "expired"), "a.example", NOW)
    good = tls_observation(TlsFacts(True, 0, None), "a.example", NOW)
    assert bad is not None
    assert good is not None
    assert (bad.value, good.value) == ("expired", "valid")
    assert tls_observation(None, "a.example", NOW) is None


def test_the_better_source_is_named_first() -> None:
    facts = HostingFacts(
        "a.example",
        (
            seen("abuse_contact", "a@x.example", 0.6),
            seen("abuse_contact", "b@x.example", 0.95),
        ),
        NOW,
    )
    assert facts.abuse_contact == "b@x.example"
    assert "abuse_contact" in facts.disagreements
