"""How the code reads, in figures: ``make figures`` prints them, ``--json`` for machines.

Nothing here judges; the goals stand in ``docs/developers/figures.md``, with the figures of a day.
Tests and migrations are left out, as they are in the figures of the projects compared there.
"""

from __future__ import annotations

import argparse
import ast
import io
import json
import os
import resource
import subprocess
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("hotline", "triage", "partners", "workers")
VAGUE_NAMES = ("found", "one", "told", "known", "seen")
LONGEST_FUNCTION = 50
LONGEST_FILE = 400
LARGEST_PACKAGE = 10
DUNDER = "__"
FMT_SKIP = "# fmt: skip"


@dataclass(frozen=True)
class Source:
    """One Python file of the service."""

    path: str
    text: str
    tree: ast.Module

    @property
    def folder(self) -> str:
        return self.path.partition("/")[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument(
        "--no-timing", action="store_true", help="leave out what is timed"
    )
    options = parser.parse_args()
    figures = measure(list(read_sources()))
    if not options.no_timing:
        figures |= measure_start()
    if options.json:
        print(json.dumps(figures))
        return
    width = max(map(len, figures))
    for name, value in figures.items():
        print(f"{name:<{width}}  {value}")


def read_sources() -> Iterator[Source]:
    listed = subprocess.run(
        ["git", "ls-files", "--", *(f"{folder}/**.py" for folder in FOLDERS)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for path in listed.stdout.splitlines():
        if "/migrations/versions/" in path:
            continue
        text = (ROOT / path).read_text("utf-8")
        yield Source(path, text, ast.parse(text, path))


def measure(sources: list[Source]) -> dict[str, float | int | str]:
    functions = [
        node for source in sources for node in functions_of(source.tree)
    ]
    names = [name for name in map(name_of, functions) if name]
    one_word = [name for name in names if "_" not in name]
    local_names = Counter(
        name for source in sources for name in local_names_of(source.tree)
    )
    lines = sum(len(source.text.splitlines()) for source in sources)
    return {
        "Python files": len(sources),
        "lines": lines,
        "syntax nodes per code line": round(density(sources), 2),
        "function names of one word, %": round(
            100 * len(one_word) / len(names), 1
        ),
        FMT_SKIP: sum(map(layout_exceptions, sources)),
        "dict[str, Any]": sum(
            source.text.count("dict[str, Any]") for source in sources
        ),
        **{f"locals named {name}": local_names[name] for name in VAGUE_NAMES},
        "comment lines, %": round(
            100 * sum(map(comment_lines, sources)) / lines, 1
        ),
        f"functions over {LONGEST_FUNCTION} lines": sum(
            length_of(node) > LONGEST_FUNCTION for node in functions
        ),
        f"files over {LONGEST_FILE} lines": sum(
            len(source.text.splitlines()) > LONGEST_FILE for source in sources
        ),
        f"packages of more than {LARGEST_PACKAGE} modules": sum(
            count > LARGEST_PACKAGE
            for count in count_modules(sources).values()
        ),
        "imports between folders that run upward": len(
            list(upward_imports(sources))
        ),
    }


def density(sources: list[Source]) -> float:
    """``ast.expr`` and ``ast.stmt`` nodes over the lines on which such a node begins."""
    nodes, lines = 0, 0
    for source in sources:
        begun = [
            node.lineno
            for node in ast.walk(source.tree)
            if isinstance(node, ast.expr | ast.stmt)
        ]
        nodes += len(begun)
        lines += len(set(begun))
    return nodes / lines


def functions_of(
    tree: ast.Module,
) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def name_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """Without the underscore of what is private; empty for names that Python gives."""
    if node.name.startswith(DUNDER):
        return ""
    return node.name.strip("_")


def length_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def local_names_of(tree: ast.Module) -> Iterator[str]:
    """Names that a function or a comprehension in it binds, once for each place."""
    for function in functions_of(tree):
        for node in ast.walk(function):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id


def comment_lines(source: Source) -> int:
    """Lines that hold a comment and nothing else."""
    return sum(
        token.line.lstrip().startswith("#") for token in comments_of(source)
    )


def layout_exceptions(source: Source) -> int:
    """Comments that keep a line from being laid out; a text that names them is none."""
    return sum(FMT_SKIP in token.string for token in comments_of(source))


def comments_of(source: Source) -> Iterator[tokenize.TokenInfo]:
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        if token.type == tokenize.COMMENT:
            yield token


def count_modules(sources: list[Source]) -> Counter[str]:
    """How many modules stand in each package; what Python names itself is none."""
    return Counter(
        str(Path(source.path).parent)
        for source in sources
        if not Path(source.path).name.startswith(DUNDER)
    )


def upward_imports(sources: list[Source]) -> Iterator[tuple[str, str]]:
    """(file, module) of each import of a folder that stands above the file's own."""
    for source in sources:
        for node in ast.walk(source.tree):
            modules: list[str] = []
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif (
                isinstance(node, ast.ImportFrom)
                and node.module
                and node.level == 0
            ):
                modules = [node.module]
            for module in modules:
                folder = module.partition(".")[0]
                if folder in FOLDERS and FOLDERS.index(folder) > FOLDERS.index(
                    source.folder
                ):
                    yield source.path, module


def measure_start() -> dict[str, float | int | str]:
    """CPU seconds, user and system, of a process and its children."""
    python = sys.executable
    a_test_file = "tests/partners/test_console.py"
    return {
        "CPU s to collect one test file": cpu_seconds(
            [python, "-m", "pytest", "--collect-only", "-q", a_test_file]
        ),
        "CPU s of hotline --help": cpu_seconds(
            [python, "-m", "workers", "--help"]
        ),
    }


def cpu_seconds(command: list[str]) -> float:
    """The median of three runs after one that warms the caches, that of compiled files too."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name != "PYTHONDONTWRITEBYTECODE"
    }
    spent = []
    for _ in range(4):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(
            after.ru_utime
            - before.ru_utime
            + after.ru_stime
            - before.ru_stime,
        )
    return round(sorted(spent[1:])[1], 2)


if __name__ == "__main__":
    main()
