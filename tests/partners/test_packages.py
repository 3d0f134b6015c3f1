"""An office gets few letters: what is normal leaves once a day, urgent seldom, danger at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hotline.core.act import Act
from hotline.core.errors import Unavailable
from partners.channels.base import Refused
from partners.directory.models import Partner
from partners.directory.service import confirm_address, set_contact
from partners.plans.confirming import confirm_and_send
from partners.referrals import service
from partners.referrals.gathering import next_package_time
from partners.referrals.models import Hold, Referral, ReferralPackage
from partners.sending.models import Delivery
from tests.support.house import House
from tests.support.routing import ABROAD, POLICE, ROUTING
from triage.cases.examination.register import raise_alarm
from triage.cases.models import Case

# House time begins on Monday, 23 November 2026, 10:00 in Tirana.
NEXT_MORNING = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
KIND = "About: "


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"package_at": "09:00"}


def refer(
    house: House,
    name: str,
    urgency: str = "normal",
    *,
    route: Mapping[str, Any] = POLICE,
    partner: Partner | None = None,
    **columns: object,
) -> Case:
    """A case whose referral two people decided on."""
    routes = [{**route, "urgency": urgency}]
    case = house.case(name, routing={**ROUTING, "routes": routes}, **columns)
    house.decide(case, route["to"], partner=partner)
    return case


def refer_five(house: House) -> None:
    house.partner()
    for number in range(5):
        refer(house, f"n{number}", priority=10 * number)


def at(house: House, moment: datetime) -> None:
    house.now = moment
    house.work()


def test_normal_referrals_leave_as_one_letter_the_next_morning(
    house: House,
) -> None:
    refer_five(house)
    assert house.mail.messages == []
    at(house, NEXT_MORNING - timedelta(minutes=1))
    assert house.mail.messages == []
    at(house, NEXT_MORNING)
    (letter,) = house.mail.messages
    package = house.only(ReferralPackage)
    assert letter.subject == f"[{package.reference}] 5 referrals"
    assert {referral.state for referral in house.all(Referral)} == {
        "delivered"
    }


def test_the_letter_is_ranked_and_each_referral_stays_its_own(
    house: House,
) -> None:
    refer_five(house)
    at(house, NEXT_MORNING)
    (letter,) = house.mail.messages
    referrals = house.all(Referral)
    ranked = [referral.reference for referral in reversed(referrals)]
    places = [letter.text.index(reference) for reference in ranked]
    assert places == sorted(places)
    assert letter.text.count("/referral/") == 5
    own_lines = [
        line
        for attachment in letter.attachments
        if attachment.media_type == "text/plain"
        for line in attachment.data.decode().splitlines()
        if line.startswith(KIND)
    ]
    listed = [
        line.strip()
        for line in letter.text.splitlines()
        if line.strip().startswith(KIND)
    ]
    assert len(listed) == 5 and listed == own_lines
    names = {attachment.name for attachment in letter.attachments}
    for reference in ranked:
        assert {f"{reference}.txt", f"{reference}.referral.json"} <= names
    documents = letter.body["referrals"]
    assert [one["reference"] for one in documents] == ranked
    assert len({referral.link_mac for referral in referrals}) == 5


def test_the_hold_of_each_begins_when_the_letter_has_arrived(
    house: House,
) -> None:
    refer_five(house)
    assert {hold.state for hold in house.all(Hold)} == {"pending"}
    at(house, NEXT_MORNING)
    assert {hold.state for hold in house.all(Hold)} == {"active"}


def test_a_single_referral_keeps_its_own_letter(house: House) -> None:
    house.partner()
    refer(house, "one")
    at(house, NEXT_MORNING)
    (letter,) = house.mail.messages
    assert letter.subject.startswith(f"[{house.referral.reference}]")
    assert house.all(ReferralPackage) == []


def test_what_is_urgent_leaves_at_once_but_not_ten_times_in_half_an_hour(
    house: House,
) -> None:
    house.partner()
    for number in range(10):
        refer(house, f"n{number}", "high")
        house.later(minutes=2)
    assert len(house.mail.messages) == 1
    house.later(minutes=10)
    house.work()
    assert len(house.mail.messages) == 2
    assert "9 referrals" in house.mail.messages[1].subject
    house.later(minutes=31)
    refer(house, "later", "high")
    assert len(house.mail.messages) == 3


def test_what_is_urgent_waits_for_no_letter_of_its_own_while_another_leaves(
    house: House,
) -> None:
    house.partner()
    refer(house, "normal")
    at(house, NEXT_MORNING - timedelta(minutes=10))
    refer(house, "first", "high")
    refer(house, "second", "high")
    assert len(house.mail.messages) == 1
    at(house, NEXT_MORNING)
    assert "2 referrals" in house.mail.messages[1].subject
    house.later(minutes=31)
    house.work()
    assert len(house.mail.messages) == 2


def test_what_is_normal_waits_for_its_hour_while_the_urgent_leaves(
    house: House,
) -> None:
    house.partner()
    refer(house, "normal")
    refer(house, "first", "high")
    refer(house, "second", "high")
    house.later(minutes=31)
    house.work()
    assert len(house.mail.messages) == 2
    assert "referrals" not in house.mail.messages[1].subject
    at(house, NEXT_MORNING)
    assert len(house.mail.messages) == 3


def test_no_letter_names_a_deadline_that_has_passed(house: House) -> None:
    """The service stood still while a letter was to leave."""
    house.partner()
    refer(house, "leaves at once", "high")
    refer(house, "waits", "high")
    refer(house, "waits, too", "high")
    refer(house, "normal")
    planned = {one.id: one.due_at for one in house.all(Referral)}
    at(house, NEXT_MORNING + timedelta(days=10))
    _, letter = house.mail.messages
    for one in house.all(Referral)[1:]:
        hours = {"high": timedelta(hours=16), "normal": timedelta(days=2)}
        assert one.due_at is not None and planned[one.id] < house.now
        assert one.due_at >= house.now + hours[one.urgency]
    assert "2026-12-0" in letter.text and "2026-11-2" not in letter.text


def test_nor_does_one_that_no_server_took_for_hours(house: House) -> None:
    house.partner()
    refer(house, "leaves at once", "high")
    refer(house, "waits", "high")
    refer(house, "waits, too", "high")
    house.mail.faults = [Unavailable("down")]
    at(house, NEXT_MORNING)
    assert not house.mail.faults
    house.later(hours=20)
    house.work()
    for one in house.all(Referral)[1:]:
        assert one.state == "delivered"
        assert one.due_at == one.chase_at == house.now + timedelta(hours=16)


def test_danger_waits_for_nothing(house: House) -> None:
    house.partner()
    for number in range(3):
        refer(house, f"n{number}", "immediate", danger_now=True)
    assert len(house.mail.messages) == 3


def test_what_becomes_danger_leaves_the_package_at_once(house: House) -> None:
    house.partner()
    case = refer(house, "one")
    refer(house, "two")
    with house.context.database.writing() as session:
        endangered = session.get_one(Case, case.id)
        endangered.danger_now = True
        raise_alarm(session, house.context, endangered, house.now)
    house.work()
    (letter,) = house.mail.messages
    assert "URGENT" in letter.subject
    at(house, NEXT_MORNING)
    assert len(house.mail.messages) == 2
    assert house.all(ReferralPackage) == []


def test_a_machine_gets_each_referral_at_once(house: House) -> None:
    house.partner("hotline-rs", "hotline", country="RS", channel="http")
    for number in range(3):
        refer(house, f"n{number}", route=ABROAD)
    assert len(house.http.messages) == 3


def test_one_that_was_withdrawn_is_not_in_the_letter(house: House) -> None:
    refer_five(house)
    withdrawn, *others = house.all(Referral)
    with house.context.database.writing() as session:
        act = Act(session, house.context, "person:arta", house.now)
        act.advance(session.get_one(Referral, withdrawn.id), "withdrawn")
    at(house, NEXT_MORNING)
    (letter,) = house.mail.messages
    assert withdrawn.reference not in letter.text
    assert all(referral.reference in letter.text for referral in others)


def test_a_letter_that_fails_fails_for_all_and_goes_out_again(
    house: House,
) -> None:
    refer_five(house)
    house.mail.faults = [Refused("No such mailbox.")]
    at(house, NEXT_MORNING)
    assert {referral.state for referral in house.all(Referral)} == {"failed"}
    house.retry(house.only(Delivery))
    house.work()
    assert {referral.state for referral in house.all(Referral)} == {
        "delivered"
    }
    assert len(house.mail.messages) == 2


def test_an_address_that_changed_meanwhile_gets_nothing(house: House) -> None:
    refer_five(house)
    partner = house.all(Referral)[0].partner
    with house.context.database.writing() as session:
        session.add(partner)
        act = Act(session, house.context, "person:drita", house.now)
        set_contact(act, partner, channel="email", address="new@desk.example")
    at(house, NEXT_MORNING)
    assert house.mail.messages == []
    with house.context.database.writing() as session:
        session.add(partner)
        act = Act(session, house.context, "person:besnik", house.now)
        assert confirm_and_send(act, partner).leaving == 5
    house.work()
    (letter,) = house.mail.messages
    assert letter.address == "new@desk.example"
    assert "5 referrals" in letter.subject


def test_what_waited_for_a_first_address_leaves_as_one_letter(
    house: House,
) -> None:
    partner = house.partner(approved=False)
    for number in range(3):
        refer(house, f"n{number}", "high", partner=partner)
    assert house.mail.messages == []
    with house.context.database.writing() as session:
        session.add(partner)
        act = Act(session, house.context, "person:besnik", house.now)
        confirm_address(act, partner)
        service.send_waiting_referrals(act, partner)
    house.work()
    assert len(house.mail.messages) == 1


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        # 10:00, 08:59 and 09:00 in Tirana; then the night in which the clock goes back.
        ("2026-11-18T09:00", "2026-11-19T08:00"),
        ("2026-11-18T07:59", "2026-11-18T08:00"),
        ("2026-11-18T08:00", "2026-11-19T08:00"),
        ("2026-10-24T12:00", "2026-10-25T08:00"),
    ],
)
def test_packages_leave_at_the_country_s_hour(
    house: House, now: str, expected: str
) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert next_package_time(
        house.context.country, moment, "09:00"
    ) == datetime.fromisoformat(expected).replace(tzinfo=UTC)
