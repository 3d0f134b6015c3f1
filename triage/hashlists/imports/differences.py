"""What came and what went between two versions of a list."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session, aliased

from hotline.core.errors import InvalidInput
from triage.hashlists.models import HashEntryRow, HashList

Row = type[HashEntryRow]


def list_differences(
    session: Session, hash_list: HashList, before: int, after: int
) -> Iterator[tuple[str, str, str, str]]:
    """("-" or "+", kind, value, category), streamed: first what went, then what came.

    Version 0 is the list before its first import. Raises InvalidInput for versions that are not.
    """
    for version in (before, after):
        if not 0 <= version <= hash_list.version:
            raise InvalidInput(
                f"{hash_list.name} has no version {version}; it has 1 to {hash_list.version}."
            )
    yield from _only_in(session, hash_list, "-", before, after)
    yield from _only_in(session, hash_list, "+", after, before)


def _only_in(
    session: Session, hash_list: HashList, sign: str, version: int, other: int
) -> Iterator[tuple[str, str, str, str]]:
    """A hash that went and came back has two rows: it is the value that counts."""
    row, twin = HashEntryRow, aliased(HashEntryRow)
    also = exists().where(
        twin.list_id == hash_list.id,
        twin.kind == row.kind,
        twin.value == row.value,
        _is_in(twin, other),
    )
    rows = session.execute(
        select(row.kind, row.value, row.category)
        .where(
            row.list_id == hash_list.id,
            _is_in(row, version),
            # This uses the row itself; the second condition is for hashes that
            # have two.
            ~_is_in(row, other),
            ~also,
        )
        .order_by(row.id)
        .execution_options(yield_per=10_000)
    )
    for kind, value, category in rows:
        yield sign, kind, value, category or ""


def _is_in(row: Row, version: int) -> ColumnElement[bool]:
    """The entry was current in ``version``."""
    still = or_(row.removed_in.is_(None), row.removed_in > version)
    return (row.added_in <= version) & still
