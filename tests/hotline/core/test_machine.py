"""State machines: the tables are sound, and applying an event leaves history and audit."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, update

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
from tests.support.cases import open_case
from tests.support.items import make_item
from triage.cases.machines import CASE_MACHINE

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


LAMP = Machine(
    "lamp",
    "is_off",
    {
        ("is_off", "switch_on"): "is_on",
        ("is_on", "switch_off"): "is_off",
        ("is_on", "break_it"): "broken",
    },
)


def test_a_machine_knows_its_states_and_events() -> None:
    assert LAMP.states == {"is_off", "is_on", "broken"}
    assert LAMP.events == {"switch_on", "switch_off", "break_it"}
    assert LAMP.next_state("is_on", "break_it") == "broken"
    assert LAMP.allows("is_off", "switch_on") is True
    assert LAMP.allows("is_off", "switch_off") is False


@pytest.mark.parametrize(
    ("state", "event", "possible"),
    [
        ("is_off", "switch_off", "switch on"),
        ("is_on", "switch_on", "break it, switch off"),
        ("broken", "switch_on", "nothing"),
    ],
)
def test_a_refusal_names_only_what_this_state_allows(
    state: str, event: str, possible: str
) -> None:
    with pytest.raises(Conflict) as refused:
        LAMP.next_state(state, event)
    told = f"{state} cannot be {event}".replace("_", " ")
    assert refused.value.message == f"A lamp that is {told}."
    assert refused.value.hint == f"Possible now: {possible}."


def test_an_event_is_two_rows_of_plain_values() -> None:
    lamp, details = uuid.uuid4(), {"why": "dark"}
    happened, logged = machine.rows_of(
        LAMP,
        lamp,
        "switch_on",
        ("is_off", "is_on"),
        actor="arta",
        now=NOW,
        details=details,
    )
    common = {"entity": "lamp", "at": NOW, "actor": "arta", "details": details}
    assert happened == {
        **common,
        "id": happened["id"],
        "entity_id": lamp,
        "event": "switch_on",
        "from_state": "is_off",
        "to_state": "is_on",
    }
    assert logged == {
        **common,
        "id": logged["id"],
        "entity_id": str(lamp),
        "action": "lamp.switch_on",
    }
    assert happened["id"] != logged["id"]


def test_an_event_is_told_by_whom_when_and_why(context: Context) -> None:
    watch, later = _watch(context), NOW + timedelta(hours=1)
    with context.database.writing() as session:
        row = session.get_one(Watch, watch.id)
        assert (row.state, row.state_since) == ("watching", NOW)
        machine.advance_state(
            session, row, "removed", actor="checks", now=later, why="gone"
        )
        assert (row.state, row.state_since) == ("removed", later)
    other = uuid.uuid4()
    with context.database.reading() as session:
        assert machine.list_history(session, other) == []
        first, second = machine.list_history(session, watch.id)
    assert (first.at, first.actor, first.details) == (NOW, "system", {})
    assert (second.at, second.actor) == (later, "checks")
    assert (second.entity, second.details) == ("watch", {"why": "gone"})


def test_a_step_is_taken_from_the_state_that_is_stored(
    context: Context,
) -> None:
    """Two people at once: who comes second is told by what the first one did."""
    watch = _watch(context)
    with context.database.writing() as session:
        stale = session.get_one(Watch, watch.id)
        session.execute(
            update(Watch)
            .values(state="removed")
            .execution_options(synchronize_session=False)
        )
        assert stale.state == "watching"
        with pytest.raises(Conflict, match="removed cannot be removed"):
            machine.advance_state(
                session, stale, "removed", actor="x", now=NOW
            )


@pytest.mark.services
def test_a_row_is_locked_before_its_state_is_asked_for(
    make_context: Callable[..., Context],
) -> None:
    context = make_context("postgresql")
    watch, statements = _watch(context), []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(context.database.engine, "before_cursor_execute", note)
    with context.database.writing() as session:
        row = session.get_one(Watch, watch.id)
        machine.advance_state(session, row, "removed", actor="x", now=NOW)
    locking = [text for text in statements if "FOR UPDATE" in text]
    assert len(locking) == 1
    assert "watch.state" in locking[0]


def _watch(context: Context) -> Watch:
    with context.database.writing() as session:
        item = make_item(now=NOW)
        session.add(item)
        session.flush()
        case = open_case(session, item, now=NOW)
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
