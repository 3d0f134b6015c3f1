"""What goes to the process and what its answer begins with: plain values that cross a pipe.

The picture follows the answer's line as bytes. It is in no value here, so that none can be logged.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from triage.fetching.report import FetchRequest

MOST_BYTES = 200_000
"""Of one picture; one of our own making has a tenth of it."""
PARTS = 9
"""Three by three regions, one of which may be shown without blur; counted from 1, row by row."""


class Problem(StrEnum):
    """Why nothing is shown. The words of a page are made from these."""

    NOT_THERE = "not_there"
    """Neither page nor file could be read."""
    CHANGED = "changed"
    """What lies there now is another file than the one that was examined."""
    NOT_SHOWABLE = "not_showable"
    """It cannot be decoded, or takes too long."""
    FAILED = "failed"
    """The process itself failed, or ran out of time."""


@dataclass(frozen=True, slots=True)
class Question:
    """The location to fetch, the file to show by its SHA-256, and the region without blur.

    ``part`` is None where the whole is blurred.
    """

    request: FetchRequest
    sha256: str
    part: int | None = None

    def to_line(self) -> bytes:
        value = {
            "request": self.request.to_json(),
            "sha256": self.sha256,
            "part": self.part,
        }
        return json.dumps(value, separators=(",", ":")).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Self:
        value: Mapping[str, Any] = json.loads(line)
        return cls(
            FetchRequest.from_json(value["request"]),
            str(value["sha256"]),
            value["part"],
        )


@dataclass(frozen=True, slots=True)
class Shown:
    """What came of it: a JPEG, or the problem. Never printed: the bytes are the picture."""

    picture: bytes = b""
    problem: Problem | None = None

    def __repr__(self) -> str:
        return f"Shown({len(self.picture)} bytes, {self.problem})"
