"""Write ``docs/keys.md`` from the code: what is under which key, and how each is rotated.

``--check`` fails where the page is not what the code says now.
"""

from __future__ import annotations

import sys

from written_page import ROOT, settle_page

sys.path.insert(0, str(ROOT))

from workers.keys.holdings import (
    HOLDINGS,
    UNDER_NO_KEY,
    Holding,
)

TARGET = ROOT / "docs" / "keys.md"
HEAD = """\
# What is under which key

Written from [holdings.py](../workers/keys/holdings.py) by `make keys`; the lint fails where it is
out of date, and a test where a binary column of the database is missing here. How keys are rotated
and kept: [operations.md](operations.md#keys).

Each key is 32 random bytes. Of each name one is in use; older ones are only read with, until they
are retired. What is not named here is stored as it is: [privacy.md](privacy.md) says what that is.
"""


def write_page() -> str:
    sections = [_section(name, of) for name, of in HOLDINGS.items()]
    return "\n".join([HEAD, *sections, _under_no_key()])


def _section(name: str, holding: Holding) -> str:
    lines = [
        f"## `{name}`",
        "",
        f"It {holding.purpose}. Rotated: {holding.rotated}.",
        "",
        "| what | how | columns |",
        "|---|---|---|",
    ]
    for use in holding.uses:
        columns = ", ".join(f"`{column}`" for column in use.columns) or "–"
        lines.append(f"| {use.what} | {use.how} | {columns} |")
    return "\n".join([*lines, ""])


def _under_no_key() -> str:
    lines = [
        "## Binary columns under no key",
        "",
        "| column | what it is |",
        "|---|---|",
    ]
    for column, what in UNDER_NO_KEY.items():
        lines.append(f"| `{column}` | {what} |")
    return "\n".join([*lines, ""])


def main() -> None:
    settle_page(TARGET, write_page(), rule="keys")


if __name__ == "__main__":
    main()
