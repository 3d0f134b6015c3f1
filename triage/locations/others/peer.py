"""Peer-to-peer links: the content's own hash is the identity; names are kept, trackers are not.

The same torrent is named by its info-hash in hexadecimal or base32 (BEP 9), by a version 2 hash
(BEP 52, ``urn:btmh:1220…``), or by both; where both stand, the older one decides, as most links
carry only that. eD2k names a file by its MD4 root hash.
"""

from __future__ import annotations

import base64
import re
from urllib.parse import unquote

from triage.locations.location import Location, make_key, shorten_text
from triage.locations.others.shared_file import (
    read_magnet_file,
    spell_ed2k_name,
    spell_magnet_file,
)

_BTIH_HEX = re.compile(r"(?i)urn:btih:([0-9a-f]{40})")
_BTIH_BASE32 = re.compile(r"(?i)urn:btih:([a-z2-7]{32})")
_BTMH = re.compile(r"(?i)urn:btmh:1220([0-9a-f]{64})")
_ED2K_URN = re.compile(r"(?i)urn:ed2k(?:hash)?:([0-9a-f]{32})")
_OTHER_URN = re.compile(
    r"(?i)urn:(sha1|bitprint|tree:tiger|aich|md5|sha256|kzhash):([0-9a-z.]{16,128})"
)
_LABELLED = re.compile(
    r"(?i)(?:info[ _-]?hash|btih)[:=]?([0-9a-f]{40}|[a-z2-7]{32})"
)
_ED2K_FILE = re.compile(
    r"(?i)ed2k://\|file\|([^|]*)\|(\d{0,15})\|([0-9a-f]{32})\|.*", re.DOTALL
)
_ED2K_SERVER = re.compile(
    r"(?i)ed2k://\|server\|([\w.-]{1,253})\|(\d{1,5})\|.*", re.DOTALL
)


def locate_magnet(text: str) -> Location | None:
    # Sorted, since the order of topics in a link means nothing; and "amp;" is
    # left over where a link was copied out of HTML.
    topics = sorted(
        unquote(value)
        for name, _, value in (
            piece.removeprefix("amp;").partition("=")
            for piece in text.partition("?")[2].split("&")
        )
        if name.lower() == "xt" or name.lower().startswith("xt.")
    )
    for read in (_read_btih, _read_btmh, _read_ed2k_urn, _read_other_urn):
        digests = sorted(
            {value for topic in topics if (value := read(topic)) is not None}
        )
        if digests:
            return _make_peer_location(digests, text)
    return None


def _make_peer_location(digests: list[str], text: str) -> Location:
    file = read_magnet_file(text)
    if digests[0].startswith("ed2k:"):
        size = str(file.size) if file is not None and file.size else ""
        return _make_ed2k_location(
            digests[0][5:], size, file.name if file else "", text
        )
    identity = "+".join(digests)
    canonical = "magnet:?" + "&".join(f"xt=urn:{value}" for value in digests)
    # A multihash says its sort and length first: SHA-256, 32 bytes.
    canonical = canonical.replace("urn:btmh:", "urn:btmh:1220")
    canonical += spell_magnet_file(file)
    return Location(
        input=text,
        kind="magnet",
        canonical=canonical,
        key=make_key("magnet", identity),
        display=shorten_text(canonical),
        content_id=identity,
    )


def _read_btih(topic: str) -> str | None:
    if match := _BTIH_HEX.fullmatch(topic):
        return "btih:" + match[1].lower()
    if match := _BTIH_BASE32.fullmatch(topic):
        return "btih:" + base64.b32decode(match[1].upper()).hex()
    return None


def _read_btmh(topic: str) -> str | None:
    match = _BTMH.fullmatch(topic)
    return "btmh:" + match[1].lower() if match else None


def _read_ed2k_urn(topic: str) -> str | None:
    match = _ED2K_URN.fullmatch(topic)
    return "ed2k:" + match[1].lower() if match else None


def _read_other_urn(topic: str) -> str | None:
    match = _OTHER_URN.fullmatch(topic)
    return f"{match[1].lower()}:{match[2].lower()}" if match else None


def locate_info_hash(text: str) -> Location | None:
    """A bare info-hash with its label (``btih:…``); without one it is a SHA-1 (``hash``)."""
    match = _LABELLED.fullmatch(text)
    return locate_magnet(f"magnet:?xt=urn:btih:{match[1]}") if match else None


def locate_ed2k(text: str) -> Location | None:
    text = unquote(text) if "%7c" in text[:20].lower() else text
    if match := _ED2K_FILE.fullmatch(text):
        size = match[2].lstrip("0")
        return _make_ed2k_location(
            match[3].lower(), size, unquote(match[1]), text
        )
    if match := _ED2K_SERVER.fullmatch(text):
        identity = f"{match[1].lower()}:{int(match[2])}"
        return Location(
            input=text,
            kind="ed2k",
            canonical=f"ed2k://|server|{match[1].lower()}|{int(match[2])}|/",
            key=make_key("ed2k", f"server:{identity}"),
            display=f"eD2k server {identity}",
            content_id=None,
            host=match[1].lower(),
        )
    return None


def _make_ed2k_location(
    digest: str, size: str, name: str, text: str
) -> Location:
    spelled = spell_ed2k_name(name)
    about = [f"{size} bytes"] * bool(size) + [name.strip()] * bool(
        name.strip()
    )
    return Location(
        input=text,
        kind="ed2k",
        canonical=f"ed2k://|file|{spelled}|{size}|{digest}|/",
        key=make_key("ed2k", digest),
        display=shorten_text(
            f"eD2k {digest}" + (f" ({', '.join(about)})" if about else "")
        ),
        content_id=digest,
        problems=() if size else ("size_missing",),
    )
