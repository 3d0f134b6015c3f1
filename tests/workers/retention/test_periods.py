"""The table of periods names every column of the database, and is refused where it is wrong."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from hotline.core.datafiles.periods import (
    Sort,
    find_period_faults,
    load_country_periods,
    load_periods,
)
from hotline.core.errors import Misconfigured
from hotline.core.settings import Settings
from workers.keys.holdings import SEALED
from workers.migrations.tables import metadata
from workers.retention.columns import columns_of, load_column_sorts

COUNTRIES = ("AL", "MK", "RS")


def test_every_column_of_the_database_has_a_sort_and_so_a_period() -> None:
    columns = {
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.columns
    }
    assert set(load_column_sorts()) == columns


def test_nothing_that_is_sealed_is_kept_for_ever() -> None:
    """But for secrets of senders' webhooks, which are of organisations."""
    periods = load_country_periods("AL")
    kept = {
        column
        for column in SEALED
        if periods[load_column_sorts()[column]].kept
    }
    assert kept == {
        "api_key.webhook_secret",
        "api_key.webhook_previous_secret",
    }


@pytest.mark.parametrize("code", COUNTRIES)
def test_every_country_says_its_own_reasons_and_that_nobody_checked_them(
    code: str,
) -> None:
    periods = load_country_periods(code)
    assert set(periods) == set(Sort)
    of_the_country = [period for period in periods.values() if period.source]
    assert len(of_the_country) >= 5
    assert not any(period.verified for period in of_the_country)


def test_every_sort_is_of_columns_or_modifies_one_that_is() -> None:
    modifies = {
        Sort.UNREAD_WORDS,
        Sort.CASE_NOT_ILLEGAL,
        Sort.CASE_OF_POLICE,
        Sort.VISITS,
    }
    assert {sort for sort in Sort if not columns_of(sort)} == modifies


def test_a_setting_comes_before_the_country(tmp_path: Path) -> None:
    ours = Settings(data_dir=tmp_path, retention_contact_days=7)
    theirs = Settings(data_dir=tmp_path)
    assert load_periods(ours)[Sort.CONTACT].length == timedelta(days=7)
    assert load_periods(theirs)[Sort.CONTACT].length == timedelta(days=90)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[case]\ndays = 30\nreason = 'r'\n", "case_not_illegal"),
        ("[cases]\ndays = 30\nreason = 'r'\n", "cases"),
        ("[case]\ndays = -1\nreason = 'r'\n", "days"),
        ("[case]\ndays = 1825\n", "reason"),
        ("[audit]\ndays = 30\nreason = 'r'\n", "not counted in days"),
    ],
)
def test_a_wrong_file_of_an_operator_is_named(
    tmp_path: Path, text: str, fault: str
) -> None:
    folder = tmp_path / "countries" / "AL"
    folder.mkdir(parents=True)
    head = 'dated = 2026-11-28\nsource = "s"\nverified = false\n'
    (folder / "retention.toml").write_text(head + text, "utf-8")
    with pytest.raises(Misconfigured, match=fault):
        load_country_periods("AL", tmp_path)
    assert len(find_period_faults(tmp_path)) == 1
