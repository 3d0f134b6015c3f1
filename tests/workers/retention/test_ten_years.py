"""Ten years pass, a quarter at a time: what was personal goes in its time, and figures stay."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.datafiles.periods import Sort, load_periods
from hotline.core.errors import Conflict
from hotline.core.storage import machine
from hotline.core.storage.crypto import RecordKey
from hotline.core.storage.ids import new_id
from hotline.intake import service
from hotline.intake.models import Report, ReportMessage, ReportPart
from partners.directory.models import Partner
from partners.forgetting.due import count_cases
from partners.notices.models import Notice, NoticeItem, ProviderAnswer
from partners.referrals.models import Hold, Plan, Referral
from partners.watching.models import Watch
from tests.support.cases import open_case
from tests.support.clock import NOW
from tests.support.items import make_item, make_media, make_sight
from tests.support.people import make_person
from tests.support.reports import sight_item
from triage.cases.assessing.assess import reopen_case
from triage.cases.bulk.models import BulkAct, BulkCase
from triage.cases.handling.models import CaseTag, HandOver
from triage.cases.listing.marks import CaseMark
from triage.cases.models import Assessment, Case
from triage.items.models import (
    HostingObservation,
    Item,
    Sighting,
    Visit,
)
from triage.media.models import Media
from workers.migrations.tables import metadata
from workers.retention.forgetting import forget_all
from workers.retention.plan import make_plan
from workers.statistics.figures import collect_figures

MARK = "zqxmark"
"""Stands in every word and address of these tests, so that it is found wherever it is left."""
DAY = timedelta(days=1)
QUARTER = 91.5 * DAY


def add_case(session: Session, context: Context, name: str) -> Case:
    """A case with something in each table that is about it; it is not over yet."""
    item = make_item(f"url:{MARK}{name}", host=f"{MARK}.example")
    media = make_media(len(name) * 7 + ord(name[0]), media_type="image/png")
    session.add_all([item, media])
    session.flush()
    part = sight_item(session, context, item)
    case = open_case(session, item, f"AL-2026-{name}", facts={"host": MARK})
    session.flush()
    machine.begin_state(session, case.places[0], actor="test", now=NOW)
    session.add_all(
        [
            make_sight(item, media),
            Visit(
                item_id=item.id,
                at=NOW,
                purpose="first",
                outcome="ok",
                report={"title": MARK},
            ),
            HostingObservation(
                item_id=item.id,
                fact="host",
                value=MARK,
                source="dns",
                at=NOW,
                confidence=1.0,
            ),
        ]
    )
    add_assessment(session, context, case)
    add_told(session, case, item)
    add_handling(session, case)
    service.advance_part(Act(session, context, "test", NOW), part, "closed")
    return case


def add_assessment(session: Session, context: Context, case: Case) -> None:
    person = session.scalars(select(Person)).first()
    assert person is not None
    made = Assessment(
        id=new_id(),
        case_id=case.id,
        person_id=person.id,
        at=NOW,
        scheme="s",
        version="1",
        answers={"class": "national"},
        item_classes={"x": MARK},
    )
    key = context.vault.new_record(session, made.id)
    made.note = context.vault.seal(key, "assessment.note", made.id, MARK)
    session.add(made)


def add_handling(session: Session, case: Case) -> None:
    """What the people of the queue wrote on it."""
    person = session.scalars(select(Person)).first()
    assert person is not None
    bulk = BulkAct(
        id=new_id(),
        person_id=person.id,
        act="tag",
        reason=MARK,
        asked_at=NOW,
        state="done",
        state_since=NOW,
    )
    session.add(bulk)
    session.flush()
    session.add_all(
        [
            BulkCase(bulk_id=bulk.id, case_id=case.id, why=MARK),
            CaseTag(case_id=case.id, tag=MARK, added_at=NOW, added_by="test"),
            HandOver(
                case_id=case.id,
                from_id=person.id,
                to_id=person.id,
                words=MARK.encode(),
                at=NOW,
            ),
        ]
    )


def add_told(session: Session, case: Case, item: Item) -> None:
    partner = session.scalars(select(Partner)).first()
    assert partner is not None
    plan = Plan(
        id=new_id(),
        case_id=case.id,
        routes=[{"why": MARK}],
        note=MARK,
        requested_at=NOW,
        requested_by="test",
        state="approved",
        state_since=NOW,
    )
    session.add(plan)
    session.flush()
    told = {"case_id": case.id, "plan_id": plan.id, "partner_id": partner.id}
    referral = Referral(
        id=new_id(),
        reference=f"R-{case.reference[-12:]}",
        kind="helpline",
        urgency="normal",
        why=MARK,
        their_reference=MARK,
        link_mac=new_id().bytes * 2,
        state="closed",
        state_since=NOW,
        **told,
    )
    notice = Notice(
        id=new_id(),
        reference=f"N-{case.reference[-12:]}",
        kind="provider_notice",
        desk=MARK,
        why=MARK,
        created_at=NOW,
        state="verified_removed",
        state_since=NOW,
        **told,
    )
    session.add_all([referral, notice])
    session.flush()
    session.add_all(
        [
            NoticeItem(notice_id=notice.id, item_id=item.id),
            ProviderAnswer(
                notice_id=notice.id, at=NOW, verb="removed", text=MARK
            ),
            Watch(
                item_id=item.id,
                case_id=case.id,
                host=MARK,
                policy="p",
                baseline={"title": MARK},
                state="ended",
                state_since=NOW,
            ),
        ]
    )


def end_case(session: Session, case: Case, state: str) -> None:
    case.state = state
    case.state_since = NOW


def add_hold(session: Session, case: Case, state: str) -> Hold:
    referral = session.scalars(
        select(Referral).where(Referral.case_id == case.id)
    ).one()
    hold = Hold(
        case_id=case.id,
        referral_id=referral.id,
        reason=MARK,
        officer_reference=MARK,
        state=state,
        state_since=NOW,
    )
    session.add(hold)
    return hold


@pytest.fixture
def cases(context: Context) -> dict[str, uuid.UUID]:
    """One closed, one not illegal, one that the police had held."""
    with context.database.writing() as session:
        session.add(make_person("arta", "analyst", now=NOW))
        session.add(
            Partner(
                code="office", kind="helpline", name="Office", created_at=NOW
            )
        )
        session.flush()
        made = {
            name: add_case(session, context, name)
            for name in ("closed", "lawful", "police")
        }
        session.flush()
        end_case(session, made["closed"], "closed")
        end_case(session, made["lawful"], "not_illegal")
        end_case(session, made["police"], "closed")
        add_hold(session, made["police"], "released")
        return {name: case.id for name, case in made.items()}


def list_marks(context: Context) -> list[str]:
    """Columns of any table in which the mark still stands."""
    found = []
    with context.database.reading() as session:
        for table in metadata.sorted_tables:
            for row in session.execute(select(table)).mappings():
                found += [
                    f"{table.name}.{name}"
                    for name, value in row.items()
                    if MARK in str(value)
                ]
    return sorted(set(found))


def quarters(years: int) -> Iterator[datetime]:
    for quarter in range(1, 4 * years + 2):
        yield NOW + quarter * QUARTER


def test_ten_years(context: Context, cases: dict[str, uuid.UUID]) -> None:
    periods = load_periods(context.settings)
    with context.database.reading() as session:
        before = collect_figures(session, NOW).to_json()
    assert len(list_marks(context)) > 15
    gone: dict[str, datetime] = {}
    for now in quarters(10):
        forget_all(context, now)
        with context.database.reading() as session:
            for name, case_id in cases.items():
                case = session.get_one(Case, case_id)
                if case.forgotten_at is not None:
                    gone.setdefault(name, case.forgotten_at)
    for name, sort in (
        ("closed", Sort.CASE),
        ("police", Sort.CASE_OF_POLICE),
        ("lawful", Sort.CASE_NOT_ILLEGAL),
    ):
        due = NOW + periods[sort].length
        assert due <= gone[name] <= due + QUARTER
    assert list_marks(context) == []
    with context.database.reading() as session:
        after = collect_figures(session, NOW).to_json()
        assert session.scalar(select(func.count(RecordKey.record_id))) == 0
        assert session.scalar(select(func.count(Media.id))) == 0
        assert session.scalar(select(func.count(Report.id))) == 3
        assert session.scalar(select(func.count(CaseMark.case_id))) == 0
    assert after == before


def test_a_hold_that_is_open_keeps_a_case_whatever_its_age(
    context: Context, cases: dict[str, uuid.UUID]
) -> None:
    with context.database.writing() as session:
        held = session.get_one(Case, cases["closed"])
        hold = add_hold(session, held, "active")
        session.flush()
        hold_id = hold.id
    late = NOW + 4000 * DAY
    forget_all(context, late)
    with context.database.writing() as session:
        assert session.get_one(Case, cases["closed"]).forgotten_at is None
        assert make_plan(session, context, late).under_hold == 1
        session.get_one(Hold, hold_id).state = "released"
    forget_all(context, late)
    with context.database.reading() as session:
        assert session.get_one(Case, cases["closed"]).forgotten_at == late


def test_the_plan_says_before_what_the_round_does_then(
    context: Context, cases: dict[str, uuid.UUID]
) -> None:
    late = NOW + 1825 * DAY
    forget_all(context, late - DAY)
    with context.database.reading() as session:
        periods = load_periods(context.settings)
        (case, lawful, police) = count_cases(session, periods, late - DAY)
        assert (case.kept, case.due, case.next_at) == (1, 0, late)
        assert lawful.kept == 0
        assert police.kept == 1
        then = make_plan(session, context, late)
    planned = {row.sort: row.due for row in then.sorts}
    assert planned[Sort.CASE] == 1
    assert forget_all(context, late)["cases"] == 1


def test_a_forgotten_case_is_not_opened_again(
    context: Context, cases: dict[str, uuid.UUID]
) -> None:
    late = NOW + 4000 * DAY
    forget_all(context, late)
    with context.database.writing() as session:
        case = session.get_one(Case, cases["closed"])
        with pytest.raises(Conflict, match="period"):
            reopen_case(Act(session, context, "test", late), case, "news")


def test_a_place_that_is_reported_again_begins_anew(
    context: Context, cases: dict[str, uuid.UUID]
) -> None:
    late = NOW + 4000 * DAY
    forget_all(context, late)
    with context.database.writing() as session:
        item = make_item(f"url:{MARK}closed", now=late)
        session.add(item)
        sight_item(session, context, item)
        session.flush()
        assert session.scalar(select(func.count(Item.id))) == 4


def test_people_who_left_keep_their_user_name_alone(context: Context) -> None:
    with context.database.writing() as session:
        person = make_person("besa", "analyst", now=NOW)
        person.email = f"{MARK}@hotline.example"
        person.disabled_at = NOW
        session.add(person)
    forget_all(context, NOW + 364 * DAY)
    assert list_marks(context) == ["person.email"]
    forget_all(context, NOW + 365 * DAY)
    assert list_marks(context) == []
    with context.database.reading() as session:
        person = session.scalars(select(Person)).one()
        assert person.display_name == person.username == "besa"
        assert person.password_hash == ""
    assert forget_all(context, NOW + 366 * DAY)["staff"] == 0


def test_an_objection_that_nobody_read_keeps_a_lawful_place(
    context: Context, cases: dict[str, uuid.UUID]
) -> None:
    with context.database.writing() as session:
        item_id = session.get_one(Case, cases["lawful"]).item.id
        part = session.scalars(
            select(ReportPart)
            .join(Sighting, Sighting.part_id == ReportPart.id)
            .where(Sighting.item_id == item_id)
        ).one()
        key = context.vault.key_for(session, part.report_id)
        message = ReportMessage(
            id=new_id(),
            report_id=part.report_id,
            at=NOW + DAY,
            author="reporter",
            actor="public",
            text=b"",
        )
        message.text = context.vault.seal(
            key, "report_message.text", message.id, "I object."
        )
        session.add(message)
    forget_all(context, NOW + 200 * DAY)
    with context.database.reading() as session:
        assert session.get_one(Case, cases["lawful"]).forgotten_at is None
    words = load_periods(context.settings)
    latest = words[Sort.REPORT_WORDS].length + words[Sort.UNREAD_WORDS].length
    forget_all(context, NOW + latest + 2 * DAY)
    with context.database.reading() as session:
        assert session.get_one(Case, cases["lawful"]).forgotten_at is not None
