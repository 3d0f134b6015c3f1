"""``hotline key``: the key is printed once, works, and no longer works once it is revoked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from hotline.core.context import build_context
from hotline.core.settings import load_settings
from hotline.intake.api import keys
from workers import cli
from workers.migrations.run import stamp_newest
from workers.migrations.tables import metadata


@pytest.fixture(autouse=True)
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_DATA_DIR", str(tmp_path))
    context = build_context(load_settings())
    metadata.create_all(context.database.engine)
    stamp_newest(context.database)
    context.close()


def works(text: str, scope: str) -> bool:
    context = build_context(load_settings())
    try:
        keys.authenticate_sender(context, f"Bearer {text}", scope)
    except keys.Unauthorised:
        return False
    finally:
        context.close()
    return True


def test_a_key_s_life(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [
        "key",
        "add",
        "App",
        "--scope",
        "reports",
        "--scope",
        "bulk",
        "--quota",
        "7",
    ]
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


def test_a_key_is_shown_in_plain_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.run(["key", "add", "Helpline", "--scope", "reports"]) == 0
    said = capsys.readouterr().out.split()
    assert works(said[-1], "reports")


def test_a_webhook_s_secret_is_shown_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    url = "https://app.example/hook"
    arguments = [
        "key",
        "add",
        "App",
        "--scope",
        "reports",
        "--webhook",
        url,
        "--json",
    ]
    assert cli.run(arguments) == 0
    secret = json.loads(capsys.readouterr().out)["webhook_secret"]
    assert secret.startswith("whsec_")
    assert cli.run(["key", "list", "--json"]) == 0
    listed = capsys.readouterr().out
    assert json.loads(listed)["webhook"] == url and secret not in listed
    assert (
        cli.run(
            [
                *arguments[:2],
                "Two",
                *arguments[3:5],
                "--webhook",
                "http://app.example",
            ]
        )
        == 2
    )
    assert cli.run(["key", "list"]) == 0
    assert (
        "Two" not in capsys.readouterr().out
    )  # no key without the webhook that was asked for


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


@pytest.fixture
def receiver(
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A server on loopback: its address, and the messages that it took."""
    taken: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append(
                json.loads(
                    self.rfile.read(int(self.headers["Content-Length"]))
                )
            )
            self.send_response(204 if self.path == "/hook" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    monkeypatch.setenv("HOTLINE_FETCH_ALLOWED_NETWORKS", '["127.0.0.0/8"]')
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", taken
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_webhook_is_set_tried_changed_and_removed(
    receiver: tuple[str, list[dict[str, Any]]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    url, taken = receiver
    assert cli.run(["key", "add", "App", "--scope", "reports"]) == 0
    assert cli.run(["key", "webhook", "test", "App"]) == 1
    assert "has no webhook" in capsys.readouterr().err
    secrets = []
    for path in ("/wrong", "/hook"):
        assert (
            cli.run(["key", "webhook", "set", "App", url + path, "--json"])
            == 0
        )
        made = json.loads(capsys.readouterr().out)
        assert made["webhook"] == url + path
        secrets.append(made["webhook_secret"])
    assert secrets[0] != secrets[1]
    assert cli.run(["key", "webhook", "test", "App"]) == 0
    assert [(one["type"], one["data"]) for one in taken] == [("test", {})]
    assert cli.run(["key", "webhook", "set", "App", url + "/wrong"]) == 0
    assert "shown only now: whsec_" in capsys.readouterr().out
    assert cli.run(["key", "webhook", "test", "App"]) == 1
    assert "answered 404" in capsys.readouterr().err
    assert cli.run(["key", "webhook", "remove", "App"]) == 0
    assert cli.run(["key", "webhook", "remove", "App"]) == 1
    assert cli.run(["key", "webhook", "set", "Nobody", url]) == 1
    assert cli.run(["key", "webhook", "set", "App", "ftp://x.test"]) == 2
