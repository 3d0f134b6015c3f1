"""``hotline doctor`` as a command: its codes, its JSON, and wrong usage."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from workers import cli


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--only", "imap"], 0),
        (["--only", "placeholders"], 0),
        (["--only", "placeholders", "--strict"], 1),
        (["--only", "imap", "--strict"], 0),
        (["--only", "imap", "--only", "database"], 1),
    ],
)
def test_a_warning_fails_only_where_it_is_asked_to(
    arguments: list[str], code: int, capfd: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["doctor", *arguments]) == code
    assert "Traceback" not in capfd.readouterr().err


def test_json_is_one_object(capfd: pytest.CaptureFixture[str]) -> None:
    given = ["--only", "imap", "--only", "placeholders", "--json"]
    assert cli.run(["doctor", *given]) == 0
    (line,) = capfd.readouterr().out.splitlines()
    told = json.loads(line)
    assert told["state"] == "warning"
    names = [check["name"] for check in told["checks"]]
    assert names == ["imap", "placeholders"]
    assert told["checks"][0]["state"] == "ok"
    assert told["checks"][1]["remedy"]


def test_wrong_settings_are_a_finding_of_their_own(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOTLINE_PORT", "many")
    assert cli.run(["doctor", "--json"]) == 1
    told = json.loads(capfd.readouterr().out)
    (check,) = told["checks"]
    assert check["name"] == "settings" and "port" in check["words"]
    assert cli.run(["doctor"]) == 1
    assert "port" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--only", "nothing"], "There are: database"),
        (["--letter-to", "nobody"], "not an e-mail address"),
    ],
)
def test_wrong_usage_is_one_line(
    arguments: list[str], words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["doctor", *arguments]) == 2
    said = capfd.readouterr().err
    assert words in said and len(said.splitlines()) == 1
