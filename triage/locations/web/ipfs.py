"""IPFS: one content identifier in its many spellings (gateway, sub-domain, scheme, CIDv0, CIDv1).

A CID is ``version | codec | multihash`` under a multibase prefix; version 0 is the bare base58
multihash and means CIDv1 with the codec dag-pb (0x70). The normal form here is CIDv1 in base32.
An IPNS name that is a key is a CID too (often base36); otherwise it is a DNS name.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass

from triage.locations.location import Location, make_key, shorten_text
from triage.locations.web.percent import normalise_path

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"
# Reading a number in base 58 costs the square of its digits.
_LONGEST = 200
_PATH = re.compile(r"/(ipfs|ipns)/([^/]+)(/.*)?", re.DOTALL)
_HOST = re.compile(r"([a-z0-9-]+)\.(ipfs|ipns)\.[^/]+")
_SCHEME = re.compile(
    r"(?i)(?:web\+)?(ipfs|ipns):/*(?:ipfs/)?([^/?#]+)(/[^?#]*)?", re.DOTALL
)
_NAME = re.compile(
    r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}"
)


@dataclass(frozen=True, slots=True)
class Address:
    space: str
    name: str
    path: str


def normalise_cid(text: str) -> str | None:
    """CIDv1 in lower-case base32, or None where ``text`` is no content identifier."""
    if not 10 <= len(text) <= _LONGEST or not text.isascii():
        return None
    raw = _decode_cid(text)
    if raw is None or len(raw) < 6 or raw[0] != 1:
        return None
    return "b" + base64.b32encode(raw).decode().rstrip("=").lower()


def _decode_cid(text: str) -> bytes | None:
    """The bytes of a CID: a bare multihash gets the version and codec that it implies."""
    decode: Callable[[str], bytes]
    if text.startswith("Qm") and len(text) == 46:
        head, decode, body = b"\x01\x70", _decode_base58, text
    # The name of a peer's key, whose codec (0x72) the bare spelling leaves
    # out.
    elif text.startswith(("12D3Koo", "16Uiu2")):
        head, decode, body = b"\x01\x72", _decode_base58, text
    elif text[0] in _MULTIBASE:
        head, decode, body = b"", _MULTIBASE[text[0]], text[1:]
    else:
        return None
    try:
        return head + decode(body)
    except ValueError:
        return None


def _decode_base32(text: str) -> bytes:
    return base64.b32decode(text.upper() + "=" * (-len(text) % 8))


def _decode_base58(text: str) -> bytes:
    return _decode_base(text, _BASE58)


def _decode_base36(text: str) -> bytes:
    return _decode_base(text.lower(), _BASE36)


_MULTIBASE = {
    "b": _decode_base32,
    "B": _decode_base32,
    "z": _decode_base58,
    "k": _decode_base36,
    "K": _decode_base36,
    "f": bytes.fromhex,
    "F": bytes.fromhex,
}


def _decode_base(text: str, alphabet: str) -> bytes:
    number = 0
    for character in text:
        number = number * len(alphabet) + alphabet.index(character)
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _make_address(space: str, name: str, path: str | None) -> Address | None:
    identifier = normalise_cid(name)
    if (
        identifier is None
        and space == "ipns"
        and _NAME.fullmatch(name.lower())
    ):
        identifier = name.lower()
    if identifier is None:
        return None
    path = normalise_path(path or "").rstrip("/")
    return Address(space, identifier, path)


def read_gateway(host: str, path: str) -> Address | None:
    """The content behind a gateway: ``/ipfs/<cid>/…`` on any host, or ``<cid>.ipfs.<host>``."""
    if path.startswith("/ip") and (match := _PATH.fullmatch(path)):
        return _make_address(match[1], match[2], match[3])
    if (".ipfs." in host or ".ipns." in host) and (
        match := _HOST.fullmatch(host)
    ):
        name = match[1]
        if match[2] == "ipns" and normalise_cid(name) is None:
            # A DNS name in one label: "-" stands for ".", "--" for "-".
            name = (
                name.replace("--", "\0").replace("-", ".").replace("\0", "-")
            )
        return _make_address(match[2], name, path)
    return None


def read_scheme(text: str) -> Address | None:
    """``ipfs://<cid>/…``, ``ipns://<name>``, and ``/ipfs/<cid>`` as tools print it."""
    if text.startswith(("/ipfs/", "/ipns/")):
        return read_gateway("", text)
    match = _SCHEME.match(text)
    return (
        _make_address(match[1].lower(), match[2], match[3]) if match else None
    )


def locate_address(address: Address, original: str) -> Location:
    identity = f"{address.name}{address.path}"
    return Location(
        input=original,
        kind="ipfs",
        canonical=f"{address.space}://{identity}",
        key=make_key(
            "ipfs", identity if address.space == "ipfs" else f"ipns/{identity}"
        ),
        display=shorten_text(f"{address.space}://{identity}"),
        content_id=address.name,
    )
