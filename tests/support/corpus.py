"""Corpora that tests read: groups of lines that belong together, under headings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Group:
    """Lines that stand together in a file, and the heading that they stand under."""

    heading: str
    lines: tuple[str, ...]


def read_groups(path: Path) -> list[Group]:
    """A line that begins with "# " is a comment, one with "== " a heading."""
    return list(_gather(path.read_text(encoding="utf-8").splitlines()))


def _gather(lines: list[str]) -> Iterator[Group]:
    heading, together = "", list[str]()
    for line in [*lines, ""]:
        if line.startswith(("# ", "== ")) or line in ("", "#"):
            if together:
                yield Group(heading, tuple(together))
                together = []
            heading = line[3:] if line.startswith("== ") else heading
        else:
            together.append(line)
