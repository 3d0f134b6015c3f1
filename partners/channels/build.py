"""The channels that the settings make possible."""

from __future__ import annotations

from hotline.core.settings import Settings
from partners.channels.base import Channel, Channels
from partners.channels.cloudflare import NAME, CloudflareChannel
from partners.channels.http import HttpChannel
from partners.channels.mail import MailChannel
from triage.hosting.build import build_cloudflare


def build_channels(settings: Settings) -> Channels:
    found: dict[str, Channel] = {"http": HttpChannel(settings)}
    if settings.smtp_host:
        found["email"] = MailChannel(settings)
    if client := build_cloudflare(settings):
        found[NAME] = CloudflareChannel(
            client, country=settings.country, anonymous=settings.cloudflare_anonymous
        )
    return Channels(found)
