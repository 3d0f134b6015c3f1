"""Alembic's entry point; the connection is handed in by ``workers.migrations.run``."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import JSON

from hotline.core.storage.database import UtcDateTime
from workers.migrations.tables import metadata


def _render_type(
    kind: str, value: object, autogen: AutogenContext
) -> str | Literal[False]:
    # Migrations must not change their meaning when our own types do.
    if kind == "type" and isinstance(value, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(value, JSON):
        autogen.imports.add("from sqlalchemy.dialects import postgresql")
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    return False


OPTIONS: dict[str, Any] = {
    "target_metadata": metadata,
    "render_as_batch": True,
    "compare_type": True,
    "render_item": _render_type,
    "transaction_per_migration": True,
}
if context.is_offline_mode():
    # Only the SQL is wanted, for a person or a checker to read.
    context.configure(dialect_name="postgresql", literal_binds=True, **OPTIONS)
else:
    context.configure(
        connection=context.config.attributes["connection"], **OPTIONS
    )
with context.begin_transaction():
    context.run_migrations()
