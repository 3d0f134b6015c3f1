"""The ways to a person at night: e-mail, an SMS gateway, a push server. Each is a channel.

Where they lead is set by the operator; the rota holds only who is meant there: an address, a
telephone number, a topic. So nobody who edits the rota can have a key sent somewhere else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import quote

from hotline.core.network.client import (
    GuardedClient,
    Reply,
    reach_of,
    with_own_machine,
)
from hotline.core.settings import Settings
from partners.channels.base import Channel, Channels, Message, Refused
from partners.channels.http import require_success, server_in
from partners.channels.mail import MailChannel
from partners.duty.states import Way

# Shorter than a partner's: the next way, or the next person, is waiting.
TIMEOUT_SECONDS = 10
LARGEST_ANSWER = 20_000  # bytes


class SmsGateway:
    """One POST of two fields, as most gateways take it; their names are settings."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def send(self, message: Message) -> dict[str, object]:
        settings = self._settings
        fields = {
            settings.sms_number_field: message.address,
            settings.sms_text_field: message.text,
        }
        headers = {
            "Content-Type": "application/json",
            **_authorization(settings.sms_token.get_secret_value()),
        }
        return _post(
            settings, settings.sms_url, json.dumps(fields).encode(), headers
        )

    def server_of(self, address: str) -> str:  # noqa: ARG002  (all go to one gateway)
        return server_in(self._settings.sms_url)


class PushServer:
    """One POST to a topic, as ntfy and its like take it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def send(self, message: Message) -> dict[str, object]:
        settings = self._settings
        url = f"{settings.push_url}/{quote(message.address, safe='')}"
        headers = {
            # A header holds ASCII only; the text has every letter.
            "Title": message.subject.encode("ascii", "ignore").decode(),
            "Priority": "urgent",
            **_authorization(settings.push_token.get_secret_value()),
        }
        return _post(settings, url, message.text.encode(), headers)

    def server_of(self, address: str) -> str:  # noqa: ARG002  (all go to one server)
        return server_in(self._settings.push_url)


def open_ways(settings: Settings) -> Channels:
    """The ways that the settings make possible."""
    ways: dict[str, Channel] = {}
    if settings.smtp_host:
        ways[Way.EMAIL] = MailChannel(settings)
    if settings.sms_url:
        ways[Way.SMS] = SmsGateway(settings)
    if settings.push_url:
        ways[Way.PUSH] = PushServer(settings)
    return Channels(ways)


def is_set_up(way: Way, settings: Settings) -> bool:
    """Whether a message can leave by that way at all."""
    return way in open_ways(settings).by_name


def _authorization(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def _post(
    settings: Settings, url: str, body: bytes, headers: Mapping[str, str]
) -> dict[str, object]:
    # The operator wrote this address: a gateway may stand on this very machine.
    reach = with_own_machine(reach_of(settings), url)
    with GuardedClient(
        reach,
        seconds=TIMEOUT_SECONDS,
        most_bytes=LARGEST_ANSWER,
        user_agent=settings.user_agent,
    ) as client:
        reply = client.post(url, body, headers=headers)
    _require_acceptance(reply)
    return {"status": reply.status}


def _require_acceptance(reply: Reply) -> None:
    if reply.is_refused:
        raise Refused(
            f"The gateway's address cannot be used ({reply.error}), so nothing was sent."
        )
    require_success(reply, "The gateway")
