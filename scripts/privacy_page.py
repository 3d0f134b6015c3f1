"""Write the periods in ``docs/privacy.md`` from the data: what is kept, for how long, and why.

The words around them are kept as they are. ``--check`` fails where the page is not what the data
files say now.
"""

from __future__ import annotations

import sys

from written_page import ROOT, settle_page

sys.path.insert(0, str(ROOT))

from hotline.core.datafiles.country_folders import (
    RETENTION,
    list_codes_with,
)
from hotline.core.datafiles.periods import (
    Period,
    Sort,
    load_country_periods,
    load_general_periods,
)
from workers.retention.columns import columns_of

TARGET = ROOT / "docs" / "privacy.md"
BEGIN = "<!-- periods: written by `make privacy`, from data -->\n"
END = "<!-- end of periods -->\n"


def main() -> None:
    page = TARGET.read_text("utf-8")
    head, rest = page.split(BEGIN)
    _, tail = rest.split(END)
    written = head + BEGIN + write_periods() + END + tail
    settle_page(TARGET, written, rule="privacy")


def write_periods() -> str:
    return "\n".join([*_general(), *_of_countries(), *_columns()]) + "\n"


def _general() -> list[str]:
    lines = ["", "| what | how | until | why |", "|---|---|---|---|"]
    for period in load_general_periods().values():
        row = [period.what, period.how, until(period), period.reason]
        lines.append(f"| {' | '.join(row)} |")
    return lines


def until(period: Period) -> str:
    """When it goes, in words."""
    if period.kept:
        return "kept"
    setting = f" (`{period.setting}`)" if period.setting else ""
    if period.hours:
        unit = "hour" if period.hours == 1 else "hours"
        return f"{period.hours} {unit} after {period.after}"
    if period.days:
        unit = "day" if period.days == 1 else "days"
        return f"{period.days} {unit}{setting} after {period.after}"
    return f"{period.after}: within 6 hours"


def _of_countries() -> list[str]:
    lines = [
        "",
        "### What each country says",
        "",
        "Its file [retention.toml](../hotline/countries/AL/retention.toml) comes before",
        "the general [periods.toml](../hotline/core/datafiles/data/periods.toml), and a",
        "setting before both. What is marked *unverified* was read by no lawyer yet.",
        "",
        "| country | what | days | why | source |",
        "|---|---|---|---|---|",
    ]
    for code in list_codes_with(RETENTION):
        for sort, period in load_country_periods(code).items():
            if not period.source:
                continue
            mark = "" if period.verified else "; *unverified*"
            lines.append(
                f"| {code} | {sort} | {period.days} | {period.reason} "
                f"| {period.source}{mark} |"
            )
    return lines


def _columns() -> list[str]:
    lines = [
        "",
        "### Which columns these are",
        "",
        "A test fails for a column of the database that is not named here.",
        "",
        "| sort | columns |",
        "|---|---|",
    ]
    for sort in Sort:
        columns = columns_of(sort)
        if columns:
            names = ", ".join(f"`{column}`" for column in columns)
            lines.append(f"| {sort} | {names} |")
    return [*lines, ""]


if __name__ == "__main__":
    main()
