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
# Numbers of system calls, the same on every architecture.
_CREATE_RULESET = 444
_ADD_RULE = 445
_RESTRICT_SELF = 446
_RULE_PATH_BENEATH = 1
_WRITE_FILE = 2
_READ_FILE = 4
_READ_DIR = 8
_ALL_OF_ABI_1 = (1 << 13) - 1
_SIZE_OF_ABI_1 = 8
"""Bytes of the structure that kernels without scopes know: its first field alone."""
_ASK_FOR_ABI = 1
_ABI_OF_SCOPES = 6  # Linux 6.12
_ABSTRACT_SOCKETS = 1
_SIGNALS = 2
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
        # In this order: without root, groups cannot be given up any more.
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
    # Last: what is set up above is not among the calls that are left.
    if restrict_calls(calls):
        given.append(Protection.SYSTEM_CALLS)
    return given


def _limit_resources() -> None:
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_AS: MEMORY_BYTES,
    }
    for kind, most in limits.items():
        value = most
        _, hard = resource.getrlimit(kind)
        # A house may have set a lower limit, which cannot be raised again.
        if hard != resource.RLIM_INFINITY:
            value = min(most, hard)
        resource.setrlimit(kind, (value, value))


def _set_process_option(option: int, value: int) -> bool:
    outcome = _libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0)
    return int(outcome) == 0


def _restrict_files(project: Path) -> list[Protection]:
    """No file may be written, made, renamed or run; only code and system files may be read; and
    where the kernel knows scopes, no abstract socket of others is reached, and no signal sent."""
    abi = _call_kernel(_CREATE_RULESET, None, ctypes.c_size_t(0), _ASK_FOR_ABI)
    knows_scopes = abi >= _ABI_OF_SCOPES
    # What is handled is refused: all that ABI 1 knows of, of which the rules
    # give back only reading.
    handled = struct.pack(
        "=QQQ", _ALL_OF_ABI_1, 0, _ABSTRACT_SOCKETS | _SIGNALS
    )
    size = len(handled) if knows_scopes else _SIZE_OF_ABI_1
    ruleset = _call_kernel(_CREATE_RULESET, handled, ctypes.c_size_t(size), 0)
    if ruleset < 0:
        return []
    is_restricted = _add_rules(ruleset, project)
    if is_restricted:
        is_restricted = _call_kernel(_RESTRICT_SELF, ruleset, 0) == 0
    os.close(ruleset)
    if not is_restricted:
        return []
    if knows_scopes:
        return [Protection.FILES, Protection.SCOPES]
    return [Protection.FILES]


def _add_rules(ruleset: int, project: Path) -> bool:
    """What may be read all the same. False as soon as a rule cannot be added."""
    for tree in _list_trees(project):
        if not _allow_path(ruleset, tree, _READ_FILE | _READ_DIR):
            return False
    for path in _SYSTEM_FILES:
        if not _allow_path(ruleset, path, _READ_FILE):
            return False
    if not _allow_path(ruleset, "/dev/null", _READ_FILE | _WRITE_FILE):
        return False
    return _allow_path(ruleset, "/dev/urandom", _READ_FILE)


def _list_trees(project: Path) -> list[str]:
    packages = [str(project / name) for name in ("hotline", "triage")]
    library = {sys.prefix, sys.base_prefix}
    library.update(sysconfig.get_paths().values())
    return [*packages, *sorted(library), *_SYSTEM_TREES]


def _allow_path(ruleset: int, path: str, access: int) -> bool:
    """Add one rule; a path that is not there needs none."""
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return True
    rule = struct.pack("=Qi", access, descriptor)
    outcome = _call_kernel(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, rule, 0)
    os.close(descriptor)
    return outcome == 0


def _call_kernel(number: int, *arguments: object) -> int:
    return int(_libc.syscall(ctypes.c_long(number), *arguments))
