"""A small house: one database, people, a case with its report, and workers that run on call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import inspect, select

from hotline.accounts.models import Person
from hotline.core.act import Act
from hotline.core.storage.ids import new_id
from partners.channels.base import Channels
from partners.directory.models import Partner
from partners.duty.alerts import note_danger, pass_on
from partners.duty.calls import call_person
from partners.notices.models import Notice
from partners.notices.release import release_notices
from partners.plans.confirming import confirm_and_send
from partners.plans.making import planning
from partners.plans.review import review_case
from partners.referrals.gathering import send_package
from partners.referrals.models import Hold, Plan, Referral
from partners.sending.attempt import attempt_delivery, subject_of
from partners.sending.models import Delivery
from partners.sending.service import retry_delivery
from partners.subjects import SUBJECTS
from tests.support.cases import open_case
from tests.support.jobs import JobRunner
from tests.support.pages import store_page
from tests.support.people import make_person
from tests.support.recorder import Recorder
from tests.support.reports import sight_item
from tests.support.routing import OUTCOME, ROUTE_IDS, ROUTING, UNIT
from triage.cases.examination.appraise import RULES
from triage.cases.models import Case
from triage.cases.people.summaries import write_summary
from triage.hosting.facts import HostingFacts, Observation
from triage.jurisdiction import rules_digest

Row = TypeVar("Row")


@dataclass
class House(JobRunner):
    """Everything of a test. ``now`` moves only by ``later``; jobs run only by ``work``."""

    mail: Recorder = field(default_factory=Recorder)
    http: Recorder = field(default_factory=Recorder)
    sms: Recorder = field(default_factory=Recorder)
    hosting: tuple[Observation, ...] = ()

    def __post_init__(self) -> None:
        self.jobs |= {
            "notice.release": lambda task: release_notices(task, lookup=self),
            "case.review": review_case,
            "danger.raised": note_danger,
            "referral.package": send_package,
            "duty.pass_on": pass_on,
            "duty.call": lambda task: call_person(task, ways=self.ways),
            "delivery.attempt": lambda task: attempt_delivery(
                task, channels=self.channels, subjects=SUBJECTS
            ),
        }

    @property
    def channels(self) -> Channels:
        return Channels({"email": self.mail, "http": self.http})

    @property
    def ways(self) -> Channels:
        """By which whoever is on duty is called."""
        return Channels({"email": self.mail, "sms": self.sms})

    def observe(
        self,
        host: str | None,
        *,
        kind: str,
        now: datetime,
        headers: Mapping[str, str] | None = None,
    ) -> HostingFacts:
        """The look-up of hosting facts: what a test put into ``hosting``; else nothing resolves."""
        return HostingFacts(host, self.hosting, now, kind)

    # Rows that were there before the test begins.

    def person(self, username: str = "arta", role: str = "analyst") -> Person:
        with self.context.database.writing() as session:
            known = session.scalar(
                select(Person).where(Person.username == username)
            )
            if known is not None:
                return known
            person = make_person(username, role, now=self.now)
            session.add(person)
        return person

    def partner(
        self,
        code: str = "police-al",
        kind: str = "police",
        *,
        approved: bool = True,
        channel: str = "email",
        country: str | None = "AL",
        **columns: object,
    ) -> Partner:
        given: dict[str, object] = {
            "id": new_id(),
            "name": f"The {kind}",
            "languages": ["en"],
            "address": f"{code}@desk.example",
            "created_at": self.now,
            "approved_at": self.now if approved else None,
            **columns,
        }
        partner = Partner(
            code=code, kind=kind, channel=channel, country=country, **given
        )
        with self.context.database.writing() as session:
            session.add(partner)
        return partner

    def unit(self, place: str) -> Partner:
        """The child protection unit of a municipality."""
        return self.partner(
            f"unit-al-{place.lower()}",
            "child_protection_unit",
            name=f"Child protection unit, {place}",
            details={"territory": [place]},
        )

    def case(
        self,
        name: str = "one",
        *,
        state: str = "assessed",
        routing: Mapping[str, Any] = ROUTING,
        abuse_contact: str | None = "abuse@isp.example",
        **columns: object,
    ) -> Case:
        """An assessed case of one reported page with one picture."""
        given: dict[str, object] = {
            "kind": "csam_image",
            "outcome": OUTCOME,
            **columns,
        }
        with self.context.database.writing() as session:
            item = store_page(
                session, name, abuse_contact=abuse_contact, now=self.now
            )
            sight_item(
                session, self.context, item, now=self.now, kind="csam_image"
            )
            return open_case(
                session,
                item,
                f"AL-2026-{name}",
                state=state,
                now=self.now,
                routing=self.by_rules_of_now(routing),
                **given,
            )

    def by_rules_of_now(self, routing: Mapping[str, Any]) -> dict[str, Any]:
        """The routing as if today's rules had just answered so."""
        return {**routing, RULES: rules_digest(self.context.settings.data_dir)}

    def case_of_a_child_in(self, municipality: str | None) -> Case:
        """An assessed case whose one route is the unit of the child's municipality."""
        facts = (
            {"victim": {"municipality": municipality}} if municipality else {}
        )
        return self.case(facts=facts, routing={**ROUTING, "routes": [UNIT]})

    # What people do.

    def note_of_people(self, case: Case, kind: str, text: str) -> None:
        """What an analyst writes for a kind of office."""
        with self.context.database.writing() as session:
            act = Act(session, self.context, "person:arta", self.now)
            write_summary(act, session.get_one(Case, case.id), kind, text)

    def request(
        self,
        case: Case,
        *routes: str,
        by: str = "arta",
        partner: Partner | None = None,
        reasons: Mapping[str, str] | None = None,
        again: str = "",
        without_police: str = "",
    ) -> Plan:
        """A person asks for routes, of which the usual ones may be named by their kind.

        ``again``: why whoever has a letter about the case gets another.
        """
        chosen = {
            ROUTE_IDS.get(route, route): partner.id if partner else None
            for route in routes
        }
        person = self.person(by)
        with self.context.database.writing() as session:
            return planning.request_plan(
                Act(session, self.context, person.actor, self.now),
                session.get_one(Case, case.id),
                chosen,
                note="",
                reasons=reasons,
                again=dict.fromkeys(chosen, again),
                without_police=without_police,
            )

    def ask_for_unit(self, chosen: Partner | None, reason: str = "") -> Plan:
        route = "child_protection_unit-AL"
        return self.request(
            self.only(Case), route, partner=chosen, reasons={route: reason}
        )

    def approve(self, plan: Plan, by: str = "besnik") -> None:
        person = self.person(by)
        with self.context.database.writing() as session:
            asked = session.get_one(Plan, plan.id)
            planning.approve_plan(
                Act(session, self.context, person.actor, self.now), asked
            )

    def decide(
        self,
        case: Case,
        *routes: str,
        partner: Partner | None = None,
        again: str = "",
    ) -> None:
        """Two people want these routes; the jobs that follow have run."""
        self.approve(self.request(case, *routes, partner=partner, again=again))
        self.work()

    def confirm(self, partner: Partner, by: str = "drita") -> None:
        """A second person confirms the partner's address; what waited for it is queued."""
        with self.context.database.writing() as session:
            act = Act(session, self.context, f"person:{by}", self.now)
            confirm_and_send(act, session.get_one(Partner, partner.id))

    def retry(self, delivery: Delivery) -> None:
        with self.context.database.writing() as session:
            failed = session.get_one(Delivery, delivery.id)
            act = Act(session, self.context, "person:arta", self.now)
            subject = subject_of(session, failed, SUBJECTS)
            retry_delivery(act, failed, subject)

    # What is there afterwards.

    def all(self, table: type[Row]) -> list[Row]:
        """The rows of a table, oldest first."""
        key = inspect(table).primary_key
        with self.context.database.reading() as session:
            rows = session.scalars(select(table).order_by(*key))
            return list(rows.unique())

    def only(self, table: type[Row]) -> Row:
        """The one row of a table."""
        rows = self.all(table)
        assert len(rows) == 1, rows
        return rows[0]

    @property
    def notice(self) -> Notice:
        return self.only(Notice)

    @property
    def referral(self) -> Referral:
        return self.only(Referral)

    @property
    def hold(self) -> Hold:
        return self.only(Hold)

    def deliveries(self, subject: str) -> list[Delivery]:
        return [
            delivery
            for delivery in self.all(Delivery)
            if delivery.subject == subject
        ]

    def held_back(self) -> bool:
        """No notice has left the house."""
        return not any(
            "-N-" in message.subject for message in self.mail.messages
        )
