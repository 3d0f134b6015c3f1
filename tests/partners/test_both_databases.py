"""The whole way once on each database: locks and types differ between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from hotline.core.act import Act
from hotline.core.context import Context
from partners.channels.base import Refused
from partners.console.attention import list_points
from partners.directory.service import name_desk, seed_directory
from partners.duty import alerts, rota
from partners.duty.models import Alert
from partners.manual.service import Told, record_act
from partners.notices.answers import store_answer
from partners.notices.contacts import send_waiting_notices
from partners.notices.models import Notice
from partners.notices.reminders import send_reminders
from partners.notices.service import note_still_up, settle_notices
from partners.referrals import holds
from partners.referrals import service as referrals
from partners.referrals.following_up.reminders import chase_referrals
from partners.referrals.models import Hold, Referral
from partners.sending.models import Delivery
from partners.states import NoticeEvent
from partners.watching.models import Watch
from partners.watching.service import post_due_checks, start_watches
from tests.support.house import House
from tests.support.routing import ABROAD, POLICE, ROUTING
from triage.cases.examination.sightings import raise_alarm
from triage.cases.models import Case
from triage.cases.places import note_at_place
from triage.cases.vocabulary import PlaceEvent

ICCAM = {**ABROAD, "to": "iccam", "name": "ICCAM"}


@pytest.fixture
def context(
    request: pytest.FixtureRequest, make_context: Callable[..., Context]
) -> Context:
    """With the tables that the migrations make."""
    return make_context(request.param, rdap_enabled=False, package_at="")


@pytest.mark.services
@pytest.mark.parametrize("context", ["sqlite", "postgresql"], indirect=True)
def test_the_whole_way(house: House) -> None:
    writing = house.context.database.writing
    with writing() as session:
        act = Act(session, house.context, "x", house.now)
        assert seed_directory(act) > 100
        assert seed_directory(act) == 0
    police = house.partner()
    house.mail.faults = [Refused("550")]
    house.decide(house.case(), "police", "provider_notice", partner=None)
    house.retry(house.only(Delivery))
    house.work()
    assert (house.hold.state, police.code) == ("active", "police-al")
    house.later(days=3)
    with writing() as session:
        assert holds.expire_holds(session, house.context, house.now) == 1
    with writing() as session:
        holds.extend_hold(
            Act(session, house.context, "x", house.now),
            session.get_one(Hold, house.hold.id),
            reason="r",
            officer_reference="o",
            deadline=house.now + timedelta(days=1),
        )
        referral = session.get_one(Referral, house.referral.id)
        referrals.store_answer(
            Act(session, house.context, "x", house.now),
            referral,
            "take_up",
            note="a\x00b",
        )
        holds.release_hold(
            Act(session, house.context, "x", house.now),
            session.get_one(Hold, house.hold.id),
        )
    house.work()
    assert house.notice.state == "awaiting_contact"
    with writing() as session:
        act = Act(session, house.context, "x", house.now)
        desk = name_desk(act, "abuse@isp.example")
        assert referrals.send_waiting_referrals(act, desk) == []
        send_waiting_notices(Act(session, house.context, "x", house.now), desk)
    house.work()
    assert house.notice.state == "sent"
    with writing() as session:
        found = session.get_one(Notice, house.notice.id)
        act = Act(session, house.context, "x", house.now)
        store_answer(act, found, "preserved", "\x00")
        assert post_due_checks(session, house.context, house.now) == 1
        case = session.get_one(Case, found.case_id)
        start_watches(act, case)
    house.later(days=2)
    with writing() as session:
        assert send_reminders(session, house.context, house.now) == 1
    house.work()
    with writing() as session:
        act = Act(session, house.context, "x", house.now)
        case = session.get_one(Case, house.notice.case_id)
        note_at_place(act, case, case.item.id, PlaceEvent.REMOVED)
        settle_notices(act, case.item.id)
        note_still_up(act, case.item.id, NoticeEvent.REAPPEARED)
    assert house.notice.state == "acknowledged"
    assert house.only(Watch).host == "one.test"
    assert house.errors == []


@pytest.mark.services
@pytest.mark.parametrize("context", ["sqlite", "postgresql"], indirect=True)
def test_the_right_office_at_the_right_time(context: Context) -> None:
    """Alerts, a call, a package, reminders to office and head, and what is done by hand."""
    update = {"package_at": "09:00", "smtp_host": "127.0.0.1"}
    house = House(
        replace(context, settings=context.settings.model_copy(update=update))
    )
    writing = house.context.database.writing
    person = house.person("arta")
    house.partner(head_address="head@police.example", telephone="129")
    routing = {**ROUTING, "routes": [{**POLICE, "urgency": "normal"}, ICCAM]}
    for name in ("one", "two", "three"):
        house.decide(house.case(name, routing=routing), "police")
    with writing() as session:
        act = Act(session, house.context, "person:drita", house.now)
        rota.set_contact(
            act, person.id, email="arta@home.example", phone="", topic=""
        )
        endangered = session.scalars(select(Case).limit(1)).one()
        endangered.danger_now = True
        raise_alarm(session, house.context, endangered, house.now)
    house.work()
    addresses = [message.address for message in house.mail.messages]
    assert sorted(addresses) == [
        "arta@home.example",
        "police-al@desk.example",
    ]
    with writing() as session:
        act = Act(session, house.context, "person:arta", house.now)
        alert = session.scalars(select(Alert)).one()
        assert alerts.acknowledge(act, alert)
        case = session.get_one(Case, alert.case_id)
        assert case.awaits_call_since == house.now
        told = Told("police", "telephone", "told", house.now, "An officer")
        record_act(act, case, told)
        assert case.awaits_call_since is None
    house.later(days=1)
    house.work()
    assert "2 referrals" in house.mail.messages[-1].subject
    for _ in range(12):
        house.later(days=1)
        with writing() as session:
            chase_referrals(session, house.context, house.now)
        house.work()
    written = [message.address for message in house.mail.messages]
    assert "head@police.example" in written
    assert written[-1] == "arta@home.example", "of danger nobody answered"
    with house.context.database.reading() as session:
        reasons = {point.why for point in list_points(session)}
    assert {"referral.unanswered", "route.by_hand"} <= reasons
