"""Pages of the queue ask by indexes, and stay small: what `hotline bench queue` measures."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection

from hotline.core.web import site
from tests.support.questions import Asked, listening
from workers.bench.databases.queue import (
    LARGEST_PAGE,
    Desk,
    list_pages,
    open_desk,
)
from workers.bench.filling.queue_filling import NOW
from workers.statistics.closing import keep_figures, read_figures
from workers.statistics.periods import month_of

LARGE = frozenset(
    {
        "case_file",
        "case_item",
        "case_mark",
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
        "plan",
        "manual_act",
        "hosting_observation",
        "hosting_hop",
        "visit",
        "outbox_entry",
        "delivery",
        "provider_answer",
        "watch",
        "approval",
        "print_sighting",
    }
)
FILLED = frozenset(
    {
        "case_file",
        "case_item",
        "case_mark",
        "item",
        "report",
        "report_part",
        "sighting",
        "media",
        "item_media",
        "history_entry",
        "hosting_observation",
        "hosting_hop",
        "visit",
        "outbox_entry",
    }
)
"""Of an empty table any way is as good as another."""
MOST_SORTED = 200
"""Rows: a page of a list is read in its order, and none of a whole tab is sorted for it."""
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
    """Large tables that are read from one end to the other, and what is sorted as a whole."""
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
        if kind == "Sort" and node["Plan Rows"] > MOST_SORTED:
            faults.append(f"{kind} of {node['Plan Rows']} rows")
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
        "ix_case_file_held_ranked",
        "ix_case_file_awaits_call",
        "ix_case_file_by_hand",
    )


def faults_in(connection: Connection, asked: Asked) -> list[str]:
    """The tables of a test are small: the planner is told to read them by indexes if it can."""
    faults = []
    for way in ("seqscan", "mergejoin", "hashjoin"):
        connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
    for statement, given in asked:
        statement = statement.replace(" FOR UPDATE", "")
        row = connection.exec_driver_sql(
            f"EXPLAIN (FORMAT JSON) {statement}", given
        ).one()[0]
        plan = json.loads(row) if isinstance(row, str) else row
        for fault in faults_of(plan[0]["Plan"]):
            faults.append(f"{fault}: {' '.join(statement.split())[:300]}")
    return faults


@pytest.mark.services
@pytest.mark.parametrize("name", list(list_pages()))
def test_no_large_table_is_read_as_a_whole(desk: Desk, name: str) -> None:
    with listening(desk.engine) as asked:
        page = list_pages()[name](desk)
    assert len(page) < LARGEST_PAGE
    assert asked
    with desk.engine.connect() as connection:
        faults = faults_in(connection, asked)
    assert not faults, "\n".join(faults)


@pytest.mark.services
@pytest.mark.parametrize(
    ("index", "name"),
    [
        ("ix_case_file_ranked", "tab closed"),
        ("ix_case_mark_ranked", "filter by country"),
        ("ix_item_asn_id", "search by network"),
        ("ix_history_entry_entity_id_at", "case"),
        ("ix_item_host_id", "search by host"),
        ("ix_hosting_observation_address", "search by address"),
        ("ix_visit_item_id_at", "case"),
        ("ix_outbox_entry_second_look", "case"),
    ],
)
def test_the_plan_of_a_missing_index_is_a_fault(
    desk: Desk, index: str, name: str
) -> None:
    """Else the test above could not fail."""
    with listening(desk.engine) as asked:
        list_pages()[name](desk)
    with desk.engine.connect() as connection:
        assert faults_in(connection, asked) == []
        connection.exec_driver_sql(f"DROP INDEX {index}")
        assert faults_in(connection, asked)
        connection.rollback()


@pytest.mark.services
def test_words_are_asked_by_their_own_index(desk: Desk) -> None:
    with listening(desk.engine) as asked:
        list_pages()["search by words"](desk)
    questions = [pair for pair in asked if "plainto_tsquery" in pair[0]]
    indexes = set()
    with desk.engine.connect() as connection:
        # Plans and acts by hand are empty here, where any way is as good.
        for way in ("seqscan", "indexscan"):
            connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
        for statement, given in questions:
            rows = connection.exec_driver_sql(f"EXPLAIN {statement}", given)
            plan = "\n".join(row[0] for row in rows)
            indexes |= set(re.findall(r"Index Scan on (ix_\w+_words)", plan))
    assert indexes == {
        "ix_history_entry_words",
        "ix_plan_words",
        "ix_plan_routes_words",
        "ix_manual_act_words",
    }
    assert len(questions) == 5


@pytest.mark.services
def test_figures_of_a_closed_month_read_no_large_table(desk: Desk) -> None:
    june = month_of(2026, 6, "Europe/Tirane")
    with desk.client.application.app_context():
        context = site.current_context()
    for period in (june, june.before()):
        with context.database.reading() as session:
            figures = read_figures(session, context, period, NOW)
        with context.database.writing() as session:
            keep_figures(session, period, figures, NOW)
    with listening(desk.engine) as asked:
        page = desk.get("/console/figures?period=2026-06")
    assert len(page) < LARGEST_PAGE
    with desk.engine.connect() as connection:
        assert faults_in(connection, asked) == []


def test_the_filled_database_is_there(desk: Desk) -> None:
    assert desk.sample.reference.encode() in desk.find(desk.sample.url)
