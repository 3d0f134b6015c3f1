"""``hotline url`` as other tools call it."""

from __future__ import annotations

import json
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from workers.cli.cases import url

PUBLIC = {
    "input",
    "kind",
    "canonical",
    "key",
    "display",
    "platform",
    "content_id",
    "host",
    "registrable_domain",
    "problems",
}


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer()
    url.register(made)

    @made.command("other")
    def other() -> None:
        """A second command, so that the first one keeps its name."""

    return made


def rows(
    app: typer.Typer, *arguments: str, stdin: bytes | None = None
) -> list[dict[str, Any]]:
    outcome = CliRunner().invoke(
        app, ["url", "--json", *arguments], input=stdin
    )
    assert outcome.exit_code == 0, outcome.output
    return [json.loads(line) for line in outcome.stdout.splitlines()]


def test_each_argument_is_an_input(app: typer.Typer) -> None:
    found = rows(app, "hxxps://x[.]com[.]al/a", "youtu.be/dQw4w9WgXcQ")
    assert [row["key"] for row in found] == [
        "url://x.com.al/a",
        "url://www.youtube.com/watch?v=dQw4w9WgXcQ",
    ]
    assert [row["input"] for row in found] == [
        "hxxps://x[.]com[.]al/a",
        "youtu.be/dQw4w9WgXcQ",
    ]
    assert all(set(row) == PUBLIC for row in found)


def test_each_line_of_standard_input_is_an_input(app: typer.Typer) -> None:
    stdin = b"https://a.example/1\r\n\nnothing here\nhttps://b.example/\xff\nalice@example.com"
    found = rows(app, "first.example", "-", "last.example", stdin=stdin)
    assert [row["kind"] for row in found] == [
        "url",
        "url",
        "unknown",
        "unknown",
        "url",
        "email",
        "url",
    ]
    assert found[1]["input"] == "https://a.example/1"


def test_several_locations_of_one_input_are_a_line_each(
    app: typer.Typer,
) -> None:
    found = rows(app, "see https://a.example/1 and hxxp://b.example/2.")
    assert [row["canonical"] for row in found] == [
        "https://a.example/1",
        "http://b.example/2",
    ]


def test_what_looks_like_an_option_may_follow_two_hyphens(
    app: typer.Typer,
) -> None:
    assert (
        rows(app, "--", "--json", "https://a.example/")[0]["kind"] == "unknown"
    )


def test_a_password_is_not_repeated(app: typer.Typer) -> None:
    found = rows(app, "https://name:s3cret@a.example/")
    assert "s3cret" not in json.dumps(found)
    assert found[0]["problems"] == ["userinfo_removed"]


def test_national_numbers_are_understood_for_a_region(
    app: typer.Typer,
) -> None:
    assert (
        rows(app, "--region", "al", "069 212 3456")[0]["key"]
        == "phone:+355692123456"
    )


def test_people_get_readable_lines(app: typer.Typer) -> None:
    outcome = CliRunner().invoke(
        app, ["url", "hxxps://m.youtube.com/watch?v=dQw4w9WgXcQ"]
    )
    assert outcome.exit_code == 0
    assert (
        outcome.stdout.splitlines()[0]
        == "url       www.youtube.com/watch?v=dQw4w9WgXcQ"
    )
    assert "made unclickable" in outcome.stdout


def test_without_an_input_the_usage_is_shown(app: typer.Typer) -> None:
    assert CliRunner().invoke(app, ["url"]).exit_code == 2
    assert CliRunner().invoke(app, ["url", "--json"]).exit_code == 2


def test_hostile_bytes_do_not_end_the_run(app: typer.Typer) -> None:
    found = rows(
        app, "-", stdin=b"\x00\xed\xa0\x80\xff\n" + b"[" * 50_000 + b"\n"
    )
    assert [row["kind"] for row in found] == ["unknown", "unknown"]
    assert rows(app, "https://a.example/\udcff")[0]["kind"] == "url"
