"""The seam of channels: a message in, a receipt or a reason out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from hotline.core.errors import Unavailable
from hotline.core.jobs.task import GiveUp


class Refused(GiveUp):
    """The other side refused for good (an unknown mailbox, a 4xx answer): a person must look."""


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one address. ``message_id`` is the same on every try.

    ``text`` is for people, ``body`` is the machine-readable form: an HTTP channel sends it, mail
    carries it as an attachment. ``thread`` is the first message's id, for reminders.
    """

    message_id: str
    address: str
    subject: str
    text: str
    body: Mapping[str, Any]
    attachments: tuple[Attachment, ...] = ()
    language: str = "en"
    thread: str | None = None
    urgent: bool = False


class Channel(Protocol):
    """Sends; raises ``Unavailable`` where a later try may work (``NoAnswer`` where the
    server stayed silent) and ``Refused`` where none will."""

    def send(self, message: Message) -> dict[str, Any]: ...

    def server_of(self, address: str) -> str:
        """The name of the server that a message to ``address`` is handed to."""
        ...


@dataclass(frozen=True, slots=True)
class Channels:
    """The channels of this installation by name."""

    by_name: Mapping[str, Channel]

    def send(self, channel: str, message: Message) -> dict[str, Any]:
        """The other side's answer (codes and ids, for the record)."""
        found = self.by_name.get(channel)
        if found is None:
            raise Unavailable(
                f"No {channel} channel is set up, so nothing was sent.",
                hint="Set HOTLINE_SMTP_HOST." if channel == "email" else "",
            )
        return found.send(message)

    def server_of(self, channel: str, address: str) -> str:
        """Whom a message is handed to; empty where nothing leaves by that channel."""
        found = self.by_name.get(channel)
        return found.server_of(address) if found is not None else ""
