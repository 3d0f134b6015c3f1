"""Links that open something without a sign-in: unguessable, for one subject, stored as a MAC alone.

The token is derived from the subject's id and a number under the links key, so that a letter can
carry the same link again although the database cannot give it away. A link that reached the wrong
reader is replaced by that of the next number.
"""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass
from typing import Protocol

from hotline.core.storage.keys.keyring import Keyring, mac_under

TOKEN_BYTES = 24  # 192 bits


@dataclass(frozen=True, slots=True)
class Link:
    """``token`` goes into the URL, ``mac`` into the database."""

    token: str
    mac: bytes


class Linked(Protocol):
    """What has a link that may be replaced: a referral or a notice."""

    id: uuid.UUID
    link_mac: bytes | None
    link_number: int


def new_link(
    keyring: Keyring, scope: str, subject_id: uuid.UUID, number: int = 0
) -> Link:
    """The link of a subject; the same one each time. ``scope``: what sort of thing it opens.

    ``number``: how many links of the subject were replaced before this one.
    """
    return link_under(keyring.bytes_of("links"), scope, subject_id, number)


def present_link(keyring: Keyring, scope: str, subject: Linked) -> Link:
    """The link that opens the subject now."""
    return find_link(
        keyring, scope, subject.id, subject.link_mac, subject.link_number
    )


def find_link(
    keyring: Keyring,
    scope: str,
    subject_id: uuid.UUID,
    mac: bytes | None,
    number: int = 0,
) -> Link:
    """The link that is stored as ``mac``: while the key is rotated, some are older than it."""
    links = [
        link_under(key, scope, subject_id, number)
        for key in keyring.keys_of("links")
    ]
    stored = (link for link in links if link.mac == mac)
    # Where none is stored yet it is about to be, under the key in use.
    return next(stored, links[0])


def link_under(
    key: bytes, scope: str, subject_id: uuid.UUID, number: int
) -> Link:
    """The link of a subject under one key."""
    # The first one has no number: links that left before they could be
    # replaced still work.
    replaced = f":{number}".encode() if number else b""
    raw = mac_under(
        key, b"token:" + scope.encode() + b":" + subject_id.bytes + replaced
    )
    token = base64.urlsafe_b64encode(raw[:TOKEN_BYTES]).decode()
    return Link(token, lookup_under(key, scope, token))


def lookups_of(keyring: Keyring, scope: str, token: str) -> tuple[bytes, ...]:
    """What a token may be stored as, under each key; over-long ones cost nothing."""
    return tuple(
        lookup_under(key, scope, token) for key in keyring.keys_of("links")
    )


def lookup_under(key: bytes, scope: str, token: str) -> bytes:
    # Tokens have 32 characters; what is longer matches none, cut or not.
    return mac_under(
        key, b"lookup:" + scope.encode() + b":" + token[:64].encode()
    )
