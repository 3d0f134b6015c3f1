"""Whatever speaks in a process says one JSON object a line, and quotes nothing."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from hotline.core.repeats import BURST, WINDOW_SECONDS, Repeats

ROOT = Path(__file__).parents[3]
SENTINEL = "https://sentinel.example/what-somebody-reported"

# Each speaks once; the sentinel is in the value, the message, the arguments or a local variable.
SPEAKERS = {
    "own error": "log.error('x', exc_info=ValueError(S))",
    "own exception": "\ntry:\n    int(S)\nexcept ValueError:\n    log.exception('x')",
    "unknown value": "log.error('x', value=type('V', (), {'__repr__': lambda self: S})())",
    "library line": "logging.getLogger('lib').error('about %s', S)",
    "library text": "logging.getLogger('lib').error('about ' + S)",
    "library traceback": "\ntry:\n    int(S)\nexcept ValueError:\n"
    "    logging.getLogger('lib').exception('failed\\n' + traceback.format_exc())",
    "library fault": "logging.getLogger('lib').error('%d', S)",
    "late handler": "logging.getLogger('late').error(S)",
    "warning": "warnings.warn(S)",
    "uncaught": "raise ValueError(S)",
    "chained": "\ntry:\n    int(S)\nexcept ValueError as error:\n    raise KeyError(S) from error",
    "thread": "\nt = threading.Thread(target=int, args=(S,)); t.start(); t.join()",
    "unraisable": "\nclass D:\n    def __del__(self): raise ValueError(S)\nD()",
    "printed": "\ntry:\n    int(S)\nexcept ValueError:\n    traceback.print_exc()",
    "asyncio": "\nasync def f():\n    asyncio.get_running_loop().call_soon(int, S)\n"
    "    await asyncio.sleep(0)\n    await asyncio.sleep(0)\nasyncio.run(f())",
    "fork": "\nif os.fork():\n    os.wait()\nelse:\n    int(S)",
    "database": "\nfrom sqlalchemy import text\n"
    "from hotline.core.storage.database import Database\n"
    "with Database('sqlite://').reading() as s:\n"
    "    s.execute(text('SELECT :a FROM x'), {'a': S})",
    "unicode": "S.encode('utf-16').decode('ascii')",
}
BEFORE = (
    "import asyncio, logging, os, threading, traceback, warnings, sys, structlog\n"
    "h = logging.getLogger('old'); h.addHandler(logging.StreamHandler()); h.propagate = False\n"
    "from hotline.core.logs import configure_logging\nconfigure_logging('info')\n"
    "log = structlog.get_logger()\nS = sys.argv[1]\n"
)


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", BEFORE + code, *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("speaker", SPEAKERS)
def test_every_speaker_says_json_and_quotes_nothing(speaker: str) -> None:
    done = run(SPEAKERS[speaker], SENTINEL)
    lines = done.stderr.splitlines()
    assert lines, "it says something"
    for line in lines:
        assert isinstance(json.loads(line), dict)
    assert "sentinel" not in done.stderr + done.stdout


def test_the_words_in_a_library_s_source_are_kept() -> None:
    done = run("logging.getLogger('lib').error('about %s', S)", SENTINEL)
    said = json.loads(done.stderr)
    assert (said["logger"], said["said"], said["line"]) == (
        "lib",
        "about %s",
        "<string>:7",
    )


def test_an_error_names_the_lines_that_it_passed() -> None:
    done = run("\ndef f():\n    return int(S)\nf()", SENTINEL)
    said = json.loads(done.stderr)
    assert (said["event"], said["error"]) == ("uncaught", "ValueError")
    assert said["passed"] == ["__main__:10", "__main__:9"]
    assert said["where"] == "__main__:9"


def test_deep_errors_stay_short() -> None:
    done = run(
        "\ndef f(n):\n    return f(n - 1) if n else int(S)\nf(500)", SENTINEL
    )
    assert len(done.stderr) < 1_000


def test_a_log_that_cannot_be_written_stops_nothing() -> None:
    code = "os.dup2(os.open('/dev/full', os.O_WRONLY), 2)\n"
    done = run(code + "log.error('x')\nprint('went on')", SENTINEL)
    assert done.stdout == "went on\n"


def test_the_same_fault_is_counted() -> None:
    done = run(
        "\nfor n in range(10_000):\n    log.error('x', id=n, exc_info=ValueError(S))",
        SENTINEL,
    )
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert len(lines) == BURST + 1
    assert lines[-1]["event"] == "x"
    assert lines[-1]["repeated"] == 10_000 - BURST


def test_kinds_are_told_apart_and_windows_end() -> None:
    now = [0.0]
    repeats = Repeats(clock=lambda: now[0])
    fault = {"event": "x", "level": "error", "where": "a:1"}
    assert [repeats.pass_on(fault) for _ in range(BURST + 2)] == [
        True
    ] * BURST + [False] * 2
    assert repeats.pass_on({**fault, "where": "a:2"})
    assert all(
        repeats.pass_on({"event": "x", "level": "info"}) for _ in range(100)
    )
    assert repeats.take_counts() == []
    now[0] = WINDOW_SECONDS
    (held_back,) = repeats.take_counts()
    assert held_back.to_event() == {**fault, "repeated": 2}
    assert repeats.take_counts() == []
    assert repeats.pass_on(fault)


def test_many_kinds_take_a_bounded_memory() -> None:
    repeats = Repeats(clock=lambda: 0.0)
    for number in range(5_000):
        repeats.pass_on({"event": "x", "level": "error", "where": str(number)})
    assert len(repeats._windows) < 600


def test_every_engine_hides_its_parameters() -> None:
    engines = []
    for package in ("hotline", "triage", "partners", "workers"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(
                    node, ast.Call
                ) and "create_engine" in ast.unparse(node.func):
                    hidden = {
                        k.arg: ast.unparse(k.value) for k in node.keywords
                    }
                    engines.append((path.name, hidden.get("hide_parameters")))
    assert len(engines) >= 4
    assert {hidden for _, hidden in engines} == {"True"}
