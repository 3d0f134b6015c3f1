"""A child process that goes on with what its parent has imported, instead of importing it anew.

It looks like a ``subprocess.Popen`` to whoever watches it. Nothing of its parent's is left to it
but modules and settings: no signal handler, no terminal, no lock; its name in ``ps`` is its own.
"""

from __future__ import annotations

import ctypes
import gc
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import NoReturn

from setproctitle import setproctitle

PR_SET_PDEATHSIG = 1
FAILED = 1
_HANDLED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def share_imports() -> None:
    """To be called before the first fork: what is there now stays where it is in memory.

    A collector that walked over it would write into every page, and each child had its own copy.
    """
    gc.collect()
    gc.freeze()


def die_with_parent() -> None:
    """Told by the kernel, so that no end of the parent leaves a child behind."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


class ForkedProcess:
    """Runs ``main``, which returns its exit code, in a child of this process.

    ``held``: file descriptors of the parent's that the child lets go of.
    """

    def __init__(
        self, title: str, main: Callable[[], int], held: tuple[int, ...] = ()
    ) -> None:
        # A lock that another thread holds at the fork is held in the child for
        # ever.
        if threading.active_count() > 1:
            raise RuntimeError("a process with threads must not be forked")
        self.returncode: int | None = None
        parent = os.getpid()
        # What is not written yet would be written by the child as well.
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            _become_child(title, main, held, parent)
        # A number may be another process's by the time that it is used; a
        # handle never is.
        self._handle = os.pidfd_open(self.pid)

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
                os.close(self._handle)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """As ``Popen.wait``: ``subprocess.TimeoutExpired`` where it takes longer."""
        code = self.poll()
        if code is None:
            select.select([self._handle], [], [], timeout)
            code = self.poll()
        if code is None:
            assert timeout is not None
            raise subprocess.TimeoutExpired(str(self.pid), timeout)
        return code

    def terminate(self) -> None:
        if self.poll() is None:
            signal.pidfd_send_signal(self._handle, signal.SIGTERM)


def _become_child(
    title: str,
    main: Callable[[], int],
    held: tuple[int, ...],
    parent: int,
) -> NoReturn:
    """Never returns: what the parent was about to do next is not the child's."""
    code = FAILED
    try:
        for number in _HANDLED:
            signal.signal(number, signal.SIG_DFL)
        die_with_parent()
        # The parent may have ended before the kernel was told.
        if os.getppid() != parent:
            os._exit(FAILED)
        # Ctrl-C reaches the parent alone, which stops its children in order.
        os.setsid()
        for descriptor in held:
            os.close(descriptor)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        setproctitle(title)
        code = main()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        # Neither handlers nor buffers of the parent are run by its child.
        os._exit(code)
