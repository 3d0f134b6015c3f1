"""A partner's HTTP endpoint: one JSON document by POST, with an idempotency key."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import httpx

from hotline.core.errors import NoAnswer, Unavailable
from hotline.core.settings import Settings
from partners.channels.base import Message, Refused

TIMEOUT_SECONDS = 30
MAX_ANSWER = 20_000
# A second try may work after these; every other 4xx says that the message itself is wrong.
RETRY_STATUS = frozenset({401, 403, 408, 409, 425, 429})


class HttpChannel:
    def __init__(self, settings: Settings) -> None:
        self._user_agent = settings.user_agent

    def send(self, message: Message) -> dict[str, Any]:
        """Redirects are not followed: an address that moved is a person's business."""
        headers = {
            "Idempotency-Key": message.message_id,
            "User-Agent": self._user_agent,
        }
        try:
            answer = httpx.post(
                message.address,
                json=dict(message.body),
                headers=headers,
                timeout=TIMEOUT_SECONDS,
                follow_redirects=False,
                trust_env=False,
            )
        except httpx.HTTPError as error:
            raise NoAnswer(
                f"The partner's server failed: {type(error).__name__}."
            ) from None
        if answer.is_success:
            return {"status": answer.status_code, "reference": _reference(answer)}
        told = f"The partner's server answered {answer.status_code}."
        # An outage or a lapsed credential is not final: 401 and 403 are mended on either side.
        if answer.status_code >= 500 or answer.status_code in RETRY_STATUS:
            raise Unavailable(told)
        raise Refused(told)

    def server_of(self, address: str) -> str:
        return urlsplit(address).netloc.rpartition("@")[2].lower()


def _reference(answer: httpx.Response) -> str:
    """The partner's own number for it, if it gave one."""
    if len(answer.content) > MAX_ANSWER:
        return ""
    try:
        found = answer.json()
    except ValueError:
        return ""
    reference = found.get("reference") if isinstance(found, dict) else None
    return str(reference)[:120] if isinstance(reference, str | int) else ""
