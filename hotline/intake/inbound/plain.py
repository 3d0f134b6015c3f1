"""Reports as plain letters: the words as they are, and the web addresses among them."""

from __future__ import annotations

import re
from email.message import Message

from hotline.core.errors import InvalidInput
from hotline.intake.inbound import mime
from hotline.intake.inbound.findings import Inbound, build_reports

# Partners write hxxp and [.] so that nobody clicks; which address that is, triage decides.
_ADDRESS = re.compile(
    r"(?i)\b(?:h(?:tt|xx)ps?|ftps?)(?:://|\[:\]//)[^\s<>\"]+|\bmagnet:\?[^\s<>\"]+"
)
_AFTER = ".,;:!?)'*"


def read(message: Message) -> tuple[Inbound, ...]:
    words = mime.message_narrative(message)
    if not words:
        raise InvalidInput(
            "The message has no plain text.",
            hint="Send it as text, not as HTML.",
        )
    return build_reports(
        locations=[
            address.rstrip(_AFTER) for address in _ADDRESS.findall(words)
        ],
        lines=[mime.header_text(message, "Subject"), words],
        reference=mime.header_text(message, "Message-ID").strip("<>"),
    )
