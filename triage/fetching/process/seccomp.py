"""A filter of system calls: what is not named is refused with EPERM, for all threads, for good.

Written here and not taken from libseccomp, whose binding needs a library that not every system
has: a filter is a list of comparisons. Sources: seccomp(2), bpf(4), ``linux/seccomp.h``,
``linux/filter.h``, ``linux/audit.h``.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Sequence

from triage.fetching.process.syscalls import (
    AARCH64,
    CLONE3,
    TGKILL,
    X86_64,
    Call,
    Check,
)

# Instructions of the filter's language.
_LOAD_WORD = 0x20
_AND = 0x54
_JUMP_EQUAL = 0x15
_JUMP_AT_LEAST = 0x35
_RETURN = 0x06
# What it may return; an error's number is added to _ERRNO.
_KILL_PROCESS = 0x8000_0000
_ERRNO = 0x0005_0000
_ALLOW = 0x7FFF_0000
# Where a call's facts lie in struct seccomp_data.
_NUMBER_AT = 0
_ARCHITECTURE_AT = 4
_ARGUMENTS_AT = 16
_ARGUMENT_BYTES = 8
_HALF_BYTES = 4
_X32_BIT = 0x4000_0000  # the same calls again, under other numbers
_AUDIT_ARCHITECTURE = {X86_64: 0xC000_003E, AARCH64: 0xC000_00B7}
_SECCOMP = {X86_64: 317, AARCH64: 277}
_SET_MODE_FILTER = 1
_FOR_ALL_THREADS = 1
_STEP_BYTES = 8

_libc = ctypes.CDLL(None, use_errno=True)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def restrict_calls(calls: Sequence[Call]) -> bool:
    """Allow ``calls`` alone from now on; False where this kernel or machine has no such filter.

    ``no_new_privs`` must be set.
    """
    machine = platform.machine()
    if machine not in _SECCOMP:
        return False
    code = build_program(calls, machine, os.getpid())
    buffer = ctypes.create_string_buffer(code, len(code))
    steps = len(code) // _STEP_BYTES
    given = _Program(steps, ctypes.addressof(buffer))
    outcome = _libc.syscall(
        ctypes.c_long(_SECCOMP[machine]),
        ctypes.c_uint(_SET_MODE_FILTER),
        ctypes.c_uint(_FOR_ALL_THREADS),
        ctypes.byref(given),
    )
    return int(outcome) == 0


def build_program(calls: Sequence[Call], machine: str, own_id: int) -> bytes:
    """The filter's instructions: eight bytes each, looked through from the first on."""
    refuse = _make_step(_RETURN, _ERRNO | errno.EPERM)
    code = [
        _make_step(_LOAD_WORD, _ARCHITECTURE_AT),
        _make_step(_JUMP_EQUAL, _AUDIT_ARCHITECTURE[machine], if_true=1),
        # Numbers mean other calls on another architecture: nothing can be allowed by them.
        _make_step(_RETURN, _KILL_PROCESS),
        _make_step(_LOAD_WORD, _NUMBER_AT),
    ]
    if machine == X86_64:
        code += [
            _make_step(_JUMP_AT_LEAST, _X32_BIT, if_false=1),
            refuse,
        ]
    code += [
        _make_step(_JUMP_EQUAL, CLONE3[machine], if_false=1),
        # Its flags lie in memory, where a filter cannot look; the C library then uses clone
        # instead.
        _make_step(_RETURN, _ERRNO | errno.ENOSYS),
    ]
    # To itself alone: abort() and Python's own threads need it.
    to_itself = Check(0, (own_id,))
    code += _allow_call(TGKILL[machine], (to_itself,))
    for call in calls:
        number = call.number_on(machine)
        if number is not None:
            code += _allow_call(number, call.checks)
    code.append(refuse)
    return b"".join(code)


def _allow_call(number: int, checks: Sequence[Check]) -> list[bytes]:
    """Allow this call if the checks hold, refuse it if not, and go on if it is another one."""
    decided: list[bytes] = []
    for check in checks:
        decided += _compare_argument(check)
    decided.append(_make_step(_RETURN, _ALLOW))
    skip_if_another = _make_step(_JUMP_EQUAL, number, if_false=len(decided))
    return [skip_if_another, *decided]


def _compare_argument(check: Check) -> list[bytes]:
    """Go on behind it if it holds; else return EPERM from within."""
    offset = _ARGUMENTS_AT + _ARGUMENT_BYTES * check.argument
    if check.upper:
        # Both machines are little-endian: the upper half of an argument lies behind the lower.
        offset += _HALF_BYTES
    count = len(check.values)
    compared = []
    for place, value in enumerate(check.values):
        # Over the other values and the refusal behind them.
        step = _make_step(_JUMP_EQUAL, value, if_true=count - place)
        compared.append(step)
    return [
        _make_step(_LOAD_WORD, offset),
        _make_step(_AND, check.mask),
        *compared,
        _make_step(_RETURN, _ERRNO | errno.EPERM),
    ]


def _make_step(
    code: int, value: int, *, if_true: int = 0, if_false: int = 0
) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
