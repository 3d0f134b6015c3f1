"""What every channel has in common: a message in, a receipt or a reason out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from flask_babel.speaklater import LazyString
from pydantic import SecretStr

from hotline.core.jobs.task import GiveUp
from hotline.core.settings import Settings


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

    def send(self, message: Message) -> dict[str, object]: ...

    def server_of(self, address: str) -> str:
        """The name of the server that a message to ``address`` is handed to."""
        ...


@dataclass(frozen=True, slots=True)
class ChannelKind:
    """What a channel's module tells the registry about it, under the name ``CHANNEL``.

    ``name`` is stored with partners and deliveries (at most 12 characters), ``label`` is shown.
    ``settings`` names those that have to be set before the channel can be opened.
    ``address_fault`` says what is wrong with an address, "" when it can be used.
    ``open_channel`` is called only where every one of ``settings`` is set.
    """

    name: str
    label: str | LazyString
    settings: tuple[str, ...]
    address_fault: Callable[[str, Settings], str]
    open_channel: Callable[[Settings], Channel]

    def is_set_up(self, settings: Settings) -> bool:
        return all(_is_set(getattr(settings, name)) for name in self.settings)


def _is_set(value: object) -> bool:
    return bool(
        value.get_secret_value() if isinstance(value, SecretStr) else value
    )
