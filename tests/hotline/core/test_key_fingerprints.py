"""A lost or swapped key of a database in use is refused; a new database makes its keys."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from hotline.core.context import Context, build_context, utc_now
from hotline.core.errors import Misconfigured, Unavailable
from hotline.core.storage.crypto import KEY_BYTES, KEY_NAMES, Keyring
from hotline.core.storage.database import Database
from hotline.core.storage.ids import new_id
from hotline.core.storage.key_fingerprints import (
    KeyFingerprint,
    fingerprint_of,
    open_keyring,
)


def _key_path(context: Context, name: str) -> Path:
    assert context.settings.secrets_dir is not None
    return context.settings.secrets_dir / f"{name}.key"


@pytest.fixture
def used(context: Context) -> Context:
    """A house that was opened once after its tables were made."""
    build_context(context.settings).close()
    return context


def test_the_first_use_notes_each_key_and_a_second_changes_nothing(
    used: Context,
) -> None:
    def noted() -> dict[str, str]:
        with used.database.reading() as session:
            rows = session.scalars(select(KeyFingerprint))
            return {row.name: row.fingerprint for row in rows}

    first = noted()
    assert set(first) == set(KEY_NAMES)
    assert len(set(first.values())) == len(KEY_NAMES)
    build_context(used.settings).close()
    assert noted() == first


@pytest.mark.parametrize("name", KEY_NAMES)
def test_a_missing_key_is_refused_and_not_replaced(used: Context, name: str) -> None:
    path = _key_path(used, name)
    path.unlink()
    with pytest.raises(Misconfigured) as refused:
        build_context(used.settings)
    assert str(path) in str(refused.value)
    assert "copy of the keys" in str(refused.value)
    assert not path.exists()


@pytest.mark.parametrize("name", KEY_NAMES)
def test_another_key_is_refused(used: Context, name: str) -> None:
    path = _key_path(used, name)
    right = path.read_bytes()
    path.write_bytes(secrets.token_bytes(KEY_BYTES))
    with pytest.raises(Misconfigured, match="Not the key"):
        build_context(used.settings)
    path.write_bytes(right)
    build_context(used.settings).close()


def test_a_database_older_than_fingerprints_is_not_given_new_keys(
    used: Context,
) -> None:
    with used.database.writing() as session:
        session.execute(delete(KeyFingerprint))
        used.vault.new_record(session, new_id())
    _key_path(used, "master").unlink()
    with pytest.raises(Misconfigured, match=r"master\.key"):
        build_context(used.settings)


def test_no_key_is_made_while_the_database_does_not_answer(tmp_path: Path) -> None:
    file = tmp_path / "broken.sqlite"
    file.write_bytes(b"this is no database" * 100)
    database = Database(f"sqlite:///{file}")
    keys = tmp_path / "keys"
    with pytest.raises(Unavailable, match=r"master\.key"):
        open_keyring(keys, database, now=utc_now())
    assert not keys.exists()


def test_a_fingerprint_tells_nothing_of_the_key(tmp_path: Path) -> None:
    keyring = Keyring(tmp_path)
    for name in KEY_NAMES:
        assert keyring.bytes_of(name).hex() not in fingerprint_of(keyring, name)
