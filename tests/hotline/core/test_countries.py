"""Countries: shipped files are sound, overrides work, clocks run in local working time only."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.core.datafiles import countries
from hotline.core.datafiles.countries import (
    add_business_hours,
    is_holiday,
    list_countries,
    load_country,
)
from hotline.core.datafiles.country_folders import SHIPPED
from hotline.core.errors import InvalidInput, Misconfigured

TIRANE = ZoneInfo("Europe/Tirane")


def local(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=TIRANE)  # type: ignore[arg-type]


def override(directory: Path, code: str, text: str) -> Path:
    folder = directory / "countries" / code
    folder.mkdir(parents=True)
    (folder / "country.toml").write_text(text, encoding="utf-8")
    return directory


def test_shipped_countries_are_sound() -> None:
    assert list_countries() == ("AL", "MK", "RS")
    assert countries.find_country_faults() == []


@pytest.mark.parametrize(
    ("code", "languages", "emergency", "number"),
    [
        ("AL", ("sq", "en"), "112", "116 111"),
        ("RS", ("sr-Latn", "sr-Cyrl", "en", "hu", "sq"), "192", "116 111"),
        ("MK", ("mk", "sq", "en"), "112", "+389 70 390 632"),
    ],
)
def test_what_the_public_pages_show(
    code: str, languages: tuple[str, ...], emergency: str, number: str
) -> None:
    country = load_country(code)
    assert country.languages == languages
    assert country.default_language == languages[0]
    assert country.police_emergency == emergency
    assert country.helplines[0].number == number
    assert any(link.for_minors for link in country.take_down_help)
    assert country.reference_prefix == code


def test_albania_has_the_lines_its_documents_name() -> None:
    albania = load_country("AL")
    first = albania.helplines[0]
    assert (first.number, first.hours, first.free) == ("116 111", "24/7", True)
    # A line on trafficking in people is no second helpline for children.
    assert "116 006" not in {line.number for line in albania.helplines}
    assert albania.anti_trafficking_line is not None
    assert albania.anti_trafficking_line.number == "116 006"
    assert albania.hotline_name == "iSIGURT"


def test_serbia_lists_its_contact_centre() -> None:
    assert "19833" in {line.number for line in load_country("RS").helplines}


def test_a_name_falls_back_to_english_then_to_the_code() -> None:
    albania = load_country("AL")
    assert albania.name("sq") == "Shqipëria"
    assert albania.name("fr") == "Albania"
    assert replace(albania, names={}).name("fr") == "AL"


def test_no_such_country_is_the_callers_mistake() -> None:
    with pytest.raises(InvalidInput, match="AL, MK, RS"):
        load_country("ZZ")


def test_an_operator_may_add_a_country(tmp_path: Path) -> None:
    text = (SHIPPED / "AL" / "country.toml").read_text(encoding="utf-8")
    root = override(tmp_path, "XA", text.replace('code = "AL"', 'code = "XA"'))
    assert list_countries(root) == ("AL", "MK", "RS", "XA")
    assert load_country("XA", root).code == "XA"
    assert countries.find_country_faults(root) == []


def test_an_override_hides_the_shipped_file(tmp_path: Path) -> None:
    text = (SHIPPED / "AL" / "country.toml").read_text(encoding="utf-8")
    root = override(
        tmp_path, "AL", text.replace('"iSIGURT"', '"Another hotline"')
    )
    assert load_country("AL", root).hotline_name == "Another hotline"
    assert load_country("AL").hotline_name == "iSIGURT"


def test_an_override_may_have_the_name_from_before_there_were_folders(
    tmp_path: Path,
) -> None:
    text = (SHIPPED / "AL" / "country.toml").read_text(encoding="utf-8")
    (tmp_path / "data").mkdir()
    for code, name in (("AL", "Mine"), ("XA", "New")):
        changed = text.replace('"iSIGURT"', f'"{name}"').replace(
            'code = "AL"', f'code = "{code}"'
        )
        former = tmp_path / "data" / f"country_{code.lower()}.toml"
        former.write_text(changed, encoding="utf-8")
    assert list_countries(tmp_path) == ("AL", "MK", "RS", "XA")
    assert load_country("AL", tmp_path).hotline_name == "Mine"
    assert load_country("XA", tmp_path).hotline_name == "New"


def test_a_folder_or_file_that_nothing_reads_is_a_fault(
    tmp_path: Path,
) -> None:
    (tmp_path / "countries" / "al").mkdir(parents=True)
    (tmp_path / "countries" / "RS").mkdir()
    (tmp_path / "countries" / "RS" / "law.toml").touch()
    folder, file = countries.find_country_faults(tmp_path)
    assert "'al' is not the code of a country" in folder
    assert "RS/law.toml: a country has no file of this name" in file


@pytest.mark.parametrize("code", ["al", "..", "", "A/"])
def test_what_is_no_code_names_no_file(code: str) -> None:
    with pytest.raises(InvalidInput, match="no country file"):
        load_country(code)


def test_every_fault_of_a_file_is_named_at_once(tmp_path: Path) -> None:
    text = (SHIPPED / "AL" / "country.toml").read_text(encoding="utf-8")
    text = text.replace('"Europe/Tirane"', '"Europe/Nowhere"').replace(
        '"112"', '"a lot"', 1
    )
    text = text.replace('"https://www.isigurt.al"', '"http://www.isigurt.al"')
    found = countries.find_country_faults(
        override(tmp_path, "AL", "surplus = 1\n" + text)
    )
    assert len(found) == 1
    for pointer in (
        "/time_zone",
        "/police_emergency",
        "/hotline_url",
        "/surplus",
    ):
        assert pointer in found[0]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            'mon = ["08:00-16:00"]',
            'mon = ["16:00-08:00"]',
            "/working_hours/mon",
        ),
        (
            'mon = ["08:00-16:00"]',
            'mon = ["08:00-12:00", "11:00-16:00"]',
            "/working_hours/mon",
        ),
        ('["08:00-16:00"]', "[]", "never run"),
        (
            'holiday_calendar = "AL"',
            'holiday_calendar = "QQ"',
            "/holiday_calendar",
        ),
        ('code = "AL"', 'code = "RS"', "/code"),
    ],
)
def test_values_must_agree(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    text = (
        (SHIPPED / "AL" / "country.toml")
        .read_text(encoding="utf-8")
        .replace(old, new)
    )
    root = override(tmp_path, "AL", text)
    with pytest.raises(Misconfigured, match=told):
        load_country("AL", root)


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        (
            local(2026, 11, 17, 9, 0),
            2,
            local(2026, 11, 17, 11, 0),
        ),  # within a Tuesday
        (
            local(2026, 11, 17, 3, 0),
            1,
            local(2026, 11, 17, 9, 0),
        ),  # before opening
        (
            local(2026, 11, 17, 15, 0),
            2,
            local(2026, 11, 18, 9, 0),
        ),  # over the night
        (
            local(2026, 11, 20, 15, 0),
            2,
            local(2026, 11, 24, 9, 0),
        ),  # weekend and 23 Nov in lieu
        (
            local(2026, 11, 17, 8, 0),
            8,
            local(2026, 11, 17, 16, 0),
        ),  # ends at closing time
        (
            local(2026, 11, 17, 16, 0),
            0,
            local(2026, 11, 18, 8, 0),
        ),  # zero: next opening
        (
            local(2026, 12, 24, 12, 0),
            8,
            local(2026, 12, 28, 12, 0),
        ),  # Christmas, a weekend
        (
            local(2026, 3, 27, 12, 0),
            8,
            local(2026, 3, 30, 12, 0),
        ),  # clocks go forward on Sunday
        (
            local(2026, 10, 23, 12, 0),
            8,
            local(2026, 10, 26, 12, 0),
        ),  # clocks go back on Sunday
    ],
)
def test_business_hours_in_albania(
    start: datetime, hours: float, end: datetime
) -> None:
    assert add_business_hours(
        load_country("AL"), start, hours
    ) == end.astimezone(UTC)


def test_each_country_keeps_its_own_holidays() -> None:
    christmas_eve_orthodox = datetime(2027, 1, 6, 12, tzinfo=UTC)
    ends = {
        code: add_business_hours(
            load_country(code), christmas_eve_orthodox, 8
        ).date()
        for code in list_countries()
    }
    assert ends == {
        "AL": date(2027, 1, 7),
        "RS": date(2027, 1, 8),
        "MK": date(2027, 1, 8),
    }


def test_an_hour_lost_or_won_inside_a_shift_counts_as_it_really_passes() -> (
    None
):
    nights = replace(
        load_country("AL"),
        working_hours={"sun": ("00:00-24:00",)},
        holiday_calendar="",
    )
    forward = add_business_hours(nights, local(2026, 3, 29, 0, 0), 23)
    back = add_business_hours(nights, local(2026, 10, 25, 0, 0), 25)
    assert forward == local(2026, 3, 30, 0, 0).astimezone(UTC)
    assert back == local(2026, 10, 26, 0, 0).astimezone(UTC)


def test_a_decreed_day_off_is_a_holiday() -> None:
    day = date(2026, 11, 17)
    albania = load_country("AL")
    assert not is_holiday(albania, day)
    assert is_holiday(replace(albania, extra_holidays=(day,)), day)


@pytest.mark.parametrize("hours", [-1.0, float("nan"), float("inf"), 10_001.0])
def test_hours_out_of_reason_are_refused(hours: float) -> None:
    with pytest.raises(InvalidInput):
        add_business_hours(
            load_country("AL"), datetime(2026, 1, 1, tzinfo=UTC), hours
        )


def test_a_start_without_zone_is_refused() -> None:
    with pytest.raises(InvalidInput, match="time zone"):
        add_business_hours(load_country("AL"), datetime(2026, 1, 1), 1)  # noqa: DTZ001


FIRST_START = datetime(2024, 1, 1)  # noqa: DTZ001  (Hypothesis adds the zone itself)
LAST_START = datetime(2030, 1, 1)  # noqa: DTZ001


@given(
    code=st.sampled_from(list_countries()),
    start=st.datetimes(FIRST_START, LAST_START, timezones=st.just(UTC)),
    first=st.integers(0, 60),
    second=st.integers(1, 60),
)
def test_hours_add_up_and_never_run_outside_office_hours(
    code: str, start: datetime, first: int, second: int
) -> None:
    country = load_country(code)
    half_way = add_business_hours(country, start, first)
    end = add_business_hours(country, start, first + second)
    assert add_business_hours(country, half_way, second) == end
    assert end >= start + timedelta(hours=first + second)
    there = end.astimezone(ZoneInfo(country.time_zone))
    assert there.weekday() < 5 and not is_holiday(country, there.date())
    assert time(8) < there.time() <= time(16)
