"""``hotline key``: the key is printed once, works, and no longer works once it is revoked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hotline import cli
from hotline.core.context import build_context
from hotline.core.settings import load_settings
from hotline.intake import keys
from hotline.migrations.run import stamp
from hotline.migrations.tables import metadata


@pytest.fixture(autouse=True)
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_DATA_DIR", str(tmp_path))
    context = build_context(load_settings())
    metadata.create_all(context.database.engine)
    stamp(context.database)
    context.close()


def works(text: str, scope: str) -> bool:
    context = build_context(load_settings())
    try:
        with context.database.reading() as session:
            keys.authenticate(session, context, f"Bearer {text}", scope)
    except keys.Unauthorised:
        return False
    finally:
        context.close()
    return True


def test_a_key_s_life(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["key", "add", "App", "--scope", "reports", "--scope", "bulk", "--quota", "7"]
    assert cli.run([*arguments, "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["name"] == "App" and works(made["key"], "bulk")
    assert cli.run(["key", "list", "--json"]) == 0
    listed = capsys.readouterr().out
    shape = json.loads(listed)
    assert (shape["scopes"], shape["daily_quota"]) == (["reports", "bulk"], 7)
    assert made["key"] not in listed and shape["revoked_at"] is None
    assert cli.run(["key", "revoke", "App"]) == 0
    assert not works(made["key"], "bulk")
    capsys.readouterr()
    assert cli.run(["key", "list"]) == 0
    assert "revoked" in capsys.readouterr().out


def test_a_key_is_shown_in_plain_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["key", "add", "Helpline", "--scope", "reports"]) == 0
    said = capsys.readouterr().out.split()
    assert works(said[-1], "reports")


def test_a_webhook_s_secret_is_shown_once(capsys: pytest.CaptureFixture[str]) -> None:
    url = "https://app.example/hook"
    arguments = ["key", "add", "App", "--scope", "reports", "--webhook", url, "--json"]
    assert cli.run(arguments) == 0
    secret = json.loads(capsys.readouterr().out)["webhook_secret"]
    assert secret.startswith("whsec_")
    assert cli.run(["key", "list", "--json"]) == 0
    listed = capsys.readouterr().out
    assert json.loads(listed)["webhook"] == url and secret not in listed
    assert cli.run([*arguments[:2], "Two", *arguments[3:5], "--webhook", "http://app.example"]) == 2
    assert cli.run(["key", "list"]) == 0
    assert "Two" not in capsys.readouterr().out  # no key without the webhook that was asked for


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["key", "add", "App", "--scope", "everything"], 2),
        (["key", "add", "App"], 2),
        (["key", "add", "App", "--scope", "bulk", "--quota", "0"], 2),
        (["key", "add", "Taken", "--scope", "bulk"], 1),
        (["key", "revoke", "Nobody"], 1),
    ],
)
def test_what_cannot_be_done_is_one_line(
    arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["key", "add", "Taken", "--scope", "reports"]) == 0
    capsys.readouterr()
    assert cli.run(arguments) == code
    said = capsys.readouterr()
    assert said.out == "" and len(said.err.splitlines()) == 1
