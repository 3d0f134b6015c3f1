"""One process tree: Redis, web, workers, scheduler, each a child that is started again if it dies.

``hotline up`` is its parent. SIGTERM and Ctrl-C stop all children at once, Redis after the others;
a child that ignores that is killed. Children die with their parent, however it ends.

The parent imports what the service needs once, and its children are forks of it: they begin at once
and share that memory. Redis and the fetcher are programs of their own; nothing of ours is in them.
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import IO

import httpx
import redis
import structlog

from hotline.core.errors import Conflict, Unavailable
from hotline.core.settings import Settings
from workers.processes import programs
from workers.processes.forked import (
    ForkedProcess,
    die_with_parent,
    share_imports,
)
from workers.processes.running import LOCK
from workers.processes.stopping import StopRequest
from workers.queues import redis_server
from workers.queues.pools import Pool
from workers.queues.redis_connection import connect

log = structlog.get_logger(__name__)

STOP_SECONDS = 4.0
"""What is cut off then is done again: the database has all of it, and done twice is done once."""
SENDING_STOP_SECONDS = 15.0
"""A letter whose taking was not yet confirmed would leave twice."""
READY_SECONDS = 60.0
# By deaths in a row soon after the start. A child that was killed comes back at once; one that
# cannot start would otherwise take a processor for itself.
RESTART_WAITS = (0.1, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0)
HOPELESS = 3
"""Deaths in a row after which it is said, and a service that is only starting gives up."""
STEADY_SECONDS = 30.0
Process = subprocess.Popen[bytes] | ForkedProcess


@dataclass
class Child:
    """A program of the tree and, while it runs, its process.

    It has a ``command``, or else is a fork of this process that runs ``main``.
    """

    name: str
    command: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    main: Callable[[], int] | None = None
    title: str = ""
    process: Process | None = None
    started: float = 0.0
    failures: int = 0
    not_before: float = 0.0
    stop_seconds: float = STOP_SECONDS

    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Tree:
    """The children of one ``hotline up``. Built with what to run; ``run`` blocks until the end."""

    def __init__(
        self,
        settings: Settings,
        children: Sequence[Child],
        lock: IO[str] | None = None,
    ) -> None:
        self.settings = settings
        self.children = list(children)
        self._held = () if lock is None else (lock.fileno(),)
        self._stop = StopRequest()

    def run(self, ready: Callable[[], None] | None = None) -> int:
        """Start everything, call ``ready`` once the web answers, watch until told to stop."""
        self._stop.on_signals(signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        try:
            if any(child.main for child in self.children):
                programs.import_all(self.settings)
                share_imports()
            for child in self.children:
                self._start(child)
                # Whoever is started next would find nobody to take work from,
                # and wait.
                if child.name == "redis":
                    wait_for_redis(self.settings, self._stop)
            if any(child.name == "web" for child in self.children):
                self._wait_for_web()
            if ready is not None and not self._stop.is_set():
                ready()
            while not self._stop.wait(0.2):
                self._watch()
        finally:
            self._stop_all()
        return 0

    def _start(self, child: Child) -> None:
        if child.main is not None:
            child.process = ForkedProcess(child.title, child.main, self._held)
        else:
            child.process = subprocess.Popen(
                list(child.command),
                env={**os.environ, **child.environment},
                stdin=subprocess.DEVNULL,
                # As a fork has, too: Ctrl-C reaches the parent alone.
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509  (one system call, no lock is taken)
            )
        child.started = time.monotonic()

    def _watch(self) -> None:
        now = time.monotonic()
        for child in self.children:
            if child.process is not None and child.process.poll() is not None:
                self._note_death(child, now)
            if child.process is None and now >= child.not_before:
                self._start(child)

    @staticmethod
    def _note_death(child: Child, now: float) -> None:
        assert child.process is not None
        code = child.process.returncode
        # What a killed web server leaves behind would go on answering, and hold the port.
        with suppress(ProcessLookupError):
            os.killpg(child.process.pid, signal.SIGKILL)
        child.failures = (
            0 if now - child.started > STEADY_SECONDS else child.failures + 1
        )
        wait = RESTART_WAITS[min(child.failures, len(RESTART_WAITS) - 1)]
        child.process, child.not_before = None, now + wait
        log.error(
            "child_died", child=child.name, code=code, again_in_seconds=wait
        )
        # Said while it goes on being started: what stands in its way may be
        # mended meanwhile.
        if child.failures >= HOPELESS:
            log.error(
                "child_cannot_start",
                child=child.name,
                times=child.failures,
                cause="It says so itself in the lines above.",
            )

    def _wait_for_web(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        address = f"http://{self.settings.reached_at}/livez"
        while time.monotonic() < deadline and not self._stop.is_set():
            try:
                if (
                    httpx.get(address, timeout=1, trust_env=False).status_code
                    == 200
                ):
                    return
            except httpx.HTTPError:
                pass
            self._stop.wait(0.1)
            self._watch()
            if any(
                child.name == "web" and child.failures >= HOPELESS
                for child in self.children
            ):
                break
        # Whoever pressed Ctrl-C while it came up is told nothing of a failure.
        if not self._stop.is_set():
            raise Unavailable(
                "The web server did not come up.",
                hint="The cause stands above.",
            )

    def _stop_all(self) -> None:
        """All at once, and Redis last: who still works needs it to put down what is in hand."""
        transport = [child for child in self.children if child.name == "redis"]
        others = [child for child in self.children if child.name != "redis"]
        for children in (others, transport):
            alive = [child for child in children if child.is_alive()]
            for child in reversed(alive):
                assert child.process is not None
                child.process.terminate()
            _await_ends(alive)


def _await_ends(children: Sequence[Child]) -> None:
    """Who is not done when its time is up is killed; the time of all runs at once."""
    begun = time.monotonic()
    # The shortest time first: a longer one of another child must not lengthen
    # it.
    for child in sorted(children, key=lambda child: child.stop_seconds):
        assert child.process is not None
        left = begun + child.stop_seconds - time.monotonic()
        try:
            child.process.wait(max(0.0, left))
        except subprocess.TimeoutExpired:
            log.error("child_killed", child=child.name)
            os.killpg(child.process.pid, signal.SIGKILL)
            child.process.wait()


def service_children(settings: Settings) -> list[Child]:
    """What ``hotline up`` runs, in the order of starting."""
    children = []
    if settings.redis_is_embedded:
        children.append(Child("redis", redis_server.command(settings.run_dir)))
    children.append(
        Child(
            "web",
            main=partial(programs.run_web, settings),
            title="hotline web",
        )
    )
    children += [
        Child(
            f"{pool}-{number}",
            main=partial(programs.run_worker, settings, pool),
            title=f"hotline worker {pool}",
            stop_seconds=(
                SENDING_STOP_SECONDS if pool is Pool.SENDING else STOP_SECONDS
            ),
        )
        for pool in Pool
        for number in range(1, _processes(settings, pool) + 1)
    ]
    children.append(
        Child(
            "scheduler",
            main=partial(programs.run_scheduler, settings),
            title="hotline scheduler",
        )
    )
    if settings.metrics_port is not None:
        children.append(
            Child(
                "metrics",
                main=partial(programs.run_metrics, settings),
                title="hotline metrics",
            )
        )
    return children


def _processes(settings: Settings, pool: Pool) -> int:
    """One each, as a process has its price; to look at what was reported takes the longest."""
    return settings.workers if pool is Pool.LOOKING else 1


def lock_data_dir(settings: Settings) -> IO[str]:
    """Hold the data directory for this tree; a second ``hotline up`` on it is refused."""
    settings.run_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = (settings.run_dir / LOCK).open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        file.close()
        raise Conflict(
            f"The service is already running on {settings.data_dir} (process {holder}).",
            hint="Stop it first, or set HOTLINE_DATA_DIR to another directory.",
        ) from None
    # Only now that it is ours: until then it names the tree that holds it.
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def require_free_port(host: str, port: int) -> None:
    """A busy port is said before anything is started."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As the server itself does: a port that was closed a moment ago is
        # free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Conflict(
                f"Port {port} on {host} cannot be used: {error.strerror}.",
                hint="Stop what uses it, or set HOTLINE_PORT to another one.",
            ) from error


def wait_for_redis(settings: Settings, stop: StopRequest) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not stop.is_set():
        try:
            connect(settings).ping()
            return
        except redis.RedisError as error:
            if time.monotonic() > deadline:
                raise Unavailable("Redis did not come up.") from error
        stop.wait(0.05)
