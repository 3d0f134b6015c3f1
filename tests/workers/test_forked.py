"""A fork of a tree: watched like a program of its own, and with nothing of its parent's."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

# In a process of its own: the test run has threads, and must not be forked.
PARENT = """
import os, signal, subprocess, sys, threading, time
from workers.processes.forked import ForkedProcess
{body}
"""


def run(body: str, *, check: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PARENT.format(body=body)],
        capture_output=True,
        text=True,
        timeout=60,
        check=check,
    )


def test_its_exit_code_is_its_own() -> None:
    said = run(
        """
process = ForkedProcess("hotline one", lambda: 7)
print(process.wait(20), process.poll())
killed = ForkedProcess("hotline two", lambda: time.sleep(60) or 0)
print(killed.poll())
try:
    killed.wait(0.2)
except subprocess.TimeoutExpired:
    print("late")
killed.terminate()
print(killed.wait(20))
killed.terminate()
"""
    )
    assert said.stdout.split() == ["7", "7", "None", "late", "-15"]


def test_nothing_of_its_parent_is_left_to_it(tmp_path: Path) -> None:
    said = run(
        f"""
signal.signal(signal.SIGTERM, signal.SIG_IGN)
held = os.open({str(tmp_path / "lock")!r}, os.O_CREAT | os.O_WRONLY)
def main():
    try:
        os.fstat(held)
        print("held")
    except OSError:
        print("let go")
    print(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)
    print(os.getsid(0) == os.getpid(), sys.stdin.buffer.raw.fileno(), os.read(0, 1))
    print(open("/proc/self/cmdline").read().split(chr(0))[0])
    return 0
process = ForkedProcess("hotline worker looking", main, (held,))
assert process.wait(20) == 0
"""
    )
    assert said.stdout.splitlines() == [
        "let go",
        "True",
        "True 0 b''",
        "hotline worker looking",
    ]


def test_an_error_in_it_ends_it_and_not_its_parent() -> None:
    said = run(
        """
def main():
    raise KeyError("of the child")
process = ForkedProcess("hotline broken", main)
print(process.wait(20), "goes on")
"""
    )
    assert said.stdout.split("\n")[0] == "1 goes on"


def test_a_process_with_threads_is_not_forked() -> None:
    said = run(
        """
threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
ForkedProcess("hotline no", lambda: 0)
""",
        check=False,
    )
    assert said.returncode == 1 and "must not be forked" in said.stderr


def test_it_ends_with_its_parent() -> None:
    with subprocess.Popen(
        [
            sys.executable,
            "-c",
            PARENT.format(
                body="p = ForkedProcess('hotline x', lambda: time.sleep(60) or 0);"
                "print(p.pid, flush=True); time.sleep(60)"
            ),
        ],
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
        parent.wait()
    _wait_until(lambda: _is_gone(child))


def _is_gone(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
