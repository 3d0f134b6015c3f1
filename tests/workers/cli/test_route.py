"""``hotline route``: one answer on stdout, or one line on stderr and exit code 2."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from hotline.core.errors import InvalidInput
from workers.cli.cases import route


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    app.callback()(lambda: None)
    route.register(app)
    return app


def facts_file(directory: Path, facts: Any) -> str:
    path = directory / "facts.json"
    path.write_text(
        facts if isinstance(facts, str) else json.dumps(facts),
        encoding="utf-8",
    )
    return str(path)


def run(app: typer.Typer, *arguments: str, stdin: str | None = None) -> Any:
    return CliRunner().invoke(app, ["route", *arguments], input=stdin)


def test_json_is_one_object_a_line(app: typer.Typer, tmp_path: Path) -> None:
    name = facts_file(
        tmp_path,
        {"home": "AL", "hosting_country": "AL", "assessment": "baseline"},
    )
    outcome = run(app, "--json", name)
    assert outcome.exit_code == 0
    assert outcome.stdout.count("\n") == 1
    answer = json.loads(outcome.stdout)
    assert list(answer) == ["jurisdiction", "routes", "priority"]
    assert "police" in {one["to"] for one in answer["routes"]}


def test_standard_input_and_a_home_for_facts_without_one(
    app: typer.Typer,
) -> None:
    outcome = run(
        app, "--json", "--home", "RS", "-", stdin='{"hosting_country": "RS"}'
    )
    assert {
        ground["country"]
        for ground in json.loads(outcome.stdout)["jurisdiction"]
    } == {"RS"}


def test_the_facts_own_home_goes_first(app: typer.Typer) -> None:
    outcome = run(app, "--json", "--home", "RS", "-", stdin='{"home": "MK"}')
    assert {
        ground["country"]
        for ground in json.loads(outcome.stdout)["jurisdiction"]
    } == {"MK"}


def test_people_read_a_table_in_their_language(
    app: typer.Typer, tmp_path: Path
) -> None:
    name = facts_file(
        tmp_path, {"home": "AL", "victim": {"at_immediate_risk": True}}
    )
    outcome = run(app, "--language", "sq", name)
    assert outcome.exit_code == 0
    assert "emergency" in outcome.stdout and "112" in outcome.stdout
    assert "Priority 520" in outcome.stdout


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ("{", "not JSON.*line 1"),
        ("[]", "one JSON object"),
        ('{"hoem": "AL"}', "/hoem: unknown field"),
        ('{"victim": {"residence": "nowhere"}}', "/victim/residence"),
        ('{"home": "AL", "home": "RS"}', "/home: appears twice"),
        ('{"kind": "\\ud800"}', "."),
        ("[" * 100_000, "not JSON"),
        (" " * 1_000_001, "larger than"),
    ],
)
def test_bad_facts_are_one_error_that_says_where(
    app: typer.Typer, tmp_path: Path, facts: str, told: str
) -> None:
    outcome = run(app, facts_file(tmp_path, facts))
    assert isinstance(outcome.exception, InvalidInput)
    assert __import__("re").search(told, str(outcome.exception))
    assert outcome.stdout == ""


@pytest.mark.parametrize("name", ["no/such/file.json", ".", "a\0b"])
def test_a_file_that_cannot_be_read_is_bad_input(
    app: typer.Typer, name: str
) -> None:
    assert isinstance(run(app, name).exception, InvalidInput)


def test_bytes_that_are_not_utf8_are_bad_input(
    app: typer.Typer, tmp_path: Path
) -> None:
    path = tmp_path / "facts.json"
    path.write_bytes(b'{"platform": "\xff"}')
    assert isinstance(run(app, str(path)).exception, InvalidInput)


def test_another_language_is_bad_input(app: typer.Typer) -> None:
    outcome = run(app, "--language", "fr", "-", stdin="{}")
    assert isinstance(outcome.exception, InvalidInput)
