"""What the fetching process gives up before it reads its first byte: Linux means, no extra rights.

It reads what strangers chose to send, with decoders written in C. So it may write nothing (Landlock
where the kernel has it, and ``RLIMIT_FSIZE`` 0 for any kind of file), may read only what Python,
DNS and TLS need (an embedded database's file would otherwise be as good as a password), leaves no
core dump, is closed to debuggers of the same user, can gain no rights by running a program, and may
ask the kernel only for what decoding and fetching take (``syscalls``): no process, no program, no
signal to others, no debugging, and no socket but one of the internet (Redis listens on another).
Sources: prctl(2), setrlimit(2), landlock(7) (ABI 1 of Linux 5.13; scopes are of ABI 6), seccomp(2).
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import struct
import sys
import sysconfig
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from triage.fetching.process.seccomp import restrict_calls
from triage.fetching.process.syscalls import FETCHING, Call

MEMORY_BYTES = 4 << 30
OPEN_FILES = 256

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = (
    444,
    445,
    446,
)  # the same on every architecture
_RULE_PATH_BENEATH = 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_ALL_OF_ABI_1 = (1 << 13) - 1
_ASK_FOR_ABI, _ABI_OF_SCOPES = 1, 6  # Linux 6.12
_ABSTRACT_SOCKETS, _SIGNALS = 1, 2
_SYSTEM_FILES = (
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/localtime",
    "/etc/nsswitch.conf",
)
_SYSTEM_TREES = ("/usr", "/lib", "/lib64")

_libc = ctypes.CDLL(None, use_errno=True)


class Protection(StrEnum):
    """What a kernel can give; the texts of a report to operators are made from these names."""

    NO_NEW_RIGHTS = "no_new_rights"
    FILES = "files"
    SCOPES = "scopes"
    SYSTEM_CALLS = "system_calls"
    OWN_USER = "own_user"
    NO_DEBUGGERS = "no_debuggers"
    ENDS_WITH_PARENT = "ends_with_parent"


def close_doors(
    *,
    project: Path,
    die_with_parent: bool,
    uid: int | None,
    calls: Sequence[Call] = FETCHING,
) -> list[Protection]:
    """Close the doors; those that this platform has, and that are closed now, are returned.

    ``project``: the directory that the packages lie in. ``uid``: an unprivileged user to become,
    taken only as root; Python and the project must be readable to that user. ``calls``: the
    system calls that are left; what is set up here is not among them.
    """
    _limit_resources()
    given = []
    if _set_process_option(_PR_SET_NO_NEW_PRIVS, 1):
        given.append(Protection.NO_NEW_RIGHTS)
    given += _restrict_files(project)
    if uid is not None and os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        given.append(Protection.OWN_USER)
    # After the change of user: that change makes a process dumpable again and forgets the signal.
    if _set_process_option(_PR_SET_DUMPABLE, 0):
        given.append(Protection.NO_DEBUGGERS)
    if not die_with_parent or _set_process_option(
        _PR_SET_PDEATHSIG, signal.SIGKILL
    ):
        given.append(Protection.ENDS_WITH_PARENT)
    if restrict_calls(calls):
        given.append(Protection.SYSTEM_CALLS)
    return given


def _limit_resources() -> None:
    for kind, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_AS, MEMORY_BYTES),
    ):
        _, hard = resource.getrlimit(kind)
        value = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (value, value))


def _set_process_option(option: int, value: int) -> bool:
    return int(_libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0)) == 0


def _restrict_files(project: Path) -> list[Protection]:
    """No file may be written, made, renamed or run; only code and system files may be read; and
    where the kernel knows scopes, no abstract socket of others is reached, and no signal sent."""
    scoped = (
        _call_kernel(_CREATE_RULESET, None, ctypes.c_size_t(0), _ASK_FOR_ABI)
        >= _ABI_OF_SCOPES
    )
    handled = struct.pack(
        "=QQQ", _ALL_OF_ABI_1, 0, _ABSTRACT_SOCKETS | _SIGNALS
    )
    size = len(handled) if scoped else 8
    ruleset = _call_kernel(_CREATE_RULESET, handled, ctypes.c_size_t(size), 0)
    if ruleset < 0:
        return []
    packages = [project / name for name in ("hotline", "triage")]
    library = {sys.prefix, sys.base_prefix, *sysconfig.get_paths().values()}
    trees = [
        *(str(package) for package in packages),
        *sorted(library),
        *_SYSTEM_TREES,
    ]
    done = all(
        _allow_path(ruleset, path, _READ_FILE | _READ_DIR) for path in trees
    )
    done = done and all(
        _allow_path(ruleset, path, _READ_FILE) for path in _SYSTEM_FILES
    )
    done = done and _allow_path(ruleset, "/dev/null", _READ_FILE | _WRITE_FILE)
    done = done and _allow_path(ruleset, "/dev/urandom", _READ_FILE)
    restricted = done and _call_kernel(_RESTRICT_SELF, ruleset, 0) == 0
    os.close(ruleset)
    if not restricted:
        return []
    return (
        [Protection.FILES, Protection.SCOPES] if scoped else [Protection.FILES]
    )


def _allow_path(ruleset: int, path: str, access: int) -> bool:
    """Add one rule; a path that is not there needs none."""
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return True
    rule = struct.pack("=Qi", access, descriptor)
    added = _call_kernel(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, rule, 0) == 0
    os.close(descriptor)
    return added


def _call_kernel(number: int, *arguments: object) -> int:
    return int(_libc.syscall(ctypes.c_long(number), *arguments))
