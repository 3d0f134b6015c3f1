"""Whoever follows a delivery opens the files that the drawing of the house lists, and no other."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from partners.sending.models import Delivery
from tests.partners.test_deliveries import by_mail, mailbox
from tests.support.house import House

ROOT = Path(__file__).parent.parent.parent
DRAWING = ROOT / "docs" / "developers" / "house.md"
MOST_FILES = 8
# Read by its names; what it does is told where it is, for all who stand on it.
GROUND = re.compile(r"hotline/core/|triage/cases/(locking|places)\.py")
# Where the words of a letter begin, where it is judged, and where its time does: what they ask
# others is not the way.
ENDS = {
    ("referral_message", "message.py"),
    ("notice_message", "message.py"),
    ("may_leave", "judging.py"),
    ("is_of_this_round", "judging.py"),
    ("begin_deadline", "subjects.py"),
}

__all__ = ["by_mail", "mailbox"]


class Way:
    """Notes each file of ours in which a function ran, down to the ends of the way."""

    def __init__(self) -> None:
        self.files: set[str] = set()

    def follow(self, job: Callable[[Any], None]) -> Callable[[Any], None]:
        def followed(task: Any) -> None:
            before = sys.getprofile()
            sys.setprofile(self._note_call)
            try:
                job(task)
            finally:
                sys.setprofile(before)

        return followed

    def _note_call(self, frame: FrameType, event: str, _: object) -> None:
        path = _path_of(frame)
        if event == "call" and path and not _is_beneath_an_end(frame):
            self.files.add(path)


def _path_of(frame: FrameType) -> str:
    """Of a file of the service; empty for any other."""
    path = Path(frame.f_code.co_filename)
    ours = ("hotline", "triage", "partners", "workers")
    inside = path.relative_to(ROOT) if path.is_relative_to(ROOT) else Path()
    return str(inside) if inside.parts[:1] and inside.parts[0] in ours else ""


def _is_beneath_an_end(frame: FrameType) -> bool:
    caller = frame.f_back
    while caller is not None:
        path = _path_of(caller)
        name, file = caller.f_code.co_name, Path(path).name
        if (name, file) in ENDS or GROUND.match(path):
            return True
        caller = caller.f_back
    return False


def _listed_files() -> list[set[str]]:
    """For each numbered step of the drawing, the files of which a delivery takes one."""
    section = DRAWING.read_text("utf-8").partition("The way of a delivery")[2]
    steps = re.findall(r"^\d+\. `([^`]+)`", section, re.MULTILINE)
    return [_split_step(step) for step in steps]


def _split_step(step: str) -> set[str]:
    first, *others = re.split(r", | or ", step)
    folder = first.rpartition("/")[0]
    return {
        first,
        *(other if "/" in other else f"{folder}/{other}" for other in others),
    }


@pytest.fixture
def way(by_mail: Any) -> tuple[House, Way]:
    house, way = by_mail[0], Way()
    house.jobs["delivery.attempt"] = way.follow(house.jobs["delivery.attempt"])
    return house, way


def test_a_reader_opens_no_more_than_eight_files() -> None:
    steps = _listed_files()
    assert 0 < len(steps) <= MOST_FILES
    missing = [f for step in steps for f in step if not (ROOT / f).is_file()]
    assert not missing


def test_a_referral_takes_the_way_that_is_drawn(
    way: tuple[House, Way],
) -> None:
    house, followed = way
    house.decide(house.case(), "police")
    assert house.only(Delivery).state == "sent"
    _require_drawn(followed)


def test_a_notice_takes_the_way_that_is_drawn(way: tuple[House, Way]) -> None:
    house, followed = way
    house.partner(
        "provider:abuse@isp.example", "provider", address="abuse@isp.example"
    )
    house.decide(house.case(), "provider_notice-XK")
    assert house.notice.state == "sent"
    _require_drawn(followed)


def _require_drawn(way: Way) -> None:
    drawn = set().union(*_listed_files())
    opened = {file for file in way.files if not GROUND.match(file)}
    assert "partners/sending/attempt.py" in opened
    assert not opened - drawn
