"""Data files: what a law or an organisation may change is a file, not code.

A file is looked for in ``<data dir>/data/<name>`` first, so that an operator can override what is
shipped without touching the installation; otherwise the one shipped inside the package is read.
What differs by country is in the country's folder: ``country_folders``.
"""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from hotline.core.errors import Misconfigured


def find_own(name: str, override_dir: Path | None) -> Path | None:
    """The operator's own data file ``name``, where there is one."""
    if override_dir is None:
        return None
    own = override_dir / "data" / name
    return own if own.is_file() else None


def read_bytes(
    package: str, name: str, override_dir: Path | None = None
) -> bytes:
    """The bytes of data file ``name`` (e.g. ``"platforms.toml"``) of ``package``."""
    own = find_own(name, override_dir)
    if own is not None:
        return own.read_bytes()
    shipped = resources.files(package) / "data" / name
    if not shipped.is_file():
        raise Misconfigured(f"There is no data file {name!r} in {package}.")
    return shipped.read_bytes()


def read_text(
    package: str, name: str, override_dir: Path | None = None
) -> str:
    return _decode_text(name, read_bytes(package, name, override_dir))


def _decode_text(name: str, data: bytes) -> str:
    try:
        # Spreadsheet programs put a mark of the byte order before their UTF-8.
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Misconfigured(
            f"Data file {name} is not UTF-8: {error}.",
            hint="Save it as UTF-8.",
        ) from error


def read_toml(
    package: str, name: str, override_dir: Path | None = None
) -> Mapping[str, Any]:
    """The tables of a TOML data file."""
    return parse_toml(name, read_bytes(package, name, override_dir))


def parse_toml(name: str, data: bytes) -> Mapping[str, Any]:
    """The tables of TOML text; ``name`` is for the message of a fault."""
    try:
        return tomllib.loads(_decode_text(name, data))
    # A number of thousands of digits is a plain ValueError, and brackets in brackets without end
    # are a RecursionError.
    except (ValueError, RecursionError) as error:
        raise Misconfigured(
            f"Data file {name} is not valid TOML: {error}."
        ) from error


def read_csv(
    package: str, name: str, override_dir: Path | None = None
) -> list[dict[str, str]]:
    """Rows of a CSV data file with a header line; lines that start with ``#`` are comments."""
    return parse_csv(name, read_bytes(package, name, override_dir))


def parse_csv(name: str, data: bytes) -> list[dict[str, str]]:
    """Rows of CSV text; ``name`` is for the message of a fault."""
    text = _decode_text(name, data)
    lines = [
        line
        for line in text.splitlines()
        if line.strip() and not line.startswith("#")
    ]
    try:
        return list(csv.DictReader(io.StringIO("\n".join(lines))))
    except csv.Error as error:
        raise Misconfigured(
            f"Data file {name} is not a table: {error}."
        ) from error
