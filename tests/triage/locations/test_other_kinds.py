"""What is reported besides web addresses, each in all its spellings."""

from __future__ import annotations

import base64
import hashlib

import pytest

from triage.locations import identify_locations, identify_one

HASH = "0123456789abcdef0123456789abcdef01234567"
BASE32 = base64.b32encode(bytes.fromhex(HASH)).decode()
V2 = "ab" * 32
ED2K = "31d6cfe0d16ae931b73c59d7e0c089c0"
CID0 = "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWKPBdG"
CID1 = "bafybeie5nqv6kd3qnfjupgvz34woh3oksc3iau6abmyajn7qvtf47mlsz4"


def _onion(key: bytes = bytes(range(32))) -> str:
    checksum = hashlib.sha3_256(b".onion checksum" + key + b"\x03").digest()[
        :2
    ]
    return (
        base64.b32encode(key + checksum + b"\x03").decode().lower() + ".onion"
    )


ONION = _onion()

AGREE: list[tuple[str, str, list[str]]] = [
    (
        "magnet",
        f"magnet:btih:{HASH}",
        [
            f"magnet:?xt=urn:btih:{HASH}",
            f"magnet:?xt=urn:btih:{HASH.upper()}&dn=a+name&tr=udp%3A%2F%2Ft.example%3A80",
            f"magnet:?dn=x&xt=urn:btih:{BASE32}",
            f"magnet:?xt=urn:btih:{BASE32.lower()}",
            f"magnet:?xt.1=urn:btih:{HASH}&xt.2=urn:btmh:1220{V2}",
            f"magnet:?xt=urn%3Abtih%3A{HASH}",
            f"MAGNET:?xt=urn:btih:{HASH}",
            f"infohash: {HASH}",
            f"btih:{BASE32}",
        ],
    ),
    (
        "magnet",
        f"magnet:btmh:{V2}",
        [
            f"magnet:?xt=urn:btmh:1220{V2}",
            f"magnet:?dn=x&xt=urn:btmh:1220{V2.upper()}",
        ],
    ),
    (
        "ed2k",
        f"ed2k:{ED2K}",
        [
            f"ed2k://|file|a name with spaces.avi|12345|{ED2K}|/",
            f"ed2k://|file|other.avi|12345|{ED2K.upper()}|h=ABC|/",
            f"ed2k://%7Cfile%7Ca.avi%7C12345%7C{ED2K}%7C/",
            f"magnet:?xt=urn:ed2k:{ED2K}",
        ],
    ),
    (
        "ed2k",
        "ed2k:server:203.0.113.5:4661",
        ["ed2k://|server|203.0.113.5|4661|/"],
    ),
    (
        "ipfs",
        f"ipfs:{CID1}/a.jpg",
        [
            f"ipfs://{CID0}/a.jpg",
            f"ipfs://{CID1}/a.jpg",
            f"/ipfs/{CID0}/a.jpg",
            f"https://ipfs.io/ipfs/{CID0}/a.jpg",
            f"https://gateway.example/ipfs/{CID1}/a.jpg?filename=x",
            f"https://{CID1}.ipfs.dweb.link/a.jpg",
            f"ipfs.io/ipfs/{CID0}/a.jpg",
        ],
    ),
    (
        "ipfs",
        "ipfs:ipns/docs.example.com",
        [
            "ipns://docs.example.com",
            "https://ipfs.io/ipns/docs.example.com/",
            "https://docs-example-com.ipns.dweb.link/",
        ],
    ),
    (
        "usenet",
        "usenet:abc$1.Xy@news.example.com",
        [
            "news:abc$1.Xy@news.example.com",
            "<abc$1.Xy@news.example.com>",
            "Message-ID: <abc$1.Xy@news.example.com>",
            "nntp://news.example.net/abc$1.Xy@news.example.com",
        ],
    ),
    (
        "usenet",
        "usenet:group:alt.binaries.example",
        ["news:alt.binaries.Example"],
    ),
    (
        "email",
        "email:alice.b@example.com",
        [
            "Alice.B@Example.COM",
            "mailto:alice.b@example.com",
            "<alice.b@example.com>",
            "alice.b[@]example[.]com.",
        ],
    ),
    (
        "email",
        "email:alice@xn--dshmi-nsa.example",
        ["alice@dëshmi.example", "alice@XN--DSHMI-NSA.example"],
    ),
    (
        "phone",
        "phone:+355692123456",
        [
            "+355692123456",
            "+355 69 212 3456",
            "00355 69 212 3456",
            "+355 (0)69 212-3456",
            "tel:+355-69-212-3456",
            "069 212 3456",
        ],
    ),
    (
        "ip",
        "ip:203.0.113.5:51413@2026-11-01T12:00:00Z",
        [
            "203.0.113.5:51413 2026-11-01T12:00:00Z",
            "203.0.113.5:51413 2026-11-01T13:00:00+01:00",
            "203.0.113.5:51413 2026-11-01 12:00:00 UTC",
            "203.0.113.5:51413, 2026-11-01 06:30 -0530",
            "203.0.113.5 port 51413 at 2026-11-01T12:00:00.000Z",
        ],
    ),
    ("ip", "ip:203.0.113.5", ["203.0.113.5", "203[.]0[.]113[.]5"]),
    (
        "ip",
        "ip:[2001:db8::1]:51413@2026-11-01T12:00:00Z",
        [
            "[2001:db8::1]:51413 2026-11-01T12:00:00Z",
            "[2001:DB8:0::1]:51413 2026-11-01T12:00Z",
        ],
    ),
    ("ip", "ip:2001:db8::1", ["2001:db8::1", "[2001:db8:0:0:0:0:0:1]"]),
    ("hash", f"hash:md5:{ED2K}", [ED2K, ED2K.upper(), f"md5: {ED2K}"]),
    ("hash", f"hash:sha1:{HASH}", [HASH, f"SHA-1:{HASH}"]),
    ("hash", f"hash:sha256:{V2}", [V2, f"sha256:{V2.upper()}"]),
    ("hash", f"hash:pdq:{V2}", [f"pdq:{V2}", f"PDQ: {V2.upper()}"]),
    ("account", "account::@some_body", ["@Some_Body", "(@some_body)"]),
    (
        "account",
        "account:fediverse:@some@social.example",
        ["@Some@Social.example"],
    ),
    (
        "onion",
        f"onion://{ONION}/a",
        [
            f"http://{ONION}/a",
            f"{ONION}/a",
            f"http://{ONION.upper()}/a",
            f"https://{ONION}:443/a",
        ],
    ),
]


@pytest.mark.parametrize(
    ("kind", "key", "texts"), AGREE, ids=[key for _, key, _ in AGREE]
)
def test_every_spelling_agrees(kind: str, key: str, texts: list[str]) -> None:
    for text in texts:
        found = identify_locations(text, region="AL")
        assert [(one.kind, one.key) for one in found] == [(kind, key)], text
        again = identify_one(found[0].canonical)
        assert (again.kind, again.key, again.canonical) == (
            kind,
            key,
            found[0].canonical,
        )


@pytest.mark.parametrize(
    ("host", "problems"),
    [
        (ONION, ()),
        (f"www.{ONION}", ()),
        ("expyuzz4wqqyqhjn.onion", ("onion_v2",)),
        (
            ONION.replace(ONION[3], "b" if ONION[3] != "b" else "c", 1),
            ("onion_invalid",),
        ),
        ("short.onion", ("onion_invalid",)),
    ],
)
def test_onion_addresses_are_checked(
    host: str, problems: tuple[str, ...]
) -> None:
    found = identify_one(f"http://{host}/x")
    assert (found.kind, found.problems, found.fetchable) == (
        "onion",
        problems,
        True,
    )
    assert found.registrable_domain is None


@pytest.mark.parametrize(
    ("text", "canonical", "problem"),
    [
        (
            "203.0.113.5:80 2026-11-01T12:00:00",
            "203.0.113.5:80 2026-11-01T12:00:00",
            "without_zone",
        ),
        ("203.0.113.5:70000", "203.0.113.5", "port_invalid"),
        (
            "203.0.113.5:80 2026-13-01T12:00:00Z",
            "203.0.113.5:80",
            "time_invalid",
        ),
    ],
)
def test_doubtful_times_and_ports_are_said(
    text: str, canonical: str, problem: str
) -> None:
    found = identify_one(text)
    assert found.canonical == canonical
    assert any(problem in code for code in found.problems)


def test_times_of_one_address_are_different_locations() -> None:
    keys = {
        identify_one(f"203.0.113.5:51413 2026-11-01T12:00:{second:02}Z").key
        for second in range(9)
    }
    assert len(keys) == 9


def test_national_numbers_need_their_country() -> None:
    assert identify_one("069 212 3456").kind == "unknown"
    assert identify_one("070 123 456", region="MK").key == "phone:+38970123456"
    assert (
        identify_one("064 1234567", region="RS").key == "phone:+381641234567"
    )


def test_a_gateway_keeps_its_host_for_the_notice() -> None:
    found = identify_one(f"https://gateway.example/ipfs/{CID0}/a.jpg")
    assert (found.host, found.via) == (
        "gateway.example",
        (f"https://gateway.example/ipfs/{CID0}/a.jpg",),
    )


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("He said on Telegram: he wrote to me", [""]),
        ("Telegram: anna", ["account:telegram:@anna"]),
        ("Telegram username: anna and then", ["account:telegram:@anna"]),
        ("on telegram @anna and then", ["account:telegram:@anna"]),
        ("snap: anna_99 then", ["account:snapchat:@anna_99"]),
        ("Discord: https://a.example/1", ["url://a.example/1"]),
        (
            "Instagram: anna.b, Snapchat: annab",
            ["account:instagram:@anna.b", "account:snapchat:@annab"],
        ),
    ],
)
def test_handles_are_told_from_prose(text: str, keys: list[str]) -> None:
    assert [one.key for one in identify_locations(text)] == keys
