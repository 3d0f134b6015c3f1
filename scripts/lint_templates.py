"""Every line of a template can be read without scrolling: at most 160 characters.

A long sentence is parted between two literals, ``{{ _('One half of it, '`` and ``'and the other.')
}}``; where a line end would show as a space, ``{%-`` and ``-%}`` take it back.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LONGEST_LINE = 160


def main() -> int:
    faults = list(find_long_lines(ROOT, list_templates(ROOT)))
    for fault in faults:
        print(fault)
    return 1 if faults else 0


def list_templates(root: Path) -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    )
    return [
        path
        for path in listed.stdout.splitlines()
        if path.endswith(".html") and (root / path).is_file()
    ]


def find_long_lines(root: Path, paths: list[str]) -> Iterator[str]:
    for path in paths:
        lines = (root / path).read_text("utf-8").splitlines()
        for number, line in enumerate(lines, start=1):
            if len(line) > LONGEST_LINE:
                yield f"{path}:{number}: {len(line)} characters, more than {LONGEST_LINE}"


if __name__ == "__main__":
    sys.exit(main())
