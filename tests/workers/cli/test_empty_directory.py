"""A command in a directory without a database says so, and leaves nothing behind."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.core import TyperGroup

from workers import cli
from workers.cli.commands import load_all_commands

BEGINS_ONE = ("up", "demo", "sandbox", "setup", "db upgrade", "backup restore")
"""They make an installation, or one of their own."""
NEEDS_NONE = (
    "url",
    "hash",
    "route",
    "doctor",
    "config check",
    "metrics",
    "backup list",
    "backup verify",
    "backup new-identity",
)
ANSWERED_BY_TWO = "--why w --by drita --with teuta"
NEEDS_ONE = (
    "web",
    "worker",
    "scheduler",
    "match {md5}",
    "rules replay --data {rules} --since 2026-01-01",
    "inspect https://a.example/",
    "stats",
    "evidence --period 2026-10",
    "case list",
    "case show AL-1",
    "referral show AL-1",
    "db downgrade 0040",
    "db renew-key links",
    "user add drita --role supervisor",
    "user invite drita",
    "user reset-factors drita",
    "user list",
    "user disable drita",
    "user enable drita",
    "user password drita",
    "user role drita analyst",
    "duty now",
    "duty test drita",
    "key add app --scope reports",
    "key list",
    "key revoke app",
    "key webhook set app https://a.example/",
    "key webhook remove app",
    "key webhook test app",
    "keys list",
    "keys rotate links",
    "keys retire links --yes",
    "backup create",
    "hashlist import police {file}",
    "hashlist update police --ncmec https://a.example/v2 --user-file {file} "
    "--password-file {file}",
    "hashlist list",
    "hashlist versions police",
    "hashlist diff police 1",
    "hashlist set police --source s",
    "hashlist police police --off",
    "hashlist export police",
    "hashlist own",
    "hashlist rollback police 1",
    "hashlist enable police",
    "hashlist disable police",
    "machines list",
    "machines forget web-1",
    "import ncmec {file}",
    "import arf {file}",
    "import xarf {file}",
    f"audit restored {ANSWERED_BY_TWO}",
    "audit verify",
    "retention run",
    "retention plan",
    f"person find a@b.example {ANSWERED_BY_TWO}",
    f"person export a@b.example {ANSWERED_BY_TWO}",
    f"person erase a@b.example {ANSWERED_BY_TWO}",
    # What would be done is said before there is anything to do it to.
    "db upgrade --plan",
)


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "data"
    monkeypatch.setenv("HOTLINE_DATA_DIR", str(directory))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"y\n")))
    return directory


@pytest.mark.parametrize("line", NEEDS_ONE)
def test_nothing_is_made_where_there_is_no_database(
    line: str,
    directory: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "given.txt"
    file.write_text("given\n")
    rules = tmp_path / "rules"
    (rules / "data").mkdir(parents=True)
    words = line.format(md5="0" * 32, rules=rules, file=file).split()
    assert cli.run(words) == 1
    said = capsys.readouterr().err
    assert f"There is no database at {directory / 'hotline.db'}" in said
    assert "`hotline up` makes one" in said
    assert not directory.exists()


def test_every_command_is_thought_of() -> None:
    ways = (*BEGINS_ONE, *NEEDS_NONE, *NEEDS_ONE)
    for name in list_commands(load_all_commands()):
        # Benches make installations of their own, and drop them.
        if not name.startswith("bench "):
            assert any(f"{way} ".startswith(f"{name} ") for way in ways), name


def list_commands(group: TyperGroup, above: str = "") -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from list_commands(command, f"{above}{name} ")
        else:
            yield f"{above}{name}"
