"""The table of what is under which key names every column that could be, and nothing else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import LargeBinary

from hotline.core.storage.keys.key_files import KEY_NAMES
from workers.keys.holdings import HOLDINGS, SEALED, UNDER_NO_KEY
from workers.migrations.tables import metadata

ROOT = Path(__file__).parents[3]
PACKAGES = ("hotline", "triage", "partners", "workers")
PLACE = re.compile(r"([a-z_]+\.[a-z_]+)(:.*)?")


def binary_columns() -> set[str]:
    return {
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }


def test_every_binary_column_is_named_once() -> None:
    named = [
        column
        for holding in HOLDINGS.values()
        for use in holding.uses
        for column in use.columns
    ]
    named += UNDER_NO_KEY
    assert len(named) == len(set(named))
    assert set(named) == binary_columns()


def test_every_key_has_its_row() -> None:
    assert tuple(HOLDINGS) == KEY_NAMES


def test_what_is_sealed_is_what_the_code_seals() -> None:
    """Names of columns as the code gives them to the vault, written out anywhere in it."""
    columns = {
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.columns
    }
    written = {
        found[1]
        for text in strings_in_code()
        if (found := PLACE.fullmatch(text)) and found[1] in columns
    }
    sealed_otherwise = {"report_draft.body", "idempotency_key.answer"}
    previous = {"api_key.webhook_previous_secret"}  # moved there, sealed
    accesses = {"item_access.cookies", "item_access.userinfo"}  # by name
    assert set(SEALED) - previous - accesses <= written | sealed_otherwise
    assert {"api_key.webhook_secret", *sealed_otherwise} <= written


def strings_in_code() -> Iterator[str]:
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            if path.name == "holdings.py":
                continue
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(
                    node.value, str
                ):
                    yield node.value


def test_every_name_of_a_key_in_the_code_is_one() -> None:
    """What asks the keyring asks for a key that the table has."""
    methods = {"bytes_of", "keys_of", "mac", "macs", "id_of"}
    asked = set()
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and "keyring" in ast.unparse(node.func.value)
                    and node.func.attr in methods
                    and node.args
                    and isinstance(node.args[0], ast.Constant)
                ):
                    asked.add(node.args[0].value)
    assert asked <= set(KEY_NAMES)
    assert asked >= set(KEY_NAMES) - {"audit"}
