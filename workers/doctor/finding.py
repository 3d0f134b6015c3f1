"""What a check says of the part that it looked at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """``words`` say how it is, ``remedy`` what to do about it; neither holds a secret."""

    state: State
    words: str
    remedy: str = ""


def find_well(words: str) -> Finding:
    return Finding(State.OK, words)


def warn_of(words: str, remedy: str) -> Finding:
    """The service works all the same, or only a part of it does not."""
    return Finding(State.WARNING, words, remedy)


def find_failed(words: str, remedy: str) -> Finding:
    """What the settings ask for does not work."""
    return Finding(State.FAILED, words, remedy)


def write_sentence(fault: str) -> str:
    """What readiness says in the middle of a line, as a sentence of its own."""
    return f"{fault[0].upper()}{fault[1:]}."
