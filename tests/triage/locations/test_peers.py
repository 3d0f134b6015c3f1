"""What a sharing network tells of a file and of who shares it is kept, and identifies nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.locations import identify_locations, identify_one
from triage.locations.others.address_use import AddressUse, read_address_use
from triage.locations.others.shared_file import SharedFile, read_shared_file

DIGEST = "31d6cfe0d16ae931b73c59d7e0c089c0"
TORRENT = "a" * 40


@pytest.mark.parametrize(
    ("link", "file"),
    [
        (
            f"ed2k://|file|a%20name.avi|123|{DIGEST}|/",
            SharedFile("a name.avi", 123),
        ),
        (
            f"ed2k://|file|100% <a>.avi|123|{DIGEST}|h=ABC|/",
            SharedFile("100% <a>.avi", 123),
        ),
        (
            f"ed2k://%7Cfile%7Ca.avi%7C5%7C{DIGEST}%7C/",
            SharedFile("a.avi", 5),
        ),
        (f"magnet:?xt=urn:ed2k:{DIGEST}&xl=9", SharedFile("", 9)),
        (
            f"magnet:?xt=urn:btih:{TORRENT}&dn=a+name%26b&xl=7&tr=udp://t",
            SharedFile("a name&b", 7),
        ),
        (f"magnet:?xt=urn:btih:{TORRENT}&xl=many", None),
        (f"magnet:?xt=urn:btih:{TORRENT}", None),
        ("https://host.test/a", None),
    ],
)
def test_a_link_keeps_the_name_and_the_size(
    link: str, file: SharedFile | None
) -> None:
    assert read_shared_file(identify_one(link).canonical) == file


def test_another_name_is_the_same_file() -> None:
    one = identify_one(f"ed2k://|file|a.avi|123|{DIGEST}|/")
    other = identify_one(f"ed2k://|file|b.avi|123|{DIGEST}|/")
    assert one.key == other.key
    assert "a.avi" in one.display


@given(
    st.text(st.characters(min_codepoint=32, max_codepoint=1000), max_size=400)
)
def test_any_name_can_be_read_again(name: str) -> None:
    link = f"magnet:?xt=urn:ed2k:{DIGEST}&dn={name}&xl=9"
    for found in identify_locations(link):
        if found.kind == "ed2k":
            again = identify_one(found.canonical)
            assert (again.kind, again.key) == ("ed2k", found.key)


@pytest.mark.parametrize(
    ("text", "client"),
    [
        ("203.0.113.7:4662 2026-11-01 10:00 CET eMule 0.50a", "eMule 0.50a"),
        ("203.0.113.7:4662 (eMule v0.50a) 2026-11-01 10:00", "eMule v0.50a"),
        ("203.0.113.7:6881, client: qBittorrent/4.5.2", "qBittorrent/4.5.2"),
        ("203.0.113.7 µTorrent 3.5", "µTorrent 3.5"),
        ("[2001:db8::7]:4662 aMule", "aMule"),
        ("203.0.113.7:1 Transmission 4.0", "Transmission 4.0"),
        ("203.0.113.7:1 transmission of files", ""),
        ("203.0.113.7:1 2026-11-01 10:00 UTC, in a chat", ""),
    ],
)
def test_the_program_is_kept_and_is_no_identity(
    text: str, client: str
) -> None:
    location = identify_one(text)
    use = read_address_use(location.canonical)
    assert use.client == client
    without = location.canonical.removesuffix(client).strip()
    assert identify_one(without).key == location.key
    assert identify_one(location.canonical).canonical == location.canonical
    bare = read_address_use(without)
    assert AddressUse(use.address, use.port, use.time) == bare
