"""What may be told of a place when, and by when there can be more: one data file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from hotline.core.datafiles import files
from hotline.core.datafiles.countries import MAX_HOURS
from hotline.core.datafiles.shapes import parse_file
from hotline.core.errors import Misconfigured
from hotline.intake.form.receipt.place_news import News

FILE = "reporter_news.toml"


@dataclass(frozen=True, slots=True)
class NewsRule:
    """One piece of news: ``while_held`` and ``where_near`` are said in its place then."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    news_after: Annotated[float, Field(ge=0, le=MAX_HOURS)]
    why: Annotated[str, Field(min_length=1)]
    while_held: News | None = None
    where_near: News | None = None


Rules = Mapping[News, NewsRule]


@cache
def load_rules(override_dir: Path | None = None) -> Rules:
    """The rule of every piece of news; ``Misconfigured`` names every fault of the file."""
    data = files.read_toml(__package__ or __name__, FILE, override_dir)
    rules = parse_file(dict[News, NewsRule], FILE, data)
    # News without a rule would be told whatever the police want.
    faults = [f"/{news}: is missing" for news in News if news not in rules]
    if not faults:
        faults = list(_find_leaks(rules))
    if faults:
        raise Misconfigured(f"Data file {FILE}: {'; '.join(faults)}.")
    return rules


def list_faults(override_dir: Path | None = None) -> list[str]:
    """What is wrong with the file; empty when all is well."""
    try:
        load_rules(override_dir)
    except Misconfigured as error:
        return [error.message]
    return []


def _find_leaks(rules: Rules) -> list[str]:
    """What is said in place of something else must itself be allowed to be said then."""
    faults = []
    for news, rule in rules.items():
        if rule.while_held and rules[rule.while_held].while_held:
            faults.append(
                f"/{news}/while_held: {rule.while_held} is not told then either"
            )
        if rule.where_near and rules[rule.where_near].where_near:
            faults.append(
                f"/{news}/where_near: {rule.where_near} is not told then either"
            )
    return faults
