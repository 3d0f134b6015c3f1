"""What every channel has in common, and the list of them: a message in, a receipt or a reason out.

Every other module of this package that has a ``CHANNEL`` (a ``ChannelKind``) is a channel, so that
adding one is adding its module: directory, pages and delivery know it by this list alone. ::

    # partners/channels/pigeon.py
    CHANNEL = ChannelKind("pigeon", "Pigeon", ("loft",), address_fault, PigeonChannel)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import SecretStr

from hotline.core.errors import Unavailable
from hotline.core.jobs.task import GiveUp
from hotline.core.settings import Settings
from partners import channels as package

if TYPE_CHECKING:
    from flask_babel.speaklater import LazyString

NO_CHANNEL = "none"
"""What a partner has of whom nobody has entered an address."""
LONGEST_NAME = 12
"""As wide as the columns that hold a channel's name."""


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


@cache
def channel_kinds() -> Mapping[str, ChannelKind]:
    """All channels by name, in the order of their modules' names."""
    kinds: dict[str, ChannelKind] = {}
    for module_info in iter_modules(package.__path__):
        module = import_module(f"{package.__name__}.{module_info.name}")
        kind = getattr(module, "CHANNEL", None)
        # This module is among those that are walked, and is no channel.
        if kind is not None:
            _require_usable_name(kind.name, kinds)
            kinds[kind.name] = kind
    return MappingProxyType(kinds)


def _require_usable_name(name: str, taken: Mapping[str, ChannelKind]) -> None:
    if (
        name in taken
        or name == NO_CHANNEL
        or not 0 < len(name) <= LONGEST_NAME
    ):
        raise ValueError(
            f"{name!r} cannot be a channel's name: taken, or too long."
        )


def channel_names() -> tuple[str, ...]:
    """What a partner's channel may be: each channel, or none yet."""
    return (*channel_kinds(), NO_CHANNEL)


def address_fault(channel: str, address: str, settings: Settings) -> str:
    """What is wrong with an address of that channel; empty when it can be used."""
    kind = channel_kinds().get(channel)
    return kind.address_fault(address, settings) if kind is not None else ""


@dataclass(frozen=True, slots=True)
class Channels:
    """The channels of this installation by name."""

    by_name: Mapping[str, Channel]

    def send(self, channel: str, message: Message) -> dict[str, object]:
        """The other side's answer (codes and ids, for the record)."""
        opened = self.by_name.get(channel)
        # A partner may have been entered while a channel was set up that is
        # gone from the settings.
        if opened is None:
            raise Unavailable(
                f"No {channel} channel is set up, so nothing was sent.",
                hint=_how_to_set_up(channel),
            )
        return opened.send(message)

    def server_of(self, channel: str, address: str) -> str:
        """Whom a message is handed to; empty where nothing leaves by that channel."""
        opened = self.by_name.get(channel)
        return opened.server_of(address) if opened is not None else ""


def build_channels(settings: Settings) -> Channels:
    """The channels that the settings make possible."""
    opened = {
        kind.name: kind.open_channel(settings)
        for kind in channel_kinds().values()
        if kind.is_set_up(settings)
    }
    return Channels(opened)


def _how_to_set_up(channel: str) -> str:
    kind = channel_kinds().get(channel)
    if kind is None or not kind.settings:
        return ""
    names = [f"HOTLINE_{name.upper()}" for name in kind.settings]
    return f"Set {' and '.join(names)}."
