"""How commands speak: results on stdout, everything else on stderr, one line an error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

Row = TypeVar("Row")

stderr = Console(stderr=True, highlight=False)
stdout = Console(highlight=False)


def list_alternatives(words: Iterable[str]) -> str:
    """Words as a help text lists them: ``alternatives(["a", "b", "c"])`` is "a, b or c"."""
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last


def say(line: str) -> None:
    """One line for a person, as it is: no markup in it, and no line breaks added."""
    stdout.print(line, markup=False, soft_wrap=True)


def plain(slug: str) -> str:
    """A stored word as people read it."""
    return str(slug).replace("_", " ")


def emit_json(value: object) -> None:
    """One JSON object on one line."""
    sys.stdout.write(
        json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"
    )


def emit_each(
    rows: Iterable[Row],
    as_json: bool,
    shape_of: Callable[[Row], Mapping[str, object]],
    line_of: Callable[[Row], str],
    *,
    empty: str,
) -> None:
    """A list, one row a line: as JSON of its shape, or in words. ``empty``: what to say to a
    person where there is none; a program that reads JSON gets no line."""
    listed = list(rows)
    if not listed and not as_json:
        stderr.print(empty, markup=False, soft_wrap=True)
    for row in listed:
        if as_json:
            emit_json(shape_of(row))
        else:
            stdout.print(line_of(row), markup=False, soft_wrap=True)


def make_progress() -> Progress:
    """A progress bar on stderr; silent where stderr is not a terminal."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=stderr,
        disable=not sys.stderr.isatty(),
        transient=True,
    )


def read_inputs(arguments: Iterable[str]) -> Iterator[str]:
    """Each argument is one input; a lone ``-`` stands for the lines of standard input."""
    for argument in arguments:
        if argument == "-":
            # A report may be pasted in any encoding; an undecodable byte must not end the run.
            for raw in sys.stdin.buffer:
                yield raw.decode("utf-8", errors="replace").rstrip("\r\n")
        else:
            yield argument
