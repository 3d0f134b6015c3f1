"""No route ends in nothing: what cannot be sent is done by hand, recorded, and goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from sqlalchemy import select, update

from hotline.core.act import Act
from hotline.core.errors import Conflict
from partners.channels.base import Refused
from partners.console.attention import BY_HAND, list_points
from partners.console.case.of_case import gather_dealings
from partners.manual.models import ManualAct
from partners.manual.service import Told, record_act
from partners.notices import by_hand as notices
from partners.notices.models import Notice
from partners.notices.reminders import send_reminders
from partners.plans import closing
from partners.plans.by_hand import (
    HandRoute,
    find_report_url,
    list_cases_with_undone,
    list_hand_routes,
)
from partners.referrals import by_hand as referrals
from partners.referrals.models import Referral
from partners.watching.models import Watch
from tests.support.house import House
from tests.support.routing import ABROAD, HOST, POLICE, ROUTING
from tests.support.routing import BY_HAND as LATE
from triage.cases.models import Case

ICCAM = {**ABROAD, "to": "iccam", "name": "ICCAM"}
PLATFORM = {
    **HOST,
    "to": "platform",
    "country": "US",
    "name": "YouTube",
    "after": None,
}


def told(house: House, route: str, **given: Any) -> Told:
    return Told(
        **{
            "route": route,
            "way": "portal",
            "outcome": "told",
            "happened_at": house.now,
            "reached": "Their form",
            "number": "T-77",
            **given,
        }
    )


def write(house: House, change: Callable[[Act], object]) -> None:
    with house.context.database.writing() as session:
        change(Act(session, house.context, "person:arta", house.now))


def open_case(
    house: House, *routes: Mapping[str, Any], **columns: Any
) -> Case:
    return house.case(routing={**ROUTING, "routes": list(routes)}, **columns)


def tell_notice(house: House, **given: Any) -> None:
    entry = told(house, "platform-US", **given)
    notice_id = house.notice.id
    write(
        house,
        lambda act: notices.note_told(
            act, act.session.get_one(Notice, notice_id), entry
        ),
    )


def list_by_hand(house: House) -> list[HandRoute]:
    with house.context.database.reading() as session:
        case = session.get_one(Case, house.only(Case).id)
        done = gather_dealings(session, case)
        return list_hand_routes(
            house.context, case, done.acts, done.candidates
        )


def hand_routes(house: House) -> dict[str, bool]:
    return {entry.route.id: entry.is_done for entry in list_by_hand(house)}


def record(house: House, route: str, **given: Any) -> None:
    case_id = house.only(Case).id
    entry = told(house, route, **given)
    write(
        house,
        lambda act: record_act(act, act.session.get_one(Case, case_id), entry),
    )


def reasons(house: House) -> list[str]:
    with house.context.database.reading() as session:
        return [point.why for point in list_points(session)]


def test_a_portal_takes_the_notice_and_its_clock_runs(house: House) -> None:
    house.decide(open_case(house, PLATFORM), "platform-US")
    assert house.notice.state == "awaiting_contact"
    tell_notice(house)
    assert house.notice.state == "sent"
    done = house.only(ManualAct)
    assert (done.route, done.number) == ("platform-US", "T-77")
    house.later(hours=25)
    with house.context.database.writing() as session:
        send_reminders(session, house.context, house.now)
    house.work()
    assert house.mail.messages == []
    assert house.notice.state == "escalated", "a person looks again"


@pytest.mark.parametrize("outcome", ["not_reached", "not_needed"])
def test_what_told_nobody_moves_nothing(house: House, outcome: str) -> None:
    house.decide(open_case(house, PLATFORM), "platform-US")
    tell_notice(house, outcome=outcome, note="their form is broken")
    assert house.notice.state == "awaiting_contact"
    assert house.only(ManualAct).outcome == outcome


def test_by_hand_too_nobody_is_told_before_the_police_let_go(
    house: House,
) -> None:
    house.partner()
    case = open_case(house, PLATFORM, POLICE)
    house.decide(case, "platform-US")
    assert house.notice.state == "awaiting_contact"
    house.decide(house.only(Case), "police")
    with pytest.raises(Conflict):
        tell_notice(house)
    assert house.notice.state == "awaiting_contact"
    assert house.all(ManualAct) == []


@pytest.mark.parametrize("way_out", ["no address", "refused"])
def test_an_office_that_was_telephoned_has_the_referral(
    house: House, way_out: str
) -> None:
    office = house.partner(approved=way_out == "refused")
    house.mail.faults = [Refused("No such mailbox.")]
    house.decide(open_case(house, POLICE), "police", partner=office)
    assert house.referral.state in ("approved", "failed")
    house.later(hours=3)
    referral_id = house.referral.id
    entry = told(house, "police-AL", way="telephone", number="K-9")
    write(
        house,
        lambda act: referrals.note_told(
            act, act.session.get_one(Referral, referral_id), entry
        ),
    )
    referral = house.referral
    assert (referral.state, referral.their_reference) == ("delivered", "K-9")
    assert referral.due_at is not None
    assert (referral.due_at - house.now).total_seconds() == 16 * 3600
    assert referral.chase_at == referral.due_at
    assert house.hold.state == "active"


def test_every_route_that_cannot_be_sent_is_listed_until_recorded(
    house: House,
) -> None:
    house.partner()
    house.partner("hotline-rs", "hotline", country="RS", approved=False)
    open_case(house, POLICE, ABROAD, HOST, PLATFORM, ICCAM, LATE)
    assert hand_routes(house) == {
        "hotline-RS": False,
        "platform-US": False,
        "iccam-RS": False,
        "regulator-AL": False,
    }
    record(house, "iccam-RS")
    record(house, "hotline-RS", outcome="not_reached")
    record(house, "regulator-AL", outcome="not_needed", note="it was removed")
    done = {route for route, is_done in hand_routes(house).items() if is_done}
    assert done == {"iccam-RS", "regulator-AL"}


def test_what_nobody_recorded_is_to_decide_and_keeps_the_case_open(
    house: House,
) -> None:
    house.partner()
    house.decide(open_case(house, POLICE, ICCAM), "police")
    assert BY_HAND in reasons(house)
    with house.context.database.writing() as session:
        session.execute(update(Watch).values(state="ended"))
    with house.context.database.reading() as session:
        case = session.get_one(Case, house.only(Case).id)
        assert "by hand" in closing.find_obstacle(session, case)
    record(house, "iccam-RS")
    assert BY_HAND not in reasons(house)
    with house.context.database.reading() as session:
        case = session.get_one(Case, house.only(Case).id)
        assert closing.find_obstacle(session, case) == ""


def test_what_is_done_takes_no_place_of_what_is_not(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cases stay in progress for months after their routes were done by hand."""
    monkeypatch.setattr("partners.plans.by_hand.LOOKED_AT", 2)
    monkeypatch.setattr("partners.plans.by_hand.SHOWN", 2)
    house.partner()
    routing = {**ROUTING, "routes": [POLICE, ICCAM]}
    names = ["a", "b", "c", "d", "e", "f"]
    for name in names:
        house.later(minutes=1)
        house.decide(house.case(name, routing=routing), "police")
    with house.context.database.writing() as session:
        act = Act(session, house.context, "person:arta", house.now)
        for case in session.scalars(select(Case)):
            if case.reference[-1] in "abc":
                record_act(act, case, told(house, "iccam-RS"))
    with house.context.database.reading() as session:
        shown = list_cases_with_undone(session)
        assert [case.reference[-1] for case in shown] == ["d", "e"]


def test_a_prosecutor_is_recorded_without_any_route(house: House) -> None:
    open_case(house, POLICE)
    record(house, "other", way="telephone", reached="Prosecutor Dervishi")
    assert house.only(ManualAct).reached == "Prosecutor Dervishi"


def test_what_was_done_before_the_case_was_opened_again_is_another_story(
    house: House,
) -> None:
    case = open_case(house, ICCAM)
    record(house, "iccam-RS")
    assert hand_routes(house) == {"iccam-RS": True}
    with house.context.database.writing() as session:
        session.get_one(Case, case.id).round = 2
    assert hand_routes(house) == {"iccam-RS": False}


def test_the_platform_s_page_for_reports_is_given(house: House) -> None:
    url = find_report_url(house.context, "platform", "YouTube")
    assert url.startswith("https://")
    assert find_report_url(house.context, "platform", "No such") == ""
    assert find_report_url(house.context, "hotline", "YouTube") == ""


def test_the_regulator_s_time_has_not_come(house: House) -> None:
    open_case(house, ICCAM, LATE)
    assert {each.route.to: each.is_due for each in list_by_hand(house)} == {
        "iccam": True,
        "regulator": False,
    }
