"""Reports as plain letters: the words as they are, and the places that they name."""

from __future__ import annotations

from collections.abc import Callable
from email.message import Message

from hotline.core.errors import InvalidInput
from hotline.intake.inbound import mime
from hotline.intake.inbound.answered_lines import leave_fields_out
from hotline.intake.inbound.findings import Inbound, build_reports

FindPlaces = Callable[[str], list[str]]
"""The places that a text names, each as it is written there. Which they are, triage knows."""


def read(message: Message, find_places: FindPlaces) -> tuple[Inbound, ...]:
    words = mime.message_narrative(message)
    if not words:
        raise InvalidInput(
            "The message has no plain text.",
            hint="Send it as text, not as HTML.",
        )
    return build_reports(
        locations=find_places(leave_fields_out(words)),
        lines=[mime.header_text(message, "Subject"), words],
        reference=mime.header_text(message, "Message-ID").strip("<>"),
        words=words,
    )
