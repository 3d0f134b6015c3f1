"""A database to measure on, in a folder that is gone afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hotline.core.context import Context, build_context
from hotline.core.settings import load_settings
from hotline.core.storage.keys.key_files import KEY_NAMES


@contextmanager
def open_own_context(database: str) -> Iterator[Context]:
    """``database``: URL of an empty one; a SQLite file in the folder if left out."""
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as name:
        folder = Path(name)
        settings = load_settings(
            data_dir=folder,
            secrets_dir=folder / "secrets",
            database_url=database or f"sqlite:///{folder / 'hotline.db'}",
        )
        # Whether the database is empty is the bench's own question, and its answer is a better one.
        context = build_context(settings, renewed_keys=KEY_NAMES)
        try:
            yield context
        finally:
            context.close()
