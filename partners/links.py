"""No-login links for partners: unguessable, scoped to one subject, stored only as a MAC.

The token is derived from the subject's id and a number under the links key, so that a reminder can
carry the same link again although the database cannot give it away. A link that reached the wrong
reader is replaced by that of the next number.
"""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass

from hotline.core.storage.keyring import Keyring

TOKEN_BYTES = 24  # 192 bits


@dataclass(frozen=True, slots=True)
class Link:
    """``token`` goes into the URL, ``mac`` into the database."""

    token: str
    mac: bytes


def new_link(
    keyring: Keyring, scope: str, subject_id: uuid.UUID, number: int = 0
) -> Link:
    """The link of a subject; the same one each time. ``scope``: notice or referral.

    ``number``: how many links of the subject were replaced before this one.
    """
    replaced = f":{number}".encode() if number else b""
    raw = keyring.mac(
        "links",
        b"token:" + scope.encode() + b":" + subject_id.bytes + replaced,
    )
    token = base64.urlsafe_b64encode(raw[:TOKEN_BYTES]).decode()
    return Link(token, mac_of(keyring, scope, token))


def mac_of(keyring: Keyring, scope: str, token: str) -> bytes:
    """What a token is looked up by; over-long ones cost nothing."""
    return keyring.mac(
        "links", b"lookup:" + scope.encode() + b":" + token[:64].encode()
    )
