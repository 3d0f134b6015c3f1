"""Runs checks side by side, each for no longer than its time, and puts their findings in order."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy.exc import SQLAlchemyError

from hotline.core.errors import HotlineError
from hotline.core.logs import origin_of
from workers.doctor.finding import Finding, State, find_failed, warn_of
from workers.doctor.installation import Installation
from workers.doctor.registry import Check

AT_ONCE = 6
"""Most of them wait for somebody; those that start a program need a processor each."""


@dataclass
class Examined:
    """A check and, once it is there, its finding."""

    check: Check
    finding: Finding | None = None
    seconds: float = 0.0
    started: float = 0.0
    begun: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)


def examine(
    installation: Installation, checks: Sequence[Check]
) -> Iterator[Examined]:
    """Each check with its finding, in order, as soon as it is there.

    A thread that hangs in somebody's server is left behind; it ends with the process.
    """
    places = threading.Semaphore(AT_ONCE)
    all_of_them = [Examined(check) for check in checks]
    for examined in all_of_them:
        threading.Thread(
            target=_look, args=(installation, examined, places), daemon=True
        ).start()
    for examined in all_of_them:
        _await_end(examined, places)
        yield examined


def worst_of(findings: Sequence[Finding]) -> State:
    for state in (State.FAILED, State.WARNING):
        if any(finding.state is state for finding in findings):
            return state
    return State.OK


def _look(
    installation: Installation,
    examined: Examined,
    places: threading.Semaphore,
) -> None:
    places.acquire()
    examined.started = time.monotonic()
    examined.begun.set()
    finding = _finding_of(installation, examined.check)
    # Else its time was up meanwhile, and its place was given to another one
    # already.
    if examined.finding is None:
        examined.finding = finding
        examined.seconds = time.monotonic() - examined.started
        places.release()
    examined.ended.set()


def _await_end(examined: Examined, places: threading.Semaphore) -> None:
    examined.begun.wait()
    seconds = examined.check.seconds
    left = examined.started + seconds - time.monotonic()
    if examined.ended.wait(max(left, 0.0)) and examined.finding is not None:
        return
    examined.seconds = seconds
    examined.finding = find_failed(
        f"It gave no answer within {seconds:g} seconds.",
        "Look whether what it asks is there at all, and whether a firewall drops the way to it.",
    )
    # Its thread hangs, and the next one is not to wait for it.
    places.release()


def _finding_of(installation: Installation, check: Check) -> Finding:
    try:
        return check.look(installation)
    except SQLAlchemyError:
        return warn_of(
            "It cannot be told while the database does not answer.",
            "See what is said of the database and of the migrations.",
        )
    except HotlineError as error:
        return find_failed(error.message, error.hint)
    except Exception as error:
        return find_failed(
            f"{type(error).__name__} at {origin_of(error)}.",
            "This is a fault of ours.",
        )
