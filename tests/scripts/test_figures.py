"""How the code reads is held to its goals, and the figures are counted right."""

from __future__ import annotations

import ast
import runpy
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "figures.py"
script = runpy.run_path(str(SCRIPT))
Source, measure = script["Source"], script["measure"]


@pytest.fixture(scope="module")
def figures() -> dict[str, float]:
    measured: dict[str, float] = measure(list(script["read_sources"]()))
    return measured


@pytest.mark.parametrize(
    ("figure", "most"),
    [
        ("syntax nodes per code line", 4.2),
        ("function names of one word, %", 35),
        (script["FMT_SKIP"], 0),
        ("dict[str, Any]", 60),
        ("locals named found", 0),
        ("locals named one", 0),
        ("locals named told", 0),
        ("locals named known", 0),
        ("locals named seen", 0),
        ("functions over 50 lines", 0),
        ("files over 400 lines", 0),
        ("packages of more than 10 modules", 0),
        ("imports between folders that run upward", 0),
    ],
)
def test_the_code_reads_as_was_promised(
    figures: dict[str, float], figure: str, most: float
) -> None:
    assert figures[figure] <= most


def source(path: str, text: str) -> object:
    return Source(path, text, ast.parse(text))


def test_what_is_too_large_is_counted() -> None:
    body = "\n".join(f"    a = {number}" for number in range(50))
    long = source("hotline/long.py", f"def go():\n{body}\n")
    room = [source(f"triage/room/part{number}.py", "") for number in range(11)]
    room.append(source("triage/room/__init__.py", ""))
    upward = source("hotline/up.py", "from workers.app import create_app\n")
    counted = measure([long, upward, *room])
    assert counted["functions over 50 lines"] == 1
    assert counted["packages of more than 10 modules"] == 1
    assert counted["imports between folders that run upward"] == 1
    assert measure([long, *room[1:]])["packages of more than 10 modules"] == 0
