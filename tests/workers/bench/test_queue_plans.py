"""Pages of the queue ask by indexes, and stay small: what `hotline bench queue` measures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event

from workers.bench.databases.queue import (
    LARGEST_PAGE,
    Desk,
    list_pages,
    open_desk,
)

LARGE = frozenset(
    {
        "case_file",
        "case_item",
        "item",
        "report",
        "report_part",
        "sighting",
        "media",
        "item_media",
        "history_entry",
        "audit_entry",
        "assessment",
        "case_identifier",
        "case_tag",
        "hash_entry",
        "media_match",
        "referral",
        "notice",
        "hold",
    }
)
FILLED = frozenset(
    {
        "case_file",
        "case_item",
        "item",
        "report",
        "report_part",
        "sighting",
        "media",
        "item_media",
        "history_entry",
    }
)
"""Of an empty table any way is as good as another."""
INDEXED = ("Index Scan", "Index Only Scan", "Bitmap Index Scan")


@pytest.fixture(scope="module")
def desk(
    postgres_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("desk")
    with open_desk(folder, postgres_server, 3_000) as opened:
        yield opened


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes_of(inner)


def faults_of(plan: dict[str, Any]) -> list[str]:
    """Large tables that are read from one end to the other."""
    faults = []
    nodes = list(nodes_of(plan))
    for node in nodes:
        table = node.get("Relation Name", "")
        kind = node["Node Type"]
        if kind == "Seq Scan" and table in LARGE:
            faults.append(f"{kind} of {table}")
        is_indexed = kind in INDEXED and table_of(node) in FILLED
        if is_indexed and "Index Cond" not in node and not is_partial(node):
            faults.append(f"{kind} of all by {node['Index Name']}")
    return faults


def table_of(node: dict[str, Any]) -> str:
    """Of a bitmap's index only the index is named, which begins with the table's name."""
    named = str(node.get("Relation Name", ""))
    index = str(node.get("Index Name", ""))
    return named or max(
        (table for table in LARGE if f"_{table}_" in index),
        key=len,
        default="",
    )


def is_partial(node: dict[str, Any]) -> bool:
    """An index of few rows is read as a whole: that is what it is for."""
    return node["Index Name"] in (
        "ix_case_file_held",
        "ix_case_file_awaits_call",
    )


@pytest.mark.services
@pytest.mark.parametrize("name", list(list_pages()))
def test_no_large_table_is_read_as_a_whole(desk: Desk, name: str) -> None:
    """The tables of a test are small: the planner is told to read them by indexes if it can."""
    asked: list[tuple[str, Any]] = []

    def listen(_c: Any, _k: Any, statement: str, given: Any, *_: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            asked.append((statement, given))

    engine = desk.engine
    event.listen(engine, "before_cursor_execute", listen)
    try:
        page = list_pages()[name](desk)
    finally:
        event.remove(engine, "before_cursor_execute", listen)
    assert len(page) < LARGEST_PAGE
    assert asked
    faults = []
    with engine.connect() as connection:
        for way in ("seqscan", "mergejoin", "hashjoin"):
            connection.exec_driver_sql(f"SET enable_{way} = off")
        for statement, given in asked:
            statement = statement.replace(" FOR UPDATE", "")
            row = connection.exec_driver_sql(
                f"EXPLAIN (FORMAT JSON) {statement}", given
            ).one()[0]
            plan = json.loads(row) if isinstance(row, str) else row
            for fault in faults_of(plan[0]["Plan"]):
                faults.append(f"{fault}: {' '.join(statement.split())[:300]}")
    assert not faults, "\n".join(faults)


def test_the_filled_database_is_there(desk: Desk) -> None:
    assert desk.sample.reference.encode() in desk.find(desk.sample.url)
