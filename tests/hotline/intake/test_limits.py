"""Counting without keeping: limits trip, windows end, addresses are nowhere."""

import pytest

from hotline.intake.flood import limits
from hotline.intake.flood.limits import Counters


def test_events_are_counted_by_kind_and_address() -> None:
    counters = Counters(60)
    assert [counters.hit("report", "192.0.2.1", now=t) for t in (0, 1, 2)] == [
        1,
        2,
        3,
    ]
    assert counters.hit("report", "192.0.2.2", now=3) == 1
    assert counters.hit("lookup", "192.0.2.1", now=3) == 1
    assert counters.seconds_left(3) == 58


def test_a_window_takes_its_key_and_its_counts_with_it() -> None:
    counters = Counters(60)
    counters.hit("report", "192.0.2.1", now=0)
    before = dict(vars(counters))
    assert counters.hit("report", "192.0.2.1", now=60) == 1
    assert before["_salt"] != counters._salt
    assert set(before["_counts"]) != set(counters._counts)


def test_no_address_is_in_memory() -> None:
    counters = Counters(60)
    counters.hit("report", "198.51.100.77", now=0)
    assert b"198.51.100.77" not in repr(vars(counters)).encode()


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_COUNTERS", 10)
    counters = Counters(60)
    for number in range(100):
        counters.hit("report", f"2001:db8::{number}", now=0)
    assert len(counters._counts) == 11
    assert counters.hit("report", "2001:db8::ffff", now=0) == 91
