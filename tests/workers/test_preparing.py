"""Machines that are started together for the first time: one makes all, the others find it."""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text


def _prepare(url: str, keys: str, folder: str, gate: Any, told: Any) -> None:
    from hotline.core.settings import load_settings
    from workers.cli.running.preparing import prepare_house

    settings = load_settings(
        database_url=url, secrets_dir=Path(keys), data_dir=Path(folder)
    )
    gate.wait(60)
    try:
        told.put(bool(prepare_house(settings)))
    except Exception as error:
        told.put(str(error)[:600])


def test_three_machines_prepare_one_house(
    postgres_url: str, tmp_path: Path
) -> None:
    ways = multiprocessing.get_context("spawn")
    gate, told = ways.Barrier(3), ways.Queue()
    keys = tmp_path / "keys"
    processes = [
        ways.Process(
            target=_prepare,
            args=(
                postgres_url,
                str(keys),
                str(tmp_path / str(number)),
                gate,
                told,
            ),
        )
        for number in range(3)
    ]
    for process in processes:
        process.start()
    outcomes = [told.get(timeout=120) for _ in processes]
    for process in processes:
        process.join(20)
    # One of them made the first administrator, and has the password to show.
    assert sorted(map(str, outcomes)) == ["False", "False", "True"]
    url = postgres_url.replace("postgresql:", "postgresql+psycopg:", 1)
    engine = create_engine(url)
    with engine.connect() as connection:
        people = connection.scalar(text("SELECT count(*) FROM person"))
    engine.dispose()
    assert people == 1
