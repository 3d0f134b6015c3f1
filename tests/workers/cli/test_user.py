"""``hotline user``: what it prints, stores and refuses."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from hotline.accounts.models import Person
from hotline.accounts.signing_in import passwords
from hotline.core.context import build_context
from hotline.core.settings import load_settings
from workers import cli
from workers.migrations.run import stamp_newest
from workers.migrations.tables import metadata


@pytest.fixture(autouse=True)
def installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    monkeypatch.setenv("HOTLINE_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(1, 64, 1))
    context = build_context(load_settings())
    metadata.create_all(context.database.engine)
    stamp_newest(context.database)
    context.close()
    yield


def stored(username: str) -> Person:
    context = build_context(load_settings())
    try:
        with context.database.reading() as session:
            person = session.scalars(
                select(Person).where(Person.username == username)
            ).one()
            session.expunge(person)
            return person
    finally:
        context.close()


def test_add_prints_the_password_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = [
        "user",
        "add",
        "ana",
        "--role",
        "analyst",
        "--name",
        "Ana Test",
        "--json",
    ]
    assert cli.run(arguments) == 0
    shape = json.loads(capsys.readouterr().out)
    assert (shape["username"], shape["role"], shape["name"]) == (
        "ana",
        "analyst",
        "Ana Test",
    )
    assert passwords.password_matches(
        stored("ana").password_hash, shape["password"]
    )
    assert cli.run(["user", "list", "--json"]) == 0
    listed = capsys.readouterr().out
    assert (
        shape["password"] not in listed
        and json.loads(listed)["disabled_at"] is None
    )


def test_password_from_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("from the vault of ours\n"))
    assert (
        cli.run(["user", "add", "ana", "--role", "senior", "--password-stdin"])
        == 0
    )
    assert "vault" not in capsys.readouterr().out
    assert passwords.password_matches(
        stored("ana").password_hash, "from the vault of ours"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["user", "add", "ana", "--role", "king"],
        ["user", "add", "A n a", "--role", "analyst"],
        ["user", "add", "taken", "--role", "analyst"],
    ],
)
def test_bad_input_is_one_line_and_code_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["user", "add", "taken", "--role", "analyst"]) == 0
    capsys.readouterr()
    assert cli.run(arguments) == 2
    said = capsys.readouterr()
    assert said.out == "" and len(said.err.splitlines()) == 1


def test_disable(capsys: pytest.CaptureFixture[str]) -> None:
    cli.run(["user", "add", "ana", "--role", "analyst"])
    assert cli.run(["user", "disable", "ana"]) == 0
    assert stored("ana").disabled_at is not None
    capsys.readouterr()
    assert cli.run(["user", "list"]) == 0
    assert "disabled" in capsys.readouterr().out
    assert cli.run(["user", "disable", "nobody"]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_what_the_console_asks_two_for_is_done_at_the_machine(
    capsys: pytest.CaptureFixture[str],
) -> None:
    cli.run(["user", "add", "ana", "--role", "analyst"])
    before = stored("ana").password_hash
    for arguments in (
        ["disable", "ana"],
        ["enable", "ana"],
        ["role", "ana", "senior"],
        ["password", "ana"],
    ):
        assert cli.run(["user", *arguments]) == 0
    ana = stored("ana")
    assert (ana.disabled_at, ana.role) == (None, "senior")
    assert ana.password_hash != before
    printed = capsys.readouterr().out.split()[-1]
    assert passwords.password_matches(ana.password_hash, printed)
    assert cli.run(["user", "role", "ana", "queen"]) == 2
