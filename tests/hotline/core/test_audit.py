"""The audit chain: every way of falsifying it is found, and said where."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from hotline.core.context import Context
from hotline.core.storage import audit
from hotline.core.storage.audit import AuditEntry

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


def _write(context: Context, count: int) -> None:
    with context.database.writing() as session:
        for number in range(count):
            audit.record(
                session,
                actor="person:a",
                action="case.claimed",
                entity="case",
                entity_id=f"c{number}",
                now=NOW + timedelta(seconds=number),
                n=number,
            )


def _seal(context: Context) -> int:
    with context.database.writing() as session:
        sealed = audit.seal(session)
        session.flush()
        audit.write_head(session, _heads(context), context.keyring, NOW)
    return sealed


def _heads(context: Context) -> Path:
    assert context.settings.audit_heads_file is not None
    return context.settings.audit_heads_file


def _verify(context: Context) -> audit.Verification:
    with context.database.reading() as session:
        return audit.verify(session, _heads(context), context.keyring)


def test_an_empty_log_is_intact(context: Context) -> None:
    assert _verify(context) == audit.Verification(True, 0, 0)


def test_sealed_and_open_entries_are_told_apart(context: Context) -> None:
    _write(context, 3)
    assert _seal(context) == 3
    _write(context, 2)
    assert _verify(context) == audit.Verification(True, 3, 2)
    assert _seal(context) == 2
    assert _seal(context) == 0
    assert _verify(context) == audit.Verification(True, 5, 0)


def _edit(context: Context) -> None:
    with context.database.writing() as session:
        session.execute(
            update(AuditEntry).where(AuditEntry.number == 3).values(actor="person:b")
        )


def _edit_details(context: Context) -> None:
    with context.database.writing() as session:
        session.execute(
            update(AuditEntry).where(AuditEntry.number == 3).values(details={"n": 9})
        )


def _delete(context: Context) -> None:
    with context.database.writing() as session:
        session.execute(delete(AuditEntry).where(AuditEntry.number == 3))


def _reorder(context: Context) -> None:
    with context.database.writing() as session:
        for old, new in ((2, 99), (3, 2), (99, 3)):
            session.execute(
                update(AuditEntry).where(AuditEntry.number == old).values(number=new)
            )


def _insert(context: Context) -> None:
    """Push in a forged entry at number 3 and move the rest up."""
    with context.database.writing() as session:
        entries = session.scalars(
            select(AuditEntry)
            .where(AuditEntry.number >= 3)
            .order_by(AuditEntry.number.desc())
        ).all()
        for entry in entries:
            assert entry.number is not None
            entry.number += 1
            session.flush()
        session.add(
            AuditEntry(
                at=NOW,
                actor="x",
                action="x",
                entity="x",
                entity_id="x",
                details={},
                number=3,
                hash=bytes(32),
            )
        )


def _truncate(context: Context) -> None:
    with context.database.writing() as session:
        session.execute(delete(AuditEntry).where(AuditEntry.number > 3))


def _truncate_all(context: Context) -> None:
    with context.database.writing() as session:
        session.execute(delete(AuditEntry))


@pytest.mark.parametrize(
    ("falsify", "fault"),
    [
        (_edit, "entry 3 was changed"),
        (_edit_details, "entry 3 was changed"),
        (_delete, "entry 3 is missing"),
        (_reorder, "entry 2 was changed"),
        (_insert, "entry 3 was changed"),
        (_truncate, "ends at 3, but 5"),
        (_truncate_all, "ends at 0, but 5"),
    ],
)
def test_falsifying_is_found(
    context: Context, falsify: Callable[[Context], None], fault: str
) -> None:
    _write(context, 5)
    _seal(context)
    falsify(context)
    found = _verify(context)
    assert not found.intact
    assert fault in found.fault


def test_rewriting_the_whole_chain_is_found_by_the_written_head(
    context: Context,
) -> None:
    """Who can write the database can compute all hashes anew; the head outside does not follow."""
    _write(context, 4)
    _seal(context)
    with context.database.writing() as session:
        for entry in session.scalars(select(AuditEntry)):
            entry.actor, entry.number, entry.hash = "person:innocent", None, None
        session.flush()
        audit.seal(session)
    found = _verify(context)
    assert not found.intact
    assert "is not the one whose head was written" in found.fault


def test_a_forged_head_is_found(context: Context) -> None:
    _write(context, 4)
    _seal(context)
    line = json.loads(_heads(context).read_text())
    _heads(context).write_text(
        json.dumps(line | {"at": "2026-01-01T00:00:00+00:00"}) + "\n"
    )
    assert "was not written by this service" in _verify(context).fault


def test_the_head_is_written_once_for_one_state(context: Context) -> None:
    _write(context, 1)
    _seal(context)
    _seal(context)
    assert len(_heads(context).read_text().splitlines()) == 1
