"""A decision holds for the case as it was seen: what changed since is asked for anew."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import select

from hotline.core.act import Act
from hotline.core.errors import Conflict, HotlineError, InvalidInput
from hotline.core.storage import machine
from partners.console.attention import list_points
from partners.directory.models import Partner
from partners.notices.contacts import use_contact
from partners.notices.models import Notice
from partners.plans.making import planning
from partners.plans.making.basis import HELD, routing_digest
from partners.plans.review import review_measures
from partners.referrals import holds
from partners.referrals.models import HOLDING, Hold, Plan
from partners.sending.attempt import attempt_delivery
from partners.sending.models import Delivery
from partners.subjects import SUBJECTS
from tests.support.house import House
from tests.support.routing import HOST, POLICE, ROUTE_IDS, ROUTING
from triage.cases.examination.appraise import RULES
from triage.cases.models import Case

FREE = {**ROUTING, "routes": [POLICE, {**HOST, "after": None}]}
POLICE_FIRST = {**ROUTING, "routes": [POLICE, HOST]}


def reroute(
    house: House, routing: dict[str, Any], *, opened_again: bool = False
) -> None:
    """What facts, a new host or a new assessment do to a case, without the job that follows."""
    with house.context.database.writing() as session:
        case = session.get_one(Case, house.only(Case).id)
        case.routing = house.by_rules_of_now(routing)
        case.round += opened_again


def name_contact(house: House) -> None:
    partner = house.partner("named", "provider", address="named@isp.example")
    with house.context.database.writing() as session:
        notice = session.get_one(Notice, house.notice.id)
        use_contact(
            Act(session, house.context, "person:arta", house.now),
            notice,
            partner,
        )


@pytest.mark.parametrize("opened_again", [False, True])
def test_a_plan_of_another_moment_is_superseded(
    house: House, opened_again: bool
) -> None:
    house.partner()
    house.partner(
        "provider:abuse@isp.example", "provider", address="abuse@isp.example"
    )
    plan = house.request(house.case(routing=FREE), "provider_notice")
    reroute(
        house,
        FREE if opened_again else POLICE_FIRST,
        opened_again=opened_again,
    )
    house.approve(plan)
    house.work()
    assert house.only(Plan).state == "superseded"
    assert house.all(Notice) == []
    assert house.held_back()


@pytest.mark.parametrize("opened_again", [False, True])
def test_a_contact_named_later_lets_nothing_go_early(
    house: House, opened_again: bool
) -> None:
    house.decide(
        house.case(routing=FREE, abuse_contact=None), "provider_notice"
    )
    assert house.notice.state == "awaiting_contact"
    reroute(house, POLICE_FIRST, opened_again=opened_again)
    name_contact(house)
    house.work()
    assert house.notice.state == "awaiting_release"
    assert house.held_back()


@pytest.mark.parametrize("opened_again", [False, True])
def test_the_rules_of_now_stand_at_the_door(
    house: House, opened_again: bool
) -> None:
    house.partner(
        "provider:abuse@isp.example", "provider", address="abuse@isp.example"
    )
    deliver = house.jobs.pop("delivery.attempt")
    house.decide(house.case(routing=FREE), "provider_notice")
    assert house.notice.state == "queued"
    reroute(house, POLICE_FIRST, opened_again=opened_again)
    house.jobs["delivery.attempt"] = deliver
    house.work()
    assert house.only(Delivery).state == "cancelled"
    assert house.notice.state == "awaiting_release"
    assert house.held_back()


def test_a_new_plan_can_be_asked_for_at_once(house: House) -> None:
    house.partner()
    case = house.case(routing=FREE)
    house.request(case, "provider_notice")
    with pytest.raises(Conflict, match="waits for approval"):
        house.request(case, "provider_notice")
    reroute(house, POLICE_FIRST)
    house.request(case, "police", "provider_notice")
    assert [plan.state for plan in house.all(Plan)] == [
        "superseded",
        "requested",
    ]


def test_the_police_do_not_wait_because_the_host_has_moved(
    house: House,
) -> None:
    """What the rules still name is approved at once; what they hold now falls away, with why."""
    house.partner()
    plan = house.request(house.case(routing=FREE), "police", "provider_notice")
    reroute(house, POLICE_FIRST)
    house.approve(plan)
    house.work()
    approved = house.only(Plan)
    assert approved.state == "approved"
    assert [route["to"] for route in approved.routes] == ["police"]
    assert house.referral.state == "delivered"
    assert house.all(Notice) == []
    with house.context.database.reading() as session:
        entries = machine.list_history(session, plan.id)
    (narrowed,) = [entry for entry in entries if entry.event == "narrowed"]
    assert narrowed.details["left_out"] == [
        {"to": "provider_notice", "country": "AL", "reason": HELD}
    ]


def test_a_child_in_danger_does_not_wait_for_a_new_round(house: House) -> None:
    house.partner()
    plan = house.request(house.case(routing=FREE, danger_now=True), "police")
    reroute(house, POLICE_FIRST, opened_again=True)
    with house.context.database.writing() as session:
        session.get_one(Case, plan.case_id).state = "waiting"
    house.approve(plan)
    house.work()
    assert house.referral.state == "delivered"


def test_a_referral_under_way_survives_every_review(house: House) -> None:
    house.partner()
    deliver = house.jobs.pop("delivery.attempt")
    house.decide(house.case(routing=FREE, danger_now=True), "police")
    reroute(house, {**FREE, "routes": []}, opened_again=True)
    with house.context.database.writing() as session:
        case = session.get_one(Case, house.only(Case).id)
        review_measures(session, house.context, case, now=house.now)
    house.jobs["delivery.attempt"] = deliver
    house.work()
    assert house.referral.state == "delivered"


def test_a_release_counts_in_its_own_round(house: House) -> None:
    """What the police let go before the case was opened again was another finding."""
    house.partner()
    house.partner(
        "provider:abuse@isp.example", "provider", address="abuse@isp.example"
    )
    house.decide(house.case(routing=POLICE_FIRST), "police")
    release_all(house)
    reroute(house, POLICE_FIRST, opened_again=True)
    with pytest.raises(InvalidInput, match="only after the police"):
        house.request(house.only(Case), "provider_notice")
    house.decide(
        house.only(Case), "police", "provider_notice", again="Opened again"
    )
    assert house.notice.state == "awaiting_release"
    assert house.held_back()
    release_all(house)
    house.work()
    assert house.notice.state == "sent"


def test_changed_rules_count_at_the_door(house: House) -> None:
    """The stored routes are by rules of another day: today's ask the police first."""
    house.partner()
    house.partner(
        "provider:abuse@isp.example", "provider", address="abuse@isp.example"
    )
    deliver = house.jobs.pop("delivery.attempt")
    house.decide(house.case(routing=FREE), "provider_notice")
    assert house.notice.state == "queued"
    with house.context.database.writing() as session:
        session.get_one(Case, house.only(Case).id).routing = {
            **FREE,
            RULES: "others",
        }
    house.jobs["delivery.attempt"] = deliver
    house.work()
    assert house.notice.state == "awaiting_release"
    assert house.held_back()
    with house.context.database.reading() as session:
        points = [point.why for point in list_points(session)]
    assert "notice.held_by_nobody" in points


def test_a_choice_from_routes_that_have_changed_is_refused(
    house: House,
) -> None:
    house.partner()
    case = house.case(routing=FREE)
    seen, arta = routing_digest(case), house.person()
    reroute(house, POLICE_FIRST)
    with (
        house.context.database.writing() as session,
        pytest.raises(Conflict, match="have changed"),
    ):
        planning.request_plan(
            Act(session, house.context, arta.actor, house.now),
            session.get_one(Case, case.id),
            {ROUTE_IDS["provider_notice"]: None},
            note="",
            seen_routes=seen,
        )


def release_all(house: House) -> None:
    with house.context.database.writing() as session:
        for hold in session.scalars(
            select(Hold).where(Hold.state.in_(HOLDING))
        ):
            holds.release_hold(
                Act(session, house.context, "partner", house.now), hold
            )


FURTHER_ACTS = st.lists(
    st.sampled_from(
        [
            "request",
            "approve",
            "free",
            "police first",
            "reopen",
            "contact",
            "release",
            "expire",
            "work",
            "deliver",
        ]
    ),
    min_size=1,
    max_size=14,
)
# Few random orders come as far as a notice: most begin where one is on its way.
BEGINNINGS = (
    (),
    ("request", "approve"),
    ("request", "approve", "work"),
    ("police first", "request", "approve", "work", "deliver"),
)
ACTS = st.tuples(st.sampled_from(BEGINNINGS), FURTHER_ACTS).map(
    lambda parts: [*parts[0], *parts[1]]
)


@hypothesis_settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(acts=ACTS, contact_known=st.booleans())
def test_no_order_of_acts_lets_a_notice_leave_before_its_release(
    house: House, acts: list[str], contact_known: bool
) -> None:
    interleaving = Interleaving(house, contact_known=contact_known)
    interleaving.run([*acts, "deliver"])
    assert interleaving.too_early == []


class Interleaving:
    """One case under a list of acts; every message to a host is judged as it leaves."""

    def __init__(self, house: House, *, contact_known: bool) -> None:
        self.house = house
        self.too_early: list[str] = []
        self.empty_house()
        house.partner()
        contact = "abuse@isp.example" if contact_known else None
        house.partner(
            "provider:abuse@isp.example",
            "provider",
            address="abuse@isp.example",
        )
        self.case = house.case(routing=FREE, abuse_contact=contact)
        self.deliver = lambda task: attempt_delivery(
            task, channels=house.channels, subjects=SUBJECTS
        )
        house.mail.send = self.judge

    def empty_house(self) -> None:
        tables = Case.metadata.sorted_tables
        with self.house.context.database.writing() as session:
            for table in reversed(tables):
                session.execute(table.delete())

    def judge(self, message: Any) -> dict[str, Any]:
        """No notice without what today's routing asks for."""
        if "-N-" in message.subject:
            case = self.house.only(Case)
            released = [
                hold
                for hold in self.house.all(Hold)
                if hold.state == "released"
            ]
            holding = [
                hold for hold in self.house.all(Hold) if hold.state in HOLDING
            ]
            asks = any(route["after"] for route in case.routing["routes"])
            if holding or (asks and not released):
                self.too_early.append(message.subject)
        return {"accepted": True}

    def run(self, acts: list[str]) -> None:
        for act in acts:
            try:
                getattr(self, "do_" + act.replace(" ", "_"))()
            except HotlineError:
                continue  # refused, as the page would refuse it

    def do_request(self) -> None:
        first = any(
            route["after"] for route in self.house.only(Case).routing["routes"]
        )
        self.house.request(
            self.case, *(["police"] if first else []), "provider_notice"
        )

    def do_approve(self) -> None:
        for plan in self.house.all(Plan):
            if plan.state == "requested":
                self.house.approve(plan)

    def do_free(self) -> None:
        reroute(self.house, FREE)

    def do_police_first(self) -> None:
        reroute(self.house, POLICE_FIRST)

    def do_reopen(self) -> None:
        reroute(self.house, self.house.only(Case).routing, opened_again=True)

    def do_contact(self) -> None:
        waiting = [
            one
            for one in self.house.all(Notice)
            if one.state == "awaiting_contact"
        ]
        for notice in waiting:
            with self.house.context.database.writing() as session:
                partner = session.merge(self.host())
                use_contact(
                    Act(
                        session,
                        self.house.context,
                        "person:arta",
                        self.house.now,
                    ),
                    session.get_one(Notice, notice.id),
                    partner,
                )

    def host(self) -> Partner:
        return next(
            one for one in self.house.all(Partner) if one.kind == "provider"
        )

    def do_release(self) -> None:
        for hold in self.house.all(Hold):
            with self.house.context.database.writing() as session:
                found = session.get_one(Hold, hold.id)
                holds.release_hold(
                    Act(
                        session, self.house.context, "partner", self.house.now
                    ),
                    found,
                )

    def do_expire(self) -> None:
        self.house.later(days=5)
        with self.house.context.database.writing() as session:
            holds.expire_holds(session, self.house.context, self.house.now)

    def do_work(self) -> None:
        """Everything but the letters themselves."""
        self.house.jobs.pop("delivery.attempt", None)
        self.house.work()

    def do_deliver(self) -> None:
        self.house.jobs["delivery.attempt"] = self.deliver
        self.house.work()
