"""How a process is told to stop: by a signal, possibly by several at the same moment."""

from __future__ import annotations

import os
import select
import signal
import weakref


class StopRequest:
    """Set once, by a signal's handler or a thread; whoever waits for it wakes at once.

    ``threading.Event`` will not do. Its ``set`` takes a lock, and a second signal that
    comes meanwhile runs the handler within the handler, which then waits for the lock
    that it holds itself, for ever. ``make`` and service managers send SIGTERM to a group
    and to a process of it, so that two at a moment are nothing rare.
    """

    def __init__(self) -> None:
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._is_set = False
        weakref.finalize(self, os.close, self._wake)

    def set(self) -> None:
        """Ask for the stop. No lock is taken, so that it may interrupt itself."""
        self._is_set = True
        os.eventfd_write(self._wake, 1)

    def is_set(self) -> bool:
        return self._is_set

    def wait(self, seconds: float) -> bool:
        """Sleep until the stop is asked for, at most ``seconds``; whether it is."""
        if not self._is_set:
            poll = select.poll()
            poll.register(self._wake, select.POLLIN)
            poll.poll(seconds * 1000)
        return self._is_set

    def on_signals(self, *numbers: signal.Signals) -> None:
        """From now on these signals ask for the stop."""
        for number in numbers:
            signal.signal(number, lambda *_: self.set())
