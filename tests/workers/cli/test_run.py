"""The command line as a whole: codes, one line an error, never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from workers import cli
from workers.bench.serving import postgres


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.chdir(tmp_path)


def _said(capfd: pytest.CaptureFixture[str]) -> str:
    captured = capfd.readouterr()
    assert "Traceback" not in captured.err + captured.out
    return captured.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["no-such-command"], "No such command"),
        (["url"], "Missing argument"),
        (["stats", "--no-such-option"], "No such option"),
        (["hash", "/no/such/file"], "/no/such/file"),
        (["match", "zz"], "There is no database at"),
        (["inspect", "no location at all"], "no location"),
        (
            ["hashlist", "import", "list", "/no/such/file"],
            "There is no database at",
        ),
        (["bench", "match", "--size", "3"], "--size"),
    ],
)
def test_wrong_input_is_one_line(
    arguments: list[str], words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(arguments) in (1, 2)
    said = _said(capfd)
    assert words in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("arguments", [["audit"], ["hashlist"], ["user"]])
def test_a_group_alone_shows_what_could_follow(
    arguments: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(arguments) == 2
    captured = capfd.readouterr()
    assert "Commands" in captured.out
    assert captured.err.strip() == ""


@pytest.mark.parametrize(
    "arguments",
    [["stats"], ["audit", "verify"], ["user", "list"], ["retention", "run"]],
)
def test_without_a_schema_it_says_what_to_do(
    arguments: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(arguments) == 1
    assert "hotline db upgrade" in _said(capfd)
    assert cli.run(["db", "upgrade"]) == 0
    assert cli.run(arguments) == 0


def test_a_database_that_does_not_answer_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOTLINE_DATABASE_URL", "postgresql://127.0.0.1:1/none")
    assert cli.run(["stats"]) == 1
    assert "HOTLINE_DATABASE_URL" in _said(capfd)


@pytest.mark.parametrize("command", ["stats", "up"])
@pytest.mark.parametrize(
    "damage", ["no database at all", "all but its first page"]
)
def test_a_damaged_file_says_what_to_do(
    command: str,
    damage: str,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "var" / "hotline.db"
    assert cli.run(["db", "upgrade"]) == 0
    content = bytearray(file.read_bytes())
    start = 0 if damage == "no database at all" else 4096
    content[start:] = b"x" * (len(content) - start)
    file.write_bytes(content)
    for beside in file.parent.glob("hotline.db-*"):
        beside.unlink()
    assert cli.run([command]) == 1
    said = _said(capfd)
    assert "damaged" in said and "newest backup" in said


def test_a_fault_of_ours_says_where_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("what-somebody-reported")

    monkeypatch.setattr("workers.statistics.closing.read_figures", broken)
    cli.run(["db", "upgrade"])
    capfd.readouterr()
    assert cli.run(["stats"]) == 1
    said = _said(capfd)
    assert "KeyError at " in said
    assert "what-somebody-reported" not in said


@pytest.mark.parametrize(
    "what", ["figures", "queue", "storage", "migrations", "watch"]
)
def test_a_bench_without_a_server_says_what_is_missing(
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    what: str,
) -> None:
    """Where only what runs the service is installed, as after ``make run``."""
    monkeypatch.setattr(postgres, "PACKAGE", "no_such_package")
    assert cli.run(["bench", what]) == 2
    said = _said(capfd)
    assert "No server of PostgreSQL is named" in said
    assert "make setup-dev" in said
