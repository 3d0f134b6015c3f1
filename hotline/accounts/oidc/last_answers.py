"""What the identity provider answered last, so that it is not asked again by every visitor.

A failure is remembered as well: anybody can have the provider asked, and each who does holds a
thread of the server until it answers.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from hotline.core.errors import NoAnswer

LEFT_ALONE_SECONDS = 10.0
"""How long a provider that failed is not asked again."""

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class _Outcome(Generic[Answer]):
    """What came of asking, and until when that holds; ``failure`` is why there is no answer."""

    until: float
    answer: Answer | None
    failure: str = ""


class LastAnswers(Generic[Answer]):
    """The last answers to one question, by the address that was asked."""

    def __init__(self, *, kept_seconds: float) -> None:
        self._kept_seconds = kept_seconds
        self._outcomes: dict[str, _Outcome[Answer]] = {}
        self._lock = threading.Lock()

    def ask(self, address: str, question: Callable[[], Answer]) -> Answer:
        """The last answer, or a new one where that is too old; ``NoAnswer`` where there is none."""
        # Not held while asking: a slow provider would hold up all who have its
        # answer already.
        with self._lock:
            outcome = self._outcomes.get(address)
        if outcome is None or time.monotonic() >= outcome.until:
            outcome = self._ask_anew(question)
            with self._lock:
                self._outcomes[address] = outcome
        if outcome.answer is None:
            raise NoAnswer(outcome.failure)
        return outcome.answer

    def _ask_anew(self, question: Callable[[], Answer]) -> _Outcome[Answer]:
        try:
            answer = question()
        except NoAnswer as error:
            until = time.monotonic() + LEFT_ALONE_SECONDS
            return _Outcome(until, None, error.template)
        return _Outcome(time.monotonic() + self._kept_seconds, answer)

    def forget(self) -> None:
        """Ask again the next time."""
        with self._lock:
            self._outcomes.clear()
