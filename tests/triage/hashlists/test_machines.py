"""Several machines, each with an index of its own: who builds, who is behind, what is withdrawn."""

from __future__ import annotations

import multiprocessing
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import pytest

from hotline.core.act import Act
from hotline.core.context import Context, build_context, utc_now
from hotline.core.settings import load_settings
from hotline.core.storage.servers.presence import Presence, note_alive
from triage.hashlists import service, versions
from triage.hashlists.formats import HashEntry
from triage.hashlists.search.index_building import (
    IndexKeeper,
    build_own_index,
    is_index_behind,
)
from triage.hashlists.search.index_edition import (
    find_machines_behind,
    measure_lag,
    read_own_edition,
)
from triage.hashlists.search.matcher import Matcher, Query, index_path
from workers.app import create_app

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
PDQ = "f" * 32 + "0" * 32
OTHER = "0f" * 32
WITHDRAWN_WITHIN_SECONDS = 5.0


def _import(
    context: Context, *values: str, name: str = "list", whole: bool = True
) -> None:
    with context.database.writing() as session:
        act = Act(session, context, "t", NOW)
        target = service.create_list(act, name)
        versions.import_version(
            act,
            target,
            (HashEntry("pdq", value) for value in values),
            digest=uuid.uuid4().hex,
            whole=whole,
        )


def _another_machine(context: Context, folder: Path, name: str) -> Context:
    """The same database, keys and settings; a data directory of its own."""
    own = context.settings.model_copy(
        update={"data_dir": folder / name, "machine_name": name}
    )
    return build_context(own)


def test_each_machine_builds_its_own_index_and_knows_when_it_is_behind(
    context: Context, tmp_path: Path
) -> None:
    first = _another_machine(context, tmp_path, "a")
    second = _another_machine(context, tmp_path, "b")
    _import(context, PDQ)
    keepers = [IndexKeeper(machine) for machine in (first, second)]
    assert [keeper.look(NOW) for keeper in keepers] == [True, True]
    assert [keeper.look(NOW) for keeper in keepers] == [False, False]

    _import(context, PDQ, OTHER)
    assert build_own_index(first, NOW)
    assert not is_index_behind(first)
    assert is_index_behind(second)
    with second.database.reading() as session:
        edition = read_own_edition(second.settings.data_dir)
        assert measure_lag(session, edition).missing == 1
    with second.database.writing() as session:
        for machine in ("a", "b"):
            note_alive(session, machine, NOW + timedelta(hours=1))
    with first.database.reading() as session:
        later = NOW + timedelta(hours=1)
        assert find_machines_behind(session, later) == ["b"]
        assert find_machines_behind(session, NOW) == []
    assert keepers[1].look(NOW)
    with first.database.reading() as session:
        assert find_machines_behind(session, later) == []
    first.close()
    second.close()


def test_a_withdrawal_and_a_damaged_file_are_reasons_to_build(
    context: Context,
) -> None:
    _import(context, PDQ, OTHER)
    assert build_own_index(context, NOW)
    _import(context, PDQ)
    assert IndexKeeper(context).look(NOW)
    path = index_path(context.settings.data_dir, "pdq")
    path.write_bytes(path.read_bytes()[:-1])
    assert IndexKeeper(context).look(NOW)
    assert not is_index_behind(context)


def test_the_same_entries_again_build_nothing(context: Context) -> None:
    _import(context, PDQ)
    assert build_own_index(context, NOW)
    _import(context, PDQ)
    assert not IndexKeeper(context).look(NOW)


def test_two_machines_behind_and_silent_are_told_by_any_of_them(
    context: Context,
) -> None:
    now = utc_now()
    _import(context, PDQ)  # of 2 November: long ago
    with context.database.writing() as session:
        note_alive(session, "gone", now - timedelta(minutes=5))
    Presence(context).beat(now)
    build_own_index(context, now)
    client = create_app(context).test_client()
    faults = client.get("/readyz").get_json()["faults"]
    assert faults["machines"] == "1 machines of the service are silent"
    assert "index_age" not in faults
    _import(context, PDQ, OTHER)
    faults = client.get("/readyz").get_json()["faults"]
    assert faults["index_age"].endswith("is behind on 1 machines")


def _match_until_withdrawn(
    url: str, secrets: str, folder: str, ready: Event, answers: Any
) -> None:
    """A process of a machine of its own: matches again and again, says when it found nothing."""
    context = build_context(
        load_settings(
            database_url=url,
            secrets_dir=Path(secrets),
            data_dir=Path(folder),
            machine_name=Path(folder).name,
        )
    )
    build_own_index(context, NOW)
    matcher, query = Matcher(context), Query({}, PDQ, 100)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with context.database.reading() as session:
            found = matcher.match(session, query)
        if found:
            ready.set()
        elif ready.is_set():
            answers.put((Path(folder).name, time.time()))
            return
        time.sleep(0.05)
    answers.put((Path(folder).name, None))


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_a_withdrawn_entry_stops_matching_everywhere_within_five_seconds(
    make_context: Callable[..., Context], tmp_path: Path, backend: str
) -> None:
    """Four processes with data directories and index files of their own; nobody rebuilds them."""
    context = make_context(backend)
    _import(context, PDQ, OTHER)
    ways = multiprocessing.get_context("spawn")
    answers = ways.Queue()
    readies = [ways.Event() for _ in range(4)]
    settings = context.settings
    processes = [
        ways.Process(
            target=_match_until_withdrawn,
            args=(
                settings.database_url.get_secret_value(),
                str(settings.secrets_dir),
                str(tmp_path / f"machine-{number}"),
                ready,
                answers,
            ),
        )
        for number, ready in enumerate(readies)
    ]
    for process in processes:
        process.start()
    try:
        assert all(ready.wait(90) for ready in readies)
        _import(context, OTHER)
        withdrawn_at = time.time()
        told = dict(answers.get(timeout=60) for _ in processes)
    finally:
        for process in processes:
            process.join(10)
            process.kill()
    assert len(told) == len(processes)
    for machine, at in told.items():
        assert at is not None, machine
        assert at - withdrawn_at < WITHDRAWN_WITHIN_SECONDS, machine
