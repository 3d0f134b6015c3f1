"""The installation that is looked at: its settings, and its database for reading alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from hotline.core.settings import Settings
from hotline.core.storage.database import Database, file_of_database


@dataclass(frozen=True)
class Installation:
    """``letter_to``: where a test letter goes; empty: none is sent. ``now``: the moment of it."""

    settings: Settings
    now: datetime
    letter_to: str = ""

    @property
    def secrets_dir(self) -> Path:
        assert self.settings.secrets_dir is not None
        return self.settings.secrets_dir

    @property
    def database_file(self) -> Path | None:
        """Of SQLite; None for a database that is a server's."""
        return file_of_database(self.settings.database_url.get_secret_value())

    @contextmanager
    def open_database(self) -> Iterator[Database]:
        """Its own for each check: one that hangs holds up no other."""
        url = self.settings.database_url.get_secret_value()
        # Looking at an installation must not make the very database that is
        # missing.
        database = Database(url, only_reading=True)
        try:
            yield database
        finally:
            database.dispose()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with self.open_database() as database, database.reading() as session:
            yield session
