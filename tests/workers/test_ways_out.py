"""Nothing gets stuck: from each state somebody, by a page or a clock, reaches an end."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import workers.migrations.tables  # noqa: F401  # every table, and so every machine, is known
from hotline.core.context import Context
from hotline.core.storage.machine import Machine, Stateful
from workers.app import create_app
from workers.queues.jobs import jobs_of
from workers.queues.pools import Pool

# Where nothing more has to happen. What is over may begin again.
ENDS: Mapping[str, frozenset[str]] = {
    "report_part": frozenset(
        {"removed", "not_illegal", "closed", "set_aside"}
    ),
    "case": frozenset({"closed", "not_illegal", "merged"}),
    "case_item": frozenset({"nothing", "verified_removed"}),
    "plan": frozenset({"approved", "rejected", "superseded", "withdrawn"}),
    "referral": frozenset({"closed", "no_action", "withdrawn"}),
    "hold": frozenset({"released", "cancelled"}),
    "notice": frozenset({"verified_removed", "withdrawn"}),
    "delivery": frozenset({"sent", "cancelled"}),
    "watch": frozenset({"ended"}),
    "duty_alert": frozenset({"acknowledged"}),
    "person_request": frozenset({"done", "refused", "withdrawn", "lapsed"}),
    "bulk_act": frozenset({"done", "taken_back"}),
    # A grant that nobody uses ends by itself with its time.
    "approval": frozenset({"used", "refused", "withdrawn", "lapsed"}),
    "hash_upload": frozenset({"done", "failed", "dropped"}),
    "rule_change": frozenset({"replaced"}),
}

# Who moves each thing on: a page (its endpoint), a job of a worker, or the scheduler.
SCHEDULER = "scheduler"
MOVERS: Mapping[str, Mapping[str, str]] = {
    "report_part": {
        "examined": "item.examine",
        "set_aside": "triage.set_reports_aside",
        "reopened": "triage.reopen",
        "passed_on": "partners.approve_plan",
        "not_illegal": "triage.assess",
        "closed": "partners.close_case",
        "removed": "watch.check",
        "reappeared": "watch.check",
    },
    "case": {
        "examined": "item.examine",
        "alarmed": "item.alarm",
        "held": "report.received",
        "released": "triage.release_reports",
        "set_aside": "triage.set_reports_aside",
        "assessed_first": "triage.assess",
        "assessed": "triage.assess",
        "agreed": "triage.assess",
        "disagreed": "triage.assess",
        "decided": "triage.assess",
        "not_illegal": "triage.assess",
        "plan_approved": "partners.approve_plan",
        "reopened": "triage.reopen",
        "removed": "watch.check",
        "told": "partners.close_case",
        "host_moved": "item.locate",
        "reappeared": "watch.check",
        "closed": "watch.check",
        "took_in": "partners.merge",
        "merged": "partners.merge",
        "split": "partners.split",
        "print_seen": "item.examine",
        "taken_back": "triage.take_assessment_back",
        "assessed_still": "triage.take_reopening_back",
        "not_illegal_still": "triage.take_reopening_back",
        "closed_still": "triage.take_reopening_back",
    },
    "case_item": {
        "notice_made": "partners.approve_plan",
        "noticed": "delivery.attempt",
        "claimed": "provider_notices.answer",
        "still_up": "watch.check",
        "withdrawn": "partners.withdraw_notice",
        "moved": "item.locate",
        "removed": "watch.check",
        "reappeared": "watch.check",
    },
    "plan": {
        "approved": "partners.approve_plan",
        "rejected": "partners.refuse_plan",
        "withdrawn": "partners.refuse_plan",
        "narrowed": "case.review",
        "superseded": "case.review",
    },
    "referral": {
        "queued": "partners.confirm_address",
        "delivered": "delivery.attempt",
        "failed": "delivery.attempt",
        "told_by_hand": "partners.record_by_hand",
        "acknowledged": "partners.answer_referral",
        "taken_up": "partners.answer_referral",
        "no_action": "partners.answer_referral",
        "more_wanted": "partners.answer_referral",
        "closed": "partners.answer_referral",
        "withdrawn": "partners.withdraw_referral",
    },
    "hold": {
        "started": "delivery.attempt",
        "extended": "partners.extend_hold",
        "expired": SCHEDULER,
        "released": "partners.release_hold",
        "cancelled": "partners.approve_plan",
    },
    "notice": {
        "released": "notice.release",
        "held": "delivery.attempt",
        "contact_unconfirmed": "notice.release",
        "contact_confirmed": "partners.name_contact",
        "sent": "delivery.attempt",
        "failed": "delivery.attempt",
        "retried": "partners.retry",
        "told_by_hand": "partners.record_by_hand",
        "acknowledged": "provider_notices.answer",
        "claimed_removed": "provider_notices.answer",
        "preserved": "provider_notices.answer",
        "disputed": "provider_notices.answer",
        "escalated": SCHEDULER,
        "verified": "watch.check",
        "still_up": "watch.check",
        "reappeared": "watch.check",
        "untold": "watch.check",
        "withdrawn": "partners.withdraw_notice",
    },
    "delivery": {
        "attempted": "delivery.attempt",
        "accepted": "delivery.attempt",
        "failed": "delivery.attempt",
        "cancelled": "delivery.attempt",
        "retried": "partners.retry",
    },
    "watch": {
        "removed": "watch.check",
        "reappeared": "watch.check",
        "ended": "watch.check",
        "restarted": "partners.approve_plan",
    },
    "duty_alert": {
        "called": SCHEDULER,
        "acknowledged": "partners.acknowledge_alert",
    },
    "person_request": {
        "approved": "people.approve_request",
        "refused": "people.refuse_request",
        "withdrawn": "people.refuse_request",
        "lapsed": "people.ask_for_act",
    },
    "bulk_act": {
        "asked": "triage.ask_bulk",
        "taken_back": "triage.take_bulk_back",
        "begun": "bulk.run",
        "finished": "bulk.run",
    },
    "approval": {
        "granted": "approvals.grant_approval",
        "used": "people.read_name",
        "refused": "approvals.refuse_approval",
        "withdrawn": "approvals.refuse_approval",
        "lapsed": "triage.ask_identity",
    },
    "hash_upload": {
        "received": "triage.finish_upload",
        "read": "hashlist.read_upload",
        "agreed": "approvals.grant_approval",
        "taken": "hashlist.take_upload",
        "failed": "hashlist.read_upload",
        "dropped": "triage.drop_upload",
    },
    "rule_change": {
        "activated": "approvals.grant_approval",
        "replaced": "approvals.grant_approval",
        "withdrawn": "triage.withdraw_rules",
        "offered_again": "triage.offer_rules_again",
    },
}


def _list_entities(owner: type = Stateful) -> Iterator[type[Stateful]]:
    for entity in owner.__subclasses__():
        if hasattr(entity, "machine"):
            yield entity
        yield from _list_entities(entity)


MACHINES: Mapping[str, Machine] = {
    entity.machine.name: entity.machine for entity in _list_entities()
}


def test_every_machine_is_told_of_here() -> None:
    """A new one has to say where it ends, and who moves it."""
    assert set(MACHINES) == set(ENDS) == set(MOVERS)
    for name, machine in MACHINES.items():
        assert ENDS[name] <= machine.states
        assert set(MOVERS[name]) == set(machine.events)


def test_every_mover_exists(context: Context) -> None:
    """A page that was taken away would leave a state without a way out."""
    app = create_app(context)
    known = {rule.endpoint for rule in app.url_map.iter_rules()}
    known |= set(jobs_of(Pool)) | {SCHEDULER}
    wanted = {mover for movers in MOVERS.values() for mover in movers.values()}
    assert wanted <= known, wanted - known


@pytest.mark.parametrize("name", sorted(ENDS))
def test_from_each_state_an_end_can_be_reached(name: str) -> None:
    machine = MACHINES[name]
    for state in machine.states:
        assert _reachable(machine, state) & ENDS[name], (name, state)


def _reachable(machine: Machine, state: str) -> set[str]:
    reached, fresh = {state}, {state}
    while fresh:
        fresh = {
            target
            for (source, _), target in machine.transitions.items()
            if source in fresh
        } - reached
        reached |= fresh
    return reached


@pytest.mark.parametrize("name", sorted(ENDS))
def test_every_state_is_reached_from_the_first(name: str) -> None:
    machine = MACHINES[name]
    assert _reachable(machine, machine.initial) == machine.states


def test_every_event_happens_somewhere() -> None:
    """An event that nothing fires is a way out that is only drawn."""
    folder = Path(__file__).parent.parent.parent
    sources = [
        path.read_text("utf-8")
        for package in ("hotline", "triage", "partners", "workers")
        for path in (folder / package).rglob("*.py")
        if path.name not in ("vocabulary.py", "states.py")
    ]
    text = "\n".join(sources)
    silent = [
        f"{name}.{event}"
        for name, machine in MACHINES.items()
        for event in machine.events
        if len(re.findall(_word_of(event), text)) < 2
    ]
    assert not silent


def _word_of(event: str) -> str:
    """How the sources write it: in its machine's table, and where it happens."""
    kind = type(event).__name__
    return rf"\b(?:{kind}|Event)\.{event.name}\b"  # type: ignore[attr-defined]
