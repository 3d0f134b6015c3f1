"""Whoever acts beside people has a name in words, and no page shows the stored one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from hotline.accounts.staff.actors import ACTORS, name_actor
from hotline.accounts.staff.staff_codes import NameHider
from hotline.core.storage.audit import PUBLIC, SYSTEM
from workers.cli.opening import operator_name

HOUSE = Path(__file__).resolve().parents[3]
PACKAGES = ("hotline", "triage", "partners", "workers")
OF_NO_INSTALLATION = ("workers/bench", "workers/demo", "workers/migrations")


def sources(ending: str) -> Iterator[Path]:
    for package in PACKAGES:
        for path in (HOUSE / package).rglob(f"*{ending}"):
            name = path.relative_to(HOUSE).as_posix()
            if not name.startswith(OF_NO_INSTALLATION):
                yield path


def given_as_actor(node: ast.AST) -> list[ast.expr]:
    """What stands where a call says who acts."""
    if not isinstance(node, ast.Call):
        return []
    by_name = [
        keyword.value for keyword in node.keywords if keyword.arg == "actor"
    ]
    is_act = getattr(node.func, "id", "") == "Act"
    return [*by_name, *node.args[2:3]] if is_act else by_name


def actors_in(tree: ast.AST) -> Iterator[str]:
    """Literals that stand where somebody acts, and the constants that are called ACTOR."""
    for node in ast.walk(tree):
        given = given_as_actor(node)
        if isinstance(node, ast.Assign) and any(
            getattr(target, "id", "") == "ACTOR" for target in node.targets
        ):
            given.append(node.value)
        for value in given:
            if isinstance(value, ast.Constant) and value.value:
                yield str(value.value)


def test_whoever_acts_by_itself_has_a_name_in_words() -> None:
    acting = {
        actor
        for path in sources(".py")
        for actor in actors_in(ast.parse(path.read_text("utf-8")))
    }
    assert acting - {SYSTEM, PUBLIC}
    assert acting <= ACTORS.keys()


COMMANDS = "workers/cli"
OF_ITSELF = {"seed_directory(", "accounts.add_person("}
"""What a command does in the name of the service: what a version brings, and the first account."""


def test_a_command_names_who_sits_at_the_machine() -> None:
    """By the one helper, or by the act or the people that it was given."""
    for path in (HOUSE / COMMANDS).rglob("*.py"):
        text = path.read_text("utf-8")
        for node in ast.walk(ast.parse(text)):
            for value in given_as_actor(node):
                written = ast.get_source_segment(text, value) or ""
                line = text.splitlines()[value.lineno - 2 : value.lineno]
                if any(name in "".join(line) for name in OF_ITSELF):
                    continue
                assert written.endswith(("operator_name()", "act.actor")), (
                    f"{path}:{value.lineno}"
                )


def test_whoever_sits_at_the_machine_is_named_with_the_account(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "arta")
    assert operator_name() == "cli:arta"
    assert name_actor("cli:arta") == "the command line (arta)"
    assert name_actor("cli") == "the command line"


def test_a_machine_without_names_of_accounts_has_the_command_line_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail() -> str:
        raise KeyError("getpwuid(): uid not found: 4711")

    monkeypatch.setattr("getpass.getuser", fail)
    assert operator_name() == "cli"


def test_no_account_of_a_machine_leaves_the_house() -> None:
    hider = NameHider({"arta": "K7QX"})
    assert hider.hide("cli:arta.k told cli:root; arta") == "cli told cli; K7QX"


def test_a_person_is_called_by_the_user_name() -> None:
    assert name_actor("person:arta") == "arta"


def test_no_page_shows_the_stored_name() -> None:
    for path in sources(".html"):
        assert "replace('person:'" not in path.read_text("utf-8"), path
