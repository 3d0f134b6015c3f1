"""Cloudflare's abuse reports API as a channel: the notice to the network that hides a host.

It takes one kind of message, a first notice. What it says goes on to the hosting provider, so it
holds no link to the notice's page: whoever has that link may answer for the one we wrote to.
"""

from __future__ import annotations

from hotline.core.errors import InvalidInput
from hotline.core.settings import Settings
from partners.channels.base import ChannelKind, Message, Refused
from triage.hosting.build import build_cloudflare
from triage.hosting.sources.cloudflare import CloudflareOrigin, Reporter

NAME = "cloudflare"


class CloudflareChannel:
    """``country`` is the hotline's own (ISO 3166-1)."""

    def __init__(
        self, client: CloudflareOrigin, *, country: str, anonymous: bool
    ) -> None:
        self._client, self._country, self._anonymous = (
            client,
            country,
            anonymous,
        )

    def server_of(self, address: str) -> str:  # noqa: ARG002  (an account, all at one server)
        return "Cloudflare's API"

    def send(self, message: Message) -> dict[str, object]:
        """The report's id at Cloudflare, under ``reference`` ("" if it told none)."""
        body = message.body
        if body["purpose"] != "first":
            raise Refused(
                "Cloudflare's API takes no reminder and no withdrawal: write to them."
            )
        sender = body["sender"]
        reporter = Reporter(
            sender["name"],
            sender["contact"],
            sender["name"],
            self._country,
            anonymous_to_host=self._anonymous,
        )
        urls = [document["url"] for document in body["xarf"]]
        why = (
            f"Analysts of {sender['name']} assessed what these addresses show: material of sexual "
            f"abuse or exploitation of a child. Our reference is {body['reference']}. "
            f"Basis: {body['legal_basis']}. Please tell {sender['contact']} the address of the "
            "origin and its hosting provider. Do not inform the owner of the site."
        )
        try:
            return {"reference": self._client.send_report(reporter, urls, why)}
        # What is wrong with a report now is wrong on every later try.
        except InvalidInput as error:
            raise Refused(str(error)) from error


def address_fault(address: str, settings: Settings) -> str:
    """The address is our own account there; which mailbox is told, Cloudflare knows."""
    if address and address == settings.cloudflare_account:
        return ""
    return "This is not the Cloudflare account that the settings name."


def open_channel(settings: Settings) -> CloudflareChannel:
    client = build_cloudflare(settings)
    assert client is not None, "opened only where account and token are set"
    return CloudflareChannel(
        client,
        country=settings.country,
        anonymous=settings.cloudflare_anonymous,
    )


CHANNEL = ChannelKind(
    NAME,
    "Cloudflare",
    ("cloudflare_account", "cloudflare_token"),
    address_fault,
    open_channel,
)
