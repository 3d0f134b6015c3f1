"""An office that does not answer: reminded, then its head is told, then a person here decides."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from hotline.core.act import Act
from hotline.core.datafiles.countries import add_business_hours
from partners.console.attention import list_points
from partners.duty.models import Alert
from partners.referrals.following_up.deadlines import (
    find_due_time,
    find_next_step,
)
from partners.referrals.following_up.reminders import chase_referrals
from partners.referrals.models import Referral
from partners.referrals.service import give_more, store_answer
from partners.sending.chasing import chase
from tests.support.house import House
from tests.support.routing import POLICE, ROUTING
from triage.cases.models import Case

HEAD = "head@police.example"


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"package_at": "09:00"}


def refer(
    house: House, name: str = "one", urgency: str = "high", **columns: Any
) -> Case:
    routes = [{**POLICE, "urgency": urgency}]
    case = house.case(name, routing={**ROUTING, "routes": routes}, **columns)
    house.decide(case, "police")
    return case


def tick(house: House, **span: float) -> list[str]:
    """Time goes by; the addresses that were written to."""
    house.later(**span)
    before = len(house.mail.messages)
    with house.context.database.writing() as session:
        chase_referrals(session, house.context, house.now)
    house.work()
    return [message.address for message in house.mail.messages[before:]]


def answer(house: House, verb: str = "acknowledge") -> None:
    with house.context.database.writing() as session:
        referral = session.get_one(Referral, house.referral.id)
        store_answer(
            Act(session, house.context, "partner", house.now), referral, verb
        )


def reasons(house: House) -> list[str]:
    with house.context.database.reading() as session:
        return [point.why for point in list_points(session)]


def test_reminder_then_head_then_a_person(house: House) -> None:
    partner = house.partner(head_address=HEAD)
    refer(house)
    assert tick(house, hours=15) == []
    assert tick(house, hours=1) == [partner.address]
    assert tick(house, hours=7) == []
    assert tick(house, hours=1) == [HEAD]
    assert "referral.unanswered" not in reasons(house)
    assert tick(house, hours=8) == []
    assert "referral.unanswered" in reasons(house)
    assert tick(house, days=9) == []


def test_without_a_head_a_person_is_asked_sooner(house: House) -> None:
    house.partner()
    refer(house)
    assert len(tick(house, hours=16)) == 1
    assert tick(house, hours=8) == []
    assert "referral.unanswered" in reasons(house)


def test_any_answer_ends_it(house: House) -> None:
    house.partner(head_address=HEAD)
    refer(house)
    assert len(tick(house, hours=16)) == 1
    answer(house)
    assert tick(house, days=2) == []
    assert "referral.unanswered" not in reasons(house)


def test_an_answer_takes_it_off_what_is_to_decide(house: House) -> None:
    house.partner()
    refer(house)
    tick(house, hours=16)
    tick(house, hours=8)
    answer(house, "take_up")
    assert "referral.unanswered" not in reasons(house)


def test_a_reminder_that_was_overtaken_does_not_leave(house: House) -> None:
    house.partner()
    refer(house)
    house.later(hours=16)
    with house.context.database.writing() as session:
        chase_referrals(session, house.context, house.now)
    answer(house)
    before = len(house.mail.messages)
    house.work()
    assert len(house.mail.messages) == before


def test_the_letters_join_the_thread_and_say_nothing_of_the_case(
    house: House,
) -> None:
    house.partner(head_address=HEAD)
    case = refer(house)
    tick(house, hours=16)
    tick(house, hours=8)
    first, reminder, head = house.mail.messages
    assert reminder.thread == first.message_id
    assert "/referral/" in reminder.text
    assert head.thread is None
    assert "/referral/" not in head.text, "whoever has it may let a hold go"
    (host,) = [place.item.host for place in case.places]
    for letter in (reminder, head):
        assert letter.attachments == ()
        assert house.referral.reference in letter.text + letter.subject
        assert host not in letter.text


def test_one_letter_names_all_that_is_not_answered(house: House) -> None:
    partner = house.partner(head_address=HEAD)
    for number in range(6):
        refer(house, f"n{number}")
        house.later(minutes=31)
        house.work()
    assert tick(house, hours=24) == [partner.address]
    reminder = house.mail.messages[-1]
    for referral in house.all(Referral):
        assert referral.reference in reminder.text
    assert tick(house, hours=12) == [HEAD]
    head = house.mail.messages[-1]
    for referral in house.all(Referral):
        assert referral.reference in head.text


def test_a_reminder_keeps_its_distance_to_other_letters(house: House) -> None:
    house.partner()
    refer(house)
    house.later(hours=15, minutes=50)
    refer(house, "two")
    assert tick(house, minutes=10) == []
    assert len(tick(house, minutes=20)) == 1


def test_danger_is_chased_by_the_hour_and_wakes_somebody(
    house: House,
) -> None:
    partner = house.partner(head_address=HEAD)
    refer(house, urgency="immediate", danger_now=True)
    refer(house, "two", urgency="immediate", danger_now=True)
    assert tick(house, hours=4) == [partner.address] * 2
    assert tick(house, hours=1) == [HEAD] * 2
    assert house.all(Alert) == []
    tick(house, hours=1)
    assert len(house.all(Alert)) == 2
    assert all(case.awaits_call_since is not None for case in house.all(Case))


def test_more_that_is_sent_is_a_new_story(house: House) -> None:
    house.partner(head_address=HEAD)
    refer(house)
    tick(house, hours=16)
    answer(house, "want_more")
    with house.context.database.writing() as session:
        act = Act(session, house.context, "person:arta", house.now)
        referral = session.get_one(Referral, house.referral.id)
        give_more(act, referral, "Here it is.")
    house.work()
    assert house.referral.reminded == 0
    assert len(tick(house, hours=16)) == 1
    assert tick(house, hours=8) == [HEAD]


@pytest.mark.parametrize("urgency", ["immediate", "high"])
def test_what_is_urgent_counts_the_hours_of_a_weekend(
    house: House, urgency: str
) -> None:
    """Friday evening: a child may meet somebody on Saturday."""
    country = house.context.country
    friday = house.now + timedelta(days=4, hours=9)
    assert friday.strftime("%a") == "Fri"
    due = find_due_time(country, urgency, friday)
    assert due - friday <= timedelta(hours=16)
    assert find_next_step(country, urgency, due) - due <= timedelta(hours=8)
    normal = find_due_time(country, "normal", friday)
    assert normal == add_business_hours(country, friday, 40)


class Stubborn:
    """Something that nobody ever answers; ``able``: the purposes that have an address."""

    def __init__(self, able: set[str], *, free: bool = True) -> None:
        self.rungs = ("reminder", "head")
        self.able, self.free = able, free
        self.climbed = 0
        self.log: list[str] = []

    def may_write(self, act: Act) -> bool:
        return self.free

    def count_letters(self, act: Act) -> int:
        return self.climbed

    def write(self, act: Act, purpose: str) -> bool:
        if purpose not in self.able:
            return False
        self.climbed = self.rungs.index(purpose) + 1
        self.log.append(purpose)
        return True

    def wait(self, act: Act) -> None:
        self.log.append("wait")

    def escalate(self, act: Act) -> None:
        self.log.append("person")


@pytest.mark.parametrize(
    ("able", "free", "log"),
    [
        ({"reminder", "head"}, True, ["reminder", "head", "person"]),
        ({"reminder"}, True, ["reminder", "person"]),
        ({"head"}, True, ["head", "person"]),
        (set(), True, ["person"]),
        ({"reminder"}, False, []),
    ],
)
def test_every_ladder_is_climbed_rung_by_rung(
    able: set[str], free: bool, log: list[str]
) -> None:
    nobody: Any = None
    chased = Stubborn(able, free=free)
    for _ in range(4):
        chase(nobody, chased)
    steps = [step for step in chased.log if step != "wait"]
    assert steps[: len(log)] == log
    assert set(steps[len(log) :]) <= {"person"}
    assert chased.log.count("wait") == 4
