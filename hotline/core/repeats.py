"""The same fault again and again is counted: a log that a fault fills hides the next one."""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

BURST = 5
WINDOW_SECONDS = 60.0
MOST_KINDS = 500
"""Kinds of fault that are told apart at a time; the oldest is closed for a new one."""

COUNTED = frozenset({"warning", "error", "critical"})
NAMES_OF_A_KIND = (
    *("event", "level", "logger", "line", "error", "where"),
    *("job", "step", "child", "endpoint", "kind"),
)
"""What tells one kind of fault from another. With an id among them nothing would come twice."""

Kind = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class HeldBack:
    """What was not written: a kind of fault, and how often it came."""

    kind: Kind
    repeated: int

    def to_event(self) -> MutableMapping[str, Any]:
        """The event that tells it, as structlog takes it."""
        return {**dict(self.kind), "repeated": self.repeated}


@dataclass
class _Window:
    opened: float
    said: int = 0
    held_back: int = 0


class Repeats:
    """Lets the first few of a kind through in each window, and counts the others.

    ``clock``: seconds that never run backwards.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.forget()
        os.register_at_fork(after_in_child=self.forget)

    def forget(self) -> None:
        """A fork begins anew: its parent says what the parent counted."""
        # A signal handler may speak while a line is written.
        self._lock = threading.RLock()
        self._windows: OrderedDict[Kind, _Window] = OrderedDict()
        self._closed: list[HeldBack] = []

    def pass_on(self, event: Mapping[str, Any]) -> bool:
        """Whether this event is to be written."""
        if event.get("level") not in COUNTED:
            return True
        # By values that come back; a message with a number in it would make a
        # kind of each line.
        kind = tuple(
            (name, str(event[name]))
            for name in NAMES_OF_A_KIND
            if name in event
        )
        now = self._clock()
        with self._lock:
            self._close_old(now)
            window = self._windows.get(kind)
            if window is None:
                window = self._windows[kind] = _Window(now)
            if window.said < BURST:
                window.said += 1
                return True
            window.held_back += 1
            return False

    def take_counts(self, *, at_once: bool = False) -> list[HeldBack]:
        """Events that tell how often what was held back happened; each is given once.

        ``at_once``: also of windows that are still open.
        """
        with self._lock:
            if at_once:
                while self._windows:
                    self._close_oldest()
            else:
                self._close_old(self._clock())
            closed, self._closed = self._closed, []
            return closed

    def _close_old(self, now: float) -> None:
        # They stand in the order in which they were opened.
        while self._windows and (
            len(self._windows) > MOST_KINDS
            or now - next(iter(self._windows.values())).opened
            >= WINDOW_SECONDS
        ):
            self._close_oldest()

    def _close_oldest(self) -> None:
        kind, window = self._windows.popitem(last=False)
        if window.held_back:
            self._closed.append(HeldBack(kind, window.held_back))
