"""All processes together ask a registry no oftener than one of them would."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from typing import Protocol

import pytest

from hotline.core.context import Context
from hotline.core.jobs.asked_servers import SharedStandings
from hotline.core.jobs.circuit import FIRST_PAUSE, SILENCES
from hotline.core.storage.database import Database
from tests.support.clock import NOW
from triage.hosting.sources.budget import Budget

SERVER = "rdap.registry.example"
TEN_SECONDS = timedelta(seconds=10)


class Process(Protocol):
    def __call__(self, burst: int = 10) -> Budget: ...


@pytest.fixture
def another_process(context: Context) -> Iterator[Process]:
    """A process with connections of its own, and nothing in its memory."""
    with ExitStack() as stack:

        def start(burst: int = 10) -> Budget:
            url = context.settings.database_url.get_secret_value()
            database = Database(url)
            stack.callback(database.dispose)
            standings = SharedStandings(database)
            return Budget(burst, TEN_SECONDS, standings=standings)

        yield start


def test_turns_are_counted_for_all_processes(another_process: Process) -> None:
    here, there = (another_process(3) for _ in range(2))
    turns = [
        budget.take_turn(SERVER, NOW) for budget in (here, there, here, there)
    ]
    assert turns == [True, True, True, False]
    assert there.take_turn("other.example", NOW)
    assert there.take_turn(SERVER, NOW + TEN_SECONDS)
    assert not here.take_turn(SERVER, NOW + TEN_SECONDS)


def test_no_turn_is_taken_twice_at_the_same_moment(
    another_process: Process,
) -> None:
    processes = [another_process(5) for _ in range(4)]
    with ThreadPoolExecutor(len(processes)) as pool:
        turns = list(
            pool.map(
                lambda budget: [
                    budget.take_turn(SERVER, NOW) for _ in range(4)
                ],
                processes,
            )
        )
    assert sum(sum(taken) for taken in turns) == 5


def test_a_server_that_wants_to_be_left_alone_is_left_by_all(
    another_process: Process,
) -> None:
    here, there = (another_process() for _ in range(2))
    here.close_server(SERVER, NOW, 600)
    assert not there.take_turn(SERVER, NOW + timedelta(seconds=599))
    assert there.take_turn(SERVER, NOW + timedelta(seconds=600))


def test_silences_of_different_processes_are_added_up(
    another_process: Process,
) -> None:
    processes = [another_process() for _ in range(SILENCES)]
    for budget in processes:
        assert budget.take_turn(SERVER, NOW)
        budget.note_answer(SERVER, NOW, answered=False)
    assert not processes[0].take_turn(SERVER, NOW)
    later = NOW + FIRST_PAUSE
    assert processes[0].take_turn(SERVER, later)
    processes[0].note_answer(SERVER, later, answered=True)
    processes[1].note_answer(SERVER, later, answered=False)
    assert processes[2].take_turn(SERVER, later)


def test_an_answer_like_all_others_writes_nothing(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    budget = Budget(standings=SharedStandings(context.database))
    assert budget.take_turn(SERVER, NOW)
    with monkeypatch.context() as patch:
        patch.setattr(context.database, "writing", None)
        budget.note_answer(SERVER, NOW, answered=True)
    budget.note_answer(SERVER, NOW, answered=False)
    budget.note_answer(SERVER, NOW, answered=True)
    for _ in range(SILENCES - 1):
        budget.note_answer(SERVER, NOW, answered=False)
    assert budget.take_turn(SERVER, NOW)
