"""Whatever a console or office page refuses is said in its reader's language: it is marked."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from hotline.core.language.languages import SHIPPED

ROOT = SHIPPED.parents[1]
REACHED = (
    "hotline/accounts",
    "triage/cases",
    "triage/console",
    "triage/items",
    "partners",
    "workers/statistics",
)
"""What pages call. Elsewhere errors go to the command line, to the log or to a machine's answer."""
ERRORS = {"InvalidInput", "Conflict", "NotFound", "Forbidden", "TooMany"}
UNMARKED = (ast.Constant, ast.JoinedStr, ast.BinOp)


def bare_sentences(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of each message or hint that is no ``phrase(...)``, nor a name for one."""
    for call in ast.walk(ast.parse(source)):
        if not isinstance(call, ast.Call):
            continue
        if not isinstance(call.func, ast.Name) or call.func.id not in ERRORS:
            continue
        hints = [word.value for word in call.keywords if word.arg == "hint"]
        for said in [*call.args[:1], *hints]:
            if isinstance(said, UNMARKED) and ast.unparse(said) != "''":
                yield said.lineno, ast.unparse(said)


def test_every_error_of_a_page_is_marked_for_translation() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line} {said}"
        for folder in REACHED
        for path in sorted((ROOT / folder).rglob("*.py"))
        for line, said in bare_sentences(path.read_text("utf-8"))
    ]
    assert found == []


def test_a_bare_sentence_would_be_found() -> None:
    source = (
        "raise Conflict('Not now.', hint='Try later.')\n"
        "raise NotFound(f'There is no {thing}.')\n"
        "raise InvalidInput(phrase('Say why.'), hint=phrase('Write it.'))\n"
    )
    assert [line for line, _ in bare_sentences(source)] == [1, 1, 2]
