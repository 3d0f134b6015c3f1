"""The channels that the settings make possible."""

from __future__ import annotations

from hotline.core.settings import Settings
from partners.channels.base import Channel, Channels
from partners.channels.http import HttpChannel
from partners.channels.mail import MailChannel


def build_channels(settings: Settings) -> Channels:
    found: dict[str, Channel] = {"http": HttpChannel(settings)}
    if settings.smtp_host:
        found["email"] = MailChannel(settings)
    return Channels(found)
