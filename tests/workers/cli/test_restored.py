"""``hotline audit restored``: two persons note a restore, and the log is verified from there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
from argon2 import PasswordHasher
from sqlalchemy import delete, select

from hotline.accounts import service
from hotline.accounts.signing_in import passwords
from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.storage import audit
from hotline.core.storage.audit import AuditEntry
from workers import cli

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
NOTE = [
    "audit",
    "restored",
    "--why",
    "disk lost",
    "--by",
    "drita",
    "--with",
    "teuta",
]


@pytest.fixture
def context(
    make_context: Callable[..., Context], monkeypatch: pytest.MonkeyPatch
) -> Context:
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(1, 64, 1))
    made = make_context()
    # Where the commands look for it.
    monkeypatch.setenv("HOTLINE_DATA_DIR", str(made.settings.data_dir))
    return made


@pytest.fixture
def passwords_of(context: Context) -> dict[str, str]:
    known = {"drita": "orange kettle rain", "teuta": "purple ladder wind"}
    with context.database.writing() as session:
        for name, password in known.items():
            service.add_person(
                Act(session, context, actor="test", now=NOW),
                username=name,
                display_name=name,
                role="supervisor",
                password=password,
            )
    return known


def seal(context: Context, rows: int) -> None:
    with context.database.writing() as session:
        for number in range(rows):
            audit.record_entry(
                session,
                actor="x",
                action="case.seen",
                entity="case",
                entity_id=str(number),
                now=NOW,
            )
    with context.database.writing() as session:
        audit.seal_entries(session)
    path = context.settings.audit_heads_file
    assert path is not None
    with context.database.reading() as session:
        audit.write_head(session, path, context.keyring, NOW)


def lose_the_newest(context: Context, kept: int) -> None:
    with context.database.writing() as session:
        session.execute(delete(AuditEntry).where(AuditEntry.number > kept))


def answer(monkeypatch: pytest.MonkeyPatch, *typed: str) -> None:
    answers = iter(typed)
    monkeypatch.setattr(typer, "prompt", lambda *_, **__: next(answers))


def test_a_restore_is_noted_by_two_and_verified_from_there(
    context: Context,
    passwords_of: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    seal(context, 3)
    seal(context, 3)
    lose_the_newest(context, 5)
    assert cli.run(["audit", "verify"]) == 1
    assert "had been written" in capsys.readouterr().err
    answer(monkeypatch, passwords_of["drita"], passwords_of["teuta"])
    assert cli.run(NOTE) == 0
    assert cli.run(["audit", "verify"]) == 0
    assert "Intact" in capsys.readouterr().out
    with context.database.reading() as session:
        row = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "audit.restored")
        ).one()
    assert (row.actor, row.details["second"]) == (
        "person:drita",
        "person:teuta",
    )
    lose_the_newest(context, 5)
    assert cli.run(["audit", "verify"]) == 1


@pytest.mark.parametrize("wrong", [0, 1])
def test_a_wrong_password_notes_nothing(
    context: Context,
    passwords_of: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    wrong: int,
) -> None:
    typed = [passwords_of["drita"], passwords_of["teuta"]]
    typed[wrong] = "guessed"
    answer(monkeypatch, *typed)
    assert cli.run(NOTE) == 1
    assert "is not right" in capsys.readouterr().err
    with context.database.reading() as session:
        actions = session.scalars(select(AuditEntry.action)).all()
    assert "audit.restored" not in actions


def test_one_person_is_not_two(
    context: Context, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run([*NOTE[:-1], "drita"]) == 2
    assert "Two different people" in capsys.readouterr().err


def test_a_copy_from_another_machine_is_compared(
    context: Context, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seal(context, 3)
    seal(context, 3)
    path = context.settings.audit_heads_file
    assert path is not None
    copy = tmp_path / "copy.jsonl"
    copy.write_bytes(path.read_bytes())
    assert cli.run(["audit", "verify", "--heads", str(copy)]) == 0
    assert "compared with 2 heads of copy.jsonl" in capsys.readouterr().out
