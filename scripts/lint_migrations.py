"""Check new migrations for locks that stop a running service, with squawk on their PostgreSQL.

Migrations up to ``LAST_OF_BEFORE`` ran nowhere with data in use yet. The ninth asks the database
for rows before it changes them, so that its SQL cannot be written without one.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from workers.migrations.run import newest_revision, postgresql_of
from workers.migrations.serving import VERSION_BEFORE

LAST_OF_BEFORE = "0009"
# Not for us: Alembic runs each migration once and in a transaction, keeps the count of what ran
# itself, and our tables have their types from the models.
EXCLUDED = (
    "prefer-robust-stmts",
    "prefer-text-field",
    "prefer-bigint-over-int",
    "ban-drop-column",
)


_ALTERED = re.compile(r"ALTER TABLE \"?(\w+)")
_WRITTEN = re.compile(r"(?:UPDATE|DELETE FROM|INSERT INTO) \"?(\w+)")


def written_while_locked(sql: str) -> list[str]:
    """Tables whose rows are written in the transaction that altered them, while nobody may read."""
    faults = []
    altered: set[str] = set()
    for line in sql.splitlines():
        if line.startswith(("BEGIN;", "COMMIT;")):
            altered.clear()
        elif match := _ALTERED.match(line):
            altered.add(match[1])
        elif (match := _WRITTEN.match(line)) and match[1] in altered:
            faults.append(match[1])
    return faults


def main() -> None:
    faults = written_while_locked(
        postgresql_of(VERSION_BEFORE, newest_revision())
    )
    if faults:
        sys.exit(
            f"Rows of {', '.join(faults)} are written in the transaction that alters the table,"
            " and nobody can read it meanwhile: write them in an autocommit_block."
        )
    if newest_revision() == LAST_OF_BEFORE:
        print("No new migrations.")
        return
    with tempfile.TemporaryDirectory() as folder:
        statements = Path(folder) / "new-migrations.sql"
        statements.write_text(
            postgresql_of(LAST_OF_BEFORE, newest_revision()), "utf-8"
        )
        squawk = Path(sys.executable).parent / "squawk"
        checked = subprocess.run(
            [
                squawk,
                "--exclude",
                ",".join(EXCLUDED),
                statements,
            ],
            check=False,
        )
    sys.exit(checked.returncode)


if __name__ == "__main__":
    main()
