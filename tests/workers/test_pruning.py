"""What is done or replaced is dropped after its period, in batches; what is read or open stays."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.accounts.models import Invitation, LoginSession
from hotline.accounts.signing_in import sessions
from hotline.core.context import Context, utc_now
from hotline.core.storage import outbox
from hotline.core.storage.database import Base
from hotline.core.storage.ids import first_id_at, new_id
from hotline.core.storage.outbox import OutboxEntry
from partners.directory.models import Partner
from partners.sending.models import Delivery
from partners.states import DeliveryState
from tests.support.items import make_item
from tests.support.people import make_person
from triage.items.models import HostingObservation, Item, Visit
from workers.retention import pruning
from workers.retention.forgetting import STEPS, forget_all

NOW = utc_now()
LONG_AGO = NOW - timedelta(days=4_000)
"""Older than every period."""


def id_of_then() -> uuid.UUID:
    """As it would have been made ``LONG_AGO``."""
    return uuid.UUID(
        int=first_id_at(LONG_AGO).int | (new_id().int & (2**64 - 1))
    )


def count_of(context: Context, model: type[Base]) -> int:
    with context.database.reading() as session:
        query = select(func.count()).select_from(model)
        return session.scalar(query) or 0


def post(session: Session, key: str) -> OutboxEntry:
    outbox.post_work(session, "item.examine", key=key, payload={}, now=NOW)
    return session.scalars(
        select(OutboxEntry).where(OutboxEntry.key == key)
    ).one()


def test_done_work_goes_and_open_or_failed_work_stays(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "BATCH", 2)
    with context.database.writing() as session:
        for number in range(5):
            post(session, f"done {number}").done_at = LONG_AGO
        post(session, "done lately").done_at = NOW
        post(session, "laid aside").dead_at = LONG_AGO
        post(session, "open").due_at = LONG_AGO
    assert forget_all(context, NOW)["work"] == 5
    with context.database.reading() as session:
        keys = set(session.scalars(select(OutboxEntry.key)))
    assert keys == {"done lately", "laid aside", "open"}


def test_ended_sessions_go(context: Context) -> None:
    with context.database.writing() as session:
        person = make_person("arta", "analyst", now=NOW)
        session.add(person)
        session.flush()
        for at in (NOW - sessions.LONGEST_SESSION, NOW):
            session.add(
                LoginSession(
                    token_hash=new_id().bytes,
                    person_id=person.id,
                    created_at=at,
                    seen_at=at,
                    expires_at=at + sessions.LONGEST_SESSION,
                )
            )
    assert forget_all(context, NOW)["sessions"] == 1
    assert count_of(context, LoginSession) == 1


def test_invitations_that_open_nothing_any_more_go(
    context: Context,
) -> None:
    with context.database.writing() as session:
        person = make_person("arta", "analyst", now=NOW)
        session.add(person)
        session.flush()
        for expires_at in (NOW, NOW + timedelta(hours=1)):
            session.add(
                Invitation(
                    person_id=person.id,
                    mac=new_id().bytes,
                    email="arta@hotline.example",
                    made_at=NOW - timedelta(hours=72),
                    expires_at=expires_at,
                )
            )
    assert forget_all(context, NOW)["invitations"] == 1
    assert count_of(context, Invitation) == 1


@pytest.fixture
def item(context: Context) -> Item:
    with context.database.writing() as session:
        item = make_item()
        session.add(item)
    return item


def observe(
    item: Item, fact: str, value: str, days: int
) -> HostingObservation:
    return HostingObservation(
        id=id_of_then(),
        item_id=item.id,
        fact=fact,
        value=value,
        source="dns",
        at=LONG_AGO + timedelta(days=days),
        confidence=1.0,
    )


def test_the_newest_word_of_a_source_stays(
    context: Context, item: Item
) -> None:
    with context.database.writing() as session:
        session.add_all(
            [
                observe(item, "address", "192.0.2.1", 0),
                observe(item, "address", "192.0.2.2", 1),
                observe(item, "address", "192.0.2.3", 1),
                observe(item, "asn", "64500", 0),
            ]
        )
    assert forget_all(context, NOW)["observations"] == 1
    with context.database.reading() as session:
        left = set(session.scalars(select(HostingObservation.value)))
    assert left == {"192.0.2.2", "192.0.2.3", "64500"}


def look(item: Item, number: int, verdict: str) -> Visit:
    return Visit(
        item_id=item.id,
        at=LONG_AGO + timedelta(days=number),
        purpose="check",
        outcome="ok" if verdict == "online" else "error",
        report={},
        verdict=verdict,
    )


def test_the_newest_checks_and_the_last_that_saw_it_stay(
    make_context: Callable[..., Context],
) -> None:
    context = make_context(keep_visits=100)
    with context.database.writing() as session:
        item = make_item()
        session.add(item)
        session.flush()
        seen = ["online", "online", "online"]
        for number, verdict in enumerate([*seen, *["gone"] * 150]):
            session.add(look(item, number, verdict))
        first = look(item, 0, "online")
        first.purpose, first.verdict = "first", None
        session.add(first)
    assert forget_all(context, NOW)["visits"] == 52
    with context.database.reading() as session:
        checks = session.scalars(
            select(Visit).where(Visit.purpose == "check").order_by(Visit.at)
        ).all()
        assert len(checks) == 101
        assert checks[0].at == LONG_AGO + timedelta(days=2)
        assert count_of(context, Visit) == 102
    assert forget_all(context, NOW)["visits"] == 0


def test_settled_deliveries_go_and_open_ones_stay(context: Context) -> None:
    with context.database.writing() as session:
        partner = Partner(
            id=new_id(),
            code="police-al",
            name="Police",
            kind="police",
            channel="email",
            languages=["en"],
            address="a@b.example",
            created_at=LONG_AGO,
        )
        session.add(partner)
        session.flush()
        for state in DeliveryState:
            session.add(
                Delivery(
                    id=id_of_then(),
                    subject="referral",
                    subject_id=new_id(),
                    partner_id=partner.id,
                    channel="email",
                    address="a@b.example",
                    message_id=f"{state}@x",
                    created_at=LONG_AGO,
                    state=state,
                    state_since=LONG_AGO,
                )
            )
    assert forget_all(context, NOW)["deliveries"] == 2
    with context.database.reading() as session:
        left = set(session.scalars(select(Delivery.state)))
    assert left == {"failed", "queued", "sending"}


def test_every_kind_of_row_that_grows_is_in_the_round() -> None:
    assert {"work", "sessions", "visits", "observations", "deliveries"} < set(
        STEPS
    )
