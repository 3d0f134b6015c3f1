"""Notices after the police: contacts, reminders, withdrawal, what hosts say, what checks prove."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from hotline.core.act import Act
from hotline.core.errors import Conflict, InvalidInput
from hotline.core.storage.keys.links import new_link
from partners.channels.base import Refused
from partners.directory.models import Partner
from partners.directory.service import confirm_address, name_desk
from partners.notices.answers import find_by_token, store_answer
from partners.notices.contacts import (
    REMOVAL_HOURS,
    send_waiting_notices,
    use_contact,
)
from partners.notices.models import Notice
from partners.notices.reminders import INTERVAL, REMINDERS, send_reminders
from partners.notices.service import (
    note_still_up,
    settle_notices,
    withdraw_notice,
)
from partners.replaced_links import LinkEnded
from partners.sending.models import Delivery
from partners.states import NoticeEvent
from partners.watching.models import Watch
from tests.support.house import House
from triage.cases.models import Case
from triage.cases.places import note_at_place
from triage.cases.vocabulary import PlaceEvent
from triage.items.models import Item


@pytest.fixture
def sent(house: House) -> Any:
    """A notice that a confirmed host has."""
    house.partner(
        "provider:abuse@isp.example", "provider", address="abuse@isp.example"
    )
    house.decide(house.case(), "provider_notice-XK")
    assert house.notice.state == "sent"
    return house


def answer(house: House, verb: str, text: str = "because") -> None:
    with house.context.database.writing() as session:
        notice = session.get_one(Notice, house.notice.id)
        act = Act(session, house.context, "provider", house.now)
        store_answer(act, notice, verb, text)


def withdraw(house: House, reason: str = "Sent in error") -> None:
    with house.context.database.writing() as session:
        notice = session.get_one(Notice, house.notice.id)
        withdraw_notice(
            Act(session, house.context, "x", house.now), notice, reason=reason
        )


def verified(house: House) -> None:
    with house.context.database.writing() as session:
        act = Act(session, house.context, "checks", house.now)
        case = session.get_one(Case, house.notice.case_id)
        note_at_place(act, case, case.item.id, PlaceEvent.REMOVED)
        settle_notices(act, case.item.id)


def still_up(house: House, event: str) -> None:
    with house.context.database.writing() as session:
        act = Act(session, house.context, "checks", house.now)
        case = session.get_one(Case, house.notice.case_id)
        note_still_up(act, case.item.id, NoticeEvent(event))


def reminded(house: House) -> int:
    with house.context.database.writing() as session:
        count = send_reminders(session, house.context, house.now)
    house.work()
    return count


# contacts


def test_an_unconfirmed_host_waits_for_a_person_and_then_gets_it(
    house: House,
) -> None:
    house.decide(house.case(), "provider_notice-XK")
    assert house.notice.state == "awaiting_contact"
    assert house.mail.messages == []
    with house.context.database.writing() as session:
        desk = session.get_one(Partner, house.only(Partner).id)
        assert (desk.kind, desk.address) == ("provider", "abuse@isp.example")
        confirm_address(Act(session, house.context, "x", house.now), desk)
        sent = send_waiting_notices(
            Act(session, house.context, "x", house.now), desk
        )
        assert len(sent) == 1
    house.work()
    assert house.notice.state == "sent"


def test_the_host_is_looked_up_again_just_before_sending(sent: Any) -> None:
    """A site that moved while the police held it: the new host is told, once confirmed."""
    house = sent
    withdraw(house)
    house.later(hours=1)
    plan = house.request(house.only(Case), "provider_notice-XK")
    with house.context.database.writing() as session:
        session.get_one(
            Item, house.only(Item).id
        ).abuse_contact = "ABUSE@new.example"
    house.approve(plan)
    house.work()
    notice = house.all(Notice)[-1]
    assert (notice.partner.address, notice.state) == (
        "abuse@new.example",
        "awaiting_contact",
    )


@pytest.mark.parametrize(
    "contact", [None, "", "not an address", "a@b.example, c@d.example"]
)
def test_a_host_without_a_usable_contact_waits_for_a_person(
    house: House, contact: str
) -> None:
    house.decide(house.case(abuse_contact=contact), "provider_notice-XK")
    assert (house.notice.state, house.notice.partner) == (
        "awaiting_contact",
        None,
    )


def test_a_named_contact_is_not_overruled_by_the_published_one(
    house: House,
) -> None:
    house.decide(house.case(), "provider_notice-XK")
    with house.context.database.writing() as session:
        notice = session.get_one(Notice, house.notice.id)
        desk = name_desk(
            Act(session, house.context, "x", house.now), "Real@host.example"
        )
        use_contact(Act(session, house.context, "x", house.now), notice, desk)
    house.work()
    assert house.mail.messages == []
    house.confirm(house.notice.partner)
    house.work()
    assert house.mail.messages[0].address == "real@host.example"


def test_a_named_contact_waits_for_the_police_too(house: House) -> None:
    house.decide(house.case(abuse_contact=None), "provider_notice-XK")
    house.partner()
    house.decide(house.only(Case), "police")
    with house.context.database.writing() as session:
        notice = session.get_one(Notice, house.notice.id)
        desk = name_desk(
            Act(session, house.context, "x", house.now), "real@host.example"
        )
        use_contact(Act(session, house.context, "x", house.now), notice, desk)
    house.confirm(desk)
    house.work()
    assert house.notice.state == "awaiting_release"
    assert house.held_back()


def test_two_long_addresses_stay_two_contacts(house: House) -> None:
    local = "a" * 60
    with house.context.database.writing() as session:
        desks = {
            name_desk(
                Act(session, house.context, "x", house.now),
                f"{local}@{host}.example",
            ).address
            for host in ("one-very-long-name", "one-very-long-name-indeed")
        }
    assert len(desks) == 2


def test_a_disabled_host_waits_for_a_person(house: House) -> None:
    house.partner(
        "provider:abuse@isp.example",
        "provider",
        address="abuse@isp.example",
        disabled_at=house.now,
    )
    house.decide(house.case(), "provider_notice-XK")
    assert house.notice.state == "awaiting_contact"


def test_danger_shortens_the_deadline(house: House) -> None:
    house.partner(
        "provider:abuse@isp.example", "provider", address="abuse@isp.example"
    )
    house.decide(house.case(danger_now=True), "provider_notice-XK")
    hours = REMOVAL_HOURS["immediate"]
    assert house.notice.due_at == house.now + timedelta(hours=hours)
    assert house.mail.messages[0].urgent


# reminders


def test_reminders_join_the_thread_and_then_a_person_decides(
    sent: Any,
) -> None:
    house = sent
    house.later(hours=23)
    assert reminded(house) == 0
    house.later(hours=1)
    for number in range(1, REMINDERS + 1):
        assert reminded(house) == 1
        assert reminded(house) == 0
        assert len(house.mail.messages) == 1 + number
        house.later(seconds=INTERVAL.total_seconds())
    first, *later = house.mail.messages
    assert {message.thread for message in later} == {first.message_id}
    assert first.thread is None
    assert (
        len({message.message_id for message in house.mail.messages})
        == 1 + REMINDERS
    )
    assert {
        house.notice.reference in message.subject for message in later
    } == {True}
    links = {
        m.text.split("/provider/")[1].split()[0] for m in house.mail.messages
    }
    assert len(links) == 1
    assert reminded(house) == 1
    assert (house.notice.state, house.notice.due_at) == ("escalated", None)
    house.later(days=30)
    assert reminded(house) == 0
    assert len(house.mail.messages) == 1 + REMINDERS


@pytest.mark.parametrize("verb", ["acknowledge", "preserved"])
def test_whoever_only_acknowledged_is_reminded(sent: Any, verb: str) -> None:
    answer(sent, verb)
    sent.later(hours=25)
    assert reminded(sent) == 1
    assert len(sent.mail.messages) == 2


@pytest.mark.parametrize("verb", ["removed", "not_ours", "not_illegal"])
def test_whoever_acted_or_disputes_is_not_reminded(
    sent: Any, verb: str
) -> None:
    answer(sent, verb)
    sent.later(days=5)
    assert reminded(sent) == 0


def test_a_reminder_that_was_overtaken_does_not_leave(sent: Any) -> None:
    house = sent
    house.later(hours=25)
    with house.context.database.writing() as session:
        send_reminders(session, house.context, house.now)
    answer(house, "removed")
    house.work()
    assert len(house.mail.messages) == 1
    assert house.all(Delivery)[-1].state == "cancelled"


def test_a_hold_stops_reminders_without_using_them_up(sent: Any) -> None:
    house = sent
    house.partner()
    house.decide(house.only(Case), "police")
    before = len(house.mail.messages)
    for _ in range(5):
        house.later(hours=25)
        reminded(house)
    assert len(house.mail.messages) == before
    assert house.notice.state == "sent"


def test_a_reminder_keeps_the_link_open(sent: Any) -> None:
    house = sent
    house.later(days=40)
    reminded(house)
    token = new_link(house.context.keyring, "notice", house.notice.id).token
    with house.context.database.reading() as session:
        assert (
            find_by_token(session, house.context, token, house.now).id
            == house.notice.id
        )


# withdrawal


def test_a_withdrawn_notice_tells_its_host_and_kills_the_link(
    sent: Any,
) -> None:
    house = sent
    withdraw(house)
    house.work()
    first, second = house.mail.messages
    assert second.thread == first.message_id
    assert "Sent in error" in second.text
    assert second.attachments == ()
    token = new_link(house.context.keyring, "notice", house.notice.id).token
    with house.context.database.reading() as session, pytest.raises(LinkEnded):
        find_by_token(session, house.context, token, house.now)


def test_what_never_left_is_withdrawn_in_silence(house: House) -> None:
    house.partner()
    house.partner(
        "provider:abuse@isp.example", "provider", address="abuse@isp.example"
    )
    house.decide(house.case(), "police", "provider_notice")
    withdraw(house)
    house.work()
    assert house.held_back()


def test_a_notice_withdrawn_before_its_turn_does_not_leave(
    house: House,
) -> None:
    house.partner(
        "provider:abuse@isp.example", "provider", address="abuse@isp.example"
    )
    attempt = house.jobs.pop("delivery.attempt")
    house.decide(house.case(), "provider_notice-XK")
    withdraw(house)
    house.jobs["delivery.attempt"] = attempt
    house.work()
    assert house.mail.messages == []
    assert house.only(Delivery).state == "cancelled"


def test_a_notice_withdrawn_on_its_way_is_taken_back(house: House) -> None:
    house.partner(
        "provider:abuse@isp.example", "provider", address="abuse@isp.example"
    )
    send = house.mail.send

    def send_meanwhile_withdraw(message: Any) -> Any:
        house.mail.send = send
        withdraw(house)
        return send(message)

    house.mail.send = send_meanwhile_withdraw
    house.decide(house.case(), "provider_notice-XK")
    assert house.notice.state == "withdrawn"
    assert [one.purpose for one in house.all(Delivery)] == [
        "first",
        "withdrawal",
    ]
    assert len(house.mail.messages) == 2


def test_a_withdrawal_needs_a_reason_and_happens_once(sent: Any) -> None:
    with pytest.raises(InvalidInput):
        withdraw(sent, " ")
    withdraw(sent)
    with pytest.raises(Conflict):
        withdraw(sent)


def test_withdrawing_works_although_the_address_was_changed(sent: Any) -> None:
    house = sent
    with house.context.database.writing() as session:
        session.get_one(Partner, house.only(Partner).id).approved_at = None
    withdraw(house)
    house.work()
    assert house.notice.state == "withdrawn"
    assert len(house.mail.messages) == 1


# what hosts say and what checks prove


def test_removed_is_a_claim_until_checks_agree(sent: Any) -> None:
    house = sent
    with house.context.database.writing() as session:
        session.get_one(Watch, house.only(Watch).id).next_at = (
            house.now + timedelta(days=9)
        )
    answer(house, "removed")
    assert house.notice.state == "claimed_removed"
    assert house.only(Watch).next_at == house.now  # looked at next
    verified(house)
    assert house.notice.state == "verified_removed"


def test_a_false_claim_is_answered_at_once(sent: Any) -> None:
    house = sent
    answer(house, "removed")
    house.later(hours=1)
    still_up(house, "still_up")
    assert house.notice.state == "acknowledged"
    assert reminded(house) == 1
    assert "it is not proved to be gone" in " ".join(
        house.mail.messages[-1].text.split()
    )


def test_what_returns_is_told_in_the_same_thread(sent: Any) -> None:
    house = sent
    verified(house)
    house.later(days=60)
    still_up(house, "reappeared")
    assert house.notice.state == "acknowledged"
    assert reminded(house) == 1
    assert house.mail.messages[-1].thread == house.mail.messages[0].message_id


def test_reminders_start_anew_after_a_return(sent: Any) -> None:
    house = sent
    for _ in range(REMINDERS):
        house.later(hours=25)
        reminded(house)
    verified(house)
    house.later(days=60)
    still_up(house, "reappeared")
    reminded(house)
    assert len(house.mail.messages) == 1 + REMINDERS + 1
    assert house.notice.state == "acknowledged"


def test_a_host_that_was_never_told_is_told_of_a_return(house: House) -> None:
    """It went away while the police held it, and comes back after they let it go."""
    from partners.referrals.holds import release_hold
    from partners.referrals.models import Hold

    house.partner()
    house.partner(
        "provider:abuse@isp.example", "provider", address="abuse@isp.example"
    )
    house.decide(house.case(), "police", "provider_notice")
    verified(house)
    assert house.notice.state == "verified_removed"
    with house.context.database.writing() as session:
        release_hold(
            Act(session, house.context, "p", house.now),
            session.get_one(Hold, house.hold.id),
        )
    house.work()
    assert house.held_back()  # there was nothing to take down any more
    house.later(days=3)
    still_up(house, "reappeared")
    assert house.notice.state == "awaiting_release"
    house.work()
    assert house.notice.state == "sent"


def test_checks_never_undo_a_withdrawal(sent: Any) -> None:
    withdraw(sent)
    verified(sent)
    still_up(sent, "reappeared")
    assert sent.notice.state == "withdrawn"


def test_a_failed_notice_goes_out_when_its_contact_is_mended(
    house: House,
) -> None:
    desk = house.partner(
        "provider:abuse@isp.example", "provider", address="abuse@isp.example"
    )
    house.mail.faults = [Refused("550")]
    house.decide(house.case(), "provider_notice-XK")
    assert house.notice.state == "failed"
    with house.context.database.writing() as session:
        found = session.get_one(Partner, desk.id)
        send_waiting_notices(
            Act(session, house.context, "x", house.now), found
        )
    house.work()
    assert house.notice.state == "sent"
    assert [one.state for one in house.all(Delivery)] == ["failed", "sent"]


def test_a_preservation_request_asks_for_data_and_not_for_removal(
    house: House,
) -> None:
    house.partner(
        "provider:abuse@isp.example", "provider", address="abuse@isp.example"
    )
    route = {**house.case().routing["routes"][3], "to": "preservation_request"}
    case = house.case("two", routing={"routes": [route]})
    house.decide(case, "preservation_request-XK")
    text = house.mail.messages[0].text
    assert "Preserve now, before anything is removed" in text
    assert "Remove the material" not in text


def test_a_host_that_has_a_notice_gets_no_second_one(sent: Any) -> None:
    case = sent.only(Case)
    with pytest.raises(Conflict, match="under way"):
        sent.request(case, "provider_notice-XK")
    withdraw(sent)
    sent.decide(case, "provider_notice-XK")
    assert [one.state for one in sent.all(Notice)] == ["withdrawn", "sent"]
