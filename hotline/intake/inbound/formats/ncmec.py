"""CyberTipline reports as XML, in the shape of NCMEC's reporting schema (report.cybertip.org).

NCMEC's words for kinds of report are in ``hotline.intake.registry.wire_names``. Everything about
files is passed over unread, whatever it holds. A document type is refused, and with it entities of
every sort.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.message import Message
from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from hotline.core.errors import InvalidInput
from hotline.intake.inbound import mime
from hotline.intake.inbound.findings import (
    Inbound,
    address_used,
    build_reports,
    stated_time,
)
from hotline.intake.registry.kinds import ReportKind
from hotline.intake.registry.questions import Answer, Answers

MAX_BYTES = 16 << 20
MAX_DEPTH = 40
MAX_REPORTS = 1_000
KIND_OF_INCIDENT: dict[str, ReportKind] = {
    incident: kind
    for kind in ReportKind
    for incident in kind.row.wire.incidents
}
_KIND_OF_ANNOTATION: dict[str, ReportKind] = {
    annotation: kind
    for kind in ReportKind
    for annotation in kind.row.wire.annotations
}
_MEDIA = frozenset(
    {
        "file",
        "files",
        "fileInfo",
        "fileinfo",
        "fileDetails",
        "uploadedFile",
        "uploadedFiles",
        "thumbnail",
        "profilePicture",
    }
)
_LOCATED = frozenset({"url", "profileUrl"})
_OF_ACCOUNT = frozenset({"email", "emailAddress", "phone", "phoneNumber"})
_SAID_FREELY = "additionalInfo"
_SECTIONS = {
    "personOrUserReported": "suspected account",
    "victim": "affected child",
    "intendedRecipient": "intended recipient",
    "reporter": "reporter",
    "lawEnforcement": "law enforcement",
}
_ANSWERED: Mapping[Answer, tuple[str, tuple[str, ...]]] = {
    Answer.CHILD_AGE: ("victim", ("age",)),
    Answer.CHILD_COUNTRY: ("victim", ("country",)),
    Answer.CHILD_MUNICIPALITY: ("victim", ("city",)),
    Answer.THEIR_PLATFORM: ("personOrUserReported", ("espService",)),
    Answer.THEIR_NAME: (
        "personOrUserReported",
        ("screenName", "espIdentifier"),
    ),
}
"""The section of a report, and its fields that give an answer, the best first."""
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def parse_cybertipline(body: bytes) -> tuple[Inbound, ...]:
    """One report for each ``report`` element; ``InvalidInput`` says what is wrong with which."""
    if len(body) > MAX_BYTES:
        raise InvalidInput(
            f"The document is larger than {MAX_BYTES >> 20} MiB."
        )
    root = _parse_tree(body)
    reports = (
        [root]
        if root.tag == "report"
        else [child for child in root if child.tag == "report"]
    )
    if not reports or len(reports) > MAX_REPORTS:
        raise InvalidInput(
            f"The XML holds {len(reports)} CyberTipline reports, not 1 to {MAX_REPORTS}."
        )
    return tuple(
        inbound for report in reports for inbound in _read_report(report)
    )


def read(message: Message) -> tuple[Inbound, ...]:
    """The reports of a mail's XML parts."""
    reports = [
        part
        for part in mime.walk_parts(message)
        if part.get_content_type() in ("application/xml", "text/xml")
    ]
    if not reports:
        raise InvalidInput(
            "The message has no part of the type application/xml."
        )
    return tuple(
        report
        for part in reports
        for report in parse_cybertipline(mime.part_body(part))
    )


def _parse_tree(body: bytes) -> Element:
    """The document without namespaces."""
    builder = TreeBuilder()
    # A space stands in no name, so the last one parts the namespace from it.
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    depth = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise InvalidInput("The XML is nested too deeply.")
        builder.start(name.rpartition(" ")[2], attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(name.rpartition(" ")[2])

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    # It sees a document type in any encoding; a search would not.
    parser.StartDoctypeDeclHandler = _refuse_document
    try:
        parser.Parse(body, True)
    # An encoding that Python does not know is a LookupError.
    except (expat.ExpatError, LookupError, ValueError) as error:
        line = (
            f"Line {error.lineno}: the"
            if isinstance(error, expat.ExpatError)
            else "The"
        )
        raise InvalidInput(
            f"{line} XML is broken.", hint="Get the document again."
        ) from None
    return builder.close()


def _refuse_document(*_: object) -> NoReturn:
    raise InvalidInput(
        "The XML has a document type; a CyberTipline report has none."
    )


def _read_report(report: Element) -> tuple[Inbound, ...]:
    number = _text_at(report, "reportId") or report.get("id", "")
    summary = report.find("incidentSummary")
    incident = _text_at(summary, "incidentType")
    when = _text_at(summary, "incidentDateTime")
    if summary is None or not incident or not when:
        raise _report_fault(
            number,
            "incidentSummary must give incidentType and incidentDateTime",
        )
    # The schema asks for the zone; without it an address leads to no
    # subscriber.
    if _parse_time(when) is None:
        raise _report_fault(
            number, "incidentDateTime must be a time with its zone"
        )
    annotations = [node.tag for node in summary.findall("reportAnnotations/*")]
    urgent = _text_at(summary, "escalateToHighPriority")
    media = sum(1 for node in report.iter() if node.tag in _MEDIA)
    lines = [f"Incident: {_spell_time(when)}"]
    if annotations:
        named = ", ".join(_plain_name(name) for name in annotations)
        lines.append(f"Annotations: {named}")
    lines += _text_lines(report, "")
    if media:
        lines.append(f"Dropped unread: {media} references to media")
    return build_reports(
        locations=_report_locations(report),
        lines=lines,
        reference=number,
        kind=_kind_of(incident, annotations),
        contact=_text_at(report, "reporter/reportingPerson/email"),
        danger_now=bool(urgent),
        seen=stated_time(when),
        answers=_answers_in(report),
        words="\n".join(node.text or "" for node in report.iter(_SAID_FREELY)),
    )


def _answers_in(report: Element) -> Answers:
    """What the document says in fields of its own of the child and of the suspected account."""
    return {
        answer: next(_texts_of(report, section, tags), "")
        for answer, (section, tags) in _ANSWERED.items()
    }


def _texts_of(
    report: Element, section: str, tags: Sequence[str]
) -> Iterator[str]:
    nodes = [
        node
        for person in report.findall(section)
        for node in _walk_kept(person)
    ]
    for tag in tags:
        for node in nodes:
            if node.tag == tag and (text := _own_text(node)):
                yield text


def _kind_of(incident: str, annotations: Sequence[str]) -> ReportKind:
    """An annotation says more than the incident type, so the first known one decides."""
    for annotation in annotations:
        if annotation in _KIND_OF_ANNOTATION:
            return _KIND_OF_ANNOTATION[annotation]
    incident = " ".join(incident.split())
    return KIND_OF_INCIDENT.get(incident, ReportKind.UNKNOWN)


def _report_fault(number: str, reason: str) -> InvalidInput:
    return InvalidInput(
        f"Report {number[:40] or 'without a number'}: {reason}."
    )


def _report_locations(report: Element) -> list[str]:
    """Addresses of pages, then what names the suspected account, then IP addresses with times.

    A screen name alone is a location only where there is no other.
    """
    pages = [
        _own_text(n)
        for d in report.findall("internetDetails")
        for n in _walk_kept(d)
        if n.tag in _LOCATED | _OF_ACCOUNT
    ]
    suspected = [
        n
        for person in report.findall("personOrUserReported")
        for n in _walk_kept(person)
    ]
    named = [_own_text(n) for n in suspected if n.tag in _LOCATED]
    named += [_own_text(n) for n in suspected if n.tag in _OF_ACCOUNT]
    captures = [
        _capture_line(node)
        for part in ("internetDetails", "personOrUserReported")
        for element in report.findall(part)
        for node in _walk_kept(element)
        if node.tag == "ipCaptureEvent"
    ]
    locations = [text for text in (*pages, *named, *captures) if text]
    names = (
        _own_text(n)
        for n in suspected
        if n.tag in ("screenName", "espIdentifier")
    )
    return locations or [text for text in names if text][:1]


def _walk_kept(node: Element) -> Iterator[Element]:
    """The element and all below it, but nothing that belongs to a file."""
    waiting = [node]
    while waiting:
        element = waiting.pop()
        if element.tag not in _MEDIA:
            yield element
            # Taken from the end, so that they come in the document's order.
            waiting += reversed(element)


def _capture_line(event: Element) -> str:
    """The address that somebody used, with port and time; what is no address as it came."""
    address = _text_at(event, "ipAddress")
    port, when = _text_at(event, "port"), _text_at(event, "dateTime")
    return address_used(address, port, when) or address


def _text_lines(node: Element, section: str) -> Iterator[str]:
    """A line for each text below ``node``: what the schema may add some day is not lost."""
    for child in node:
        # Not said twice: those are the annotations, the kind and the
        # reference.
        if child.tag in _MEDIA or child.tag in (
            "reportAnnotations",
            "incidentType",
            "reportId",
        ):
            continue
        if child.tag == "ipCaptureEvent":
            yield f"{_label_of(section, 'address used')}: {_told_capture(child)}"
        elif len(child):
            yield from _text_lines(
                child,
                _SECTIONS.get(child.tag) or section or _plain_name(child.tag),
            )
        elif (text := _own_text(child)) and child.tag != "incidentDateTime":
            yield f"{_label_of(section, _plain_name(child.tag))}: {text}"


def _told_capture(event: Element) -> str:
    proxy = (
        "possibly a proxy"
        if _text_at(event, "possibleProxy") in ("true", "1")
        else ""
    )
    when = _text_at(event, "dateTime")
    described = (
        _text_at(event, "eventName"),
        _spell_time(when) if when else "no time given",
        proxy,
    )
    return ", ".join(
        filter(None, (_capture_line(event).partition(" ")[0], *described))
    )


def _spell_time(when: str) -> str:
    """The time as it came, with UTC beside it; says so where the zone is missing."""
    moment = _parse_time(when)
    if moment is None:
        return (
            f"{when} (no time zone given: it cannot be tied to a subscriber)"
        )
    utc = moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return when if when == utc else f"{when} ({utc})"


def _parse_time(text: str) -> datetime | None:
    """An xsd:dateTime with its zone, else None."""
    try:
        moment = datetime.fromisoformat(text)
        # At either end of the calendar a moment has no UTC that could be said.
        moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else None


def _label_of(section: str, name: str) -> str:
    label = f"{section}, {name}" if section else name
    return label[:1].upper() + label[1:]


def _plain_name(tag: str) -> str:
    """``chatImIncident`` -> "chat im incident"; the name of an offence is left as it came."""
    return _SECTIONS.get(tag) or _WORDS.sub(" ", tag).lower()


def _own_text(node: Element) -> str:
    return " ".join((node.text or "").split())


def _text_at(node: Element | None, path: str) -> str:
    element = node.find(path) if node is not None else None
    return _own_text(element) if element is not None else ""
