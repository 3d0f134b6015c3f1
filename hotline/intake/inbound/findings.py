"""What every inbound format is read into: submissions, each with its sender's reference."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime

from hotline.core.language.said_time import SaidTime, read_said_time, said_of
from hotline.intake import submission
from hotline.intake.inbound.answered_lines import (
    is_field_name,
    read_lines,
    seal_contacts,
)
from hotline.intake.registry.answer_values import keep_possible
from hotline.intake.registry.kinds import ReportKind
from hotline.intake.registry.questions import Answers
from hotline.intake.registry.vocabulary import ReporterRole
from hotline.intake.submission import (
    MAX_CONTACT,
    MAX_LOCATION,
    MAX_NARRATIVE,
    MAX_OF_PARTNER,
    Submission,
    clean_text,
)

MAX_REFERENCE = 200
WEB_PORTS = frozenset({80, 443, 8000, 8080, 8443})
"""A source with one of these shows a page; with another it is somebody's own."""
OF_SENDER = re.compile(
    r"(?m)^(?:Sender's reference|Contact of the sender|Reported by|Reporter, [^:\n]+): .*$"
)
"""Lines that the formats write about whoever sent a report: nothing in them leads to its people."""
_CUT = "\n[The sender's text goes on; ask the sender for the rest.]"


@dataclass(frozen=True, slots=True)
class Inbound:
    """``reference``: what the sender calls it, "" where the format or the sender gives none.

    ``says_role``: whether the sender wrote who told of it; else the role is the sender's own.
    """

    submission: Submission
    reference: str
    says_role: bool = False


def build_reports(
    *,
    locations: Iterable[str],
    lines: Iterable[str],
    reference: str,
    kind: ReportKind = ReportKind.UNKNOWN,
    role: ReporterRole = ReporterRole.PROFESSIONAL,
    contact: str = "",
    danger_now: bool = False,
    seen: SaidTime | None = None,
    answers: Answers | None = None,
    words: str = "",
) -> tuple[Inbound, ...]:
    """One report, whatever it names: what an organisation reports together is decided together.

    ``seen`` is when it was seen or used; of ``answers`` those are kept that can be one. ``words``
    is what the sender wrote freely, whose lines may give every field of the form; a format's own
    field goes before a line, except that a line names the contact of who told of it, and the format
    that of the sender. A location longer than a report takes is told in words.

    Only beyond ``MAX_OF_PARTNER`` locations there are several reports, each of which says that it
    is a part: no place is lost. Raises ``InvalidInput`` where nothing is left to report.
    """
    unique = _clean_locations(locations)
    fitting = [text for text in unique if len(text) <= MAX_LOCATION]
    reference = _clean_whole(reference)[:MAX_REFERENCE]
    said = read_lines(_whole(words))
    when = seen or stated_time(said.seen_at)
    in_words = [*lines, *_tell_too_long(unique)]
    if said.contact:
        in_words = _take_contact_out(in_words, words, contact)
    possible = keep_possible(said.answers) | keep_possible(answers or {})
    shared = {
        "kind": said.kind if kind is ReportKind.UNKNOWN else kind,
        "reporter_role": said.role or role,
        "contact": _clean_whole(said.contact or contact)[:MAX_CONTACT],
        "contact_terms": said.terms.model_dump(),
        "danger_now": danger_now or said.danger_now,
        "own_material": said.own_material,
        "seen_at": when.text if when is not None else "",
        "answers": possible,
    }
    reports = []
    for which, part in _in_parts(fitting):
        narrative = _tell_in_words(reference, which, in_words, unique)
        document = {"locations": part, "narrative": narrative, **shared}
        read = submission.read_partner_submission(document)
        reports.append(Inbound(read, reference, says_role=bool(said.role)))
    return tuple(reports)


def _clean_locations(locations: Iterable[str]) -> list[str]:
    """Each once, in the order in which they were named."""
    cleaned = (_clean_whole(text) for text in locations)
    return list(dict.fromkeys(filter(None, cleaned)))


def _tell_too_long(locations: Iterable[str]) -> list[str]:
    return [
        f"Location: {text}" for text in locations if len(text) > MAX_LOCATION
    ]


def _take_contact_out(
    lines: Iterable[str], words: str, of_sender: str
) -> list[str]:
    """The lines without the contact that ``words`` give, and with the sender's own beside it."""
    whole = _whole(words)
    sealed = [seal_contacts(_whole(line), whole) for line in lines]
    if of_sender:
        sealed.append(f"Contact of the sender: {of_sender}")
    return sealed


def tell_own_fields(document: Mapping[str, object]) -> list[str]:
    """Fields that a sender added to a format under the names that we have for them.

    They may stand in the part that the older versions of X-ARF have for what happened, too.
    """
    report = document.get("Report")
    sections = [document, report if isinstance(report, Mapping) else {}]
    return [
        f"{name}: {value}"
        for section in sections
        for name, value in section.items()
        if isinstance(value, str | int) and is_field_name(name)
    ]


def _in_parts(locations: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """The locations of each report, with the words that say which part it is; mostly one."""
    # Words without a location are one report all the same.
    starts = range(0, max(len(locations), 1), MAX_OF_PARTNER)
    for number, start in enumerate(starts, start=1):
        which = (
            f"Part {number} of {len(starts)}: the sender names {len(locations)} places, and"
            f" a report holds {MAX_OF_PARTNER}. The others are in reports of their own."
        )
        part = list(locations[start : start + MAX_OF_PARTNER])
        yield which if len(starts) > 1 else "", part


def stated_time(text: str) -> SaidTime | None:
    """A time as senders' formats have it: ISO 8601, or as mails write dates (RFC 5322).

    None where it is neither, or of no century that we live in.
    """
    try:
        return read_said_time(text)
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(text)
        if moment.tzinfo is None and text.endswith("-0000"):
            # UTC, of a sender who does not tell its own zone.
            moment = moment.replace(tzinfo=UTC)
        return read_said_time(said_of(moment).text)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def address_used(address: str, port: str, when: str) -> str:
    """ "192.0.2.1:4444 2026-01-02T03:04:05+01:00", or "" where ``address`` is none of the internet.

    Behind a shared address only all three together name a subscriber, so the time is given as it
    came, and a zone is never guessed.
    """
    try:
        is_six = ipaddress.ip_address(address).version == 6
    except ValueError:
        return ""
    # Digits of other scripts are none of an address.
    if port.isascii() and port.isdigit():
        address = f"[{address}]:{port}" if is_six else f"{address}:{port}"
    return f"{address} {when}".strip()


def tell_fields(words: Mapping[str, object]) -> list[str]:
    """A line for each field that says something; what has no name stands by itself."""
    return [
        f"{name}: {value}" if name else str(value)
        for name, value in words.items()
        if value
    ]


def _tell_in_words(
    reference: str,
    which: str,
    lines: Sequence[str],
    locations: Collection[str],
) -> str:
    """``which``: the words on what part of the sender's report it is, first as they matter most."""
    head = [f"Sender's reference: {reference}" if reference else "", which]
    words = [*filter(None, head), *lines]
    narrative = _clean_whole("\n".join(words))
    # Hundreds of places, which are kept apart, must not push the sender's
    # words out.
    if len(narrative) > MAX_NARRATIVE:
        kept = set(locations)
        words = [line for line in words if line.partition(": ")[2] not in kept]
        narrative = _clean_whole("\n".join(words))
    # Cut and said so: to refuse the report would lose its places as well.
    if len(narrative) > MAX_NARRATIVE:
        return narrative[: MAX_NARRATIVE - len(_CUT)] + _CUT
    return narrative


def _clean_whole(text: str) -> str:
    return clean_text(_whole(text))


def _whole(text: str) -> str:
    """With half characters (lone surrogates) replaced: mail headers may hold raw bytes."""
    return text.encode("utf-8", "replace").decode()
