"""What every inbound format is read into: submissions, each with its sender's reference."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime

from hotline.core.language.said_time import SaidTime, read_said_time, said_of
from hotline.intake import submission
from hotline.intake.inbound.answered_lines import answers_in, kind_in
from hotline.intake.registry.answer_values import keep_possible
from hotline.intake.registry.kinds import ReportKind
from hotline.intake.registry.questions import Answers
from hotline.intake.registry.vocabulary import ReporterRole
from hotline.intake.submission import (
    MAX_LOCATION,
    MAX_LOCATIONS,
    MAX_NARRATIVE,
    Submission,
    clean_text,
)

MAX_REFERENCE = 200
WEB_PORTS = frozenset({80, 443, 8000, 8080, 8443})
"""A source with one of these shows a page; with another it is somebody's own."""
_CUT = "\n[The sender's text goes on; ask the sender for the rest.]"


@dataclass(frozen=True, slots=True)
class Inbound:
    """``reference``: what the sender calls it, "" where the format or the sender gives none."""

    submission: Submission
    reference: str


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
    """One report, or as many as its locations need: a report holds ``MAX_LOCATIONS`` of them.

    ``seen`` is when it was seen or used; of ``answers`` those are kept that can be one, and of
    ``words``, what the sender wrote freely, those that its lines give. A location longer than a
    report takes is told in words.
    Raises ``InvalidInput`` where nothing is left to report.
    """
    cleaned = (_clean_whole(text) for text in locations)
    unique_locations = list(dict.fromkeys(filter(None, cleaned)))
    fitting = [text for text in unique_locations if len(text) <= MAX_LOCATION]
    too_long = [text for text in unique_locations if len(text) > MAX_LOCATION]
    reference = _clean_whole(reference)[:MAX_REFERENCE]
    shared = {
        "narrative": _tell_in_words(reference, lines, too_long),
        "kind": kind_in(words) if kind is ReportKind.UNKNOWN else kind,
        "reporter_role": role,
        "contact": _clean_whole(contact)[: submission.MAX_CONTACT],
        "danger_now": danger_now,
        "seen_at": seen.text if seen is not None else "",
        "answers": {
            # What a format says in fields of its own counts more than a line
            # in its words.
            **keep_possible(answers_in(words)),
            **keep_possible(answers or {}),
        },
    }
    return tuple(
        Inbound(
            submission.read_submission(
                {"locations": fitting[at : at + MAX_LOCATIONS], **shared}
            ),
            reference,
        )
        # Words without a location are one report all the same.
        for at in range(0, max(len(fitting), 1), MAX_LOCATIONS)
    )


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
    reference: str, lines: Iterable[str], locations: Iterable[str]
) -> str:
    words = [*lines, *(f"Location: {text}" for text in locations)]
    if reference:
        words.insert(0, f"Sender's reference: {reference}")
    narrative = _clean_whole("\n".join(words))
    # Cut and said so: to refuse the report would lose its places as well.
    if len(narrative) > MAX_NARRATIVE:
        return narrative[: MAX_NARRATIVE - len(_CUT)] + _CUT
    return narrative


def _clean_whole(text: str) -> str:
    """Clean text, with half characters (lone surrogates) replaced: mail headers may hold raw
    bytes."""
    return clean_text(text.encode("utf-8", "replace").decode())
