"""What is shown of a stated time is what was stated, and a missing zone stays missing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.core.language.said_time import (
    SaidTime,
    read_said_time,
    said_in,
    said_of,
)
from triage.locations import identify_one
from triage.locations.others.address_use import AddressUse, read_address_use

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
    assert use.time.say("?") == f"{moment:%Y-%m-%d %H:%M:%S} (?)"
    assert use.time.if_utc == moment.replace(tzinfo=UTC)
    for reading in use.time.if_local(TIRANA):
        clock = reading.astimezone(ZoneInfo(TIRANA)).replace(tzinfo=None)
        # But for the hour that is left out in spring, it reads as it was said.
        assert abs(clock - moment) in (timedelta(), timedelta(hours=1))


@given(
    moment=st.datetimes(EARLIEST, LATEST),
    hours=st.integers(-12, 14),
)
def test_a_time_with_a_zone_is_one_moment(
    moment: datetime, hours: int
) -> None:
    moment = moment.replace(microsecond=0)
    use = use_of(f"203.0.113.7 {moment:%Y-%m-%dT%H:%M:%S}{hours:+03d}:00")
    assert use.time is not None
    assert use.time.is_zone_stated
    stated = moment.replace(tzinfo=UTC) - timedelta(hours=hours)
    assert use.time.if_utc == stated
    assert use.time.say("?") == f"{stated:%Y-%m-%d %H:%M:%S} UTC"


@given(
    moment=st.datetimes(EARLIEST, LATEST),
    minutes=st.integers(-12 * 4, 14 * 4).map(lambda quarters: quarters * 15),
    before=st.sampled_from([" UTC", " GMT", " utc", " UTC ", " (UTC"]),
    is_short=st.booleans(),
    minus=st.sampled_from("-\N{MINUS SIGN}"),
)
def test_a_shift_is_never_cut_off_its_name(
    moment: datetime, minutes: int, before: str, is_short: bool, minus: str
) -> None:
    moment = moment.replace(microsecond=0)
    hours, rest = divmod(abs(minutes), 60)
    shift = f"{hours}" if is_short else f"{hours:02}"
    shift += f":{rest:02}" if rest else ""
    sign = "+" if minutes >= 0 else minus
    end = ")" if "(" in before else ""
    use = use_of(
        f"203.0.113.7 {moment:%Y-%m-%d %H:%M:%S}{before}{sign}{shift}{end}"
    )
    assert use.time is not None
    assert use.time.is_zone_stated
    assert use.time.if_utc == moment.replace(tzinfo=UTC) - timedelta(
        minutes=minutes
    )


@given(
    name=st.sampled_from(["UTC", "GMT", "Z", "(UTC", "UTC "]),
    sign=st.sampled_from("+-\N{MINUS SIGN}"),
    digits=st.text("0123456789:", min_size=1, max_size=6).filter(
        lambda text: text.strip("0:") and text[0] != ":"
    ),
)
def test_what_stands_behind_utc_is_never_left_out(
    name: str, sign: str, digits: str
) -> None:
    """Whatever the shift says, the clock is not told as UTC: it is shifted, or a doubt."""
    location = identify_one(
        f"203.0.113.7 2026-11-01 10:00:00 {name}{sign}{digits}"
    )
    assert location is not None
    assert not location.canonical.endswith("2026-11-01T10:00:00Z")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2026-07-01 10:00:00 CEST", "2026-07-01 08:00:00 UTC"),
        ("2026-12-01 10:00:00 CET", "2026-12-01 09:00:00 UTC"),
        ("2026-12-01 10:00:00 (EET)", "2026-12-01 08:00:00 UTC"),
        ("2026-10-25 02:30:00 CEST", "2026-10-25 00:30:00 UTC"),
        ("2026-10-25 02:30:00 CET", "2026-10-25 01:30:00 UTC"),
        # Said to the letter or of the summer's clock: nobody knows.
        ("2026-07-01 10:00:00 CET", "2026-07-01 10:00:00 (?)"),
        ("2026-12-01 10:00:00 CEST", "2026-12-01 10:00:00 (?)"),
        # These names mean several zones.
        ("2026-12-01 10:00:00 EST", "2026-12-01 10:00:00 (?)"),
        ("2026-12-01 10:00:00 UTC+123", "2026-12-01 10:00:00 (?)"),
    ],
)
def test_a_named_zone_counts_where_it_means_one_moment(
    said: str, meant: str
) -> None:
    time = use_of(f"203.0.113.7:4662 {said}").time
    assert time is not None
    assert time.say("?") == meant


@given(moment=st.datetimes(EARLIEST, LATEST), is_spelled=st.booleans())
def test_half_a_day_is_not_lost(moment: datetime, is_spelled: bool) -> None:
    moment = moment.replace(microsecond=0)
    half = "am" if moment.hour < 12 else "pm"
    half = f"{half[0]}.m." if is_spelled else half.upper()
    hour = moment.hour % 12 or 12
    time = use_of(
        f"203.0.113.7 {moment:%Y-%m-%d} {hour}:{moment:%M:%S} {half}"
    ).time
    assert time is not None
    assert time.say("?") == f"{moment:%Y-%m-%d %H:%M:%S} (?)"


def test_the_hour_that_comes_twice_has_two_readings() -> None:
    twice = SaidTime("2026-10-25T02:30:00")
    assert [f"{one:%H:%M}" for one in twice.if_local(TIRANA)] == [
        "00:30",
        "01:30",
    ]
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
def test_what_is_missing_stays_missing(
    canonical: str, use: AddressUse
) -> None:
    assert read_address_use(canonical) == use


def test_a_fraction_of_a_second_is_kept() -> None:
    assert (
        SaidTime("2026-11-01T10:00:00.25Z").say("?")
        == "2026-11-01 10:00:00.25 UTC"
    )


@given(st.datetimes(EARLIEST, LATEST), st.booleans())
def test_what_is_written_is_read_back(moment: datetime, zone: bool) -> None:
    said = said_of(moment.replace(tzinfo=UTC) if zone else moment)
    assert read_said_time(said.text) == said
    assert said.is_zone_stated is zone
    assert said.if_utc == moment.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-11-01T10:00", "2026-11-01T10:00:00"),
        ("2026-11-01T10:00Z", "2026-11-01T10:00:00Z"),
        ("2026-11-01T10:00+01:00", "2026-11-01T09:00:00Z"),
        ("2024-02-29T23:30:01.250-01:00", "2024-03-01T00:30:01.25Z"),
    ],
)
def test_a_stated_zone_is_brought_to_utc_and_none_is_made_up(
    text: str, said: str
) -> None:
    assert read_said_time(text) == SaidTime(said)


@pytest.mark.parametrize(
    "text",
    ["", "2026-11-01", "2026-02-30T10:00", "2026-11-01T24:00", "yesterday"],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no time"):
        read_said_time(text)


def test_a_known_zone_makes_one_moment_but_in_the_hour_that_could_be_two() -> (
    None
):
    said = said_in(SaidTime("2026-11-01T10:00:00"), TIRANA)
    assert said == SaidTime("2026-11-01T09:00:00Z")
    twice = SaidTime("2026-10-25T02:30:00")
    assert said_in(twice, TIRANA) == twice
    stated = SaidTime("2026-11-01T10:00:00Z")
    assert said_in(stated, TIRANA) == stated
