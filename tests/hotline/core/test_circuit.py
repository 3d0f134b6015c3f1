"""Servers that do not answer: left alone after some tries, by all processes, and asked again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hotline.core.context import Context
from hotline.core.errors import NoAnswer, Unavailable
from hotline.core.jobs import circuit as circuits
from hotline.core.jobs.circuit import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    SILENCES,
    Circuit,
    Paused,
    pause_after,
)

SERVER = "mail.example"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    now = [datetime(2026, 11, 2, 9, 30, tzinfo=UTC)]
    monkeypatch.setattr(circuits, "utc_now", lambda: now[0])
    return now


def _be_silent(circuit: Circuit, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(NoAnswer), circuit.listening(SERVER):
            raise NoAnswer("It stays silent.")


def _answer(circuit: Circuit) -> None:
    with circuit.listening(SERVER):
        pass


@pytest.mark.usefixtures("clock")
def test_after_some_silences_in_a_row_everybody_leaves_it_alone(
    context: Context,
) -> None:
    one, other = Circuit(context.database), Circuit(context.database)
    _be_silent(one, SILENCES - 1)
    other.require_closed(SERVER)
    _be_silent(other)
    for each in (one, other):
        with pytest.raises(Paused, match="does not answer"):
            each.require_closed(SERVER)
        each.require_closed("another.example")
        each.require_closed(SERVER, urgent=True)
    with context.database.reading() as session:
        assert [found.name for found in circuits.left_alone(session)] == [
            SERVER
        ]


@pytest.mark.usefixtures("clock")
def test_any_answer_ends_the_row(context: Context) -> None:
    circuit = Circuit(context.database)
    for _ in range(3):
        _be_silent(circuit, SILENCES - 1)
        with pytest.raises(Unavailable), circuit.listening(SERVER):
            raise Unavailable("It answered 500.")
    circuit.require_closed(SERVER)
    with context.database.reading() as session:
        assert circuits.left_alone(session) == []


def test_after_the_pause_one_asks_and_the_others_wait(
    context: Context, clock: list[datetime]
) -> None:
    one, other = Circuit(context.database), Circuit(context.database)
    _be_silent(one, SILENCES)
    clock[0] += FIRST_PAUSE + timedelta(seconds=1)
    one.require_closed(SERVER)
    with pytest.raises(Paused):
        other.require_closed(SERVER)
    _answer(one)
    other.require_closed(SERVER)


def test_a_pause_doubles_and_has_an_end(
    context: Context, clock: list[datetime]
) -> None:
    circuit = Circuit(context.database)
    _be_silent(circuit, SILENCES)
    clock[0] += FIRST_PAUSE + timedelta(seconds=1)
    circuit.require_closed(SERVER)
    _be_silent(circuit)
    with pytest.raises(Paused) as told:
        circuit.require_closed(SERVER)
    assert told.value.until == clock[0] + 2 * FIRST_PAUSE
    assert pause_after(1000) == LONGEST_PAUSE


def test_who_asked_after_the_pause_and_died_holds_up_nobody_for_long(
    context: Context, clock: list[datetime]
) -> None:
    one, other = Circuit(context.database), Circuit(context.database)
    _be_silent(one, SILENCES)
    clock[0] += FIRST_PAUSE + timedelta(seconds=1)
    one.require_closed(SERVER)
    with pytest.raises(Paused):
        other.require_closed(SERVER)
    clock[0] += circuits.TRIAL + timedelta(seconds=1)
    other.require_closed(SERVER)
