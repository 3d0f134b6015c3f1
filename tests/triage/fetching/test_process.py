"""The fetching process: what it may not do, and what happens when it dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.at_once import results_at_once
from triage.fetching.process import client
from triage.fetching.process.client import Fetcher
from triage.fetching.report import FetchLimits

PROJECT = Path(client.__file__).parents[2]
MARKER = "marker-7f3a9c-never-kept"


@pytest.fixture(scope="module")
def shared() -> Iterator[Fetcher]:
    with Fetcher() as fetcher:
        yield fetcher


@pytest.fixture
def fetcher() -> Iterator[Fetcher]:
    with Fetcher(deadline_margin=0.7, recycle_after=2) as own:
        yield own


def child_of(fetcher: Fetcher) -> psutil.Process:
    assert fetcher._child is not None
    return psutil.Process(fetcher._child.pid)


def test_a_picture_comes_back_as_its_fingerprint(
    lab: Any, world: Any, shared: Fetcher
) -> None:
    world.routes = {
        "/": lab.answer(b"<img src=a.jpg>"),
        "/a.jpg": lab.answer(lab.picture(size=256), content_type="image/jpeg"),
    }
    report = shared.fetch(lab.ask(world.url()))
    assert report.outcome == "ok"
    fingerprint = report.media[0].fingerprint
    assert fingerprint is not None
    assert (fingerprint["kind"], fingerprint["width"]) == ("image", 256)
    assert len(fingerprint["pdq"]) == 64


def test_nothing_of_the_content_is_anywhere_afterwards(
    lab: Any,
    world: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Text, EXIF, pixels and inline data with a marker; a whole and two broken pictures."""
    from PIL import Image

    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    exif = Image.Exif()
    exif[0x010E] = MARKER
    whole = lab.picture(size=128, exif=exif)
    pixels = Image.frombytes("L", (32, 32), (MARKER * 50).encode()[:1024])
    pixels.save(target := __import__("io").BytesIO(), "BMP")
    page = f"<title>{MARKER}</title><p>{MARKER}<img src=a.jpg><img src=b.jpg><img src=c.bmp>"
    page += f"<img src='data:image/gif,GIF89a{MARKER}'><img src=d.mp4>"
    world.routes = {
        "/": lab.answer(
            page.encode(), X_Marker=MARKER, Set_Cookie=f"a={MARKER}"
        ),
        "/a.jpg": lab.answer(whole, content_type="image/jpeg"),
        "/b.jpg": lab.answer(
            whole[: len(whole) // 2], content_type="image/jpeg"
        ),
        "/c.bmp": lab.answer(target.getvalue(), content_type="image/bmp"),
        "/d.mp4": lab.answer(
            b"\0\0\0\x18ftypisom" + MARKER.encode() * 9,
            content_type="video/mp4",
        ),
    }
    assert MARKER.encode() in whole
    assert MARKER.encode() in target.getvalue()
    with Fetcher() as fetcher:
        report = fetcher.fetch(lab.ask(world.url()))
        assert child_of(fetcher).environ().get("TMPDIR") == "/nonexistent"
    assert len(report.media) == 5
    said = capfd.readouterr()
    assert MARKER not in json.dumps(report.to_json()) + said.out + said.err
    assert list(tmp_path.rglob("*")) == []


def test_the_child_gets_no_credentials(
    lab: Any, world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "HOTLINE_DATABASE_URL", "postgresql://user:secret@db/hotline"
    )
    monkeypatch.setenv("PGPASSWORD", "secret")
    world.routes = {"/": lab.answer(b"<p>x")}
    with Fetcher() as fetcher:
        fetcher.fetch(lab.ask(world.url()))
        environment = child_of(fetcher).environ()
    assert "secret" not in json.dumps(environment)
    assert set(environment) <= {*client.make_environment(), "LC_CTYPE"}


def test_the_child_s_limits_are_in_force(
    lab: Any, world: Any, shared: Fetcher
) -> None:
    world.routes = {"/": lab.answer(b"<p>x")}
    shared.fetch(lab.ask(world.url()))
    process = child_of(shared)
    assert process.rlimit(psutil.RLIMIT_CORE) == (0, 0)
    assert process.rlimit(psutil.RLIMIT_FSIZE) == (0, 0)
    assert process.rlimit(psutil.RLIMIT_AS)[1] <= 4 << 30
    status = Path(f"/proc/{process.pid}/status").read_text()
    assert "NoNewPrivs:\t1" in status


def test_the_child_s_code_knows_nothing_of_the_database() -> None:
    code = (
        "import sys, triage.fetching.process.child, triage.fetching.process.client;"
        "import triage.fingerprints.media;"
        "print([n for n in ('sqlalchemy', 'flask', 'redis', 'rq', 'psycopg') if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        cwd=PROJECT,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_the_client_loads_no_decoder() -> None:
    """What is read is read in the child; the worker around it needs no code for that."""
    code = (
        "import sys, triage.fetching.process.client;"
        "print([n for n in ('pycurl', 'selectolax', 'PIL', 'av', 'numpy') if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        cwd=PROJECT,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def _hang(_handler: Any) -> None:
    time.sleep(3)


def test_a_killed_child_is_reported_and_replaced(
    lab: Any, world: Any, fetcher: Fetcher
) -> None:
    world.routes = {"/": lab.answer(b"<p>x"), "/hang": _hang}
    reports = []
    waiting = threading.Thread(
        target=lambda: reports.append(
            fetcher.fetch(lab.ask(world.url("/hang")))
        )
    )
    waiting.start()
    while "/hang" not in world.paths:
        time.sleep(0.01)
    child_of(fetcher).kill()
    waiting.join()
    assert (reports[0].outcome, reports[0].error) == (
        "failed",
        "fetcher_crashed",
    )
    assert fetcher.fetch(lab.ask(world.url())).outcome == "ok"


def test_a_child_that_died_between_two_fetches_is_not_noticed(
    lab: Any, world: Any, fetcher: Fetcher
) -> None:
    world.routes = {"/": lab.answer(b"<p>x")}
    fetcher.fetch(lab.ask(world.url()))
    assert fetcher._child is not None
    child_of(fetcher).kill()
    while (
        fetcher._child.is_usable
    ):  # a process is gone only when the last of its threads is
        time.sleep(0.01)
    report = fetcher.fetch(lab.ask(world.url()))
    assert (report.outcome, report.error) == ("ok", None)


def test_a_child_that_hangs_is_killed_by_the_clock(
    lab: Any, world: Any, fetcher: Fetcher
) -> None:
    world.routes = {"/": lab.answer(b"<p>x")}
    fetcher.fetch(lab.ask(world.url()))
    process = child_of(fetcher)
    process.send_signal(signal.SIGSTOP)
    report = fetcher.fetch(
        lab.ask(world.url(), limits=FetchLimits(total_seconds=0.3))
    )
    assert (report.outcome, report.error) == ("failed", "timeout")
    assert not psutil.pid_exists(process.pid)
    assert fetcher.fetch(lab.ask(world.url())).outcome == "ok"


def test_a_child_is_recycled(lab: Any, world: Any, fetcher: Fetcher) -> None:
    world.routes = {"/": lab.answer(b"<p>x")}
    fetcher.fetch(lab.ask(world.url()))
    first = child_of(fetcher).pid
    fetcher.fetch(lab.ask(world.url()))
    assert fetcher._child is None
    assert not psutil.pid_exists(first)


def test_a_successor_is_ready_before_the_child_ends(
    lab: Any, world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for its imports; and none is left over."""
    monkeypatch.setattr(client, "_AHEAD", 1)
    world.routes = {"/": lab.answer(b"<p>hello</p>")}
    with Fetcher(recycle_after=2) as own:
        own.start_child()
        own.start_child()  # once is enough
        first = child_of(own)
        assert own.fetch(lab.ask(world.url())).outcome == "ok"
        assert child_of(own) == first
        assert own._successor is not None
        second = psutil.Process(own._successor.pid)
        assert own.fetch(lab.ask(world.url())).outcome == "ok"
        assert not first.is_running()
        assert child_of(own) == second
        assert own._successor is None
        assert own.fetch(lab.ask(world.url())).outcome == "ok"
        assert child_of(own) == second and own._successor is not None
        third = psutil.Process(own._successor.pid)
    assert not second.is_running() and not third.is_running()


def test_a_successor_takes_the_place_of_a_child_that_was_killed(
    lab: Any, world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_AHEAD", 1)
    world.routes = {"/": lab.answer(b"<p>hello</p>")}
    with Fetcher(recycle_after=2) as own:
        assert own.fetch(lab.ask(world.url())).outcome == "ok"
        first, second = child_of(own), own._successor
        assert second is not None
        first.kill()
        first.wait()
        assert own.fetch(lab.ask(world.url())).outcome == "ok"
        assert child_of(own).pid == second.pid


def test_close_cancels_what_is_under_way(lab: Any, world: Any) -> None:
    world.routes = {"/hang": _hang}
    fetcher, reports = Fetcher(), []
    waiting = threading.Thread(
        target=lambda: reports.append(
            fetcher.fetch(lab.ask(world.url("/hang")))
        )
    )
    waiting.start()
    while "/hang" not in world.paths:
        time.sleep(0.01)
    fetcher.close()
    waiting.join()
    assert (reports[0].outcome, reports[0].error) == ("failed", "cancelled")
    assert fetcher.fetch(lab.ask(world.url("/hang"))).error == "cancelled"


def test_the_child_leaves_with_its_parent(world: Any) -> None:
    """Also a parent that is killed, while the child waits for a host that says nothing."""
    world.routes = {"/": _hang}
    code = (
        "import sys, threading\n"
        "from triage.fetching.process.client import Fetcher\n"
        "from triage.fetching.report import FetchRequest\n"
        "fetcher = Fetcher()\n"
        "request = FetchRequest(sys.argv[1], allowed_networks=('127.0.0.0/8',))\n"
        "threading.Thread(target=fetcher.fetch, args=(request,)).start()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code, world.url(host="127.0.0.1")], cwd=PROJECT
    )
    while not world.paths:
        time.sleep(0.02)
    (child,) = psutil.Process(parent.pid).children()
    parent.kill()
    parent.wait()
    child.wait(timeout=10)


def test_a_request_that_the_child_cannot_read_ends_it_without_a_word_of_it() -> (
    None
):
    with subprocess.Popen(
        [sys.executable, "-m", "triage.fetching.process.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=PROJECT,
    ) as child:
        assert child.stdin and child.stdout and child.stderr
        child.stdin.write(b'{"url": "http://' + MARKER.encode() + b"\n")
        child.stdin.flush()
        assert child.stdout.read().split()[0] == b"ready"
        assert MARKER.encode() not in child.stderr.read()
    assert child.returncode != 0


def test_threads_share_a_fetcher(
    lab: Any, world: Any, shared: Fetcher
) -> None:
    world.routes = {
        f"/{n}": lab.answer(f"<title>{n}</title>".encode()) for n in range(6)
    }

    def fetch(number: int) -> Any:
        return shared.fetch(lab.ask(world.url(f"/{number}")))

    reports = results_at_once(*(partial(fetch, number) for number in range(6)))
    assert [report.final_url for report in reports] == [
        world.url(f"/{number}") for number in range(6)
    ]


def test_a_fork_starts_a_child_of_its_own(
    lab: Any, world: Any, shared: Fetcher
) -> None:
    """An RQ worker forks for each job: two processes must not talk into one pair of pipes."""
    world.routes = {"/": lab.answer(b"<p>x")}
    shared.fetch(lab.ask(world.url()))
    before = child_of(shared).pid
    pid = os.fork()
    if pid == 0:
        try:
            done = shared.fetch(lab.ask(world.url())).outcome == "ok"
            own = shared._child is not None and shared._child.pid != before
            shared.close()
        finally:
            os._exit(0 if done and own else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert shared.fetch(lab.ask(world.url())).outcome == "ok"
    assert child_of(shared).pid == before
