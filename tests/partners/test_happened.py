"""What a page says has happened is so: no "told now" where nothing can leave."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from hotline.core.act import Act
from partners.console.case import happened
from partners.directory.models import Partner
from partners.notices.models import Notice
from partners.referrals import holds
from partners.referrals.models import Hold, Plan
from tests.support.house import House
from triage.cases.models import Case
from workers.app import create_app


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"audiences": ("console",)}


@pytest.fixture
def app(house: House) -> Iterator[Flask]:
    made = create_app(house.context)
    with made.test_request_context("/console/?lang=en"):
        yield made


def release(house: House, hold: Hold) -> str:
    with house.context.database.writing() as session:
        row = session.get_one(Hold, hold.id)
        holds.release_hold(Act(session, house.context, "x", house.now), row)
        return happened.describe_released(session, row)


@pytest.mark.usefixtures("app")
def test_a_release_says_what_may_leave(house: House) -> None:
    house.partner()
    house.decide(house.case(), "police", "provider_notice")
    said = release(house, house.hold)
    assert said.endswith(
        "One notice leaves as soon as its contact is confirmed."
    )


@pytest.mark.usefixtures("app")
def test_a_release_beside_another_hold_promises_nothing(
    house: House,
) -> None:
    house.partner()
    house.decide(house.case(), "police", "provider_notice")
    house.decide(house.only(Case), "police", partner=house.partner("police-2"))
    first, second = house.all(Hold)
    assert "no host is told yet" in release(house, first)
    house.work()
    assert house.notice.state == "awaiting_release"
    assert "One notice leaves" in release(house, second)


@pytest.mark.usefixtures("app")
def test_a_release_for_nobody_promises_nothing(house: House) -> None:
    house.partner()
    house.decide(house.case(), "police")
    assert "No notice to a host waited" in release(house, house.hold)


@pytest.mark.usefixtures("app")
def test_a_release_while_people_assess_promises_nothing(
    house: House,
) -> None:
    house.partner()
    house.decide(house.case(), "police", "provider_notice")
    with house.context.database.writing() as session:
        session.get_one(Case, house.only(Case).id).state = "waiting"
    assert "being assessed" in release(house, house.hold)
    house.work()
    assert house.notice.state == "awaiting_release"


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("approved", [True, False])
def test_an_approval_says_what_leaves_and_what_waits(
    house: House, approved: bool
) -> None:
    office = house.partner(approved=approved)
    case = house.case()
    plan = (
        house.request(case, "police", "provider_notice")
        if approved
        else house.request(case, "police", partner=office)
    )
    house.approve(plan)
    with house.context.database.reading() as session:
        said = happened.describe_approved(
            session, session.get_one(Plan, plan.id)
        )
    assert ("leave now: 1" in said) is approved
    assert ("wait for the police: 1" in said) is approved
    assert ("wait for a confirmed address: 1" in said) is not approved


@pytest.mark.usefixtures("app")
def test_a_named_contact_is_not_said_to_be_told(house: House) -> None:
    house.decide(house.case(), "provider_notice-XK")
    with house.context.database.reading() as session:
        notice = session.get_one(Notice, house.notice.id)
        desk = session.get_one(Partner, notice.partner_id)
        assert "waits until another person" in happened.describe_named(
            notice, desk
        )
