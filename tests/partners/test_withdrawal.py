"""A referral is taken back: the office is told, and no host is told because of it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from hotline.core.act import Act
from hotline.core.errors import Conflict, Forbidden, InvalidInput
from partners.channels.base import Refused
from partners.console.attention import list_points
from partners.notices.models import Notice
from partners.referrals import holds
from partners.referrals.following_up import withdrawal
from partners.referrals.models import Hold, Referral
from tests.support.house import House
from triage.cases.models import Case


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"contact_email": "us@h.test"}


@pytest.fixture
def told(house: House) -> House:
    """The police have a referral and hold; a host waits to be told."""
    house.partner()
    house.partner(
        "provider:abuse@isp.example", "provider", address="abuse@isp.example"
    )
    house.decide(house.case(), "police", "provider_notice")
    return house


def call(house: House, verb: Any, by: str, *more: str) -> Any:
    with house.context.database.writing() as session:
        police = session.scalars(
            select(Referral).order_by(Referral.id)
        ).first()
        act = Act(session, house.context, f"person:{by}", house.now)
        return verb(act, police, *more)


def withdraw(house: House) -> None:
    """Two people take the first referral back."""
    assert not call(house, withdrawal.withdraw_referral, "drita", "Not theirs")
    call(house, withdrawal.agree_to_withdrawal, "admir")
    house.work()


def whys(house: House) -> list[str]:
    with house.context.database.reading() as session:
        return [point.why for point in list_points(session)]


def test_what_has_left_is_taken_back_by_two(told: House) -> None:
    assert not call(told, withdrawal.withdraw_referral, "drita", "Not theirs")
    told.work()
    assert (told.referral.state, len(told.mail.messages)) == ("delivered", 1)
    assert "referral.withdrawal_asked" in whys(told)
    with pytest.raises(Forbidden):
        call(told, withdrawal.agree_to_withdrawal, "drita")
    with pytest.raises(Conflict):
        call(told, withdrawal.withdraw_referral, "admir", "again")
    call(told, withdrawal.agree_to_withdrawal, "admir")
    told.work()
    assert told.referral.state == "withdrawn"
    first, second = told.mail.messages
    assert second.thread == first.message_id
    assert second.address == first.address
    assert "Not theirs" in second.text and "one.test" not in second.text
    assert "referral.withdrawal_asked" not in whys(told)


def test_it_stays_where_the_other_does_not_agree(told: House) -> None:
    call(told, withdrawal.withdraw_referral, "drita", "Not theirs")
    call(told, withdrawal.refuse_withdrawal, "admir")
    with pytest.raises(Conflict):
        call(told, withdrawal.agree_to_withdrawal, "admir")
    assert told.referral.state == "delivered"


def test_what_never_left_is_taken_back_by_one_in_silence(house: House) -> None:
    police = house.partner(approved=False)
    house.decide(house.case(), "police", partner=police)
    assert call(house, withdrawal.withdraw_referral, "drita", "Wrong office")
    house.work()
    assert house.mail.messages == []
    assert house.referral.state == "withdrawn"


def test_a_reason_is_needed(told: House) -> None:
    with pytest.raises(InvalidInput):
        call(told, withdrawal.withdraw_referral, "drita", " \x00")


def test_what_was_withdrawn_on_its_way_is_taken_back(house: House) -> None:
    house.partner()
    send = house.mail.send

    def withdraw_meanwhile(message: Any) -> Any:
        house.mail.send = send  # type: ignore[method-assign]
        assert call(house, withdrawal.withdraw_referral, "drita", "Mistake")
        return send(message)

    house.mail.send = withdraw_meanwhile  # type: ignore[method-assign]
    house.decide(house.case(), "police")
    assert house.referral.state == "withdrawn"
    assert "Withdrawn" in house.mail.messages[-1].subject


@pytest.mark.parametrize("state", ["pending", "active", "expired"])
def test_no_host_is_told_because_the_police_were_not_to_know(
    house: House, state: str
) -> None:
    """The hold stays, in every state, and somebody is asked what to do with it."""
    house.partner()
    house.partner(
        "provider:abuse@isp.example", "provider", address="abuse@isp.example"
    )
    if state == "pending":
        house.mail.faults = [Refused("550")]
    house.decide(house.case(), "police", "provider_notice")
    if state == "expired":
        house.later(days=3)
        with house.context.database.writing() as session:
            holds.expire_holds(session, house.context, house.now)
    assert house.hold.state == state
    if not call(house, withdrawal.withdraw_referral, "drita", "Not theirs"):
        call(house, withdrawal.agree_to_withdrawal, "admir")
    for _ in range(3):
        house.later(days=1)
        with house.context.database.writing() as session:
            holds.post_release(
                session,
                house.only(Case).id,
                key=f"r{house.now}",
                now=house.now,
            )
        house.work()
    assert house.hold.state in ("pending", "active", "expired")
    assert (house.notice.state, house.held_back()) == (
        "awaiting_release",
        True,
    )
    assert "hold.orphaned" in whys(house)
    with house.context.database.writing() as session:
        holds.release_hold(
            Act(session, house.context, "person:drita", house.now),
            session.get_one(Hold, house.hold.id),
            reason="No matter for the police",
        )
    house.work()
    assert house.notice.state == "sent"


def test_another_referral_takes_the_hold_over(told: House) -> None:
    withdraw(told)
    right = told.partner("police-right")
    told.decide(told.only(Case), "police", partner=right)
    states = [hold.state for hold in told.all(Hold)]
    assert states == ["cancelled", "active"]
    assert told.held_back()
    assert "hold.orphaned" not in whys(told)


def test_a_release_through_the_wrong_office_counts_no_more(
    house: House,
) -> None:
    house.partner()
    house.decide(house.case(), "police")
    with house.context.database.writing() as session:
        holds.release_hold(
            Act(session, house.context, "partner", house.now),
            session.get_one(Hold, house.hold.id),
        )
    house.later(hours=1)
    withdraw(house)
    with house.context.database.reading() as session:
        case = session.get_one(Case, house.only(Case).id)
        assert not holds.was_released(session, case)


@pytest.mark.parametrize("language", ["en", "sq"])
def test_the_letter_is_written_in_the_office_s_language(
    house: House, language: str
) -> None:
    house.partner(languages=[language])
    house.decide(house.case(), "police")
    withdraw(house)
    message = house.mail.messages[-1]
    assert message.language == language
    assert house.referral.reference in message.subject
    assert "{" not in message.text and "\n\n\n" not in message.text
    assert message.attachments == ()
    assert house.all(Notice) == []
