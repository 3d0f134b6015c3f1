"""`hotline machines`: who lives, who is silent, and how one that was taken away is forgotten."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from hotline.core.context import Context, utc_now
from hotline.core.storage.servers.presence import note_alive
from workers import cli


@pytest.fixture
def run(
    make_context: Callable[..., Context],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., str]:
    context = make_context()
    data_dir = str(context.settings.data_dir)
    monkeypatch.setenv("HOTLINE_DATA_DIR", data_dir)
    with context.database.writing() as session:
        note_alive(session, "one", utc_now())
        note_alive(session, "two", utc_now() - timedelta(minutes=5))

    def call(*words: str, code: int = 0) -> str:
        assert cli.run(["machines", *words]) == code
        return capsys.readouterr().out

    return call


def test_silent_machines_are_listed_as_such_and_can_be_forgotten(
    run: Callable[..., str],
) -> None:
    rows = [json.loads(line) for line in run("list", "--json").splitlines()]
    assert {row["name"]: row["state"] for row in rows} == {
        "one": "alive",
        "two": "silent",
    }
    assert "silent" in run("list")
    assert "two is forgotten" in run("forget", "two")
    assert "two" not in run("list")


def test_a_machine_that_nobody_knows_cannot_be_forgotten(
    run: Callable[..., str],
) -> None:
    run("forget", "three", code=1)
