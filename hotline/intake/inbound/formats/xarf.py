"""Reports in X-ARF: version 4 (xarf.org, schemas of xarf-spec 4.2), and the versions before it.

Only what a hotline is for is taken. ``evidence`` may hold media and is passed over unread.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.message import Message
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from hotline.core.datafiles.shapes import parse_shape as shaped
from hotline.core.errors import InvalidInput
from hotline.core.language.said_time import SaidTime
from hotline.intake import strict_json
from hotline.intake.inbound import mime
from hotline.intake.inbound.findings import (
    WEB_PORTS,
    Inbound,
    address_used,
    build_reports,
    stated_time,
    tell_fields,
    tell_own_fields,
)
from hotline.intake.inbound.formats.xarf_early import read_early
from hotline.intake.registry.kinds import ReportKind
from hotline.intake.registry.questions import Answer
from hotline.intake.registry.vocabulary import ReporterRole
from hotline.intake.registry.wire_names import XarfAct, XarfMedia
from hotline.intake.strict_json import Malformed

MAX_BYTES = 16 << 20
# XARF names media and acts; our kinds follow the source documents of the region.
_KIND_OF_MEDIA: dict[str, ReportKind] = {
    word: kind
    for kind in ReportKind
    for word in kind.row.wire.xarf_words
    if isinstance(word, XarfMedia)
}
_KIND_OF_ACT: dict[str, ReportKind] = {
    word: kind
    for kind in ReportKind
    for word in kind.row.wire.xarf_words
    if isinstance(word, XarfAct)
}
# Hashes that name a file by themselves; others can't be looked up as a location.
_HASHES = {"md5": 32, "sha1": 40, "sha256": 64}


def _with_zone(text: str) -> str:
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError("has no time zone")
    return text


def _check_uuid(text: str) -> str:
    return str(UUID(text))


Short = Annotated[str, Field(min_length=1, max_length=300)]
Time = Annotated[str, Field(max_length=40), AfterValidator(_with_zone)]


class _Loose(BaseModel):
    """The schemas allow fields of the sender's own."""

    model_config = ConfigDict(
        extra="ignore", frozen=True, hide_input_in_errors=True
    )


class Contact(_Loose):
    org: Short
    contact: Short
    domain: Short


class Indicators(_Loose):
    account_id: str = ""
    ip_addresses: list[str] = []
    pattern_of_behavior: str = ""


class Content(_Loose):
    """The fields that the schemas of ``content``, ``csam`` and ``csem`` name and a hotline uses."""

    xarf_version: Annotated[str, Field(pattern=r"^4\.[0-9]+\.[0-9]+$")]
    report_id: Annotated[str, AfterValidator(_check_uuid)]
    timestamp: Time
    reporter: Contact
    sender: Contact
    source_identifier: Short
    source_port: Annotated[int, Field(ge=1, le=65535)] | None = None
    category: Literal["content"]
    type: Literal["csam", "csem"]
    url: str = ""
    description: str = ""
    classification: Literal["", "baseline", "A1", "A2", "B1", "B2"] = ""
    detection_method: Short
    media_type: str = ""
    hash_values: dict[str, str] = {}
    ncmec_report_id: str = ""
    exploitation_type: str = ""
    platform: str = ""
    victim_age_range: str = ""
    perpetrator_indicators: Indicators = Indicators()
    evidence: list[Any] = []


def parse_xarf(body: bytes, letter: str = "") -> tuple[Inbound, ...]:
    """The reports of a JSON text: an object or a list; ``InvalidInput`` names what is wrong.

    ``letter``: what a person wrote in the mail around it.
    """
    if len(body) > MAX_BYTES:
        raise InvalidInput(
            f"The document is larger than {MAX_BYTES >> 20} MiB."
        )
    try:
        # Some programs begin a file in UTF-8 with a mark, which JSON does not
        # allow.
        data = strict_json.load_json(body.removeprefix(b"\xef\xbb\xbf"))
    except Malformed as error:
        raise InvalidInput(
            str(error), hint="X-ARF is read as JSON in UTF-8."
        ) from None
    documents = data if isinstance(data, list) else [data]
    if not documents:
        raise InvalidInput("The list holds no report.")
    return tuple(
        inbound
        for document in documents
        for inbound in _read_document(document, letter)
    )


def read(message: Message) -> tuple[Inbound, ...]:
    """The reports of a mail: its JSON parts, also where one came inside a feedback report."""
    json_parts = [part for part in mime.walk_parts(message) if _is_json(part)]
    if not json_parts:
        raise InvalidInput(
            "The message has no part of the type application/json."
        )
    letter = mime.message_narrative(message)
    return tuple(
        report
        for part in json_parts
        for report in parse_xarf(mime.part_body(part), letter)
    )


def _is_json(part: Message) -> bool:
    return bool(
        re.fullmatch(
            r"(?:application|text)/(?:[\w.-]+\+)?json", part.get_content_type()
        )
    )


def _read_document(document: object, letter: str) -> tuple[Inbound, ...]:
    if not isinstance(document, dict):
        raise InvalidInput("An X-ARF report is a JSON object.")
    more = [*tell_own_fields(document), *filter(None, [letter])]
    if "xarf_version" in document:
        return _read_content(shaped(Content, document), more)
    reports = read_early(document, more)
    if reports is None:
        raise InvalidInput(
            "This is no X-ARF report that can be read.",
            hint="Send version 4, a report about child abuse of 1 to 3, or 0.2 as JSON.",
        )
    return reports


def _read_content(
    content: Content, more: Sequence[str]
) -> tuple[Inbound, ...]:
    required = (
        "classification" if content.type == "csam" else "exploitation_type"
    )
    # Which of the two must be there depends on the type, so no field can say
    # it.
    if not getattr(content, required):
        raise InvalidInput(
            f"/{required}: field required for {content.type}.",
            fields={f"/{required}": "field required"},
        )
    hashes = [
        value
        for name, value in content.hash_values.items()
        if len(value) == _HASHES.get(name)
        and re.fullmatch("[0-9a-fA-F]+", value)
    ]
    stated = stated_time(content.timestamp)
    return build_reports(
        locations=[*_places(content, stated), *hashes],
        lines=[*tell_fields(_report_words(content)), *more],
        reference=content.report_id,
        kind=_kind_of(content),
        role=ReporterRole.PROVIDER,
        contact=content.reporter.contact,
        seen=stated,
        words="\n".join([content.description, *more]),
        answers={
            Answer.CHILD_AGE: content.victim_age_range,
            Answer.THEIR_PLATFORM: content.platform.replace("_", " "),
            Answer.THEIR_NAME: content.perpetrator_indicators.account_id,
        },
    )


def _places(content: Content, seen: SaidTime | None) -> list[str]:
    """The page, or the source where there is none, and the addresses that a person used."""
    page = [content.url] if content.url else []
    port = content.source_port
    # With a page the source is the server that shows it, unless it has the
    # port of a client.
    if not page or (port is not None and port not in WEB_PORTS):
        page += _source_used(content, seen)
    # When those were used nobody says: the time of the report is not theirs.
    suspected = (
        address_used(address, "", "")
        for address in content.perpetrator_indicators.ip_addresses
    )
    return page + [address for address in suspected if address]


def _source_used(content: Content, seen: SaidTime | None) -> list[str]:
    """The source as an address with port and time; what is no address only where no page is."""
    port, when = str(content.source_port or ""), seen.text if seen else ""
    used = address_used(content.source_identifier, port, when)
    if used:
        return [used]
    return [] if content.url else [content.source_identifier]


def _kind_of(content: Content) -> ReportKind:
    """Our kind; CSAM of a medium that nobody knows counts as pictures."""
    if content.type == "csam":
        return _KIND_OF_MEDIA.get(content.media_type, ReportKind.CSAM_IMAGE)
    return _KIND_OF_ACT.get(content.exploitation_type, ReportKind.UNKNOWN)


def _report_words(content: Content) -> Mapping[str, object]:
    suspected = content.perpetrator_indicators
    return {
        "": content.description,
        "Reported by": f"{content.reporter.org} ({content.reporter.domain})",
        "Type": f"X-ARF {content.type} {content.classification or content.exploitation_type}",
        "Seen": content.timestamp,
        "Source": content.source_identifier,
        "Source port": content.source_port,
        "Found by": content.detection_method.replace("_", " "),
        "Platform": content.platform.replace("_", " "),
        "Age of the affected child": content.victim_age_range,
        "CyberTipline report": content.ncmec_report_id,
        "Suspected account": suspected.account_id,
        "Suspected addresses": ", ".join(suspected.ip_addresses),
        "Behaviour": suspected.pattern_of_behavior,
        "Dropped unread": f"{len(content.evidence)} pieces of evidence"
        if content.evidence
        else "",
    }
