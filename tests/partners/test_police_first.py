"""Plans, referrals, holds and notices together: the police first, and nothing leaves early."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from hotline.core.act import Act
from hotline.core.errors import Conflict, Forbidden, InvalidInput
from partners.notices.contacts import REMOVAL_HOURS
from partners.notices.models import Notice
from partners.plans.making import planning
from partners.referrals import holds
from partners.referrals.models import Hold, Plan, Referral
from partners.sending.models import Delivery
from tests.support.house import House
from triage.cases.models import Case
from triage.hosting.facts import Observation
from triage.items.models import Item


@pytest.fixture
def with_police(house: House) -> Any:
    """The police have it and hold; a notice to a confirmed host waits."""
    house.partner()
    house.partner(
        "provider:abuse@isp.example", "provider", address="abuse@isp.example"
    )
    house.decide(house.case(), "police", "provider_notice")
    return house


def release(house: House) -> None:
    with house.context.database.writing() as session:
        hold = session.get_one(Hold, house.hold.id)
        holds.release_hold(
            Act(session, house.context, "partner", house.now), hold
        )


def hold_again(house: House) -> None:
    """The police are told once more, by another referral with a hold of its own."""
    house.approve(
        house.request(house.only(Case), "police", again="A meeting was named")
    )


# plans


def test_whoever_asks_cannot_approve(house: House) -> None:
    house.partner()
    plan = house.request(house.case(), "police", by="arta")
    with pytest.raises(Forbidden):
        house.approve(plan, by="arta")
    assert house.all(Referral) == []
    house.approve(plan, by="besnik")
    assert house.referral.state == "queued"


def test_the_database_too_refuses_the_same_person_twice(house: House) -> None:
    house.partner()
    plan = house.request(house.case(), "police", by="arta")
    with (
        pytest.raises(IntegrityError),
        house.context.database.writing() as session,
    ):
        session.execute(
            update(Plan)
            .where(Plan.id == plan.id)
            .values(approved_by=plan.requested_by)
        )


@pytest.mark.parametrize("settings", [{"second_person": False}])
def test_one_person_may_do_both_only_by_setting(house: House) -> None:
    house.partner()
    house.approve(house.request(house.case(), "police", by="arta"), by="arta")
    assert house.only(Plan).approved_by == "person:arta"


def test_a_second_plan_waits_for_the_first(house: House) -> None:
    house.partner()
    case = house.case()
    house.request(case, "police")
    with pytest.raises(Conflict, match="waits for approval"):
        house.request(case, "police")


def test_a_plan_is_approved_once(house: House) -> None:
    house.partner()
    plan = house.request(house.case(), "police")
    house.approve(plan)
    with pytest.raises(Conflict):
        house.approve(plan)
    assert len(house.all(Referral)) == 1


def test_rejected_and_withdrawn_plans_tell_nobody(house: House) -> None:
    house.partner()
    case = house.case()
    for person, state in (("besnik", "rejected"), ("arta", "withdrawn")):
        plan, refusing = (
            house.request(case, "police", by="arta"),
            house.person(person),
        )
        with house.context.database.writing() as session:
            found = session.get_one(Plan, plan.id)
            planning.refuse_plan(
                session, found, refusing, note="no", now=house.now
            )
        assert house.all(Plan)[-1].state == state
    house.work()
    assert house.mail.messages == []


@pytest.mark.parametrize(
    "chosen", [(), ("regulator-AL",), ("police-XX",), ("0",)]
)
def test_a_plan_needs_routes_that_can_be_taken(
    house: House, chosen: tuple[str, ...]
) -> None:
    with pytest.raises(InvalidInput):
        house.request(house.case(), *chosen)


def test_a_route_without_a_confirmed_partner_is_refused(house: House) -> None:
    house.partner(approved=False)
    with pytest.raises(Conflict, match="confirmed"):
        house.request(house.case(), "police")


def test_only_police_and_help_before_the_assessment_and_only_in_danger(
    house: House,
) -> None:
    house.partner()
    house.partner("hotline-rs", "hotline", country="RS")
    with pytest.raises(Conflict, match="not assessed"):
        house.request(house.case("calm", state="waiting"), "police")
    danger = house.case("danger", state="waiting", danger_now=True)
    with pytest.raises(Conflict, match="not assessed"):
        house.request(danger, "police", "hotline")
    house.decide(danger, "police")
    assert house.referral.state == "delivered"
    assert house.mail.messages[0].subject.endswith("case AL-2026-danger")
    assert "URGENT: child in danger" in house.mail.messages[0].subject


def test_a_case_that_was_opened_again_is_not_told_by_its_old_plan(
    house: House,
) -> None:
    house.partner()
    case = house.case()
    plan = house.request(case, "police")
    with house.context.database.writing() as session:
        session.get_one(Case, case.id).state = "not_illegal"
    with pytest.raises(Conflict):
        house.approve(plan)
    assert house.all(Referral) == []


def test_a_notice_that_waits_for_the_police_needs_police(house: House) -> None:
    case = house.case()
    with pytest.raises(InvalidInput, match="police"):
        house.request(case, "provider_notice")
    house.partner()
    house.decide(case, "police")
    house.decide(case, "provider_notice")  # they have the case already
    assert house.notice.state == "awaiting_release"


def test_one_plan_holds_one_notice_of_a_kind(house: House) -> None:
    house.partner()
    with pytest.raises(Conflict, match="under way"):
        house.request(
            house.case(), "police", "provider_notice", "provider_notice-XK"
        )


# holds


def test_the_hold_is_there_from_the_approval_and_runs_from_delivery(
    house: House,
) -> None:
    house.partner()
    house.approve(house.request(house.case(), "police"))
    assert house.hold.state == "pending"
    assert house.hold.deadline is None
    house.later(hours=3)
    house.work()
    assert house.hold.state == "active"
    hours = house.context.settings.hold_hours
    assert house.hold.deadline == house.now + timedelta(hours=hours)


def test_nothing_leaves_while_the_hold_is_pending(house: House) -> None:
    house.partner()
    del house.jobs["delivery.attempt"]  # the police's server is not reached
    house.decide(house.case(), "police", "provider_notice")
    assert (house.hold.state, house.notice.state) == (
        "pending",
        "awaiting_release",
    )
    assert house.deliveries("notice") == []


def test_nothing_leaves_while_the_hold_is_active_or_expired(
    with_police: Any,
) -> None:
    house = with_police
    assert (house.hold.state, house.notice.state) == (
        "active",
        "awaiting_release",
    )
    house.later(days=10)
    with house.context.database.writing() as session:
        assert holds.expire_holds(session, house.context, house.now) == 1
        assert holds.expire_holds(session, house.context, house.now) == 0
        holds.post_release(
            session, house.hold.case_id, key="somebody asks", now=house.now
        )
    house.work()
    assert (house.hold.state, house.notice.state) == (
        "expired",
        "awaiting_release",
    )
    assert house.held_back()
    release(house)
    house.work()
    assert house.notice.state == "sent"


def test_release_sends_the_notice_at_once(with_police: Any) -> None:
    house = with_police
    release(house)
    assert house.work() == 2  # the release, and the delivery that follows
    notice, delivery = house.notice, house.deliveries("notice")[0]
    assert (notice.state, delivery.state) == ("sent", "sent")
    assert delivery.sent_at == house.now
    assert notice.due_at == house.now + timedelta(
        hours=REMOVAL_HOURS["normal"]
    )
    assert house.mail.messages[-1].address == "abuse@isp.example"


def test_a_released_hold_stays_released(with_police: Any) -> None:
    release(with_police)
    with pytest.raises(Conflict):
        release(with_police)


def test_a_hold_that_opens_while_the_notice_is_queued_stops_it(
    with_police: Any,
) -> None:
    house = with_police
    attempt = house.jobs.pop("delivery.attempt")
    release(house)
    house.work()
    assert house.notice.state == "queued"
    hold_again(house)
    house.jobs["delivery.attempt"] = attempt
    house.work()
    assert house.held_back()
    assert house.notice.state == "awaiting_release"
    assert [one.state for one in house.deliveries("notice")] == ["cancelled"]
    with house.context.database.writing() as session:
        for hold in house.all(Hold):
            if hold.state != "released":
                found = session.get_one(Hold, hold.id)
                holds.release_hold(
                    Act(session, house.context, "partner", house.now), found
                )
    house.work()
    assert house.notice.state == "sent"
    assert [one.state for one in house.deliveries("notice")] == [
        "cancelled",
        "sent",
    ]


def test_a_second_hold_keeps_what_the_first_let_go(with_police: Any) -> None:
    house = with_police
    hold_again(house)
    house.work()
    with house.context.database.writing() as session:
        first = session.get_one(Hold, house.all(Hold)[0].id)
        holds.release_hold(
            Act(session, house.context, "partner", house.now), first
        )
    house.work()
    assert house.notice.state == "awaiting_release"
    assert house.held_back()


def test_a_hold_stops_also_a_notice_that_was_not_made_to_wait(
    house: House,
) -> None:
    """What the rules say of one notice is no leave to warn the same host of a held case."""
    house.partner()
    house.partner(
        "provider:abuse@isp.example", "provider", address="abuse@isp.example"
    )
    house.decide(house.case(), "police", "provider_notice-XK")
    assert not house.notice.needs_release
    assert house.notice.state == "awaiting_release"
    release(house)
    house.work()
    assert house.notice.state == "sent"


def test_a_notice_that_waits_for_nobody_leaves_with_the_approval(
    house: House,
) -> None:
    house.partner(
        "provider:abuse@isp.example", "provider", address="abuse@isp.example"
    )
    house.decide(house.case(), "provider_notice-XK")
    assert house.notice.state == "sent"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"reason": " \x00"}, "/reason"),
        ({"officer_reference": ""}, "/officer_reference"),
        ({"deadline": timedelta()}, "/deadline"),
        ({"deadline": timedelta(days=91)}, "/deadline"),
    ],
)
def test_an_extension_needs_reason_reference_and_deadline(
    with_police: Any, wrong: dict[str, Any], field: str
) -> None:
    house = with_police
    given = {
        "reason": "Search",
        "officer_reference": "77/26",
        "deadline": timedelta(days=2),
    }
    given |= wrong
    with (
        pytest.raises(InvalidInput) as caught,
        house.context.database.writing() as session,
    ):
        holds.extend_hold(
            Act(session, house.context, "partner", house.now),
            session.get_one(Hold, house.hold.id),
            reason=given["reason"],
            officer_reference=given["officer_reference"],
            deadline=house.now + given["deadline"],
        )
    assert list(caught.value.fields) == [field]


def test_an_expired_hold_can_be_extended_and_holds_on(
    with_police: Any,
) -> None:
    house = with_police
    house.later(days=3)
    with house.context.database.writing() as session:
        holds.expire_holds(session, house.context, house.now)
    with house.context.database.writing() as session:
        holds.extend_hold(
            Act(session, house.context, "partner", house.now),
            session.get_one(Hold, house.hold.id),
            reason="Search",
            officer_reference="77/26",
            deadline=house.now + timedelta(days=1),
        )
    assert house.hold.state == "active"
    house.work()
    assert house.held_back()


# what is told


def test_every_step_is_in_the_history_with_its_time(with_police: Any) -> None:
    from hotline.core.storage import machine

    house = with_police
    house.later(hours=5)
    release(house)
    house.work()
    with house.context.database.reading() as session:
        steps = {
            kind: [
                one.event
                for one in machine.list_history(session, house.only(kind).id)
            ]
            for kind in (Hold, Notice, Referral, Plan)
        }
        case = machine.list_history(session, house.only(Case).id)
    assert steps[Hold] == ["created", "started", "released"]
    assert steps[Notice] == ["created", "released", "sent"]
    assert steps[Referral] == ["created", "queued", "delivered"]
    assert steps[Plan] == ["created", "approved"]
    assert case[-1].event == "plan_approved"
    assert {one.state for one in house.all(Delivery)} == {"sent"}


def test_a_host_that_changed_since_is_the_one_that_is_told(
    with_police: Any,
) -> None:
    """The host is looked up again just before: its new desk is told, and a person plans anew."""
    house = with_police

    def seen(fact: str, value: str) -> Observation:
        return Observation(fact, value, "test", house.now, 1.0, "192.0.2.9")

    house.hosting = (
        Observation("address", "192.0.2.9", "test", house.now, 1.0),
        seen("country", "RS"),
        seen("asn", "AS64511"),
        seen("abuse_contact", "desk@moved.example"),
    )
    release(house)
    house.work()
    assert house.only(Case).state == "assessed"
    assert house.only(Item).hosting_country == "RS"
    assert house.notice.state == "awaiting_contact"
    assert house.notice.partner.address == "desk@moved.example"
    assert all(
        one.address != "abuse@isp.example" for one in house.mail.messages
    )


def test_a_host_that_does_not_resolve_has_not_moved(with_police: Any) -> None:
    house = with_police
    house.hosting = ()
    release(house)
    house.work()
    assert house.only(Item).hosting_country == "AL"
    assert house.notice.state == "sent"
