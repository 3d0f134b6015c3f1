"""A channel out of the house by which nothing leaves."""

from __future__ import annotations

from typing import Any

from partners.channels.base import Message


class Recorder:
    """A channel that keeps what it was given; ``faults`` are raised first, one a message."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.faults: list[Exception] = []

    def send(self, message: Message) -> dict[str, Any]:
        self.messages.append(message)
        if self.faults:
            raise self.faults.pop(0)
        return {"accepted": True}

    def server_of(self, address: str) -> str:
        return address.rpartition("@")[2]
