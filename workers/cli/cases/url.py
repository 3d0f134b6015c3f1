"""``hotline url``: which location a text names, without touching the network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

import typer

from triage.locations import Location, identify_locations
from triage.locations.location import PROBLEMS, shorten_text
from triage.locations.text.repair import scrub_text
from workers.cli.output import emit_json, read_inputs

_LONGEST_ECHO = 4_000
_COLUMN = 10


def register(app: typer.Typer) -> None:
    app.command("url")(url)


def url(
    texts: Annotated[
        list[str],
        typer.Argument(
            metavar="TEXT…|-",
            help="What to read; - stands for standard input's lines.",
        ),
    ],
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="One JSON object a line for each location."
        ),
    ] = False,
    region: Annotated[
        str | None,
        typer.Option(
            help="Country (AL, RS, MK, …) whose national phone numbers are understood."
        ),
    ] = None,
) -> None:
    """Say which locations each TEXT names, in their one normal form."""
    for text in read_inputs(texts):
        locations = identify_locations(
            text, region=region.upper() if region else None
        )
        for location in locations:
            if as_json:
                emit_json(
                    _location_row(location, text, alone=len(locations) == 1)
                )
            else:
                typer.echo("\n".join(_location_lines(location)))


def _location_row(
    location: Location, text: str, *, alone: bool
) -> Mapping[str, object]:
    """The public shape. Where the input names one location, ``input`` is the whole of it, so that
    a caller can find its own line again, unless it holds a password or content."""
    private = (
        location.userinfo is not None
        or "inline_data_removed" in location.problems
    )
    row = location.to_json()
    if private or not alone:
        return row
    return {**row, "input": shorten_text(scrub_text(text), _LONGEST_ECHO)}


def _location_lines(location: Location) -> Iterator[str]:
    yield f"{location.kind:<{_COLUMN}}{location.display}"
    facts = {
        "canonical": location.canonical,
        "key": location.key,
        "platform": location.platform,
        "content": location.content_id,
        "host": location.host,
        "domain": location.registrable_domain,
        "wraps": ", ".join(target.canonical for target in location.wraps),
        "via": ", ".join(location.via),
    }
    for name, value in facts.items():
        if value:
            yield f"{'':<{_COLUMN}}{name:<{_COLUMN}}  {value}"
    for problem in location.problems:
        yield f"{'':<{_COLUMN}}{'note':<{_COLUMN}}  {PROBLEMS.get(problem, problem)}"
