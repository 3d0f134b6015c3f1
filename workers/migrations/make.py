"""``python -m workers.migrations.make "message"``: draft a migration from the models."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from alembic import command

from hotline.core.storage.database import Database
from workers.migrations.run import _alembic_config, upgrade_schema


def main(message: str) -> None:
    """Compare the models with a scratch database at the newest revision."""
    with tempfile.TemporaryDirectory() as scratch:
        database = Database(f"sqlite:///{Path(scratch) / 'draft.db'}")
        upgrade_schema(database)
        with database.engine.connect() as connection:
            command.revision(
                _alembic_config(connection),
                message,
                autogenerate=True,
                rev_id=None,
            )


if __name__ == "__main__":
    main(sys.argv[1])
