"""A small house: one database, people, a case with its report, and workers that run on call."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from hotline.core.act import Act
from hotline.core.context import Context, build_context
from hotline.core.errors import HotlineError
from hotline.core.jobs.task import GiveUp, Task
from hotline.core.settings import Settings
from hotline.core.storage import machine, outbox
from hotline.core.storage.ids import new_id
from hotline.core.storage.outbox import OutboxEntry
from hotline.intake.models import Report, ReportPart
from partners import channels
from partners.channels.base import Message
from partners.channels.registry import Channels, channel_kinds
from partners.directory.models import Partner
from partners.notices.models import Notice
from partners.notices.release import release_notices
from partners.plans import planning
from partners.plans.review import review_case
from partners.referrals.models import Hold, Plan, Referral
from partners.sending.attempt import attempt_delivery
from partners.sending.models import Delivery
from partners.sending.retry import retry_delivery
from partners.sending.subject import subject_of
from partners.subjects import SUBJECTS
from triage.cases.examination.appraise import RULES
from triage.cases.models import Case
from triage.cases.people.summaries import write_summary
from triage.hosting.facts import HostingFacts, Observation
from triage.items.models import (
    HostingHop,
    HostingObservation,
    Item,
    ItemMedia,
    Sighting,
    Visit,
)
from triage.jurisdiction import Route, rules_digest
from triage.media.models import Media
from workers.migrations.tables import metadata

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
POLICE = {
    "to": "police",
    "country": "AL",
    "name": "Police",
    "after": None,
    "urgency": "high",
    "automatic": True,
    "why": "It is hosted in Albania (AL).",
    "basis": "Criminal Code Art. 117/2",
}
HOST = {
    "to": "provider_notice",
    "country": "AL",
    "name": "Host",
    "after": "police_release",
    "urgency": "high",
    "automatic": True,
    "why": "The host can remove it.",
    "basis": "Law 18/2017 Arts. 26-27",
}
ABROAD = {
    "to": "hotline",
    "country": "RS",
    "name": "Net Patrola",
    "after": None,
    "urgency": "normal",
    "automatic": True,
    "why": "The hotline there can act.",
    "basis": "Practice of hotlines",
}
FREE_HOST = {**HOST, "country": "XK", "after": None}
BY_HAND = {**POLICE, "to": "regulator", "after": "notice_deadline"}
ROUTING = {
    "routes": [POLICE, HOST, ABROAD, FREE_HOST, BY_HAND],
    "jurisdiction": [
        {
            "country": "AL",
            "ground": "territoriality",
            "basis": "Criminal Code Art. 6",
            "status": "yes",
            "why": "Hosted here.",
        },
        {
            "country": "RS",
            "ground": "territoriality",
            "basis": "-",
            "status": "no",
            "why": "-",
        },
    ],
}
ROUTE_IDS = {
    route["to"]: Route.from_json(route).id for route in ROUTING["routes"][:3]
}
OUTCOME = {"class": "baseline", "kind": "csam_image", "age": "pre_pubescent"}


UNIT_ROUTE: dict[str, Any] = {
    "to": "child_protection_unit",
    "country": "AL",
    "name": "Child protection unit of the municipality",
    "urgency": "high",
    "after": None,
    "automatic": False,
    "why": "The child is known.",
    "basis": "Law 18/2017",
}


class Recorder:
    """A channel that keeps what it was given; ``faults`` are raised first, one a message."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.faults: list[Exception] = []

    def send(self, message: Message) -> dict[str, Any]:
        self.messages.append(message)
        if self.faults:
            raise self.faults.pop(0)
        return {"accepted": True}

    def server_of(self, address: str) -> str:
        return address.rpartition("@")[2]


@dataclass
class House:
    """Everything of a test. ``now`` moves only by ``later``; jobs run only by ``work``."""

    context: Context
    now: datetime = NOW
    mail: Recorder = field(default_factory=Recorder)
    http: Recorder = field(default_factory=Recorder)
    jobs: dict[str, Callable[[Task], None]] = field(default_factory=dict)
    errors: list[Exception] = field(default_factory=list)
    hosting: tuple[Observation, ...] = ()

    def __post_init__(self) -> None:
        self.jobs |= {
            "notice.release": lambda task: release_notices(task, lookup=self),
            "case.review": review_case,
            "delivery.attempt": lambda task: attempt_delivery(
                task, channels=self.channels, subjects=SUBJECTS
            ),
        }

    @property
    def channels(self) -> Channels:
        return Channels({"email": self.mail, "http": self.http})

    def observe(
        self,
        host: str | None,
        *,
        kind: str,
        now: datetime,
        headers: Any = None,
    ) -> HostingFacts:
        """The look-up of hosting facts: what a test put into ``hosting``; else nothing resolves."""
        return HostingFacts(host, self.hosting, now, kind)

    def later(self, **span: float) -> datetime:
        self.now += timedelta(**span)
        return self.now

    def work(self) -> int:
        """Run what is due until nothing is left; returns how many jobs ran."""
        ran = 0
        while tasks := self._due():
            for job, task in tasks:
                ran += 1
                try:
                    self.jobs[job](task)
                except Exception as error:
                    self.errors.append(error)
                    self._failed(task, error)
        return ran

    def _due(self) -> list[tuple[str, Task]]:
        with self.context.database.reading() as session:
            rows = session.scalars(
                select(OutboxEntry)
                .where(
                    OutboxEntry.done_at.is_(None),
                    OutboxEntry.dead_at.is_(None),
                )
                .where(
                    OutboxEntry.due_at <= self.now,
                    OutboxEntry.job.in_(self.jobs),
                )
                .order_by(OutboxEntry.id)
            )
            return [
                (
                    row.job,
                    Task(
                        self.context,
                        row.id,
                        row.payload,
                        row.attempts + 1,
                        self.now,
                    ),
                )
                for row in rows
            ]

    def _failed(self, task: Task, error: Exception) -> None:
        if not isinstance(error, HotlineError):
            raise error
        settings = self.context.settings
        with self.context.database.writing() as session:
            entry = outbox.lock_entry(session, task.entry_id)
            if entry is not None:
                outbox.note_failure(
                    entry,
                    str(error),
                    now=self.now,
                    attempts=settings.job_attempts,
                    base=settings.retry_base_seconds,
                    final=isinstance(error, GiveUp),
                )

    # rows

    def person(self, username: str = "arta", role: str = "analyst") -> Person:
        with self.context.database.writing() as session:
            known = session.scalar(
                select(Person).where(Person.username == username)
            )
            if known is not None:
                return known
            person = Person(
                id=new_id(),
                username=username,
                display_name=username.title(),
                role=role,
                password_hash="-",
                created_at=self.now,
            )
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
        **values: Any,
    ) -> Partner:
        with self.context.database.writing() as session:
            partner = Partner(
                **{
                    "id": new_id(),
                    "code": code,
                    "kind": kind,
                    "country": country,
                    "name": f"The {kind}",
                    "languages": ["en"],
                    "channel": channel,
                    "address": f"{code}@desk.example",
                    "created_at": self.now,
                    "approved_at": self.now if approved else None,
                    **values,
                }
            )
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

    def note_of_people(self, case: Case, kind: str, text: str) -> None:
        """What an analyst writes for a kind of office."""
        with self.context.database.writing() as session:
            act = Act(session, self.context, "person:arta", self.now)
            write_summary(act, session.get_one(Case, case.id), kind, text)

    def case_of_a_child_in(self, municipality: str | None) -> Case:
        """An assessed case whose one route is the unit of the child's municipality."""
        facts = (
            {"victim": {"municipality": municipality}} if municipality else {}
        )
        return self.case(
            facts=facts, routing={**ROUTING, "routes": [UNIT_ROUTE]}
        )

    def ask_for_unit(self, chosen: Partner | None, reason: str = "") -> Plan:
        arta = self.person("arta", "analyst")
        case = self.only(Case)
        with self.context.database.writing() as session:
            plan = planning.request_plan(
                session,
                self.context,
                session.get_one(Case, case.id),
                arta,
                {"child_protection_unit-AL": chosen.id if chosen else None},
                note="",
                now=self.now,
                reasons={"child_protection_unit-AL": reason},
            )
            session.flush()
        return plan

    def case(self, name: str = "one", **values: Any) -> Case:
        """An assessed case of one reported page with one picture."""
        with self.context.database.writing() as session:
            item = self._item(
                session, name, values.pop("abuse_contact", "abuse@isp.example")
            )
            routing = values.pop("routing", ROUTING)
            case = Case(
                **{
                    "id": new_id(),
                    "reference": f"AL-2026-{name}",
                    "item_id": item.id,
                    "item": item,
                    "opened_at": self.now,
                    "kind": "csam_image",
                    "routing": self.by_rules_of_now(routing),
                    "outcome": OUTCOME,
                    **values,
                }
            )
            state = values.pop("state", "assessed")
            machine.begin_state(session, case, actor="test", now=self.now)
            case.state = state
        return case

    def by_rules_of_now(self, routing: dict[str, Any]) -> dict[str, Any]:
        """The routing as if today's rules had just answered so."""
        return {**routing, RULES: rules_digest(self.context.settings.data_dir)}

    def _item(self, session: Session, name: str, contact: str | None) -> Item:
        item = Item(
            id=new_id(),
            key=f"url:{name}",
            kind="url",
            canonical=f"http://{name}.test/p/1",
            display=f"http://{name}.test/p/1",
            host=f"{name}.test",
            fetchable=True,
            sighting_count=2,
            first_reported_at=self.now - timedelta(days=1),
            last_reported_at=self.now,
            hosting_kind="host",
            hosting_country="AL",
            asn="AS64500",
            abuse_contact=contact,
        )
        media = Media(
            id=new_id(),
            sha256=uuid.uuid4().hex * 2,
            sha1="1" * 40,
            md5="2" * 32,
            kind="image",
            media_type="image/jpeg",
            size=1000,
            width=64,
            height=64,
            pdq="ab" * 32,
            pdq_quality=90,
            hashable=True,
            first_seen_at=self.now,
        )
        session.add_all([item, media])
        session.flush()
        session.add(
            HostingHop(
                item_id=item.id,
                number=1,
                at=self.now,
                kind="host",
                country="AL",
                asn="AS64500",
            )
        )
        session.add_all(
            [
                HostingObservation(
                    item_id=item.id,
                    fact="address",
                    value="192.0.2.7",
                    source="DNS",
                    at=self.now,
                    confidence=0.9,
                ),
                Visit(
                    id=new_id(),
                    item_id=item.id,
                    at=self.now,
                    purpose="first",
                    outcome="ok",
                    status=200,
                    report={"requested": item.canonical, "status": 200},
                ),
                ItemMedia(
                    item_id=item.id,
                    media_id=media.id,
                    url=f"{item.canonical}.jpg",
                    source="img",
                    first_seen_at=self.now,
                    last_seen_at=self.now,
                ),
            ]
        )
        self._report(session, item)
        return item

    def _report(self, session: Session, item: Item) -> None:
        report = Report(
            id=new_id(),
            received_at=self.now,
            channel="form",
            language="en",
            kind="csam_image",
            receipt_mac=uuid.uuid4().bytes * 2,
        )
        session.add(report)
        session.flush()
        part = ReportPart(
            id=new_id(), report_id=report.id, position=0, kind="location"
        )
        machine.begin_state(session, part, actor="test", now=self.now)
        machine.advance_state(
            session, part, "examined", actor="test", now=self.now
        )
        session.add(Sighting(item_id=item.id, part_id=part.id, at=self.now))

    # ways

    def request(
        self,
        case: Case,
        *routes: str,
        by: str = "arta",
        partner: Partner | None = None,
    ) -> Plan:
        chosen = {
            ROUTE_IDS.get(route, route): partner.id if partner else None
            for route in routes
        }
        person = self.person(by)
        with self.context.database.writing() as session:
            return planning.request_plan(
                session,
                self.context,
                session.get_one(Case, case.id),
                person,
                chosen,
                note="",
                now=self.now,
            )

    def approve(self, plan: Plan, by: str = "besnik") -> None:
        person = self.person(by)
        with self.context.database.writing() as session:
            found = session.get_one(Plan, plan.id)
            planning.approve_plan(
                session, self.context, found, person, now=self.now
            )

    def decide(
        self, case: Case, *routes: str, partner: Partner | None = None
    ) -> None:
        """Two people want these routes; the jobs that follow have run."""
        self.approve(self.request(case, *routes, partner=partner))
        self.work()

    def retry(self, delivery: Delivery) -> None:
        with self.context.database.writing() as session:
            failed = session.get_one(Delivery, delivery.id)
            act = Act(session, self.context, "person:arta", self.now)
            subject = subject_of(session, failed, SUBJECTS)
            retry_delivery(act, failed, subject)

    def only(self, kind: type[Any]) -> Any:
        """The one row of a table."""
        with self.context.database.reading() as session:
            found = session.scalars(select(kind)).unique().all()
            assert len(found) == 1, found
            return found[0]

    def all(self, kind: type[Any]) -> list[Any]:
        with self.context.database.reading() as session:
            return list(
                session.scalars(select(kind).order_by(kind.id)).unique()
            )

    @property
    def notice(self) -> Notice:
        return self.only(Notice)  # type: ignore[no-any-return]

    @property
    def referral(self) -> Referral:
        return self.only(Referral)  # type: ignore[no-any-return]

    @property
    def hold(self) -> Hold:
        return self.only(Hold)  # type: ignore[no-any-return]

    def deliveries(self, subject: str) -> list[Delivery]:
        return [one for one in self.all(Delivery) if one.subject == subject]

    def held_back(self) -> bool:
        """No notice has left the house."""
        return not any(
            "-N-" in message.subject for message in self.mail.messages
        )


@pytest.fixture
def settings() -> dict[str, Any]:
    """Of the house; a test module may override it."""
    return {}


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    """One database for all tests: what its engine has compiled once stays compiled."""
    made = build_context(
        Settings(data_dir=tmp_path_factory.mktemp("house"), country="AL")
    )
    metadata.create_all(made.database.engine)
    yield made
    made.close()


@pytest.fixture
def context(shared: Context, settings: dict[str, Any]) -> Context:
    """The shared database, emptied, under this test's settings."""
    with shared.database.writing() as session:
        for table in reversed(metadata.sorted_tables):
            session.execute(table.delete())
    base = {
        "data_dir": shared.settings.data_dir,
        "country": "AL",
        "rdap_enabled": False,
    }
    return replace(shared, settings=Settings(**{**base, **settings}))


@pytest.fixture
def house(context: Context) -> House:
    return House(context)


PIGEON = '''
"""A made-up channel: a pigeon to a loft."""

from partners.channels.base import ChannelKind


class PigeonChannel:
    def __init__(self, settings):
        self.flown = []

    def send(self, message):
        self.flown.append(message.address)
        return {"reference": f"ring of {message.address}"}

    def server_of(self, address):
        return "the loft"


def address_fault(address, settings):
    return "" if address.startswith("loft ") else "This is not a loft."


CHANNEL = ChannelKind("pigeon", "Pigeon", ("control_url",), address_fault, PigeonChannel)
'''


@pytest.fixture
def pigeon_module() -> str:
    """The source of a made-up channel's module."""
    return PIGEON


@pytest.fixture
def pigeon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pigeon_module: str
) -> Iterator[None]:
    """One more module in the package, and nothing else."""
    (tmp_path / "pigeon.py").write_text(pigeon_module)
    monkeypatch.setattr(
        channels, "__path__", [*channels.__path__, str(tmp_path)]
    )
    channel_kinds.cache_clear()
    yield
    channel_kinds.cache_clear()
    sys.modules.pop("partners.channels.pigeon", None)
