"""What a location is, how its key is made, and every code that ``problems`` may hold."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

KEY_LIMIT = 200
"""Longest key in characters: it stays a small, unique index entry in any database."""

DISPLAY_LIMIT = 120

KINDS = (
    "url",
    "onion",
    "account",
    "magnet",
    "ed2k",
    "ipfs",
    "usenet",
    "email",
    "phone",
    "ip",
    "hash",
    "unknown",
)

PROBLEMS: dict[str, str] = {
    "defanged": "The text was made unclickable (hxxp, [.], (dot)); it was repaired.",
    "missing_scheme": "No http:// or https:// was given; http:// was assumed.",
    "broken_scheme": "The scheme was misspelt (http//, https;//); it was repaired.",
    "invisible_removed": "Zero-width, soft-hyphen or control characters were removed.",
    "full_width": "Full-width characters were read as their plain forms.",
    "whitespace_removed": "Tabs or line breaks inside the address were removed.",
    "invalid_characters": "Broken Unicode was replaced.",
    "cut_at_mark": "The address was read up to a quotation mark or an angle bracket; what follows "
    "may belong to it.",
    "cut_at_line": "The address ends with a full line; the next line may belong to it.",
    "host_incomplete": "The host has no dot, so a part of it may be missing.",
    "truncated_input": "The text is longer than is read; its end was left out.",
    "too_many_locations": "The text names more locations than are read; the rest was left out.",
    "userinfo_removed": "A user name or password in the address was taken out and kept apart.",
    "tracking_removed": "Tracking parameters were removed.",
    "session_id_removed": "A session id was removed.",
    "unwrapped": "The address leads to another one, which is what is identified here.",
    "wrapper_too_deep": "Too many addresses are wrapped in each other; the rest was left alone.",
    "archived_copy": "This is a copy in an archive; the original is linked to it.",
    "inline_data_removed": "A data: address holds content; the content was not kept.",
    "local_only": "The address names something on the reporter's own device.",
    "onion_v2": "An onion address of version 2, which has not been reachable since 2021.",
    "onion_invalid": "This is not a valid onion address (length, alphabet or checksum).",
    "onion_proxy": "An onion service seen through a web proxy.",
    "platform_unknown": "A handle without the name of its platform.",
    "time_without_zone": "The time has no time zone, or none that could be read for certain.",
    "time_invalid": "The time is not a possible one and was left out.",
    "port_invalid": "The port is not between 1 and 65535 and was left out.",
    "size_missing": "The link has no file size.",
    "phone_not_valid": "The number is possible but not one in use in its country.",
    "not_a_location": "No location was found in the text.",
    "empty": "The text is empty.",
}
"""Every problem code with what it tells a person; codes are stable, the words are not."""


@dataclass(frozen=True, slots=True)
class Location:
    """One place that can be reported.

    ``input`` is the piece of text it was read from, without user-info. ``canonical`` identifies to
    the same ``key`` again. ``content_id`` is the platform's own name of the content or account.
    ``userinfo`` may be a child's password: it is in neither repr nor JSON, and a caller that keeps
    it must seal it. ``wraps`` are the targets plain inside a redirector, translator or archive;
    ``via`` the canonical forms of the redirectors that led here, outermost first.
    """

    input: str
    kind: str
    canonical: str
    key: str
    display: str
    platform: str | None = None
    content_id: str | None = None
    host: str | None = None
    registrable_domain: str | None = None
    problems: tuple[str, ...] = ()
    userinfo: str | None = field(default=None, repr=False)
    wraps: tuple[Location, ...] = ()
    via: tuple[str, ...] = ()
    fetchable: bool = False

    def to_json(self) -> dict[str, object]:
        """The public shape; ``wraps`` (keys) and ``via`` appear only where there are any."""
        shape: dict[str, object] = {
            "input": self.input,
            "kind": self.kind,
            "canonical": self.canonical,
            "key": self.key,
            "display": self.display,
            "platform": self.platform,
            "content_id": self.content_id,
            "host": self.host,
            "registrable_domain": self.registrable_domain,
            "problems": list(self.problems),
        }
        if self.wraps:
            shape["wraps"] = [target.key for target in self.wraps]
        if self.via:
            shape["via"] = list(self.via)
        return shape


def make_key(kind: str, identity: str) -> str:
    """``kind:identity`` where that is short plain ASCII, else ``kind:sha256=<hex>``."""
    key = f"{kind}:{identity}"
    if (
        len(key) <= KEY_LIMIT
        and key.isascii()
        and key.isprintable()
        # Hashed too, so that the two forms never meet.
        and not identity.startswith("sha256=")
    ):
        return key
    digest = hashlib.sha256(
        # What a reporter pasted may hold half a character; it has an identity
        # all the same.
        identity.encode("utf-8", "surrogatepass")
    ).hexdigest()
    return f"{kind}:sha256={digest}"


def shorten_text(text: str, limit: int = DISPLAY_LIMIT) -> str:
    """For the eye: the middle of a long text gives way, its two ends tell the most."""
    if len(text) <= limit:
        return text
    head = limit * 2 // 3
    # Two thirds for the beginning, where the host stands.
    return f"{text[:head]}…{text[head + 1 - limit :]}"


def unknown_location(text: str, *problems: str) -> Location:
    return Location(
        input=shorten_text(text, 2000),
        kind="unknown",
        canonical="",
        key="",
        display=shorten_text(text),
        problems=problems,
    )
