"""``hotline rules``: what changed files of priority, jurisdiction or platforms would have done."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hotline.core.datafiles.in_force import folder_of
from hotline.core.errors import InvalidInput
from workers.cli.opening import opened_house
from workers.cli.output import emit_json, stdout

if TYPE_CHECKING:
    from triage.cases.examination.replay import Difference, Tally

FOLDERS = ("data", "countries")
"""Of a data directory: what an organisation or a law may change."""
rules_app = typer.Typer(
    no_args_is_help=True,
    help="What changed files of rules would have done with past cases.",
)


def register(root: typer.Typer) -> None:
    root.add_typer(rules_app, name="rules")


@dataclass
class Summary:
    """How many cases were asked about, and what would be otherwise; ``shown``: some in full."""

    tally: Tally
    cases: int = 0
    shown: list[Difference] = field(default_factory=list)

    def add(self, difference: Difference, most_shown: int) -> None:
        self.cases += 1
        if self.tally.count(difference) and len(self.shown) < most_shown:
            self.shown.append(difference)

    def to_json(self) -> dict[str, object]:
        return {
            "cases": self.cases,
            **asdict(self.tally),
            "shown": [asdict(difference) for difference in self.shown],
        }


@rules_app.command("replay")
def replay(
    data: Annotated[
        Path,
        typer.Option(
            help="A directory with the changed files in data/ or countries/."
        ),
    ],
    since: Annotated[
        str, typer.Option(help="Cases opened since this day, YYYY-MM-DD.")
    ],
    shown: Annotated[
        int, typer.Option(min=0, help="Cases that are printed in full.")
    ] = 50,
    json: Annotated[bool, typer.Option("--json", help="JSON.")] = False,
) -> None:
    """Run changed files over past cases and show what would have stood or gone elsewhere.

    A file that is not in the directory is taken as it is in force now. Nothing is written.
    """
    beginning = _read_day(since)
    _require_files(data)
    summary = _replay(data, beginning, shown)
    if json:
        emit_json(summary.to_json())
    else:
        _print_summary(summary)


def _replay(data: Path, beginning: datetime, shown: int) -> Summary:
    from hotline.core.context import utc_now
    from triage.cases.examination.replay import RuleSet, Tally, replay_cases

    with opened_house() as context:
        own = context.settings.data_dir
        with _overlaid(folder_of(own) or data, data) as changed_dir:
            rule_sets = RuleSet.load(own), RuleSet.load(changed_dir)
            summary = Summary(Tally())
            # Both over the same cases in one transaction, so that nothing but
            # the rules can differ.
            with context.database.reading() as session:
                for difference in replay_cases(
                    session,
                    context,
                    *rule_sets,
                    since=beginning,
                    now=utc_now(),
                ):
                    summary.add(difference, shown)
    return summary


def _read_day(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise InvalidInput(
            f"{text!r} is no day.", hint="Write it as 2026-11-28."
        ) from None


def _require_files(directory: Path) -> None:
    if not directory.is_dir():
        raise InvalidInput(f"{str(directory)!r} is no directory.")
    if not any((directory / name).is_dir() for name in FOLDERS):
        raise InvalidInput(
            f"{str(directory)!r} has neither a folder data nor a folder countries.",
            hint="Lay the changed files out as in the data directory.",
        )


@contextmanager
def _overlaid(own: Path, changed: Path) -> Iterator[Path]:
    """The operator's own files with the changed ones over them, in a folder that goes away."""
    with tempfile.TemporaryDirectory(prefix="hotline-rules-") as name:
        folder = Path(name)
        # In this order: what was changed lies over what is in force.
        for source in (own, changed):
            for part in FOLDERS:
                if (source / part).is_dir():
                    shutil.copytree(
                        source / part, folder / part, dirs_exist_ok=True
                    )
        yield folder


def _print_summary(summary: Summary) -> None:
    tally = summary.tally
    stdout.print(
        f"{summary.cases} cases, {tally.different} otherwise: priority {tally.priority}, "
        f"routes {tally.routes}, jurisdiction {tally.jurisdiction}, "
        f"identity {tally.identity}",
        soft_wrap=True,
    )
    for change in summary.shown:
        stdout.print(change.reference, markup=False)
        for line in _lines_of(change):
            stdout.print(f"  {line}", markup=False, soft_wrap=True)
    hidden = tally.different - len(summary.shown)
    if hidden:
        stdout.print(f"… and {hidden} more; --shown prints more of them.")


def _lines_of(one: Difference) -> Iterator[str]:
    if one.priority_before != one.priority_after:
        yield f"priority {one.priority_before} -> {one.priority_after}"
    for sign, routes in (("-", one.routes_gone), ("+", one.routes_new)):
        yield from (f"{sign} route {route}" for route in routes)
    for sign, grounds in (("-", one.grounds_gone), ("+", one.grounds_new)):
        yield from (f"{sign} jurisdiction {ground}" for ground in grounds)
    yield from (
        f"place {moved.before} -> {moved.after}" for moved in one.moved
    )
