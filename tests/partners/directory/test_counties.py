"""In which county a municipality lies, and when nobody can say."""

from __future__ import annotations

from pathlib import Path

from partners.directory.counties import county_of, load_counties


def test_a_municipality_lies_in_its_county_however_it_is_written() -> None:
    counties = load_counties()
    assert county_of(["Bashkia Sarandë"], counties) == "Vlorë"
    assert county_of(["sarande", "Vlorë"], counties) == "Vlorë"


def test_of_several_counties_or_of_none_nothing_is_said() -> None:
    counties = load_counties()
    assert county_of(["Sarandë", "Berat"], counties) == ""
    assert county_of(["Nowhere"], counties) == ""
    assert county_of([], counties) == ""


def test_of_two_places_of_one_name_nobody_says_which_was_meant(
    tmp_path: Path,
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "municipalities.csv").write_text(
        "country,municipality,county,dated,source\n"
        "AL,Fushë,North,2026-01-01,s\n"
        "AL,Fushë,South,2026-01-01,s\n"
        "AL,Lumë,South,2026-01-01,s\n"
    )
    counties = load_counties(tmp_path)
    assert county_of(["Fushë"], counties) == ""
    assert county_of(["Lumë"], counties) == "South"
