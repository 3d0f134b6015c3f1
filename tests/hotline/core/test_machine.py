"""State machines: the tables are sound, and applying an event leaves history and audit."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from hotline.core.context import Context
from hotline.core.errors import Conflict
from hotline.core.storage import machine
from hotline.core.storage.audit import AuditEntry
from hotline.core.storage.ids import new_id
from hotline.core.storage.machine import Machine
from hotline.intake.models import PART_MACHINE
from partners.notices.models import NOTICE_MACHINE
from partners.referrals.models import (
    HOLD_MACHINE,
    PLAN_MACHINE,
    REFERRAL_MACHINE,
)
from partners.sending.models import DELIVERY_MACHINE
from partners.watching.models import WATCH_MACHINE, Watch
from triage.cases.models import CASE_MACHINE

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
MACHINES = [
    PART_MACHINE,
    CASE_MACHINE,
    PLAN_MACHINE,
    REFERRAL_MACHINE,
    HOLD_MACHINE,
    NOTICE_MACHINE,
    DELIVERY_MACHINE,
    WATCH_MACHINE,
]


@pytest.mark.parametrize("table", MACHINES, ids=lambda m: m.name)
def test_every_state_can_be_reached(table: Machine) -> None:
    reached, grown = {table.initial}, True
    while grown:
        after = {
            to
            for (state, _), to in table.transitions.items()
            if state in reached
        }
        grown = not after <= reached
        reached |= after
    assert reached == table.states


@pytest.mark.parametrize("table", MACHINES, ids=lambda m: m.name)
def test_names_fit_their_columns(table: Machine) -> None:
    assert all(len(state) <= 32 for state in table.states)
    assert all(len(event) <= 40 for event in table.events)


def test_no_hold_is_left_but_by_a_person() -> None:
    """Expiry is a state that still holds; only "released" and "cancelled" let go."""
    ends = {
        to
        for (_, event), to in HOLD_MACHINE.transitions.items()
        if event == "expired"
    }
    assert ends == {"expired"}
    assert HOLD_MACHINE.allows("expired", "released")
    assert HOLD_MACHINE.allows("expired", "extended")


def test_a_claim_of_removal_is_never_the_end() -> None:
    verified = {
        s
        for (s, e), to in NOTICE_MACHINE.transitions.items()
        if to == "verified_removed"
    }
    events = {
        e
        for (s, e), to in NOTICE_MACHINE.transitions.items()
        if to == "verified_removed"
    }
    assert events == {"verified"}
    assert "claimed_removed" in verified


def test_an_impossible_step_says_what_is_possible() -> None:
    with pytest.raises(
        Conflict, match=r"pending cannot be expired.*Possible now: .*released"
    ):
        HOLD_MACHINE.next_state("pending", "expired")


def test_history_and_audit_follow_each_event(context: Context) -> None:
    watch = _watch(context)
    with context.database.writing() as session:
        found = session.get_one(Watch, watch.id)
        assert (
            machine.advance_state(
                session, found, "removed", actor="checks", now=NOW
            )
            == "removed"
        )
    with context.database.reading() as session:
        rows = machine.list_history(session, watch.id)
        assert [(r.event, r.from_state, r.to_state) for r in rows] == [
            ("created", "", "watching"),
            ("removed", "watching", "removed"),
        ]
        actions = session.scalars(
            select(AuditEntry.action).where(
                AuditEntry.entity_id == str(watch.id)
            )
        )
        assert sorted(actions) == ["watch.created", "watch.removed"]


def test_a_refused_event_leaves_nothing(context: Context) -> None:
    watch = _watch(context)
    with pytest.raises(Conflict), context.database.writing() as session:
        machine.advance_state(
            session,
            session.get_one(Watch, watch.id),
            "reappeared",
            actor="checks",
            now=NOW,
        )
    with context.database.reading() as session:
        assert len(machine.list_history(session, watch.id)) == 1
        assert session.get_one(Watch, watch.id).state == "watching"


def _watch(context: Context) -> Watch:
    from triage.cases.models import Case
    from triage.items.models import Item

    with context.database.writing() as session:
        item = Item(
            id=new_id(),
            key="url:x",
            kind="url",
            canonical="https://x.example/",
            display="x",
            first_reported_at=NOW,
            last_reported_at=NOW,
        )
        session.add(item)
        session.flush()
        case = Case(
            id=new_id(),
            reference="AL-2026-000001",
            item_id=item.id,
            opened_at=NOW,
        )
        machine.begin_state(session, case, actor="system", now=NOW)
        session.flush()
        watch = Watch(
            id=new_id(),
            item_id=item.id,
            case_id=case.id,
            policy="default",
            baseline={},
        )
        machine.begin_state(session, watch, actor="system", now=NOW)
    return watch
