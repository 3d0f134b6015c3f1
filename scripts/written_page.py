"""A page of the documentation that a command writes, and that the lint compares."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def settle_page(target: Path, page: str, *, rule: str) -> None:
    """Write ``page``; with ``--check`` only compare, and name the ``rule`` that writes it."""
    name = target.relative_to(ROOT)
    parser = argparse.ArgumentParser(description=f"Write {name}.")
    parser.add_argument(
        "--check", action="store_true", help="write nothing, only compare"
    )
    if not parser.parse_args().check:
        target.write_text(page, "utf-8")
    elif not target.exists() or target.read_text("utf-8") != page:
        sys.exit(f"{name} is out of date: run `make {rule}`.")
