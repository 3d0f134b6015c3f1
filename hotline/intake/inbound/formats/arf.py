"""Abuse reports by mail in the Abuse Reporting Format (RFC 5965), feedback type ``abuse``.

Read are the human part, the fields of the machine part, and four header fields of the mail that is
complained about. That mail's body is never looked at: it may be the material itself.
"""

from __future__ import annotations

import re
from email.message import Message

from hotline.core.errors import InvalidInput
from hotline.core.language.said_time import SaidTime
from hotline.intake.inbound import mime
from hotline.intake.inbound.findings import (
    Inbound,
    address_used,
    build_reports,
    stated_time,
)

# RFC 5965, 3.1: each exactly once.
REQUIRED = ("Feedback-Type", "User-Agent", "Version")
VERSIONS = frozenset({"1", "0.1"})
"""That of RFC 5965, and that of the drafts before it, which large senders never left."""
# RFC 5965, 3.2 and 3.3, as far as they say something about the source.
_TOLD = (
    "Arrival-Date",
    "Reporting-MTA",
    "Source-IP",
    "Source-Port",
    "Incidents",
    "Original-Mail-From",
    "Original-Rcpt-To",
    "Reported-Domain",
)
_OF_ORIGINAL = ("From", "Date", "Subject", "Message-ID")
_URI = re.compile(r"<?(?:URL:)?([^<>]+)>?", re.IGNORECASE)


def parse_arf(raw: bytes) -> tuple[Inbound, ...]:
    """The report of a whole message; ``InvalidInput`` says why it is none."""
    return read(mime.parse_message(raw))


def read(message: Message) -> tuple[Inbound, ...]:
    if message.get_content_type() != "multipart/report":
        raise InvalidInput(
            "The message is no multipart/report, as RFC 5965 asks for."
        )
    kind_of_report = message.get_param("report-type")
    if str(kind_of_report).lower() != "feedback-report":
        raise InvalidInput(
            "The multipart/report is not of the type feedback-report."
        )
    fields = _machine_fields(message)
    uris = [
        _URI.sub(r"\1", "".join(value.split()))
        for value in _all_values(fields, "Reported-URI")
    ]
    domains = _all_values(fields, "Reported-Domain")
    words = mime.message_narrative(message)
    if not uris and not domains and not words:
        raise InvalidInput(
            "The report names no Reported-URI or Reported-Domain and says nothing."
        )
    arrival = _arrival_of(fields)
    lines = [
        f"{name}: {value}"
        for name in _TOLD
        for value in _all_values(fields, name)
    ]
    return build_reports(
        # A domain says less than the address of a page on it.
        locations=[*(uris or domains), *_addresses_used(fields, arrival)],
        lines=[words, *lines, *_of_original(message)],
        reference=mime.header_text(message, "Message-ID").strip("<>"),
        seen=arrival,
        words=words,
    )


def _addresses_used(fields: Message, arrival: SaidTime | None) -> list[str]:
    """Where the mail came from: ``Source-IP`` with ``Source-Port``, at the time of its arrival."""
    port = "".join(_all_values(fields, "Source-Port")[:1])
    when = arrival.text if arrival is not None else ""
    used = (
        address_used(address, port, when)
        for address in _all_values(fields, "Source-IP")
    )
    return [line for line in used if line]


def _arrival_of(fields: Message) -> SaidTime | None:
    """``Arrival-Date``, or ``Received-Date`` as older senders call it."""
    for name in ("Arrival-Date", "Received-Date"):
        for text in _all_values(fields, name):
            if (said := stated_time(text)) is not None:
                return said
    return None


def _machine_fields(message: Message) -> Message:
    """The machine part's fields. The parser reads a message/* part as a message with headers."""
    reports = [
        p
        for p in mime.walk_parts(message)
        if p.get_content_type() == "message/feedback-report"
    ]
    # Of two parts nobody could say which one counts.
    if len(reports) != 1:
        raise InvalidInput(
            f"There are {len(reports)} parts message/feedback-report, not one."
        )
    inside = reports[0].get_payload()
    if not isinstance(inside, list) or not isinstance(inside[0], Message):
        raise InvalidInput("The part message/feedback-report holds no fields.")
    fields = inside[0]
    wrong = [name for name in REQUIRED if len(_all_values(fields, name)) != 1]
    if wrong:
        raise InvalidInput(
            f"The feedback report must name once: {', '.join(wrong)}."
        )
    if mime.header_text(fields, "Feedback-Type").lower() != "abuse":
        raise InvalidInput("The feedback type is not abuse.")
    if mime.header_text(fields, "Version") not in VERSIONS:
        raise InvalidInput("The feedback report's version is not 1.")
    return fields


def _all_values(fields: Message, name: str) -> list[str]:
    return [
        value
        for text in fields.get_all(name, [])
        if (value := " ".join(str(text).split()))
    ]


def _of_original(message: Message) -> list[str]:
    """Header fields of the mail in question, whether all of it came or its headers alone."""
    for part in mime.walk_parts(message):
        if part.get_content_type() == "message/rfc822":
            inside = part.get_payload()
            original = inside[0] if isinstance(inside, list) else None
        elif part.get_content_type() == "text/rfc822-headers":
            original = mime.parse_message(mime.part_body(part))
        else:
            continue
        if isinstance(original, Message):
            headers = {
                name: mime.header_text(original, name) for name in _OF_ORIGINAL
            }
            return [
                f"{name} of the mail: {value}"
                for name, value in headers.items()
                if value
            ]
    return []
