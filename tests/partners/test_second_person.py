"""One person alone can have nothing sent to an address of their own choice."""

from __future__ import annotations

from typing import Any

import pytest

from hotline.core.act import Act
from hotline.core.errors import Conflict, Forbidden
from partners.channels.base import Refused
from partners.directory.lookup import count_waiting, find_partners
from partners.directory.models import Partner
from partners.directory.office_details import set_details
from partners.directory.service import (
    add_partner,
    confirm_address,
    name_desk,
    set_contact,
)
from partners.notices.contacts import use_contact
from partners.notices.models import Notice
from partners.plans.confirming import (
    confirm_and_send,
    digest_of_question,
    list_waiting_letters,
)
from tests.support.house import House

KINDS = ("police", "helpline", "child_protection_unit", "provider", "hotline")


@pytest.fixture
def settings(request: pytest.FixtureRequest) -> dict[str, Any]:
    return dict(getattr(request, "param", {}))


def enter(house: House, partner: Partner, address: str, by: str) -> None:
    with house.context.database.writing() as session:
        act = Act(session, house.context, f"person:{by}", house.now)
        row = session.get_one(Partner, partner.id)
        set_contact(act, row, channel="email", address=address)


@pytest.mark.parametrize("kind", KINDS)
def test_whoever_enters_an_address_cannot_confirm_it(
    house: House, kind: str
) -> None:
    """Neither a first address nor a changed one, and nobody can get round it by the service."""
    with house.context.database.writing() as session:
        act = Act(session, house.context, "person:drita", house.now)
        partner = add_partner(
            act, kind=kind, country="AL", name="Office", languages=[]
        )
    for address in ("first@own.example", "second@own.example"):
        enter(house, partner, address, "drita")
        with pytest.raises(Forbidden, match="cannot approve it"):
            house.confirm(partner, by="drita")
        assert house.only(Partner).approved_at is None
        house.confirm(partner, by="admir")
        assert house.only(Partner).approved_by == "person:admir"


def test_nothing_leaves_before_the_second_person(house: House) -> None:
    police = house.partner()
    enter(house, police, "police@own.example", "drita")
    house.decide(house.case(), "police", partner=police)
    assert (house.referral.state, house.mail.messages) == ("approved", [])
    house.confirm(police, by="admir")
    house.work()
    assert house.mail.messages[0].address == "police@own.example"


def test_what_waits_for_its_next_try_follows_the_confirmed_address(
    house: House,
) -> None:
    """A letter that was queued to an address that is no longer the partner's goes to neither."""
    police = house.partner()
    house.approve(house.request(house.case(), "police"))
    enter(house, police, "police@own.example", "drita")
    house.work()
    assert house.mail.messages == []
    assert house.referral.state == "failed"
    house.confirm(police, by="admir")
    house.work()
    assert [m.address for m in house.mail.messages] == ["police@own.example"]
    assert (house.referral.state, house.hold.state) == ("delivered", "active")


def test_a_letter_that_is_queued_goes_to_the_address_of_now(
    house: House,
) -> None:
    police = house.partner()
    house.approve(house.request(house.case(), "police"))
    enter(house, police, "police@own.example", "drita")
    house.confirm(police, by="admir")
    house.work()
    assert [m.address for m in house.mail.messages] == ["police@own.example"]


def test_a_contact_that_one_person_names_waits_for_another(
    house: House,
) -> None:
    house.decide(house.case(), "provider_notice-XK")

    def name(by: str) -> None:
        with house.context.database.writing() as session:
            act = Act(session, house.context, f"person:{by}", house.now)
            desk = name_desk(act, "real@host.example")
            use_contact(act, session.get_one(Notice, house.notice.id), desk)

    for _ in range(2):
        name("drita")
        house.work()
        assert house.notice.state == "awaiting_contact"
    name("admir")
    house.work()
    assert [m.address for m in house.mail.messages] == ["real@host.example"]


def test_a_published_contact_wants_one_person(house: House) -> None:
    """The network published it and the service looked it up: the person is the second one."""
    house.decide(house.case(), "provider_notice-XK")
    house.confirm(house.notice.partner, by="drita")
    house.work()
    assert house.notice.state == "sent"


def test_another_address_than_the_one_looked_at_is_not_confirmed(
    house: House,
) -> None:
    police = house.partner(approved=False)
    with house.context.database.reading() as session:
        row = session.get_one(Partner, police.id)
        seen = digest_of_question(row, list_waiting_letters(session, row))
    enter(house, police, "police@own.example", "arta")
    with house.context.database.writing() as session:
        act = Act(session, house.context, "person:drita", house.now)
        with pytest.raises(Conflict, match="has changed"):
            confirm_and_send(
                act, session.get_one(Partner, police.id), seen=seen
            )


def test_more_letters_than_were_shown_do_not_leave(house: House) -> None:
    police = house.partner(approved=False)
    with house.context.database.reading() as session:
        row = session.get_one(Partner, police.id)
        seen = digest_of_question(row, list_waiting_letters(session, row))
    house.decide(house.case(), "police", partner=police)
    with house.context.database.writing() as session:
        act = Act(session, house.context, "person:drita", house.now)
        with pytest.raises(Conflict, match="has changed"):
            confirm_and_send(
                act, session.get_one(Partner, police.id), seen=seen
            )
    house.work()
    assert house.mail.messages == []


def test_storing_the_same_address_again_changes_nothing(house: House) -> None:
    police = house.partner()
    enter(house, police, police.address, "drita")
    assert house.only(Partner).approved_at is not None


def test_a_failed_letter_waits_for_the_second_person_too(house: House) -> None:
    house.mail.faults = [Refused("550")]
    police = house.partner()
    house.decide(house.case(), "police")
    enter(house, police, "police@own.example", "drita")
    with pytest.raises(Forbidden):
        house.confirm(police, by="drita")
    house.work()
    assert house.referral.state == "failed"


@pytest.mark.parametrize("settings", [{"second_person": False}], indirect=True)
def test_an_operator_can_let_one_person_do_both(house: House) -> None:
    police = house.partner()
    enter(house, police, "police@own.example", "drita")
    with house.context.database.writing() as session:
        act = Act(session, house.context, "person:drita", house.now)
        confirm_address(act, session.get_one(Partner, police.id))
    assert house.only(Partner).approved_by == "person:drita"


def test_the_directory_knows_what_waits(house: House) -> None:
    house.partner()
    house.partner("gone", approved=False, disabled_at=house.now)
    police = house.partner("police-2")
    with house.context.database.reading() as session:
        assert count_waiting(session) == 0
    enter(house, police, "police@own.example", "drita")
    with house.context.database.reading() as session:
        assert count_waiting(session) == 1
        (waiting,) = find_partners(session, is_waiting=True)
        assert waiting.id == police.id


def test_whoever_enters_the_address_of_the_head_cannot_confirm_it(
    house: House,
) -> None:
    """Letters go to the head of an office as well; each address needs another person."""
    police = house.partner()
    with house.context.database.writing() as session:
        act = Act(session, house.context, "person:drita", house.now)
        row = session.get_one(Partner, police.id)
        set_details(act, row, telephone="", head_address="head@own.example")
    with pytest.raises(Forbidden):
        house.confirm(police, by="drita")
    enter(house, police, "police@own.example", "admir")
    for author in ("drita", "admir"):
        with pytest.raises(Forbidden):
            house.confirm(police, by=author)
    house.confirm(police, by="blerta")
    assert house.only(Partner).approved_by == "person:blerta"
