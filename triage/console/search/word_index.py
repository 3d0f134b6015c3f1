"""PostgreSQL's index of the words of reasons. SQLite has none, and looks through the newest."""

from __future__ import annotations

from typing import cast

from sqlalchemy import Index, Table, text

from hotline.core.storage.machine import HistoryEntry
from triage.console.search.folding import words_of

Index(
    "ix_history_entry_words",
    text(words_of("(details ->> 'why'::text)")),
    postgresql_using="gin",
    # Few entries have a reason.
    postgresql_where=text(
        "entity = 'case' AND (details ->> 'why') IS NOT NULL"
    ),
    _table=cast(Table, HistoryEntry.__table__),
).ddl_if(dialect="postgresql")
