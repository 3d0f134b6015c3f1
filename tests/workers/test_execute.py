"""What a worker does with one outbox row: once, with its failures written down and told apart."""

from __future__ import annotations

import ast
import subprocess
import sys
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

import hotline
from hotline.core.context import Context
from hotline.core.errors import Unavailable
from hotline.core.jobs.names import JobName
from hotline.core.jobs.task import AlreadyDone, GiveUp, Task
from hotline.core.storage import outbox
from hotline.core.storage.outbox import OutboxEntry
from workers.queues.execute import execute
from workers.queues.tools import Tools

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
SECRET = "what-somebody-reported"


@pytest.fixture
def run(
    context: Context,
) -> Callable[[Callable[[Task], None]], OutboxEntry]:
    """Post one row and run it with the given job; returns the row afterwards."""
    tools = Tools(context)

    def run(job: Callable[[Task], None], times: int = 1) -> OutboxEntry:
        with context.database.writing() as session:
            outbox.post_work(
                session, "a.job", key=uuid.uuid4().hex, payload={}, now=NOW
            )
            entry_id = session.scalars(select(OutboxEntry.id)).one()
        for _ in range(times):
            execute(tools, entry_id, {"a.job": lambda _tools, task: job(task)})
        with context.database.reading() as session:
            return session.get_one(OutboxEntry, entry_id)

    return run


def test_finished_work_is_done_and_not_repeated(
    run: Callable[..., OutboxEntry],
) -> None:
    runs: list[int] = []

    def job(task: Task) -> None:
        runs.append(task.attempt)
        with task.finishing():
            pass

    entry = run(job, times=3)
    assert entry.done_at is not None
    assert runs == [1]


def test_what_failed_is_tried_again_later(
    run: Callable[..., OutboxEntry],
) -> None:
    def job(_: Task) -> None:
        raise Unavailable("The other side is away.")

    entry = run(job)
    assert (entry.attempts, entry.last_error) == (1, "The other side is away.")
    assert entry.dead_at is None
    assert entry.due_at > entry.created_at


def test_what_can_never_work_is_laid_aside_at_once(
    run: Callable[..., OutboxEntry],
) -> None:
    def job(_: Task) -> None:
        raise GiveUp("No such mailbox.")

    assert run(job).dead_at is not None


def test_a_foreign_errors_words_are_not_kept(
    run: Callable[..., OutboxEntry], capfd: pytest.CaptureFixture[str]
) -> None:
    """A library's error may quote what it was working on."""

    def job(_: Task) -> None:
        raise ValueError(SECRET)

    entry = run(job)
    assert entry.last_error == "ValueError"
    captured = capfd.readouterr()
    assert SECRET not in captured.out + captured.err


def test_a_failure_while_storing_leaves_nothing_half_written(
    run: Callable[..., OutboxEntry], context: Context
) -> None:
    def job(task: Task) -> None:
        with task.finishing() as session:
            outbox.post_work(session, "b.job", key="half", payload={}, now=NOW)
            raise Unavailable("The power went.")

    entry = run(job)
    assert entry.done_at is None
    with context.database.reading() as session:
        assert session.scalars(select(OutboxEntry.key)).all() == [entry.key]


def test_the_slower_of_two_runs_drops_its_result(
    run: Callable[..., OutboxEntry], context: Context
) -> None:
    """Both looked at the network; only one of them stores, whoever is first."""
    stored: list[str] = []

    def job(task: Task) -> None:
        with task.finishing():
            stored.append("first")
        with pytest.raises(AlreadyDone), task.finishing():
            stored.append("second")

    run(job)
    assert stored == ["first"]


def test_a_row_that_is_gone_is_no_error(context: Context) -> None:
    assert execute(Tools(context), uuid.uuid4(), {})


def test_every_job_has_a_pool_and_a_handler_there() -> None:
    """Work is posted by these names alone, as the type of ``post`` says."""
    from workers.queues.jobs import jobs_of
    from workers.queues.pools import POOL_OF_JOB, Pool

    assert set(POOL_OF_JOB) == set(JobName)
    for pool in Pool:
        there = {name for name, found in POOL_OF_JOB.items() if found is pool}
        assert set(jobs_of([pool])) == there


def test_no_name_of_a_job_is_written_out_beside_the_vocabulary() -> None:
    """Else the code that posts and the code that does could come to mean different names."""
    root = Path(hotline.__file__).parent.parent
    for package in ("hotline", "triage", "partners", "workers"):
        for path in (root / package).rglob("*.py"):
            for call in ast.walk(ast.parse(path.read_text("utf-8"))):
                if not isinstance(call, ast.Call):
                    continue
                called = getattr(call.func, "attr", "")
                if called in ("post", "post_work"):
                    literals = [
                        each.value
                        for each in call.args
                        if isinstance(each, ast.Constant)
                    ]
                    assert not set(literals) & set(JobName), path


@pytest.mark.parametrize("pool", ["intake", "sending", "watching", "webhooks"])
def test_who_decodes_nothing_and_asks_no_registry_loads_no_code_for_it(
    pool: str,
) -> None:
    """Each of them costs tens of megabytes in every process, and time in every test file."""
    code = (
        "import sys; from workers.queues.jobs import jobs_of; "
        "from workers.queues.pools import Pool;"
        f"jobs_of([Pool({pool!r})]);"
        "print([n for n in ('av', 'PIL', 'whoisit', 'httpx', 'maxminddb', 'alembic', 'numpy')"
        " if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
