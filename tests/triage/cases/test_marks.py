"""The database keeps the marks of cases whatever is done with them, and lists read by them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import inspect, select, text, update
from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from hotline.core.context import Context
from hotline.core.storage.ids import new_id
from hotline.intake.models import Report, ReportPart
from tests.support.cases import make_case
from tests.support.items import make_item
from triage.cases.listing.filters import Filters
from triage.cases.listing.marks import CaseMark
from triage.cases.listing.queue import (
    Page,
    count_matching,
    list_matching,
    list_queue,
)
from triage.cases.models import Case, CaseItem
from triage.items.models import Item, Sighting
from workers.migrations import run
from workers.migrations.tables import metadata

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
Row = tuple[object, str, str, int]


def marks_in(session: Session) -> set[Row]:
    rows = session.scalars(select(CaseMark))
    return {(row.case_id, row.mark, row.state, row.priority) for row in rows}


def marks_counted_anew(session: Session) -> set[Row]:
    """From the rows themselves, without a word of the triggers."""
    rows: set[Row] = set()
    for place in session.scalars(select(CaseItem)):
        case, item = place.case, place.item
        marks = {
            f"host:{item.host}" if item.host else "",
            f"host:{item.registrable_domain}"
            if item.registrable_domain
            else "",
            f"network:{item.asn}" if item.asn else "",
            f"country:{item.hosting_country or '??'}",
            *(
                f"sender:{report.source}" if report.source else ""
                for report in _reports_of(session, item)
            ),
        }
        rows |= {
            (case.id, mark, case.state, case.priority)
            for mark in marks
            if mark
        }
    return rows


def _reports_of(session: Session, item: Item) -> list[Report]:
    return list(
        session.scalars(
            select(Report)
            .join(ReportPart, ReportPart.report_id == Report.id)
            .join(Sighting, Sighting.part_id == ReportPart.id)
            .where(Sighting.item_id == item.id)
        )
    )


def report_it(session: Session, item: Item, source: str) -> None:
    report = Report(
        id=new_id(),
        received_at=NOW,
        channel="api",
        source=source,
        language="en",
        kind="csam_image",
        receipt_mac=new_id().bytes * 2,
    )
    part = ReportPart(
        id=new_id(),
        report=report,
        position=0,
        kind="location",
        state="received",
        state_since=NOW,
    )
    session.add_all((report, part))
    session.flush()
    session.add(
        Sighting(id=new_id(), item_id=item.id, part_id=part.id, at=NOW)
    )


def add_a_case(session: Session, dice: random.Random) -> None:
    number = dice.randrange(10**9)
    item = make_item(f"url:{number}", now=NOW)
    item.host = f"www.host{number % 3}.example"
    item.registrable_domain = f"host{number % 3}.example"
    session.add(item)
    session.flush()
    case = make_case(item, now=NOW, reference=f"AL-{number}")
    case.priority = dice.randrange(500)
    session.add(case)


def change_an_item(session: Session, dice: random.Random) -> None:
    item = dice.choice(session.scalars(select(Item).order_by(Item.id)).all())
    item.asn = dice.choice([None, "AS64500", "AS64501"])
    item.hosting_country = dice.choice([None, "AL", "DE"])
    if dice.random() < 0.2:
        item.host = item.registrable_domain = None


def move_a_place(session: Session, dice: random.Random) -> None:
    query = select(CaseItem).order_by(CaseItem.id)
    place = dice.choice(session.scalars(query).all())
    cases = session.scalars(select(Case).order_by(Case.id)).all()
    place.case = dice.choice(cases)


def rank_a_case(session: Session, dice: random.Random) -> None:
    """Past the models, too."""
    case = dice.choice(session.scalars(select(Case).order_by(Case.id)).all())
    values = {
        "state": dice.choice(["waiting", "closed"]),
        "priority": dice.randrange(500),
    }
    session.execute(update(Case).where(Case.id == case.id).values(**values))


def report_an_item(session: Session, dice: random.Random) -> None:
    item = dice.choice(session.scalars(select(Item).order_by(Item.id)).all())
    report_it(session, item, dice.choice(["", "police", "partner"]))


DEEDS: tuple[Callable[[Session, random.Random], None], ...] = (
    add_a_case,
    change_an_item,
    move_a_place,
    rank_a_case,
    report_an_item,
)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_marks_follow_whatever_is_done(context: Context, seed: int) -> None:
    dice = random.Random(seed)
    with context.database.writing() as session:
        for _ in range(4):
            add_a_case(session, dice)
    for _ in range(40):
        with context.database.writing() as session:
            for _ in range(dice.randrange(1, 4)):
                dice.choice(DEEDS)(session, dice)
                session.flush()
        with context.database.reading() as session:
            expected = marks_counted_anew(session)
            assert marks_in(session) == expected
    assert {row[1].split(":")[0] for row in expected} == {
        "host",
        "network",
        "country",
        "sender",
    }


def test_the_cases_of_before_get_marks(context: Context) -> None:
    with context.database.writing() as session:
        add_a_case(session, random.Random(1))
        item = session.scalars(select(Item)).one()
        report_it(session, item, "police")
    run.downgrade_schema(context.database, "0044")
    assert (
        "case_mark" not in inspect(context.database.engine).get_table_names()
    )
    run.upgrade_schema(context.database)
    with context.database.writing() as session:
        assert marks_in(session) == marks_counted_anew(session) != set()
        session.scalars(select(Item)).one().asn = "AS64510"
    with context.database.reading() as session:
        assert marks_in(session) == marks_counted_anew(session)


def triggers_of(context: Context) -> set[str]:
    """As the database has them now, whatever the table was through."""
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if context.database.is_sqlite
        else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
    )
    with context.database.engine.connect() as connection:
        return set(connection.scalars(text(query)))


def test_migrations_leave_the_triggers_that_the_models_make(
    context: Context,
) -> None:
    """SQLite drops them with a table that a migration writes anew."""
    expected = triggers_of(context)
    metadata.drop_all(context.database.engine)
    with context.database.engine.begin() as connection:
        connection.execute(text("DROP TABLE alembic_version"))
    run.upgrade_schema(context.database)
    assert triggers_of(context) == expected
    assert len(expected) == 5


def list_pages(session: Session, **given: Any) -> list[Page]:
    """All pages of two cases."""
    pages = [list_queue(session, **given, limit=2)]
    while after := pages[-1].after:
        pages.append(list_queue(session, **given, limit=2, after=after))
    return pages


def afters(pages: Sequence[Page]) -> list[str]:
    return [page.after for page in pages if page.after]


def test_what_is_not_counted_to_its_end_says_so(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By one value up to three here, by several up to two."""
    monkeypatch.setattr("triage.cases.listing.queue.COUNTED", 3)
    monkeypatch.setattr("triage.cases.listing.queue.COUNTED_OF_SEVERAL", 2)
    with context.database.writing() as session:
        for number in range(5):
            item = make_item(f"url:{number}", now=NOW)
            item.hosting_country = "AL"
            session.add(item)
            session.flush()
            session.add(
                make_case(
                    item,
                    state="waiting",
                    now=NOW,
                    reference=f"AL-2026-{number:06d}",
                    kind="grooming",
                )
            )
    with context.database.reading() as session:
        for filters, says in (
            (Filters(country="AL"), "3+"),
            (Filters(country="AL", kind="grooming"), "2+"),
        ):
            given: dict[str, Any] = {
                "tab": "waiting",
                "filters": filters,
                "person": Person(id=new_id()),
                "now": NOW,
            }
            page = list_queue(session, **given, limit=1)
            assert str(count_matching(session, **given, page=page)) == says


@pytest.mark.parametrize("tab", ["waiting", "held"])
def test_a_list_is_narrowed_down_by_several_values_at_once(
    context: Context, tab: str
) -> None:
    """In its order, counted, and page by page; the held tab has an order of its own."""
    values = [("AL", "AS64500"), ("AL", "AS64501"), ("DE", "AS64500")]
    with context.database.writing() as session:
        for number, (country, asn) in enumerate(values * 3):
            item = make_item(f"url:{number}", now=NOW)
            item.host, item.hosting_country, item.asn = "h.test", country, asn
            session.add(item)
            session.flush()
            case = make_case(
                item,
                state=tab,
                now=NOW,
                reference=f"AL-2026-{number:06d}",
                priority=number,
                held=number + 1,
                kind="grooming" if number == 3 else "csam_image",
            )
            session.add(case)
            if asn == "AS64500":
                report_it(session, item, "police")
    someone = Person(id=new_id())
    filters = Filters(host="H.test", country="al", network="64500")
    both = Filters(sender="police", country="AL")
    with context.database.reading() as session:
        for asked, is_there in (
            (filters, [6, 3, 0]),
            (both, [6, 3, 0]),
            (replace(filters, kind="csam_image"), [6, 0]),
            (replace(both, kind="grooming"), [3]),
            (Filters(country="AL", kind="csam_image"), [7, 6, 4, 1, 0]),
        ):
            given: dict[str, Any] = {
                "tab": tab,
                "filters": asked,
                "person": someone,
                "now": NOW,
            }
            pages = list_pages(session, **given)
            rows = [row for page in pages for row in page.rows]
            numbers = [int(row.case.reference[-6:]) for row in rows]
            assert numbers == is_there
            for page, after in zip(pages, [None, *afters(pages)], strict=True):
                count = count_matching(
                    session, **given, page=page, after=after
                )
                assert str(count) == str(len(is_there))
            ids = list_matching(session, **given)
            assert ids == [row.case.id for row in rows]
        for of_none in (
            Filters(network="nonsense"),
            Filters(host="h.test", same_as="nonsense"),
        ):
            given = {
                "tab": tab,
                "filters": of_none,
                "person": someone,
                "now": NOW,
            }
            page = list_queue(session, **given)
            assert page.rows == []
            assert str(count_matching(session, **given, page=page)) == "0"
            assert list_matching(session, **given) == []
