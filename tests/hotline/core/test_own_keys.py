"""A lost or swapped key of a database in use is refused; a new database makes its keys."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import delete, select
from sqlalchemy.exc import OperationalError

from hotline.core.context import Context, build_context
from hotline.core.errors import Misconfigured
from hotline.core.settings import load_settings
from hotline.core.storage.audit import AuditEntry
from hotline.core.storage.ids import new_id
from hotline.core.storage.keys.key_files import (
    KEY_BYTES,
    KEY_NAMES,
    path_of_key,
)
from hotline.core.storage.keys.keyring import Keyring
from hotline.core.storage.keys.own_keys import (
    LATER_KEYS,
    KeyFingerprint,
    fingerprint_of,
)
from workers import cli
from workers.cli.keeping.own_keys import CONSEQUENCES
from workers.cli.opening import open_house
from workers.house import require_own_database


@pytest.fixture
def used(context: Context) -> Context:
    """A house that was worked in once, with a sealed record."""
    with context.database.writing() as session:
        context.vault.new_record(session, new_id())
    open_house(context.settings).close()
    return context


def key_path(context: Context, name: str) -> Path:
    assert context.settings.secrets_dir is not None
    return path_of_key(context.settings.secrets_dir, name)


def fingerprints(context: Context) -> dict[str, str]:
    with context.database.reading() as session:
        rows = session.scalars(select(KeyFingerprint))
        return {row.name: row.fingerprint for row in rows}


def test_the_first_use_notes_each_key_and_a_second_changes_nothing(
    used: Context,
) -> None:
    first = fingerprints(used)
    assert set(first) == set(KEY_NAMES)
    assert len(set(first.values())) == len(KEY_NAMES)
    open_house(used.settings).close()
    assert fingerprints(used) == first


@pytest.mark.parametrize("name", KEY_NAMES)
def test_a_missing_key_is_refused_and_not_replaced(
    used: Context, name: str
) -> None:
    path = key_path(used, name)
    path.unlink()
    with pytest.raises(Misconfigured) as refused:
        build_context(used.settings)
    assert str(path) in str(refused.value)
    assert "copy of the keys" in str(refused.value)
    assert not path.exists()


@pytest.mark.parametrize("name", KEY_NAMES)
def test_another_key_is_refused(used: Context, name: str) -> None:
    path = key_path(used, name)
    right = path.read_bytes()
    path.write_bytes(secrets.token_bytes(KEY_BYTES))
    with pytest.raises(Misconfigured, match=f"Not the keys .* {name}"):
        open_house(used.settings)
    path.write_bytes(right)
    open_house(used.settings).close()


def forget_fingerprints(context: Context) -> None:
    """As in a database that was in use before there were any."""
    with context.database.writing() as session:
        session.execute(delete(KeyFingerprint))


@pytest.mark.parametrize("name", sorted(set(KEY_NAMES) - LATER_KEYS))
def test_an_older_database_is_not_given_new_keys(
    used: Context, name: str
) -> None:
    forget_fingerprints(used)
    key_path(used, name).unlink()
    with pytest.raises(Misconfigured, match=rf"{name}\.key"):
        build_context(used.settings)


def test_an_older_database_gets_the_keys_that_came_later(
    used: Context,
) -> None:
    forget_fingerprints(used)
    for name in LATER_KEYS:
        key_path(used, name).unlink()
    open_house(used.settings).close()
    assert set(fingerprints(used)) == set(KEY_NAMES)


def test_the_first_fingerprint_of_the_master_key_is_of_one_that_opens(
    used: Context,
) -> None:
    forget_fingerprints(used)
    key_path(used, "master").write_bytes(secrets.token_bytes(KEY_BYTES))
    with pytest.raises(Misconfigured, match="master"):
        open_house(used.settings)
    assert not fingerprints(used)


def test_no_key_is_made_while_the_database_does_not_answer(
    tmp_path: Path,
) -> None:
    settings = load_settings(
        data_dir=tmp_path / "var",
        database_url="postgresql://nobody@127.0.0.1:1/nothing",
    )
    with pytest.raises(OperationalError):
        build_context(settings)
    assert not (tmp_path / "var" / "secrets").exists()


def test_with_all_keys_in_place_the_database_is_not_waited_for(
    used: Context,
) -> None:
    away = used.settings.model_copy(
        update={
            "database_url": load_settings(
                database_url="postgresql://nobody@127.0.0.1:1/nothing"
            ).database_url
        }
    )
    with closing(build_context(away)) as context:
        for name in KEY_NAMES:
            assert context.keyring.bytes_of(name) == used.keyring.bytes_of(
                name
            )


def test_a_new_file_is_not_made_by_looking(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path / "var")
    context = build_context(settings)
    assert not (tmp_path / "var" / "hotline.db").exists()
    assert key_path(context, "master").exists()
    context.close()


def test_a_fingerprint_tells_nothing_of_the_key(tmp_path: Path) -> None:
    keyring = Keyring(tmp_path)
    for name in KEY_NAMES:
        assert keyring.bytes_of(name).hex() not in fingerprint_of(
            keyring, name
        )


@pytest.mark.parametrize("is_lost", [False, True])
@pytest.mark.parametrize("name", sorted(CONSEQUENCES))
def test_a_key_is_renewed_on_purpose_only(
    make_context: Callable[..., Context],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    is_lost: bool,
) -> None:
    context = make_context()
    monkeypatch.setenv("HOTLINE_DATA_DIR", str(context.settings.data_dir))
    require_own_database(context)
    path = key_path(context, name)
    before = path.read_bytes()
    if is_lost:
        path.unlink()
    assert cli.run(["db", "renew-key", name, "--yes"]) == 0
    assert path.read_bytes() != before
    kept = [file.read_bytes() for file in path.parent.glob("*.until-*")]
    assert kept == ([] if is_lost else [before])
    open_house(context.settings).close()
    with context.database.reading() as session:
        noted = select(AuditEntry.entity_id).where(
            AuditEntry.action == "key.renewed"
        )
        assert session.scalars(noted).all() == [name]


def test_the_master_key_is_never_renewed(
    make_context: Callable[..., Context],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    context = make_context()
    monkeypatch.setenv("HOTLINE_DATA_DIR", str(context.settings.data_dir))
    before = key_path(context, "master").read_bytes()
    assert cli.run(["db", "renew-key", "master", "--yes"]) == 2
    assert key_path(context, "master").read_bytes() == before
