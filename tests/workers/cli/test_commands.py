"""The table of commands says what the modules bring, and the help needs none of them."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pkgutil import walk_packages

import pytest
import typer

import workers.cli
from workers import cli
from workers.cli.commands import COMMANDS, load_command

HEAVY = ("sqlalchemy", "pydantic", "structlog", "flask", "redis", "numpy")
IN_HELP = """
import sys
from workers.cli import run
assert run(["--help"]) == 0
print([name for name in {heavy!r} if name in sys.modules])
"""


def test_the_help_imports_nothing_heavy() -> None:
    run = subprocess.run(
        [sys.executable, "-c", IN_HELP.format(heavy=HEAVY)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert run.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("row", COMMANDS, ids=lambda row: row.name)
def test_a_row_says_what_its_command_says(
    row: cli.commands.CommandRow,
) -> None:
    command = load_command(row.name)
    first_paragraph = (command.help or "").split("\n\n")[0]
    assert row.summary == " ".join(first_paragraph.split())
    assert row.hidden == command.hidden


PREFIX = "workers.cli."


def test_every_command_of_every_module_has_a_row() -> None:
    brought: set[tuple[str, str]] = set()
    for module_info in walk_packages(workers.cli.__path__, PREFIX):
        module = import_module(module_info.name)
        if not hasattr(module, "register"):
            continue
        app = typer.Typer()
        module.register(app)
        names = typer.main.get_group(app).commands
        topic = module_info.name.removeprefix(PREFIX)
        brought |= {(name, topic) for name in names}
    assert brought == {(row.name, row.module) for row in COMMANDS}


def test_every_command_is_in_the_help_but_the_hidden_ones(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert cli.run(["--help"]) == 0
    shown = capsys.readouterr().out
    first_words = {
        words[1]
        for line in shown.splitlines()
        if len(words := line.split()) > 2
    }
    assert {row.name for row in COMMANDS if not row.hidden} <= first_words
    assert "sandbox" not in first_words


def test_a_misspelt_command_gets_a_proposal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.run(["hashlsit"]) == cli.BAD_USAGE
    assert "Did you mean 'hashlist'" in capsys.readouterr().err
