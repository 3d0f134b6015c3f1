"""A person lets a flood through while a job works on the same item: neither waits for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, text

from hotline.core.act import Act
from hotline.core.context import Context
from tests.support.cases import open_case
from tests.support.items import make_item
from tests.support.people import make_person
from triage.cases import floods
from triage.cases.models import Case
from triage.items.models import Item

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
WAITING = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE wait_event_type = 'Lock' AND datname = current_database()"
)


@pytest.mark.services
@pytest.mark.parametrize("many", [True, False])
def test_items_are_locked_before_cases(
    make_context: Callable[..., Context], many: bool
) -> None:
    context = make_context("postgresql")
    person = make_person("ana", now=NOW)
    with context.database.writing() as session:
        item = make_item(now=NOW)
        session.add_all([person, item])
        session.flush()
        session.expunge(person)
        open_case(session, item, "R-1", state="held", now=NOW, held=1)

    def release() -> None:
        with context.database.writing() as session:
            act = Act(session, context, person.actor, NOW)
            if many:
                floods.release_many(act, ["R-1"])
            else:
                floods.release_held(act, session.scalars(select(Case)).one())

    thread = threading.Thread(target=release)
    with (
        context.database.writing() as session
    ):  # as every job: the item, then its case
        session.get_one(Item, item.id, with_for_update=True)
        thread.start()
        with context.database.engine.connect() as watcher:
            watcher = watcher.execution_options(isolation_level="AUTOCOMMIT")
            while not watcher.scalar(WAITING):
                time.sleep(0.01)
        session.scalars(select(Case).with_for_update(of=Case)).one()
    thread.join()
    with context.database.reading() as session:
        assert session.scalars(select(Case)).one().state == "received"
