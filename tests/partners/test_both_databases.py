"""The whole way once on each database: locks and types differ between them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from hotline.core.act import Act
from hotline.core.context import Context
from partners.channels.base import Refused
from partners.directory.service import name_desk, seed_directory
from partners.notices.answers import store_answer
from partners.notices.contacts import send_waiting_notices
from partners.notices.models import Notice
from partners.notices.reminders import send_reminders
from partners.notices.service import note_still_up, settle_notices
from partners.referrals import holds
from partners.referrals import service as referrals
from partners.referrals.models import Hold, Referral
from partners.sending.models import Delivery
from partners.states import NoticeEvent
from partners.watching.models import Watch
from partners.watching.service import post_due_checks, start_watches
from tests.support.house import House
from triage.cases.models import Case
from triage.cases.places import note_at_place
from triage.cases.vocabulary import PlaceEvent


@pytest.fixture
def context(
    request: pytest.FixtureRequest, make_context: Callable[..., Context]
) -> Context:
    """With the tables that the migrations make."""
    return make_context(request.param, rdap_enabled=False)


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
            session,
            session.get_one(Hold, house.hold.id),
            reason="r",
            officer_reference="o",
            deadline=house.now + timedelta(days=1),
            actor="x",
            now=house.now,
        )
        referral = session.get_one(Referral, house.referral.id)
        referrals.store_answer(
            session,
            referral,
            "take_up",
            actor="x",
            now=house.now,
            note="a\x00b",
        )
        holds.release_hold(
            session,
            session.get_one(Hold, house.hold.id),
            actor="x",
            now=house.now,
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
