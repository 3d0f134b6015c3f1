"""What a fetch has found so far, medium by medium: what is lost later takes none of it along.

The fetching process says what it is about to look at, what it has begun to decode and what it
found. Its parent gathers that, and makes the report of it where the last word never comes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol

from triage.fetching.report import FetchReport, MediaFound, MediumError

PART = "part"
"""The key that an interim line has, and a report has not."""
_ANNOUNCED = "announced"
_BEGUN = "begun"
_FOUND = "found"

Line = dict[str, Any]


class Listener(Protocol):
    """Who is told how far a fetch is. A medium has the same ``index`` throughout."""

    def announce(self, report: FetchReport) -> None:
        """All that is known before its media, which it names as not reached yet."""

    def begin(self, index: int) -> None:
        """The medium is here, and is given to a decoder now."""

    def find(self, index: int, medium: MediaFound) -> None: ...


class Nobody:
    """Listens to nothing: whoever waits for the whole report anyway."""

    def announce(self, report: FetchReport) -> None:
        pass

    def begin(self, index: int) -> None:
        pass

    def find(self, index: int, medium: MediaFound) -> None:
        pass


def say_announced(report: FetchReport) -> Line:
    return {PART: _ANNOUNCED, "report": report.to_json()}


def say_begun(index: int) -> Line:
    return {PART: _BEGUN, "index": index}


def say_found(index: int, medium: MediaFound) -> Line:
    return {PART: _FOUND, "index": index, "medium": asdict(medium)}


@dataclass(slots=True)
class Gathered:
    """What the lines of one fetching process said."""

    report: FetchReport | None = None
    found: dict[int, MediaFound] = field(default_factory=dict)
    begun: int | None = None

    def take_line(self, line: Mapping[str, Any]) -> None:
        """Raises ``KeyError``, ``TypeError`` or ``ValueError`` for what is no such line."""
        if line[PART] == _ANNOUNCED:
            self.report = FetchReport.from_json(line["report"])
        elif line[PART] == _BEGUN:
            self.begun = int(line["index"])
        elif line[PART] == _FOUND:
            self.found[int(line["index"])] = MediaFound(**line["medium"])
            self.begun = None
        else:
            raise ValueError(line[PART])

    def make_report(
        self, *, error: str, medium_error: MediumError
    ) -> FetchReport | None:
        """The report of what was found by now; ``medium_error`` is what ended the one that was
        being decoded. None where not even the page was read."""
        if self.report is None:
            return None
        media = list(self.report.media)
        # The indices come from a process that strangers' bytes may have taken
        # over.
        for index, medium in self.found.items():
            if index < len(media):
                media[index] = medium
        if self.begun is not None and self.begun < len(media):
            media[self.begun] = replace(media[self.begun], error=medium_error)
        return replace(
            self.report, media=tuple(media), error=self.report.error or error
        )


def fill_gaps(report: FetchReport, later: FetchReport) -> FetchReport:
    """``report`` with those of its media that were not reached as ``later`` found them."""
    by_url = {medium.url: medium for medium in later.media}
    media = [
        by_url.get(medium.url, medium) if medium.is_open else medium
        for medium in report.media
    ]
    return replace(
        report,
        media=tuple(media),
        bytes_read=report.bytes_read + later.bytes_read,
        seconds=round(report.seconds + later.seconds, 3),
        hash_seconds=round(report.hash_seconds + later.hash_seconds, 3),
    )
