"""The audit chain: every way of falsifying it is found, and said where."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from hotline.core.context import Context
from hotline.core.storage import audit, audit_heads
from hotline.core.storage.audit import AuditEntry

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


def _write(context: Context, count: int) -> None:
    with context.database.writing() as session:
        for number in range(count):
            audit.record_entry(
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
        sealed = audit.seal_entries(session)
    with context.database.reading() as session:
        audit.write_head(session, _heads(context), context.keyring, NOW)
    return sealed


def _heads(context: Context) -> Path:
    assert context.settings.audit_heads_file is not None
    return context.settings.audit_heads_file


def _verify(context: Context) -> audit.Verification:
    with context.database.reading() as session:
        return audit.verify_chain(session, _heads(context), context.keyring)


def test_an_empty_log_is_intact(context: Context) -> None:
    assert _verify(context) == audit.Verification(True, 0, 0)


def test_sealed_and_open_entries_are_told_apart(context: Context) -> None:
    _write(context, 3)
    assert _seal(context) == 3
    _write(context, 2)
    assert _verify(context) == audit.Verification(True, 3, 2, compared=1)
    assert _seal(context) == 2
    assert _seal(context) == 0
    assert _verify(context) == audit.Verification(True, 5, 0, compared=2)


def _edit(context: Context) -> None:
    with context.database.writing() as session:
        session.execute(
            update(AuditEntry)
            .where(AuditEntry.number == 3)
            .values(actor="person:b")
        )


def _edit_details(context: Context) -> None:
    with context.database.writing() as session:
        session.execute(
            update(AuditEntry)
            .where(AuditEntry.number == 3)
            .values(details={"n": 9})
        )


def _delete(context: Context) -> None:
    with context.database.writing() as session:
        session.execute(delete(AuditEntry).where(AuditEntry.number == 3))


def _reorder(context: Context) -> None:
    with context.database.writing() as session:
        for old, new in ((2, 99), (3, 2), (99, 3)):
            session.execute(
                update(AuditEntry)
                .where(AuditEntry.number == old)
                .values(number=new)
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
            entry.actor, entry.number, entry.hash = (
                "person:innocent",
                None,
                None,
            )
        session.flush()
        audit.seal_entries(session)
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


# the file of heads, on bad days


def lines(context: Context) -> list[bytes]:
    return _heads(context).read_bytes().splitlines(keepends=True)


def grow(context: Context, times: int = 3) -> None:
    for _ in range(times):
        _write(context, 2)
        _seal(context)


def test_a_torn_last_line_is_no_head_and_sealing_goes_on(
    context: Context,
) -> None:
    grow(context)
    whole = _heads(context).read_bytes()
    for length in (1, 20, len(lines(context)[-1]) - 1):
        torn = whole[: len(whole) - len(lines(context)[-1]) + length]
        _heads(context).write_bytes(torn)
        assert _verify(context).intact
        assert _verify(context).compared == 2
        _seal(context)
        assert _heads(context).read_bytes().count(b"\n") == 3
        assert _verify(context).compared == 3
        whole = _heads(context).read_bytes()


def test_a_process_killed_between_commit_and_head_leaves_an_intact_log(
    context: Context,
) -> None:
    grow(context)
    _write(context, 2)
    with context.database.writing() as session:
        audit.seal_entries(session)
    assert _verify(context) == audit.Verification(True, 8, 0, compared=3)
    _seal(context)
    assert _verify(context) == audit.Verification(True, 8, 0, compared=4)


def test_a_sealing_that_is_rolled_back_leaves_no_head(
    context: Context,
) -> None:
    grow(context)
    _write(context, 2)
    with (
        pytest.raises(RuntimeError, match="killed"),
        context.database.writing() as session,
    ):
        audit.seal_entries(session)
        raise RuntimeError("killed")
    with context.database.reading() as session:
        assert not audit.write_head(
            session, _heads(context), context.keyring, NOW
        )
    assert _verify(context) == audit.Verification(True, 6, 2, compared=3)


def test_an_emptied_file_of_heads_is_no_intact_log(context: Context) -> None:
    grow(context)
    for content in (b"", b"\n"):
        _heads(context).write_bytes(content)
        assert "nothing vouches" in _verify(context).fault
    _heads(context).unlink()
    assert "nothing vouches" in _verify(context).fault


@pytest.mark.parametrize("lost", [0, 1])
def test_a_line_that_is_missing_shows(context: Context, lost: int) -> None:
    grow(context)
    kept = lines(context)
    del kept[lost]
    _heads(context).write_bytes(b"".join(kept))
    assert "missing before" in _verify(context).fault or (
        "are missing" in _verify(context).fault
    )


def test_a_line_that_is_no_head_is_named(context: Context) -> None:
    grow(context)
    first, second, third = lines(context)
    _heads(context).write_bytes(first + b"{}\n" + third)
    assert "line 2 of" in _verify(context).fault
    _heads(context).write_bytes(first + second + b"[1]\n")
    with (
        pytest.raises(audit.ChainBroken),
        context.database.reading() as session,
    ):
        audit.write_head(session, _heads(context), context.keyring, NOW)


def test_a_full_disk_leaves_no_part_of_a_line(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    grow(context)
    before = _heads(context).read_bytes()
    _write(context, 1)
    real = os.write
    monkeypatch.setattr(os, "write", lambda file, data: real(file, data[:10]))
    with pytest.raises(OSError, match="a part of a line"):
        _seal(context)
    monkeypatch.undo()
    assert _heads(context).read_bytes() == before
    _seal(context)
    assert _verify(context).compared == 4


def test_only_the_end_of_the_file_is_read(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    grow(context)
    line = lines(context)[-1]
    _heads(context).write_bytes(line * 2_000)
    read = []
    real = os.pread
    monkeypatch.setattr(
        os, "pread", lambda *given: read.append(given[1]) or real(*given)
    )
    _write(context, 1)
    _seal(context)
    assert sum(read) <= 4 * audit_heads.LONGEST_LINE


def test_lines_of_before_they_were_counted_are_still_read(
    context: Context,
) -> None:
    _write(context, 2)
    with context.database.writing() as session:
        audit.seal_entries(session)
    with context.database.reading() as session:
        last = session.scalars(
            select(AuditEntry).where(AuditEntry.number == 2)
        ).one()
    old = {"number": 2, "hash": last.hash.hex(), "at": NOW.isoformat()}
    message = f"{old['number']}:{old['hash']}:{old['at']}".encode()
    old["mac"] = context.keyring.mac("audit", message).hex()
    _heads(context).write_text(json.dumps(old) + "\n")
    grow(context, 1)
    assert _verify(context) == audit.Verification(True, 4, 0, compared=2)


def restore_to(context: Context, number: int) -> None:
    """What a restore leaves: the rows of a moment before, and other work since."""
    with context.database.writing() as session:
        session.execute(delete(AuditEntry).where(AuditEntry.number > number))


def test_a_noted_restore_is_accepted_and_later_falsifying_found(
    context: Context,
) -> None:
    grow(context)
    restore_to(context, 4)
    assert "ends at 4, but 6" in _verify(context).fault
    _write(context, 1)
    with context.database.writing() as session:
        audit.seal_entries(session)
    note = audit.Restore(("drita", "teuta"), "disk lost", kept=4, lost=6)
    with context.database.reading() as session:
        audit.write_head(
            session, _heads(context), context.keyring, NOW, restore=note
        )
    assert _verify(context) == audit.Verification(True, 5, 0, compared=3)
    grow(context, 1)
    assert _verify(context).intact
    with context.database.writing() as session:
        session.execute(
            update(AuditEntry)
            .where(AuditEntry.number == 2)
            .values(actor="person:x")
        )
    assert "entry 2 was changed" in _verify(context).fault


def test_rows_cut_off_after_a_noted_restore_are_missed(
    context: Context,
) -> None:
    grow(context)
    restore_to(context, 4)
    _write(context, 1)
    with context.database.writing() as session:
        audit.seal_entries(session)
    note = audit.Restore(("drita", "teuta"), "disk lost", kept=4, lost=6)
    with context.database.reading() as session:
        audit.write_head(
            session, _heads(context), context.keyring, NOW, restore=note
        )
    grow(context, 1)
    restore_to(context, 4)
    assert "ends at 4, but 7" in _verify(context).fault
