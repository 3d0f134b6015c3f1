"""What is shown of a stated time is what was stated, and a missing zone stays missing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.locations import identify_one
from triage.locations.others.said_time import (
    AddressUse,
    SaidTime,
    read_address_use,
)

TIRANA = "Europe/Tirane"
EARLIEST, LATEST = datetime(2000, 1, 1), datetime(2040, 1, 1)  # noqa: DTZ001


def use_of(text: str) -> AddressUse:
    location = identify_one(text)
    assert location is not None
    assert location.kind == "ip"
    return read_address_use(location.canonical)


@given(
    moment=st.datetimes(EARLIEST, LATEST),
    port=st.integers(1, 65535),
    address=st.sampled_from(["203.0.113.7", "2001:db8::7"]),
)
def test_a_time_without_a_zone_keeps_its_clock_and_gets_no_zone(
    moment: datetime, port: int, address: str
) -> None:
    moment = moment.replace(microsecond=0)
    place = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    use = use_of(f"{place} {moment:%Y-%m-%d %H:%M:%S}")
    assert (use.address, use.port) == (address, port)
    assert use.time is not None
    assert not use.time.is_zone_stated
    assert use.time.shown == f"{moment:%Y-%m-%d %H:%M:%S}"
    assert use.time.if_utc == moment.replace(tzinfo=UTC)
    for reading in use.time.if_local(TIRANA):
        clock = reading.astimezone(ZoneInfo(TIRANA)).replace(tzinfo=None)
        # But for the hour that is left out in spring, it reads as it was said.
        assert abs(clock - moment) in (timedelta(), timedelta(hours=1))


@given(
    moment=st.datetimes(EARLIEST, LATEST),
    hours=st.integers(-12, 14),
)
def test_a_time_with_a_zone_is_one_moment(moment: datetime, hours: int) -> None:
    moment = moment.replace(microsecond=0)
    use = use_of(f"203.0.113.7 {moment:%Y-%m-%dT%H:%M:%S}{hours:+03d}:00")
    assert use.time is not None
    assert use.time.is_zone_stated
    stated = moment.replace(tzinfo=UTC) - timedelta(hours=hours)
    assert use.time.if_utc == stated
    assert use.time.shown == f"{stated:%Y-%m-%d %H:%M:%S} UTC"


def test_the_hour_that_comes_twice_has_two_readings() -> None:
    twice = SaidTime("2026-10-25T02:30:00")
    assert [f"{one:%H:%M}" for one in twice.if_local(TIRANA)] == ["00:30", "01:30"]
    assert len(SaidTime("2026-10-26T02:30:00").if_local(TIRANA)) == 1


@pytest.mark.parametrize(
    ("canonical", "use"),
    [
        ("203.0.113.7", AddressUse("203.0.113.7", None, None)),
        ("2001:db8::7", AddressUse("2001:db8::7", None, None)),
        ("[2001:db8::7]:80", AddressUse("2001:db8::7", 80, None)),
        (
            "203.0.113.7:1 2026-11-01T10:00:00.25",
            AddressUse("203.0.113.7", 1, SaidTime("2026-11-01T10:00:00.25")),
        ),
    ],
)
def test_what_is_missing_stays_missing(canonical: str, use: AddressUse) -> None:
    assert read_address_use(canonical) == use


def test_a_fraction_of_a_second_is_kept() -> None:
    assert SaidTime("2026-11-01T10:00:00.25Z").shown == "2026-11-01 10:00:00.25 UTC"
