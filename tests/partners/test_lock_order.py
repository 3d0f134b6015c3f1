"""Whoever changes something of a case takes the case first: while it waits, it holds nothing.

Somebody holds the case; an act begins, and waits for it. In that moment every row that belongs to
the case must be free, else two acts could wait for each other for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.context import Context
from partners.channels.base import Refused
from partners.directory.models import Partner
from partners.notices.answers import store_answer
from partners.notices.models import Notice
from partners.notices.service import withdraw_notice
from partners.plans.confirming import confirm_and_send
from partners.plans.links import change_contact, replace_by_hand
from partners.plans.making import planning
from partners.referrals import holds
from partners.referrals import service as referrals
from partners.referrals.following_up import withdrawal
from partners.referrals.models import Hold, Plan, Referral
from partners.sending.models import Delivery
from partners.watching.service import start_watches
from tests.support.at_once import start_behind
from tests.support.house import House
from triage.cases.assessing import findings
from triage.cases.assessing.assess import reopen_case
from triage.cases.examination.appraise import post_review
from triage.cases.locking import lock_case
from triage.cases.models import Case

OF_A_CASE = (
    "delivery",
    "hold",
    "notice",
    "outbox_entry",
    "partner",
    "plan",
    "referral",
    "watch",
)


@pytest.fixture
def context(make_context: Callable[..., Context]) -> Context:
    return make_context("postgresql", rdap_enabled=False)


class Scene:
    """A case with all that a case can have: a hold that is active, a notice without a contact,
    a delivery that failed, a plan that waits for approval."""

    def __init__(self, house: House) -> None:
        self.house = house
        house.partner()
        self.desk = house.partner("desk", "provider", approved=False)
        house.partner("hotline-rs", "hotline", country="RS", channel="http")
        house.http.faults = [Refused("404")]
        self.case = house.case()
        house.decide(self.case, "police", "provider_notice", "hotline")
        with house.context.database.writing() as session:
            session.get_one(Notice, house.notice.id).partner_id = self.desk.id
            start_watches(
                self._act(session), session.get_one(Case, self.case.id)
            )
        self.person = house.person()

    def _act(self, session: Session) -> Act:
        return Act(session, self.house.context, "person:x", self.house.now)

    def release_hold(self, session: Session) -> None:
        hold = session.get_one(Hold, self.house.hold.id)
        holds.release_hold(
            Act(session, self.house.context, "x", self.house.now), hold
        )

    def extend_hold(self, session: Session) -> None:
        holds.extend_hold(
            Act(session, self.house.context, "x", self.house.now),
            session.get_one(Hold, self.house.hold.id),
            deadline=self.house.now + timedelta(days=3),
            reason="more to look at",
            officer_reference="17",
        )

    def withdraw_notice(self, session: Session) -> None:
        withdraw_notice(
            Act(session, self.house.context, "x", self.house.now),
            session.get_one(Notice, self.house.notice.id),
            reason="wrong",
        )

    def confirm_address(self, session: Session) -> None:
        confirm_and_send(
            self._act(session), session.get_one(Partner, self.desk.id)
        )

    def _police(self, session: Session) -> Referral:
        police = next(
            one for one in self.house.all(Referral) if one.kind == "police"
        )
        return session.get_one(Referral, police.id)

    def withdraw_referral(self, session: Session) -> None:
        referral = self._police(session)
        withdrawal.withdraw_referral(self._act(session), referral, "wrong")

    def replace_link(self, session: Session) -> None:
        referral = self._police(session)
        replace_by_hand(
            self._act(session), referral, reason="wrong", sends=True
        )

    def change_contact(self, session: Session) -> None:
        partner = self._police(session).partner
        change_contact(
            self._act(session), partner, channel="email", address="x@y.example"
        )

    def answer_notice(self, session: Session) -> None:
        notice = session.get_one(Notice, self.house.notice.id)
        store_answer(self._act(session), notice, "removed", "")

    def answer_referral(self, session: Session) -> None:
        referrals.store_answer(
            Act(session, self.house.context, "x", self.house.now),
            self._police(session),
            "take_up",
        )

    def refuse_plan(self, session: Session) -> None:
        open_plan = session.get_one(Plan, self.plan.id)
        planning.refuse_plan(
            session, open_plan, self.person, note="no", now=self.house.now
        )

    def set_facts(self, session: Session) -> None:
        findings.set_facts(
            self._act(session),
            session.get_one(Case, self.case.id),
            {"victim": {"country": "AL"}},
        )

    def reopen_case(self, session: Session) -> None:
        case = session.get_one(Case, self.case.id)
        reopen_case(self._act(session), case, "news")

    def prepare_refuse_plan(self) -> None:
        self.plan = self.house.request(self.case, "hotline", again="It moved")

    def prepare_reopen_case(self) -> None:
        with self.house.context.database.writing() as session:
            session.get_one(Case, self.case.id).state = "closed"

    def prepare_confirm_address(self) -> None:
        """The notice, let go, waits for the desk's address."""
        with self.house.context.database.writing() as session:
            self.release_hold(session)
        self.house.work()
        with self.house.context.database.writing() as session:
            session.get_one(
                Notice, self.house.notice.id
            ).partner_id = self.desk.id
        assert self.house.notice.state == "awaiting_contact"


ACTS = (
    "release_hold",
    "extend_hold",
    "withdraw_notice",
    "confirm_address",
    "withdraw_referral",
    "replace_link",
    "change_contact",
    "answer_notice",
    "answer_referral",
    "refuse_plan",
    "set_facts",
    "reopen_case",
)


@pytest.mark.services
@pytest.mark.parametrize("name", ACTS)
def test_an_act_takes_the_case_first(house: House, name: str) -> None:
    scene = Scene(house)
    getattr(scene, f"prepare_{name}", lambda: None)()

    def act() -> None:
        with house.context.database.writing() as session:
            getattr(scene, name)(session)

    assert _fault_behind_the_case(house, scene.case, act) is None


@pytest.mark.services
@pytest.mark.parametrize(
    "job", ["delivery.attempt", "notice.release", "case.review"]
)
def test_a_job_takes_the_case_before_its_entry(house: House, job: str) -> None:
    scene = Scene(house)
    if job == "delivery.attempt":
        (failed,) = [
            one for one in house.all(Delivery) if one.state == "failed"
        ]
        house.retry(failed)
    elif job == "notice.release":
        with house.context.database.writing() as session:
            scene.release_hold(session)
    else:
        with house.context.database.writing() as session:
            post_review(session, scene.case, house.now)
    task = next(task for name, task in house.due_tasks() if name == job)
    fault = _fault_behind_the_case(
        house, scene.case, lambda: house.jobs[job](task)
    )
    assert fault is None


def _fault_behind_the_case(
    house: House, case: Case, act: Callable[[], None]
) -> BaseException | None:
    """What the act raised that had to wait for the case, and locked nothing of it before."""
    with house.context.database.writing() as session:
        lock_case(session, case.id)
        acting = start_behind(house.context.database, act)
        for table in OF_A_CASE:
            rows = f"SELECT id FROM {table} FOR UPDATE NOWAIT"
            session.execute(text(rows)).all()
    return acting.exception()
