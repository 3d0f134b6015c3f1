"""A partner's HTTPS endpoint: one JSON document by POST, with an idempotency key."""

from __future__ import annotations

import json
import re
from urllib.parse import urlsplit

from flask_babel import lazy_gettext

from hotline.core.errors import NoAnswer, Unavailable
from hotline.core.network.client import GuardedClient, Reply, reach_of
from hotline.core.settings import Settings
from partners.channels.base import ChannelKind, Message, Refused

TIMEOUT_SECONDS = 30
LARGEST_ANSWER = 20_000  # bytes
# A second try may work after these; every other 4xx says that the message itself is wrong.
RETRY_STATUS = frozenset({401, 403, 408, 409, 425, 429})


class HttpChannel:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def send(self, message: Message) -> dict[str, object]:
        """Redirects are not followed: an address that moved is a person's business."""
        # A try whose answer was lost is repeated, and the partner knows it
        # again by this key.
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": message.message_id,
        }
        with GuardedClient(
            reach_of(self._settings),
            seconds=TIMEOUT_SECONDS,
            most_bytes=LARGEST_ANSWER,
            user_agent=self._settings.user_agent,
        ) as client:
            body = json.dumps(dict(message.body)).encode()
            reply = client.post(message.address, body, headers=headers)
        _require_acceptance(reply)
        return {"status": reply.status, "reference": _read_reference(reply)}

    def server_of(self, address: str) -> str:
        return server_in(address)


def _require_acceptance(reply: Reply) -> None:
    """Raise unless the server said that it took the message."""
    # Before all else: where such an address leads, no later try may go either.
    if reply.error == "blocked_address":
        raise Refused(
            "The partner's address leads to a network that must not be reached"
            f" ({reply.reason or 'it is not public'}), so nothing was sent."
        )
    if reply.is_refused:
        raise Refused(
            "The partner's address is not a usable https:// address, so nothing was sent."
        )
    require_success(reply, "The partner's server")


def require_success(reply: Reply, server: str) -> None:
    """Raise unless it answered with a 2xx. ``server``: what it is called in the error."""
    # A whole status line with too long an answer is an answer all the same.
    if reply.error and reply.error != "too_large":
        raise NoAnswer(f"{server} failed: {reply.error}.")
    if 200 <= reply.status < 300:
        return
    answered = f"{server} answered {reply.status}."
    # An outage or a lapsed credential is not final: 401 and 403 are mended on either side.
    if reply.status >= 500 or reply.status in RETRY_STATUS:
        raise Unavailable(answered)
    raise Refused(answered)


def server_in(url: str) -> str:
    """The host and the port of an address."""
    # An address may carry a name and a password, which belong into no log.
    return urlsplit(url).netloc.rpartition("@")[2].lower()


def _read_reference(reply: Reply) -> str:
    """The partner's own number for it, if it gave one."""
    try:
        document = json.loads(reply.body)
    # Brackets nested a thousand deep end the parser with a RecursionError.
    except (ValueError, RecursionError):
        return ""
    reference = (
        document.get("reference") if isinstance(document, dict) else None
    )
    return str(reference)[:120] if isinstance(reference, str | int) else ""


def address_fault(address: str, settings: Settings) -> str:
    """Plain HTTP is for a sandbox, whose servers have no certificates."""
    pattern = r"https?" if settings.fetch_allowed_networks else "https"
    if re.fullmatch(rf"{pattern}://[^\s/]+(/\S*)?", address):
        return ""
    return "This is not an https:// address."


CHANNEL = ChannelKind(
    "http", lazy_gettext("HTTP"), (), address_fault, HttpChannel
)
