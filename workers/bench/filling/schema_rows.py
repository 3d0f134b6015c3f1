"""Rows for any table as the database describes it, whatever its schema: for what moves schemas.

A row is made of its number alone, and each value differs with it, as far as its type has room.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column, Connection, MetaData, Table
from sqlalchemy.types import TypeEngine

ANY_LENGTH = 200


def fill_table(connection: Connection, name: str, rows: int) -> None:
    """Give a table of PostgreSQL so many rows at once; what they refer to need not be there."""
    table = reflect_table(connection, name)
    quote = connection.dialect.identifier_preparer.quote
    columns = [column for column in table.c if column.computed is None]
    names = ", ".join(quote(column.name) for column in columns)
    values = ", ".join(_expression_of(column) for column in columns)
    # Foreign keys are checked by triggers, which a copy of another server does not run.
    connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
    connection.exec_driver_sql(
        f"INSERT INTO {quote(name)} ({names}) SELECT {values}"  # noqa: S608  # names of ours, quoted
        f" FROM generate_series(1, {rows}) AS n"
    )


def reflect_table(connection: Connection, name: str) -> Table:
    """The table as it is in the database, without those that it refers to."""
    return Table(name, MetaData(), autoload_with=connection, resolve_fks=False)


def _expression_of(column: Column[object]) -> str:
    kind = column.type
    if isinstance(kind, sa.String):
        length = kind.length or ANY_LENGTH
        return f"left(n || '{column.name}', {length})"
    for family, expression in _EXPRESSIONS:
        if isinstance(kind, family):
            return expression
    raise NotImplementedError(f"{column.name}: {kind}")


_EXPRESSIONS: tuple[tuple[type[TypeEngine[Any]], str], ...] = (
    (sa.Uuid, "md5(n::text)::uuid"),
    (sa.Boolean, "mod(n, 2) = 0"),
    (sa.SmallInteger, "mod(n, 1000)"),
    (sa.Integer, "n"),
    (sa.Float, "n"),
    (sa.DateTime, "timestamptz '2020-01-01 00:00+00' + n * interval '1 s'"),
    (sa.Date, "date '2020-01-01' + mod(n, 3000)"),
    (sa.JSON, "'{}'"),
    (sa.LargeBinary, "decode(md5(n::text), 'hex')"),
)
