"""Code inside the fetching process, as if a decoder had been taken over, tries to get out."""

from __future__ import annotations

import errno
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from triage.fetching.process import client, seccomp
from triage.fetching.process.sandbox import Protection
from triage.fetching.process.syscalls import (
    AARCH64,
    DECODING,
    FETCHING,
    X86_64,
)
from triage.fetching.report import PROTECTIONS

PROJECT = Path(client.__file__).parents[2]
SECRET = "the-password-of-the-database"

# What is run behind the doors: each attempt says "done", the name of an error, or its number.
INTRUDER = """
import ctypes, fcntl, json, os, resource, signal, socket, struct, sys, threading, time
from functools import partial
from pathlib import Path
from triage.fetching.process import sandbox
from triage.fetching.process.syscalls import DECODING, FETCHING
project, folder, port, uid, calls = sys.argv[1:6]
libc = ctypes.CDLL(None, use_errno=True)
parent = os.getppid()
given = sandbox.close_doors(project=Path(project), die_with_parent=True,
                            uid=int(uid) if uid else None,
                            calls={"fetching": FETCHING, "decoding": DECODING}[calls])

def attempt(work):
    try:
        work()
        return "done"
    except BaseException as error:
        number = getattr(error, "errno", None)
        return number if number is not None else type(error).__name__

def call(number, *arguments):
    ctypes.set_errno(0)
    if libc.syscall(ctypes.c_long(number), *arguments) < 0:
        raise OSError(ctypes.get_errno(), "refused")

def by_machine(intel, arm):
    return intel if os.uname().machine == "x86_64" else arm

def debuggable():
    if libc.prctl(4, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "refused")

def write(path):
    with open(path, "wb", buffering=0) as target:
        target.write(b"x")

def knock(kind, address):
    with socket.socket(kind, socket.SOCK_STREAM) as way:
        way.connect(address)

def child():
    if os.fork() == 0:
        os._exit(0)

def thread():
    done = []
    worker = threading.Thread(target=done.append, args=(1,))
    worker.start()
    worker.join()
    assert done

redis = folder + "/redis.sock"
attempts = {
    "unix_socket": lambda: knock(socket.AF_UNIX, redis),
    "unix_pair": socket.socketpair,
    "abstract_socket": lambda: knock(socket.AF_UNIX, "\\0sentinel"),
    "netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
    "vsock": lambda: socket.socket(40, socket.SOCK_STREAM),
    "raw": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
    "packet": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM),
    "write_file": lambda: write(folder + "/file"),
    "write_over": lambda: write(folder + "/secret"),
    "memory_file": lambda: os.write(os.memfd_create("x"), b"x"),
    "directory": lambda: os.mkdir(folder + "/made"),
    "remove": lambda: os.unlink(folder + "/secret"),
    "rename": lambda: os.rename(folder + "/secret", folder + "/taken"),
    "link": lambda: os.symlink("/etc", folder + "/link"),
    "mode": lambda: os.chmod(folder + "/secret", 0o777),
    "secret": lambda: open(folder + "/secret").read(),
    "listing": lambda: os.listdir(folder),
    "parent_environment": lambda: open(f"/proc/{parent}/environ").read(),
    "parent_memory": lambda: open(f"/proc/{parent}/mem", "rb").read(1),
    "parent_pipes": lambda: os.listdir(f"/proc/{parent}/fd"),
    "fork": child,
    "vfork": lambda: call(58) if os.uname().machine == "x86_64" else child(),
    "spawn": lambda: os.posix_spawn("/bin/true", ["true"], {}),
    "program": lambda: os.execv("/bin/true", ["true"]),
    "kill_parent": lambda: os.kill(parent, 0),
    "kill_group": lambda: os.killpg(0, signal.SIGCONT),
    "signal_parent_s_thread": lambda: call(by_machine(234, 131), parent, parent, 0),
    "queue_signal": lambda: call(by_machine(129, 138), parent, 0, None),
    "open_pid": lambda: os.pidfd_open(parent),
    "trace": lambda: call(by_machine(101, 117), 16, parent, 0, 0),
    "read_memory": lambda: call(by_machine(310, 270), parent, 0, 0, 0, 0, 0),
    "new_namespace": lambda: call(by_machine(272, 97), 0x10000000),
    "keyring": lambda: call(by_machine(250, 219), 0, -3, 0, 0, 0),
    "io_uring": lambda: call(425, 8, ctypes.create_string_buffer(120)),
    "bpf": lambda: call(by_machine(321, 280), 0, None, 0),
    "perf": lambda: call(by_machine(298, 241), None, 0, -1, -1, 0),
    "user_faults": lambda: call(by_machine(323, 282), 0),
    "raise_limit": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)),
    "parent_s_limit": lambda: resource.prlimit(parent, resource.RLIMIT_NOFILE),
    "debuggable": debuggable,
    "become_root": lambda: os.setuid(0),
    "terminal_input": lambda: fcntl.ioctl(0, 0x5412, b"x"),
    "thread": thread,
    "names": lambda: open("/etc/resolv.conf").read(),
    "internet_socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM).close(),
    "datagram": lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).close(),
    "connection": lambda: knock(socket.AF_INET, ("127.0.0.1", int(port))),
}
print(json.dumps({
    "given": given,
    "seen": {name: attempt(attempts[name]) for name in sys.argv[6:] or attempts},
    "user": os.getuid(),
    "dumpable": libc.prctl(3, 0, 0, 0, 0),
}))
"""
NEEDED = {"thread", "names"}
OF_THE_NETWORK = {"internet_socket", "datagram", "connection"}
# Python says ValueError where the kernel refuses a limit.
REFUSED = {errno.EPERM, errno.EACCES, "PermissionError", "ValueError"}

Intrude = Callable[..., dict[str, Any]]


@pytest.fixture
def intrude(tmp_path: Path) -> Iterator[Intrude]:
    """With a socket of Redis's kind, a server on loopback, and a secret in a file beside it."""
    (tmp_path / "secret").write_text(SECRET)
    tmp_path.chmod(0o777)
    socket_path = tmp_path / "redis.sock"
    with (
        socket.socket(socket.AF_UNIX) as local,
        socket.socket(socket.AF_UNIX) as abstract,
        socket.create_server(("127.0.0.1", 0)) as server,
    ):
        local.bind(str(socket_path))
        socket_path.chmod(0o777)
        local.listen()
        abstract.bind("\0sentinel")
        abstract.listen()

        def run(calls: str, uid: str = "") -> dict[str, Any]:
            port = str(server.getsockname()[1])
            done = subprocess.run(
                [
                    sys.executable,
                    "-c",
                    INTRUDER,
                    str(PROJECT),
                    str(tmp_path),
                    port,
                    uid,
                    calls,
                ],
                capture_output=True,
                text=True,
                check=False,
                timeout=60,
                env={"PYTHONPATH": str(PROJECT)},
            )
            assert done.returncode == 0, done.stderr
            found: dict[str, Any] = json.loads(done.stdout)
            return found

        yield run


@pytest.mark.parametrize("uid", ["", "65534"])
def test_nothing_leads_out_of_the_fetching_process(
    intrude: Intrude, uid: str, tmp_path: Path
) -> None:
    if uid and os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    found = intrude("fetching", uid)
    if Protection.SYSTEM_CALLS not in found["given"]:
        pytest.skip("this kernel has no filter of system calls")
    allowed = {
        name for name, outcome in found["seen"].items() if outcome == "done"
    }
    assert allowed == NEEDED | OF_THE_NETWORK
    others = {
        name: found["seen"][name] for name in found["seen"].keys() - allowed
    }
    assert {
        name: way for name, way in others.items() if way not in REFUSED
    } == {}
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "redis.sock",
        "secret",
    ]
    assert found["dumpable"] == 0
    assert found["user"] == (int(uid) if uid else os.geteuid())


def test_what_reads_pages_has_no_network_at_all(intrude: Intrude) -> None:
    found = intrude("decoding")
    if Protection.SYSTEM_CALLS not in found["given"]:
        pytest.skip("this kernel has no filter of system calls")
    assert {
        name for name, outcome in found["seen"].items() if outcome == "done"
    } == NEEDED


def test_without_the_doors_the_attempts_succeed(
    intrude: Intrude, tmp_path: Path
) -> None:
    """The attempts are real ones: they are refused by what is tested, and not by a mistake."""
    open_doors = INTRUDER.replace("sandbox.close_doors(", "(lambda **_: [])(")
    real = (
        "unix_socket",
        "unix_pair",
        "abstract_socket",
        "write_file",
        "fork",
        "kill_parent",
    )
    real += (
        "parent_environment",
        "open_pid",
        "spawn",
        "write_over",
        "memory_file",
        "directory",
    )
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            open_doors,
            str(PROJECT),
            str(tmp_path),
            "1",
            "",
            "fetching",
            *real,
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={"PYTHONPATH": str(PROJECT)},
    )
    seen = json.loads(done.stdout)["seen"]
    assert {name: seen[name] for name in real} == dict.fromkeys(real, "done")


def test_every_door_has_one_name() -> None:
    assert set(PROTECTIONS) == set(Protection)


@pytest.mark.parametrize("machine", [X86_64, AARCH64])
@pytest.mark.parametrize("calls", [FETCHING, DECODING])
def test_the_filter_is_whole_on_either_machine(
    machine: str, calls: Any
) -> None:
    """As the kernel checks it: every jump ends within the program, and it ends with a return."""
    code = seccomp.build_program(calls, machine, 1)
    steps = [code[start : start + 8] for start in range(0, len(code), 8)]
    assert len(steps) < 4096
    assert steps[-1][0] == 0x06
    for place, step in enumerate(steps):
        assert (
            place + 1 + max(step[2], step[3]) < len(steps) or step[0] == 0x06
        )
    numbers = [
        call.number_on(machine)
        for call in calls
        if call.number_on(machine) is not None
    ]
    assert len(numbers) == len(set(numbers))
    names = [call.name for call in calls]
    assert len(names) == len(set(names))
