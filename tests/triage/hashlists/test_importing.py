"""Imports in chunks: what they leave, who may go on with them, and when their rows go."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from hotline.core.context import Context
from hotline.core.errors import Conflict, InvalidInput
from triage.hashlists import versions
from triage.hashlists.imports import importing, staging
from triage.hashlists.models import (
    HashEntryRow,
    HashImport,
    HashImportRow,
    HashList,
)

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


class BrokenOffError(Exception):
    """As if the process had ended here."""


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "CHUNK", 10)


def _file(*numbers: int, more: str = "") -> io.BytesIO:
    return io.BytesIO(
        ("".join(f"{number:032x}\n" for number in numbers) + more).encode()
    )


def _import(
    context: Context,
    file: io.BytesIO,
    *,
    at: datetime = NOW,
    form: str = "lines",
    tick: Callable[[int], None] = lambda _: None,
    whole: bool = True,
) -> tuple[versions.Import, list[int]]:
    resumed: list[int] = []
    file.seek(0)
    done = importing.import_file(
        context,
        "list",
        file,
        form=form,
        whole=whole,
        actor="t",
        clock=lambda: at,
        tick=tick,
        resumed=resumed.append,
        source="a test",
    )
    return done, resumed


def _break_off(
    context: Context, file: io.BytesIO, *, at: datetime = NOW
) -> None:
    def tick(_: int) -> None:
        raise BrokenOffError

    with pytest.raises(BrokenOffError):
        _import(context, file, at=at, tick=tick)


def _left(context: Context) -> tuple[int, int, int]:
    """Imports under way, rows staged, entries."""
    with context.database.reading() as session:
        first, second, third = (
            session.scalar(select(func.count()).select_from(model)) or 0
            for model in (HashImport, HashImportRow, HashEntryRow)
        )
    return first, second, third


def test_it_goes_on_and_its_list_is_made_at_the_end(context: Context) -> None:
    file = _file(*range(1, 36))
    _break_off(context, file)
    assert _left(context) == (1, 10, 0)
    with context.database.reading() as session:
        assert session.scalars(select(HashList)).all() == []
    done, resumed = _import(context, file)
    assert (done.version, done.added, resumed) == (1, 35, [10])
    assert _left(context) == (0, 0, 35)
    with context.database.reading() as session:
        assert session.scalars(select(HashList.source)).all() == ["a test"]


def test_the_progress_is_told_in_bytes_up_to_the_size_of_the_file(
    context: Context,
) -> None:
    file = _file(*range(1, 36))
    told: list[int] = []
    _import(context, file, tick=told.append)
    assert told == sorted(told)
    assert told[-1] == len(file.getvalue())


@pytest.mark.parametrize("later", [timedelta(days=1), timedelta(days=3)])
def test_after_a_day_it_begins_anew(
    later: timedelta, context: Context
) -> None:
    file = _file(*range(1, 36))
    _break_off(context, file)
    done, resumed = _import(context, file, at=NOW + later)
    assert (done.added, resumed) == (35, [])
    assert _left(context) == (0, 0, 35)


def test_the_sweep_drops_what_nobody_went_on_with(context: Context) -> None:
    file = _file(*range(1, 36))
    _break_off(context, file)
    assert (
        staging.sweep_imports(context.database, NOW + timedelta(hours=23)) == 0
    )
    assert _left(context) == (1, 10, 0)
    assert (
        staging.sweep_imports(context.database, NOW + timedelta(days=1)) == 1
    )
    assert _left(context) == (0, 0, 0)


def test_the_sweep_drops_rows_that_a_killed_process_left_behind_its_version(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(staging, "drop_import", lambda *_: None)
        _import(context, _file(*range(1, 36)))
    assert _left(context) == (0, 35, 35)
    assert staging.sweep_imports(context.database, NOW) == 1
    assert _left(context) == (0, 0, 35)


def test_the_same_file_in_another_format_begins_anew(context: Context) -> None:
    file = _file(*range(1, 36))
    _break_off(context, file)
    done, resumed = _import(context, file, form="csv")
    assert (done.added, resumed) == (35, [])


@pytest.mark.parametrize(
    "numbers", [range(1, 36), range(7, 12)], ids=["same", "another"]
)
def test_of_two_imports_into_a_list_one_goes_on(
    numbers: range, context: Context
) -> None:
    quicker: list[versions.Import] = []

    def tick(_: int) -> None:
        if not quicker:
            quicker.append(_import(context, _file(*numbers))[0])

    with pytest.raises(
        Conflict, match="Another import into this list is at work"
    ):
        _import(context, _file(*range(1, 36)), tick=tick)
    assert quicker[0].added == len(numbers)
    assert _left(context) == (0, 0, len(numbers))


def test_a_file_that_breaks_later_on_leaves_nothing(context: Context) -> None:
    lines = "".join(f"{number:032x}\n" for number in range(1, 25))
    with pytest.raises(InvalidInput, match="longer than"):
        _import(context, io.BytesIO(lines.encode() + b"a" * 2_000_000))
    assert _left(context) == (0, 0, 0)


def test_a_file_without_a_hash_leaves_nothing_and_names_its_first_lines(
    context: Context,
) -> None:
    with pytest.raises(InvalidInput, match=r"line 1: .*line 5: ") as caught:
        _import(context, io.BytesIO(b"no hash\n" * 35))
    assert "line 6" not in caught.value.message
    assert _left(context) == (0, 0, 0)


def test_the_same_file_twice_is_refused_before_it_is_staged(
    context: Context,
) -> None:
    file = _file(*range(1, 36))
    _import(context, file)
    with pytest.raises(Conflict, match="Version 1 of list is this very file"):
        _import(context, file, tick=lambda _: pytest.fail("staged"))
