"""Onion addresses: 16 characters (version 2) or 56 with a checksum (version 3).

Version 3 is ``base32(public key, 32 bytes | checksum, 2 | version, 1)`` with the checksum
``SHA3-256(".onion checksum" | key | version)[:2]`` (Tor rend-spec-v3, section 6): a mistyped
address is told apart from one that is only down.
"""

from __future__ import annotations

import base64
import hashlib
import re

_V2 = re.compile(r"[a-z2-7]{16}")
_V3 = re.compile(r"[a-z2-7]{56}")


def find_problems(host: str) -> tuple[str, ...]:
    """Codes for a host name that ends in ``.onion``; empty where it is a sound version 3."""
    # A service may have sub-domains; its key is the last label alone.
    label = host.removesuffix(".onion").rpartition(".")[2]
    if _V2.fullmatch(label):
        return ("onion_v2",)
    if _V3.fullmatch(label) and _checksum_holds(label):
        return ()
    return ("onion_invalid",)


def _checksum_holds(label: str) -> bool:
    raw = base64.b32decode(label.upper())
    key, checksum, version = raw[:32], raw[32:34], raw[34:]
    expected = hashlib.sha3_256(b".onion checksum" + key + version).digest()[
        :2
    ]
    return version == b"\x03" and checksum == expected
