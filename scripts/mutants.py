"""Do the tests notice a mistake? ``make mutants`` makes small ones and counts which are caught.

Each mutant is one module of the service with one mistake in it: a comparison, a boolean word, a
constant, an arithmetic sign or a returned value is replaced. The tests that mirror the module's
package run against it; a mutant that makes them fail, or run far too long, is killed. One that
survives shows a line that no test holds to anything, or a change that makes no difference.

Work happens in a temporary copy, so an interrupted run leaves no mistake behind. Which mutants are
tried depends on the seed alone; how many of them, on the time allowed.

    scripts/mutants.py                                  all pure packages
    scripts/mutants.py triage/priority --per-module 40  one of them, looked at more closely
    scripts/mutants.py partners/directory/territory.py --tests tests/partners/directory
                                                        one module, by the tests about it
    scripts/mutants.py --json                           for machines
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).resolve().parent.parent
PURE_PACKAGES = (
    "triage/locations",
    "triage/matching",
    "triage/jurisdiction",
    "triage/priority",
    "triage/availability",
)
NOT_COPIED = (
    ".git",
    ".venv",
    "build",
    "node_modules",
    ".*_cache",
    "__pycache__",
)
GOAL = 0.85
PYTEST_OPTIONS = ("-q", "-x", "-p", "no:cacheprovider")
LIBRARIES = ("flask", "numpy", "pydantic", "sqlalchemy")
ALL_PASSED = 0
NOTICED = (1, 2, 4)
"""How pytest ends where a test failed, or where a test file or a conftest.py could not be loaded
because the mistake broke an import."""

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitXor,
    ast.BitXor: ast.BitOr,
}


@dataclass(frozen=True)
class Mutant:
    """One module with one mistake."""

    module: str
    line: int
    before: str
    after: str
    source: str


@dataclass
class Score:
    """How the mutants of one module fared."""

    module: str
    killed: int = 0
    survivors: list[str] = field(default_factory=list)

    @property
    def tried(self) -> int:
        return self.killed + len(self.survivors)


class Mutator(ast.NodeVisitor):
    """Collects pairs of a node and what could stand in its place.

    Annotations and docstrings are passed over, since no test can notice a change in them.
    """

    def __init__(self) -> None:
        self.replacements: list[tuple[ast.AST, ast.AST]] = []

    def replace(self, node: ast.AST, **changes: object) -> None:
        replacement = copy.copy(node)
        for name, value in changes.items():
            setattr(replacement, name, value)
        self.replacements.append((node, replacement))

    def visit_Compare(self, node: ast.Compare) -> None:
        opposite = COMPARISONS[type(node.ops[0])]
        self.replace(node, ops=[opposite(), *node.ops[1:]])
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        self.replace(
            node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And()
        )
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not):
            self.replacements.append((node, node.operand))
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if type(node.op) in ARITHMETIC:
            self.replace(node, op=ARITHMETIC[type(node.op)]())
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, bool):
            self.replace(node, value=not node.value)
        elif isinstance(node.value, int | float):
            self.replace(node, value=node.value + 1)
        elif isinstance(node.value, str) and node.value:
            self.replace(node, value=node.value + "?")

    def visit_Return(self, node: ast.Return) -> None:
        returns_none = (
            isinstance(node.value, ast.Constant) and node.value.value is None
        )
        if node.value is not None and not returns_none:
            self.replace(node, value=ast.Constant(None))
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):
            self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_arg(self, node: ast.arg) -> None:
        """An argument holds nothing but its name and its annotation."""

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """Without its decorators: ``frozen`` and ``slots`` bind who writes code, and no test."""
        for part in (*node.bases, *node.keywords, *node.body):
            self.visit(part)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for part in (*node.decorator_list, node.args, *node.body):
            self.visit(part)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """The pieces of an f-string are mostly messages; what they say is not tested here."""


class Substitution(ast.NodeTransformer):
    """Puts ``replacement`` where ``target`` stands."""

    def __init__(self, target: ast.AST, replacement: ast.AST) -> None:
        self.target = target
        self.replacement = replacement

    def visit(self, node: ast.AST) -> ast.AST:
        if node is self.target:
            return self.replacement
        self.generic_visit(node)
        return node


def make_mutants(
    module: str, text: str, count: int, seed: int
) -> Iterator[Mutant]:
    """At most ``count`` mutants of ``text``, drawn by ``seed`` and the module's name."""
    mutator = Mutator()
    mutator.visit(ast.parse(text))
    total = len(mutator.replacements)
    draw = random.Random(f"{seed} {module}")
    for index in draw.sample(range(total), min(count, total)):
        # A tree of its own for each mutant, because a substitution changes the tree.
        tree = ast.parse(text)
        mutator = Mutator()
        mutator.visit(tree)
        target, replacement = mutator.replacements[index]
        before = ast.unparse(target)
        line = getattr(target, "lineno", 0)
        mutated = ast.fix_missing_locations(
            Substitution(target, replacement).visit(tree)
        )
        after = ast.unparse(replacement)
        yield Mutant(module, line, before, after, ast.unparse(mutated))


def find_modules(package: str) -> list[str]:
    if package.endswith(".py"):
        return [package]
    paths = sorted((ROOT / package).rglob("*.py"))
    return [str(path.relative_to(ROOT)) for path in paths]


def find_tests(package: str) -> str:
    """The folder of tests that mirrors ``package``, or the one around it."""
    folder = Path("tests") / package
    while not (ROOT / folder).is_dir():
        folder = folder.parent
    return str(folder)


def run_tests(copied: Path, tests: list[str], seconds: float) -> int | None:
    """How pytest ended; None where it had to be stopped.

    It runs in a fork of this process, because the libraries are then loaded once for all mutants.
    """
    child = os.fork()
    if child == 0:
        run_pytest(copied, tests)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def run_pytest(copied: Path, tests: list[str]) -> NoReturn:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.dup2(nowhere, sys.stderr.fileno())
    os.chdir(copied)
    os.environ["PYTHONPATH"] = str(copied)
    sys.path.insert(0, str(copied))
    sys.dont_write_bytecode = True
    # pytest's own way out would wait for whatever a test has left running.
    os._exit(pytest.main([*PYTEST_OPTIONS, *tests]))


def is_killed(
    copied: Path, mutant: Mutant, tests: list[str], seconds: float
) -> bool:
    path = copied / mutant.module
    original = path.read_text(encoding="utf-8")
    path.write_text(mutant.source, encoding="utf-8")
    try:
        outcome = run_tests(copied, tests, seconds)
    finally:
        path.write_text(original, encoding="utf-8")
    return outcome is None or outcome in NOTICED


def score_package(
    copied: Path, package: str, options: argparse.Namespace, deadline: float
) -> Iterator[Score]:
    tests = options.tests or [find_tests(package)]
    began = time.monotonic()
    if run_tests(copied, tests, options.seconds) != ALL_PASSED:
        sys.exit(
            f"{' '.join(tests)} must pass before mistakes are tried; it fails or is too slow."
        )
    patience = 20 + 4 * (time.monotonic() - began)
    for module in find_modules(package):
        text = (ROOT / module).read_text(encoding="utf-8")
        score = Score(module)
        for mutant in make_mutants(
            module, text, options.per_module, options.seed
        ):
            if time.monotonic() > deadline:
                break
            if is_killed(copied, mutant, tests, patience):
                score.killed += 1
            else:
                place = f"{module}:{mutant.line}"
                score.survivors.append(
                    f"{place}: {mutant.before} -> {mutant.after}"
                )
        if score.tried:
            yield score


def main() -> None:
    options = read_options()
    deadline = time.monotonic() + options.seconds
    scores: list[Score] = []
    for library in LIBRARIES:
        importlib.import_module(library)
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copied = Path(folder) / "copy"
        shutil.copytree(
            ROOT, copied, ignore=shutil.ignore_patterns(*NOT_COPIED)
        )
        for package in options.packages or PURE_PACKAGES:
            for score in score_package(copied, package, options, deadline):
                scores.append(score)
                if not options.json:
                    print_score(score)
    killed = sum(score.killed for score in scores)
    tried = sum(score.tried for score in scores)
    share = killed / tried if tried else 0.0
    if options.json:
        modules = [asdict(score) | {"tried": score.tried} for score in scores]
        print(json.dumps({"share": round(share, 3), "modules": modules}))
    else:
        print(
            f"{killed} of {tried} mutants killed ({share:.0%}); the goal is {GOAL:.0%}"
        )
        if time.monotonic() > deadline:
            print("The time allowed ran out, so not every module was tried.")
    sys.exit(share < GOAL)


def print_score(score: Score) -> None:
    print(f"{score.killed:3} of {score.tried:3}  {score.module}", flush=True)
    for survivor in score.survivors:
        print(f"            survived {survivor}")


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "packages",
        nargs="*",
        help="folders such as triage/priority, or modules",
    )
    parser.add_argument(
        "--tests", nargs="+", help="instead of the folder that mirrors it"
    )
    parser.add_argument(
        "--per-module", type=int, default=10, help="mutants a module"
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="draws another sample"
    )
    parser.add_argument(
        "--seconds", type=float, default=1800, help="time allowed"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object")
    return parser.parse_args()


if __name__ == "__main__":
    main()
