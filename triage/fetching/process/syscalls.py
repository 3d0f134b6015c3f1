"""What a process that decodes and fetches asks of the kernel, and nothing else, by number.

Sources: Linux, ``arch/x86/entry/syscalls/syscall_64.tbl`` and ``include/uapi/asm-generic/unistd.h``
(which aarch64 takes its numbers from); constants from the headers of the same names. A call that is
not named here fails with EPERM.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

X86_64 = "x86_64"
AARCH64 = "aarch64"


@dataclass(frozen=True, slots=True)
class Check:
    """An argument's lower 32 bits, under ``mask``, must be one of ``values``.

    ``upper``: look at the upper 32 bits instead, which only an address needs.
    """

    argument: int
    values: tuple[int, ...]
    mask: int = 0xFFFF_FFFF
    upper: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A system call that may be made, if all its ``checks`` hold."""

    name: str
    x86_64: int | None
    aarch64: int | None
    checks: tuple[Check, ...] = ()

    def number_on(self, architecture: str) -> int | None:
        return self.x86_64 if architecture == X86_64 else self.aarch64


READING_AND_WRITING = (
    Call("read", 0, 63),
    Call("write", 1, 64),
    Call("readv", 19, 65),
    Call("writev", 20, 66),
    Call("pread64", 17, 67),
    Call("close", 3, 57),
    Call("fstat", 5, 80),
    Call("lseek", 8, 62),
    Call("dup", 32, 23),
    Call("dup2", 33, None),
    Call("dup3", 292, 24),
    Call("pipe", 22, None),
    Call("pipe2", 293, 59),
    Call("close_range", 436, 436),
    Call("fadvise64", 221, 223),
)
"""What is open already."""

FILES = (
    Call("newfstatat", 262, 79),
    Call("stat", 4, None),
    Call("lstat", 6, None),
    Call("statx", 332, 291),
    Call("readlink", 89, None),
    Call("readlinkat", 267, 78),
    Call("access", 21, None),
    Call("faccessat", 269, 48),
    Call("faccessat2", 439, 439),
    Call("getcwd", 79, 17),
    Call("getdents64", 217, 61),
)
"""Looking at files; which ones, Landlock decides."""

MEMORY = (
    Call("mmap", 9, 222),
    Call("mprotect", 10, 226),
    Call("munmap", 11, 215),
    Call("mremap", 25, 216),
    Call("madvise", 28, 233),
    Call("brk", 12, 214),
    Call("get_mempolicy", 239, 236),
)

SIGNALS = (
    Call("rt_sigaction", 13, 134),
    Call("rt_sigprocmask", 14, 135),
    Call("rt_sigreturn", 15, 139),
    Call("sigaltstack", 131, 132),
    Call("restart_syscall", 219, 128),
    Call("setitimer", 38, 103),
    Call("getitimer", 36, 102),
)
"""Receiving them, and a clock of one's own."""

WAITING = (
    Call("poll", 7, None),
    Call("ppoll", 271, 73),
    Call("select", 23, None),
    Call("pselect6", 270, 72),
    Call("epoll_create1", 291, 20),
    Call("epoll_ctl", 233, 21),
    Call("epoll_wait", 232, None),
    Call("epoll_pwait", 281, 22),
    Call("eventfd2", 290, 19),
    Call("futex", 202, 98),
    Call("sched_yield", 24, 124),
    Call("nanosleep", 35, 101),
    Call("clock_nanosleep", 230, 115),
    # To take note of the end of the helper that reads pages.
    Call("wait4", 61, 260),
)

ITSELF = (
    Call("getpid", 39, 172),
    Call("gettid", 186, 178),
    Call("getppid", 110, 173),
    Call("getuid", 102, 174),
    Call("geteuid", 107, 175),
    Call("getgid", 104, 176),
    Call("getegid", 108, 177),
    Call("getrandom", 318, 278),
    Call("getrlimit", 97, 163),
    Call("getrusage", 98, 165),
    Call("clock_gettime", 228, 113),
    Call("clock_getres", 229, 114),
    Call("gettimeofday", 96, 169),
    Call("time", 201, None),
    Call("times", 100, 153),
    Call("uname", 63, 160),
    Call("sysinfo", 99, 179),
    Call("sched_getaffinity", 204, 123),
    Call("set_robust_list", 273, 99),
    Call("rseq", 334, 293),
    Call("arch_prctl", 158, None),
    Call("membarrier", 324, 283),
    Call("set_tid_address", 218, 96),
    Call("exit", 60, 93),
    Call("exit_group", 231, 94),
)

CONVERSING = (
    Call("connect", 42, 203),
    Call("bind", 49, 200),
    Call("getsockname", 51, 204),
    Call("getpeername", 52, 205),
    Call("sendto", 44, 206),
    Call("recvfrom", 45, 207),
    Call("sendmsg", 46, 211),
    Call("recvmsg", 47, 212),
    Call("sendmmsg", 307, 269),
    Call("recvmmsg", 299, 243),
    Call("setsockopt", 54, 208),
    Call("getsockopt", 55, 209),
    Call("shutdown", 48, 210),
)
"""On a socket that was made; of which kind, ``socket`` decides."""

_CLONE_THREAD = 0x0001_0000
_WRITES_OR_MAKES = 0o3 | 0o100 | 0o1000  # O_ACCMODE, O_CREAT, O_TRUNC
_PR_GET_DUMPABLE, _PR_SET_NAME, _PR_GET_NAME, _PR_SET_VMA = (
    3,
    15,
    16,
    0x5356_4D41,
)
_TCGETS, _FIONREAD, _FIONBIO, _FIONCLEX, _FIOCLEX = (
    0x5401,
    0x541B,
    0x5421,
    0x5450,
    0x5451,
)
_F_DUPFD, _F_GETFD, _F_SETFD, _F_GETFL, _F_SETFL, _F_DUPFD_CLOEXEC = (
    0,
    1,
    2,
    3,
    4,
    1030,
)
_AF_INET, _AF_INET6 = 2, 10
_SOCK_STREAM, _SOCK_DGRAM, _SOCK_KIND = 1, 2, 0xF

IN_PART = (
    # With this flag it is a thread of the same process; without it another
    # program could be run.
    Call("clone", 56, 220, (Check(0, (_CLONE_THREAD,), _CLONE_THREAD),)),
    Call("open", 2, None, (Check(1, (0,), _WRITES_OR_MAKES),)),
    Call("openat", 257, 56, (Check(2, (0,), _WRITES_OR_MAKES),)),
    Call(
        "prctl",
        157,
        167,
        (
            Check(
                0, (_PR_GET_DUMPABLE, _PR_SET_NAME, _PR_GET_NAME, _PR_SET_VMA)
            ),
        ),
    ),
    # Of itself alone, and only to be read.
    Call(
        "prlimit64",
        302,
        261,
        (Check(0, (0,)), Check(2, (0,)), Check(2, (0,), upper=True)),
    ),
    Call(
        "ioctl",
        16,
        29,
        (Check(1, (_TCGETS, _FIONREAD, _FIONBIO, _FIONCLEX, _FIOCLEX)),),
    ),
    Call(
        "fcntl",
        72,
        25,
        (
            Check(
                1,
                (
                    _F_DUPFD,
                    _F_GETFD,
                    _F_SETFD,
                    _F_GETFL,
                    _F_SETFL,
                    _F_DUPFD_CLOEXEC,
                ),
            ),
        ),
    ),
)
"""Threads but no processes; files to read but none to write."""

# No local sockets: behind them are the services of this very machine.
SOCKET = Call(
    "socket",
    41,
    198,
    (
        Check(0, (_AF_INET, _AF_INET6)),
        Check(1, (_SOCK_STREAM, _SOCK_DGRAM), _SOCK_KIND),
    ),
)
TGKILL = MappingProxyType({X86_64: 234, AARCH64: 131})
CLONE3 = MappingProxyType({X86_64: 435, AARCH64: 435})
"""Its flags lie in memory, where no filter can look; told that it is not there, libc uses clone."""

DECODING = (
    *READING_AND_WRITING,
    *FILES,
    *MEMORY,
    *SIGNALS,
    *WAITING,
    *ITSELF,
    *IN_PART,
)
FETCHING = (*DECODING, *CONVERSING, SOCKET)
