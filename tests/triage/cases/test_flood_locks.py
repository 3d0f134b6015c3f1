"""A person lets a flood through while a job works on the same item: neither waits for ever."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from hotline.core.act import Act
from hotline.core.context import Context
from tests.support.at_once import start_behind
from tests.support.cases import open_case
from tests.support.items import make_item
from tests.support.people import make_person
from triage.cases import floods
from triage.cases.models import Case
from triage.items.models import Item

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


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

    # As every job: the item, then its case.
    with context.database.writing() as session:
        session.get_one(Item, item.id, with_for_update=True)
        releasing = start_behind(context.database, release)
        session.scalars(select(Case).with_for_update(of=Case)).one()
    releasing.result()
    with context.database.reading() as session:
        assert session.scalars(select(Case)).one().state == "received"
