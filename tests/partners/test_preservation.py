"""Data is kept before anything is removed: the request leaves first, the take-down waits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from hotline.core.act import Act
from partners.channels.base import Refused
from partners.console.attention import HELD_AT_THE_DOOR, list_points
from partners.notices.answers import store_answer
from partners.notices.models import Notice
from partners.notices.preservation import Wait, find_wait
from partners.notices.reminders import send_reminders
from partners.notices.service import withdraw_notice
from partners.plans.confirming import confirm_and_send
from partners.referrals import holds
from partners.referrals.models import Hold
from partners.sending.models import Delivery
from tests.support.house import House
from tests.support.routing import FREE_HOST, HOST, POLICE, ROUTING

DESK = "abuse@isp.example"
REQUEST = "preservation_request"
REMOVAL = "provider_notice"


def routes_of(host: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [{**host, "to": REQUEST}, host]


def decide(
    house: House, *, approved: bool = True, to: str = REMOVAL, **columns: Any
) -> None:
    """A case whose host is asked for both; nobody waits for the police."""
    house.partner(
        f"provider:{DESK}", "provider", address=DESK, approved=approved
    )
    routes = routes_of({**FREE_HOST, "to": to})
    case = house.case(routing={**ROUTING, "routes": routes}, **columns)
    house.decide(case, f"{REQUEST}-XK", f"{to}-XK")


def states(house: House) -> dict[str, str]:
    return {notice.kind: notice.state for notice in house.all(Notice)}


def find(house: House, kind: str) -> Notice:
    return next(notice for notice in house.all(Notice) if notice.kind == kind)


def answer(house: House, verb: str) -> None:
    with house.context.database.writing() as session:
        request = session.get_one(Notice, find(house, REQUEST).id)
        act = Act(session, house.context, "provider", house.now)
        store_answer(act, request, verb, "because")
    house.work()


@pytest.mark.parametrize("to", [REMOVAL, "cdn_notice"])
def test_the_request_leaves_first_and_the_removal_waits(
    house: House, to: str
) -> None:
    decide(house, to=to)
    assert states(house) == {REQUEST: "sent", to: "awaiting_release"}
    assert len(house.mail.messages) == 1
    assert "Preserve now" in house.mail.messages[0].text


@pytest.mark.parametrize("verb", ["acknowledge", "preserved", "not_ours"])
def test_an_answer_lets_the_removal_go_at_once(
    house: House, verb: str
) -> None:
    decide(house)
    house.later(minutes=5)
    answer(house, verb)
    assert states(house)[REMOVAL] == "sent"


def test_a_question_is_no_acknowledgement(house: House) -> None:
    decide(house)
    answer(house, "question")
    assert states(house)[REMOVAL] == "awaiting_release"


@pytest.mark.parametrize(
    ("verb", "reminded"), [("preserved", False), ("acknowledge", True)]
)
def test_whoever_kept_the_data_is_not_reminded(
    house: House, verb: str, reminded: bool
) -> None:
    decide(house)
    answer(house, verb)
    house.later(days=2)
    with house.context.database.writing() as session:
        send_reminders(session, house.context, house.now)
    letters = {
        one.subject_id
        for one in house.all(Delivery)
        if one.purpose == "reminder"
    }
    assert find(house, REMOVAL).id in letters
    assert (find(house, REQUEST).id in letters) == reminded


@pytest.mark.parametrize(("danger", "hours"), [(False, 24), (True, 2)])
def test_without_an_answer_it_leaves_by_itself(
    house: House, danger: bool, hours: int
) -> None:
    decide(house, danger_now=danger)
    house.later(hours=hours, minutes=-1)
    house.work()
    assert states(house)[REMOVAL] == "awaiting_release"
    house.later(minutes=1)
    house.work()
    assert states(house)[REMOVAL] == "sent"


def test_the_police_come_before_both(house: House) -> None:
    house.partner()
    house.partner(f"provider:{DESK}", "provider", address=DESK)
    case = house.case(
        routing={**ROUTING, "routes": [POLICE, *routes_of(HOST)]}
    )
    house.decide(case, "police", f"{REQUEST}-AL", f"{REMOVAL}-AL")
    house.later(hours=30)
    house.work()
    assert set(states(house).values()) == {"awaiting_release"}
    with house.context.database.writing() as session:
        hold = session.get_one(Hold, house.only(Hold).id)
        holds.release_hold(
            Act(session, house.context, "partner", house.now),
            hold,
            reason="ok",
        )
    house.work()
    assert states(house) == {REQUEST: "sent", REMOVAL: "awaiting_release"}
    house.later(hours=24)
    house.work()
    assert states(house)[REMOVAL] == "sent"


def test_no_end_is_promised_while_the_police_hold_the_request(
    house: House,
) -> None:
    house.partner()
    house.partner(f"provider:{DESK}", "provider", address=DESK)
    case = house.case(
        routing={**ROUTING, "routes": [POLICE, *routes_of(HOST)]}
    )
    house.decide(case, "police", f"{REQUEST}-AL", f"{REMOVAL}-AL")
    wait = waiting(house)
    assert wait is not None and not wait.request_has_left
    with house.context.database.writing() as session:
        holds.release_hold(
            Act(session, house.context, "partner", house.now),
            session.get_one(Hold, house.only(Hold).id),
            reason="ok",
        )
    house.later(hours=3)
    house.work()
    wait = waiting(house)
    assert wait is not None and wait.request_has_left
    assert wait.ends_at == house.now + timedelta(hours=24)


def waiting(house: House) -> Wait | None:
    with house.context.database.reading() as session:
        notice = session.get_one(Notice, find(house, REMOVAL).id)
        return find_wait(session, house.context, notice, house.now)


def test_a_request_that_cannot_leave_stops_nothing_for_ever(
    house: House,
) -> None:
    decide(house, approved=False)
    assert states(house)[REQUEST] == "awaiting_contact"
    house.later(hours=24)
    house.work()
    assert states(house) == {
        REQUEST: "awaiting_contact",
        REMOVAL: "awaiting_contact",
    }
    partner = find(house, REQUEST).partner
    assert partner is not None
    with house.context.database.writing() as session:
        session.add(partner)
        act = Act(session, house.context, "person:drita", house.now)
        confirm_and_send(act, partner)
    house.work()
    assert states(house) == {REQUEST: "sent", REMOVAL: "awaiting_release"}
    house.later(hours=24)
    house.work()
    assert states(house)[REMOVAL] == "sent"


def test_a_request_that_failed_delays_it_once_only(house: House) -> None:
    house.mail.faults = [Refused("No such mailbox.")]
    decide(house)
    assert states(house)[REQUEST] == "failed"
    house.later(hours=24)
    house.work()
    assert states(house)[REMOVAL] == "sent"


def test_a_request_that_was_taken_back_holds_nothing(house: House) -> None:
    decide(house)
    with house.context.database.writing() as session:
        withdraw_notice(
            Act(session, house.context, "person:drita", house.now),
            session.get_one(Notice, find(house, REQUEST).id),
            reason="Sent in error",
        )
    house.work()
    assert states(house)[REMOVAL] == "sent"


def test_what_waits_for_it_is_nobody_s_decision(house: House) -> None:
    decide(house)
    with house.context.database.reading() as session:
        reasons = [point.why for point in list_points(session)]
    assert HELD_AT_THE_DOOR not in reasons


def test_without_a_request_nothing_waits(house: House) -> None:
    house.partner(f"provider:{DESK}", "provider", address=DESK)
    house.decide(house.case(), f"{REMOVAL}-XK")
    assert states(house) == {REMOVAL: "sent"}
