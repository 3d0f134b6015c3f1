"""Pure: which files are rules, what a set of them is known by, and how two of a name differ."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

COUNTRY_FILE = re.compile(r"countries/[A-Z]{2}/jurisdiction\.toml")
RULE_FILES = (
    "data/priority_weights.toml",
    "data/routing_network.toml",
    "data/partner_hotlines.csv",
    "data/platforms.toml",
    "data/tracking.toml",
    "data/wrappers.toml",
)
"""Beside each country's own; by their way in a data directory."""
LARGEST_FILE = 1_000_000
# Lines around a difference: enough to see in which table of a file it lies.
_CONTEXT = 2

Files = Mapping[str, str]
"""Way in a data directory -> text."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a difference. ``sign``: "+", "-", " ", or "@" where lines are left out."""

    sign: str
    text: str


def is_rule_file(name: str) -> bool:
    return name in RULE_FILES or COUNTRY_FILE.fullmatch(name) is not None


def digest_files(files: Files) -> str:
    """One value for all of it, whatever the order."""
    # Names sorted, and all in ASCII: the digest is stored, so the same files
    # have to give the same bytes on every machine and in every version.
    text = json.dumps(dict(files), sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def compare_texts(before: str, after: str) -> Sequence[Line]:
    """As programmers read it: what goes, what comes, with a little around it.

    All of it: who agrees must not agree to what was cut off.
    """
    return list(_list_lines(before, after))


def _list_lines(before: str, after: str) -> Iterator[Line]:
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), lineterm="", n=_CONTEXT
    )
    for number, line in enumerate(lines):
        # The first two name the files, which the page does itself.
        if number >= 2:
            yield Line(line[:1], line[1:])
