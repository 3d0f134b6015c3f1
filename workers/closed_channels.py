"""Channels of a service whose settings are still examples: nothing leaves by them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hotline.core.errors import Unavailable
from partners.channels.base import Channel, Channels, Message


@dataclass(frozen=True, slots=True)
class ClosedChannel:
    """In the place of a channel; ``examples`` are the settings that keep it closed."""

    opened: Channel
    examples: Sequence[str]

    def send(
        self,
        message: Message,  # noqa: ARG002
    ) -> dict[str, object]:
        """Nothing; says what is to be set. Work that waits for it goes on once that is done."""
        raise Unavailable(
            f"These settings are examples: {', '.join(self.examples)}. So nothing was sent.",
            hint="Set them, restart, and try again; `hotline config check` names them.",
        )

    def server_of(self, address: str) -> str:
        return self.opened.server_of(address)


def close_channels(channels: Channels, examples: Sequence[str]) -> Channels:
    """The same channels, with nothing going out."""
    return Channels(
        {
            name: ClosedChannel(channel, examples)
            for name, channel in channels.by_name.items()
        }
    )
