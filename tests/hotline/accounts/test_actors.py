"""Whoever acts beside people has a name in words, and no page shows the stored one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from hotline.accounts.staff.actors import ACTORS, name_actor
from hotline.core.storage.audit import PUBLIC, SYSTEM

HOUSE = Path(__file__).resolve().parents[3]
PACKAGES = ("hotline", "triage", "partners", "workers")
OF_NO_INSTALLATION = ("workers/bench", "workers/demo", "workers/migrations")


def sources(ending: str) -> Iterator[Path]:
    for package in PACKAGES:
        for path in (HOUSE / package).rglob(f"*{ending}"):
            name = path.relative_to(HOUSE).as_posix()
            if not name.startswith(OF_NO_INSTALLATION):
                yield path


def actors_in(tree: ast.AST) -> Iterator[str]:
    """Literals that stand where somebody acts, and the constants that are called ACTOR."""
    for node in ast.walk(tree):
        given: list[ast.expr] = []
        if isinstance(node, ast.Call):
            given += [
                keyword.value
                for keyword in node.keywords
                if keyword.arg == "actor"
            ]
            if getattr(node.func, "id", "") == "Act":
                given += node.args[2:3]
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


def test_a_person_is_called_by_the_user_name() -> None:
    assert name_actor("person:arta") == "arta"


def test_no_page_shows_the_stored_name() -> None:
    for path in sources(".html"):
        assert "replace('person:'" not in path.read_text("utf-8"), path
