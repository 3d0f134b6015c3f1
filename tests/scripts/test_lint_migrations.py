"""The lint of migrations finds rows that are written while their table is locked."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "lint_migrations.py"
written_while_locked = runpy.run_path(str(SCRIPT))["written_while_locked"]
ALTER = "ALTER TABLE person ADD COLUMN code VARCHAR(9);"
UPDATE = "UPDATE person SET code = 'a';"


@pytest.mark.parametrize(
    ("lines", "faults"),
    [
        (["BEGIN;", ALTER, UPDATE, "COMMIT;"], ["person"]),
        (["BEGIN;", ALTER, "COMMIT;", UPDATE, "BEGIN;", "COMMIT;"], []),
        (["BEGIN;", UPDATE, ALTER, "COMMIT;"], []),
        (["BEGIN;", ALTER, "UPDATE other SET a = 1;", "COMMIT;"], []),
        (["BEGIN;", ALTER, 'DELETE FROM "person";', "COMMIT;"], ["person"]),
    ],
)
def test_rows_are_not_written_under_the_lock_of_a_change(
    lines: list[str], faults: list[str]
) -> None:
    assert written_while_locked("\n".join(lines)) == faults
