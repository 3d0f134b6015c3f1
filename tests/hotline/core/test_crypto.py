"""Sealing: a value opens only where it was sealed, and not after its key was destroyed."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from sqlalchemy import select

from hotline.core.context import Context
from hotline.core.errors import Misconfigured
from hotline.core.storage.crypto import CannotOpen, RecordKey, Vault
from hotline.core.storage.ids import new_id
from hotline.core.storage.keys.key_files import KEY_NAMES
from hotline.core.storage.keys.keyring import Keyring
from tests.support.at_once import results_at_once


def test_a_sealed_value_opens_where_it_was_sealed_and_nowhere_else(
    context: Context,
) -> None:
    one, other = new_id(), new_id()
    with context.database.writing() as session:
        key = context.vault.new_record(session, one)
        context.vault.new_record(session, other)
    sealed = Vault.seal(key, "report.narrative", one, "words")
    assert b"words" not in sealed
    assert Vault.open(key, "report.narrative", one, sealed) == "words"
    with pytest.raises(CannotOpen):
        Vault.open(key, "report.contact", one, sealed)
    with pytest.raises(CannotOpen):
        Vault.open(key, "report.narrative", other, sealed)
    with context.database.reading() as session:
        assert context.vault.key_of(session, one) == key
        foreign = context.vault.key_of(session, other)
    assert foreign is not None
    with pytest.raises(CannotOpen):
        Vault.open(foreign, "report.narrative", one, sealed)


def test_two_seals_of_one_value_differ() -> None:
    key, record = bytes(32), new_id()
    assert Vault.seal(key, "a.b", record, "x") != Vault.seal(
        key, "a.b", record, "x"
    )


def test_erasing_destroys_the_key(context: Context) -> None:
    record = new_id()
    with context.database.writing() as session:
        context.vault.new_record(session, record)
    with context.database.writing() as session:
        assert Vault.erase(session, record)
        assert not Vault.erase(session, record)
    with context.database.reading() as session:
        assert context.vault.key_of(session, record) is None
        assert session.scalars(select(RecordKey)).all() == []


def test_another_master_key_says_so(context: Context, tmp_path: Path) -> None:
    record = new_id()
    with context.database.writing() as session:
        context.vault.new_record(session, record)
    stranger = Vault(Keyring(tmp_path / "other"))
    with (
        context.database.reading() as session,
        pytest.raises(CannotOpen, match="secrets directory"),
    ):
        stranger.key_of(session, record)


def test_key_files_are_private_and_stay_the_same(tmp_path: Path) -> None:
    first = Keyring(tmp_path / "keys")
    second = Keyring(tmp_path / "keys")
    for name in KEY_NAMES:
        path = tmp_path / "keys" / f"{name}.key"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert (
            first.bytes_of(name) == second.bytes_of(name) == path.read_bytes()
        )
    assert len({first.bytes_of(name) for name in KEY_NAMES}) == len(KEY_NAMES)
    assert sorted(p.name for p in (tmp_path / "keys").iterdir()) == sorted(
        f"{name}.key" for name in KEY_NAMES
    )


def test_a_damaged_key_file_is_refused_and_not_replaced(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "keys"
    Keyring(folder)
    (folder / "master.key").write_bytes(b"short")
    with pytest.raises(Misconfigured, match="5 bytes"):
        Keyring(folder)
    assert (folder / "master.key").read_bytes() == b"short"


def test_processes_that_start_at_once_get_the_same_keys(
    tmp_path: Path,
) -> None:
    def start() -> bytes:
        return Keyring(tmp_path / "keys").bytes_of("master")

    assert len(set(results_at_once(*[start] * 8))) == 1
