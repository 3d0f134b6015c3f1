"""What every inbound format is read into: submissions, each with its sender's reference."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hotline.intake import submission
from hotline.intake.kinds import ReportKind
from hotline.intake.submission import (
    MAX_LOCATION,
    MAX_LOCATIONS,
    MAX_NARRATIVE,
    Submission,
    clean_text,
)
from hotline.intake.vocabulary import ReporterRole

MAX_REFERENCE = 200
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
) -> tuple[Inbound, ...]:
    """One report, or as many as its locations need: a report holds ``MAX_LOCATIONS`` of them.

    A location longer than a report takes is told in words. Raises ``InvalidInput`` where nothing
    is left to report.
    """
    cleaned = (_clean_whole(text) for text in locations)
    unique_locations = list(dict.fromkeys(filter(None, cleaned)))
    fitting = [text for text in unique_locations if len(text) <= MAX_LOCATION]
    too_long = [text for text in unique_locations if len(text) > MAX_LOCATION]
    reference = _clean_whole(reference)[:MAX_REFERENCE]
    shared = {
        "narrative": _tell_in_words(reference, lines, too_long),
        "kind": kind,
        "reporter_role": role,
        "contact": _clean_whole(contact)[: submission.MAX_CONTACT],
        "danger_now": danger_now,
    }
    return tuple(
        Inbound(
            submission.read_submission(
                {"locations": fitting[at : at + MAX_LOCATIONS], **shared}
            ),
            reference,
        )
        for at in range(0, max(len(fitting), 1), MAX_LOCATIONS)
    )


def _tell_in_words(
    reference: str, lines: Iterable[str], locations: Iterable[str]
) -> str:
    words = [*lines, *(f"Location: {text}" for text in locations)]
    if reference:
        words.insert(0, f"Sender's reference: {reference}")
    narrative = _clean_whole("\n".join(words))
    if len(narrative) > MAX_NARRATIVE:
        return narrative[: MAX_NARRATIVE - len(_CUT)] + _CUT
    return narrative


def _clean_whole(text: str) -> str:
    """Clean text, with half characters (lone surrogates) replaced: mail headers may hold raw
    bytes."""
    return clean_text(text.encode("utf-8", "replace").decode())
