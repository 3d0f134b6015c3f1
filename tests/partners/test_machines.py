"""The state machines as data: no state is out of reach, none is a trap by accident."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path

import pytest

from hotline.core.storage.machine import Machine
from hotline.intake.registry.vocabulary import PartEvent
from partners.notices.answers import VERBS
from partners.notices.models import NOTICE_MACHINE, OPEN
from partners.referrals.models import (
    HOLD_MACHINE,
    HOLDING,
    PLAN_MACHINE,
    REFERRAL_MACHINE,
)
from partners.referrals.service import ANSWERS
from partners.sending.models import DELIVERY_MACHINE
from partners.states import (
    DeliveryEvent,
    HoldEvent,
    NoticeEvent,
    PlanEvent,
    ReferralEvent,
)
from partners.watching.models import WATCH_MACHINE, WatchEvent
from partners.words import (
    DELIVERY_STATES,
    HOLD_STATES,
    NOTICE_STATES,
    PROVIDER_VERBS,
    REFERRAL_STATES,
    REFERRAL_VERBS,
    WATCH_STATES,
)
from triage.cases.vocabulary import CaseEvent, PlaceEvent

FINAL = {
    "plan": {"approved", "rejected", "withdrawn", "superseded"},
    "referral": {"closed", "withdrawn"},
    "hold": {"released", "cancelled"},
    "notice": {"withdrawn"},
    "delivery": {"sent", "cancelled"},
    "watch": set(),
}
MACHINES = (
    PLAN_MACHINE,
    REFERRAL_MACHINE,
    HOLD_MACHINE,
    NOTICE_MACHINE,
    DELIVERY_MACHINE,
    WATCH_MACHINE,
)
EVENTS: tuple[type[StrEnum], ...] = (
    PartEvent,
    CaseEvent,
    PlaceEvent,
    PlanEvent,
    ReferralEvent,
    HoldEvent,
    NoticeEvent,
    DeliveryEvent,
    WatchEvent,
)
# Of a referral that is taken back.
NOT_YET = {"ReferralEvent.WITHDRAWN", "HoldEvent.CANCELLED"}
ROOT = Path(__file__).parent.parent.parent


def reachable(machine: Machine, start: str) -> set[str]:
    found, open_states = {start}, [start]
    while open_states:
        state = open_states.pop()
        for (source, _), target in machine.transitions.items():
            if source == state and target not in found:
                found.add(target)
                open_states.append(target)
    return found


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_every_state_is_reachable_and_only_the_final_ones_end(
    machine: Machine,
) -> None:
    assert reachable(machine, machine.initial) == machine.states
    going = {source for source, _ in machine.transitions}
    assert going <= machine.states
    assert machine.states - going == FINAL[machine.name]


def test_a_hold_ends_by_a_person_alone() -> None:
    """Time makes it expire, which still holds; only released and cancelled let go."""
    assert set(HOLDING) == HOLD_MACHINE.states - {"released", "cancelled"}
    assert HOLD_MACHINE.transitions["active", "expired"] in HOLDING
    into_released = {
        event
        for (_, event), to in HOLD_MACHINE.transitions.items()
        if to == "released"
    }
    assert into_released == {"released"}


def test_a_notice_is_sent_only_from_the_queue_and_queued_only_when_free() -> (
    None
):
    sent = {
        source
        for (source, event) in NOTICE_MACHINE.transitions
        if event == "sent"
    }
    assert sent == {"queued"}
    into_queue = {
        key for key, to in NOTICE_MACHINE.transitions.items() if to == "queued"
    }
    assert into_queue == {
        ("awaiting_release", "released"),
        ("awaiting_contact", "contact_confirmed"),
        ("failed", "contact_confirmed"),
        ("failed", "retried"),
    }


def test_removal_is_verified_from_every_state_but_the_withdrawn() -> None:
    able = {
        source
        for (source, event) in NOTICE_MACHINE.transitions
        if event == "verified"
    }
    assert able == NOTICE_MACHINE.states - {"withdrawn", "verified_removed"}


def test_only_checks_lead_out_of_a_verified_removal() -> None:
    events = {
        event
        for (source, event) in NOTICE_MACHINE.transitions
        if source == "verified_removed"
    }
    assert events == {"reappeared", "untold"}


def test_answers_are_events_of_their_machines() -> None:
    assert {
        event for event in VERBS.values() if event
    } <= NOTICE_MACHINE.events
    assert set(ANSWERS.values()) <= REFERRAL_MACHINE.events
    assert set(OPEN) <= NOTICE_MACHINE.states
    for state in OPEN:
        assert NOTICE_MACHINE.allows(state, "escalated")


def test_everything_has_a_word() -> None:
    assert set(NOTICE_STATES) == NOTICE_MACHINE.states
    assert set(REFERRAL_STATES) == REFERRAL_MACHINE.states
    assert set(HOLD_STATES) == HOLD_MACHINE.states
    assert set(DELIVERY_STATES) == DELIVERY_MACHINE.states
    assert set(WATCH_STATES) == WATCH_MACHINE.states
    assert set(PROVIDER_VERBS) == set(VERBS)
    assert set(REFERRAL_VERBS) == set(ANSWERS)


def test_every_event_happens_somewhere() -> None:
    """An event that nothing applies promises what the house does not do."""
    text = "".join(
        path.read_text("utf-8")
        for layer in ("hotline", "triage", "partners", "workers")
        for path in (ROOT / layer).rglob("*.py")
        # There it is only said what an event would do.
        if path.name not in {"models.py", "states.py", "vocabulary.py"}
    )
    applied = set(re.findall(r"\b[A-Z]\w+Event\.[A-Z_]+\b", text))
    events = {
        f"{kind.__name__}.{event.name}" for kind in EVENTS for event in kind
    }
    assert events - applied <= NOT_YET
