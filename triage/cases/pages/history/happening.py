"""One thing that was done about a case, as its time line tells it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that was done, in words; ``actor`` as the history has it.

    ``part``: the reference of the case that it was done in, where that became a part of this one.
    """

    at: datetime
    said: str
    actor: str
    note: str = ""
    part: str = ""
