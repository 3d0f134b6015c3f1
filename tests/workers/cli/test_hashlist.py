"""``hotline hashlist``: what it prints, stores and refuses."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from sqlalchemy import select

from hotline.accounts import service as accounts
from hotline.accounts.approvals.models import Approval
from hotline.core.act import Act
from hotline.core.context import build_context, utc_now
from hotline.core.settings import load_settings
from hotline.core.storage.audit import AuditEntry
from triage.hashlists.models import HashList
from triage.hashlists.owners import ncmec
from triage.hashlists.versions import Import
from workers import cli
from workers.cli.opening import operator_name
from workers.migrations.run import stamp_newest
from workers.migrations.tables import metadata

MD5 = "0123456789abcdef" * 2


@pytest.fixture(autouse=True)
def installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    monkeypatch.setenv("HOTLINE_DATA_DIR", str(tmp_path))
    context = build_context(load_settings())
    metadata.create_all(context.database.engine)
    stamp_newest(context.database)
    context.close()
    yield


@pytest.fixture
def imported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    file = tmp_path / "list.csv"
    file.write_text(f"md5,category\n{MD5},A1\nnonsense,A1\n")
    assert (
        cli.run(
            [
                "hashlist",
                "import",
                "one",
                str(file),
                "--source",
                "Police",
                "--json",
            ]
        )
        == 0
    )
    told = capsys.readouterr()
    assert json.loads(told.out) == {
        "list": "one",
        "format": "csv",
        "version": 1,
        "added": 1,
        "removed": 0,
        "rejected": 1,
    }
    assert "line 3" in told.err
    return file


def _stored() -> HashList:
    context = build_context(load_settings())
    try:
        with context.database.reading() as session:
            found = session.scalars(select(HashList)).one()
            session.expunge(found)
            return found
    finally:
        context.close()


def test_the_same_file_again_is_refused(
    imported: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["hashlist", "import", "one", str(imported)]) == 1
    assert "this very file" in capsys.readouterr().err


def test_versions_tell_what_came_and_went(
    imported: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    imported.write_text(f"md5\n{MD5[::-1]}\n")
    assert cli.run(["hashlist", "import", "one", str(imported), "--json"]) == 0
    assert cli.run(["hashlist", "rollback", "one", "1"]) == 0
    capsys.readouterr()
    assert cli.run(["hashlist", "versions", "one", "--json"]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [
        (row["version"], row["added"], row["removed"]) for row in told
    ] == [
        (3, 1, 1),
        (2, 1, 1),
        (1, 1, 0),
    ]


def test_the_difference_of_two_versions_is_whole_only_where_the_list_may_leave(
    imported: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    imported.write_text(f"md5\n{MD5[::-1]}\n")
    assert cli.run(["hashlist", "import", "one", str(imported)]) == 0
    capsys.readouterr()
    assert cli.run(["hashlist", "diff", "one", "1"]) == 0
    assert capsys.readouterr().out == "- md5 01234567… A1\n+ md5 fedcba98…\n"
    assert cli.run(["hashlist", "set", "one", "--exportable"]) == 0
    capsys.readouterr()
    assert cli.run(["hashlist", "diff", "one", "0", "1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {
        "change": "+",
        "kind": "md5",
        "value": MD5,
        "category": "A1",
    }
    assert cli.run(["hashlist", "diff", "one", "5"]) == 2
    assert "it has 1 to 2" in capsys.readouterr().err


@pytest.mark.usefixtures("imported")
def test_a_lists_own_properties() -> None:
    arguments = [
        "--map",
        "A1=national",
        "--pdq-threshold",
        "20",
        "--confidence",
        "0.5",
    ]
    assert cli.run(["hashlist", "set", "one", *arguments, "--exportable"]) == 0
    found = _stored()
    assert found.category_map == {"A1": "national"}
    assert (found.pdq_threshold, found.confidence, found.exportable) == (
        20,
        0.5,
        True,
    )
    assert found.source == "Police"


@pytest.mark.usefixtures("imported")
@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--pdq-threshold", "32", "--confidence", "2"], "confidence: 0 to 1"),
        (
            ["--confidence", "2", "--pdq-threshold", "32"],
            "pdq_threshold: 0 to 31",
        ),
        (["--map", "A1=worst"], "baseline"),
        (["--map", "A1"], "LABEL=CLASS"),
        ([], "Nothing to change"),
    ],
)
def test_properties_that_cannot_be(
    arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["hashlist", "set", "one", *arguments]) == 2
    assert reason in " ".join(capsys.readouterr().err.split())
    assert _stored().pdq_threshold == 31


def test_an_update_reads_its_credentials_from_files(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    seen: list[Any] = []

    def fetched(
        _: Any, name: str, sharing: ncmec.HashSharing, **given: Any
    ) -> ncmec.Update:
        seen.append((name, sharing._headers["Authorization"], given["whole"]))
        return ncmec.Update(
            Import(1, 5, 0, 0, ()), 5, 0, "2026-10-20T08:00:00Z"
        )

    monkeypatch.setattr(ncmec, "update_list", fetched)
    user, password = tmp_path / "user", tmp_path / "password"
    user.write_text("example\n")
    arguments = [
        "--user-file",
        str(user),
        "--password-file",
        str(password),
        "--json",
    ]
    command = [
        "hashlist",
        "update",
        "n",
        "--ncmec",
        "https://hashes.example",
        *arguments,
    ]
    assert cli.run(command) == 2, "there is no password"
    password.write_text("secret\n")
    capsys.readouterr()
    assert cli.run(command) == 0
    assert (
        json.loads(capsys.readouterr().out)["checkpoint"]
        == "2026-10-20T08:00:00Z"
    )
    ((name, auth, whole),) = seen
    assert (name, whole) == ("n", False)
    scheme, _, credentials = auth.partition(" ")
    assert scheme == "Basic"
    assert base64.b64decode(credentials) == b"example:secret"
    plain = [
        "http://hashes.example" if part.startswith("https:") else part
        for part in command
    ]
    assert cli.run(plain) == 2


def test_what_this_hotline_confirmed_is_exported_and_logged(
    capsysbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = {"drita": "orange kettle rain", "teuta": "purple ladder wind"}
    context = build_context(load_settings())
    with context.database.writing() as session:
        for name, password in words.items():
            accounts.add_person(
                Act(session, context, "test", utc_now()),
                username=name,
                display_name=name,
                role="supervisor",
                password=password,
            )
    context.close()
    monkeypatch.setattr(
        typer,
        "prompt",
        lambda question, **_: words[question.removeprefix("Password of ")],
    )
    own = ["hashlist", "own", "--format", "ndjson"]
    both = ["--by", "drita", "--with", "teuta", "--why", "For the hub"]
    assert cli.run(own) == 2
    assert cli.run([*own, "--by", "drita", "--with", "drita", "--why", "x"])
    assert cli.run([*own, *both[:4]]) == 2
    assert capsysbinary.readouterr().out == b""
    assert cli.run([*own, *both]) == 0
    first, last = capsysbinary.readouterr().out.splitlines()
    assert (json.loads(first)["format"], json.loads(last)) == (
        "hotline-hashes",
        {"entries": 0},
    )
    context = build_context(load_settings())
    with context.database.reading() as session:
        assert "hashlist.own_exported" in set(
            session.scalars(select(AuditEntry.action))
        )
        agreed = session.scalars(select(Approval)).one()
        assert (agreed.asked_by, agreed.granted_by, agreed.about) == (
            "person:drita",
            "person:teuta",
            "own",
        )
    context.close()
    assert cli.run(["hashlist", "own", "--format", "xml"]) == 2


def test_telling_the_police_by_itself_takes_two_on_the_console_and_is_stopped_here(
    imported: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def listed() -> str:
        assert cli.run(["hashlist", "list", "--json"]) == 0
        return str(json.loads(capsys.readouterr().out)["police"])

    assert listed() == "off"
    assert (
        cli.run(["hashlist", "police", "one"]) == 2
    )  # neither on nor off: nothing is guessed
    capsys.readouterr()
    assert cli.run(["hashlist", "police", "one", "--on"]) == 1
    assert "Two persons switch this on" in capsys.readouterr().err
    assert listed() == "off"
    context = build_context(load_settings())
    with context.database.writing() as session:
        session.scalars(select(HashList)).one().police_asked_by = "person:ana"
    context.close()
    # Whoever asked on the console may sit at the machine as well.
    assert cli.run(["hashlist", "police", "one", "--on"]) == 1
    capsys.readouterr()
    assert listed() == "asked"
    assert cli.run(["hashlist", "police", "one", "--off"]) == 0
    assert "by people only" in capsys.readouterr().out
    assert listed() == "off"
    assert cli.run(["hashlist", "police", "one", "--off"]) == 1


def test_where_one_person_is_enough_the_command_switches_it_on(
    imported: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HOTLINE_SECOND_PERSON", "false")
    assert cli.run(["hashlist", "police", "one", "--on"]) == 0
    told = capsys.readouterr()
    assert (
        "automatically from now on" in told.out
        and "nobody looks before" in told.err
    )
    assert _stored().police_since is not None


@pytest.mark.usefixtures("imported")
def test_what_was_looked_up_is_logged_although_a_later_line_cannot_be_read(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.run(["match", MD5, "no hash"]) == 2
    assert "one" in capsys.readouterr().out
    context = build_context(load_settings())
    try:
        with context.database.reading() as session:
            entry = session.scalars(
                select(AuditEntry).where(
                    AuditEntry.action == "hashlist.looked_up"
                )
            ).one()
            assert entry.details == {"hashes": 1}
            assert entry.actor == operator_name()
    finally:
        context.close()
