"""Availability checks with a stand-in for the fetcher: what a series of looks leads to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from hotline.core import machine
from hotline.core.machine import HistoryEntry
from hotline.core.task import AlreadyDone
from hotline.intake.models import ReportPart
from partners.notices import service as notices
from partners.notices.models import Notice
from partners.watching.models import Watch
from partners.watching.service import CHECK_LEASE, look_soon, post_due_checks, start_watch
from triage.availability.model import Verdict
from triage.cases.models import Case
from triage.items.models import Item, ItemMedia, Visit

CONTROL = "http://control.test/ok"


def look(house: Any) -> str:
    """The check that is due, if any, with its verdict."""
    with house.context.database.writing() as session:
        post_due_checks(session, house.context, house.now)
    house.work()
    assert house.errors == [], house.errors
    return house.only(Watch).last_verdict


def look_at_the_next_time(house: Any) -> str:
    house.now = max(house.now, house.only(Watch).next_at)
    return look(house)


def prove_removal(house: Any, world: Any) -> None:
    world.item = "gone"
    for _ in range(40):
        look_at_the_next_time(house)
        if house.only(Watch).state == "removed":
            return
    raise AssertionError("the removal was never proved")


def part(house: Any) -> str:
    return house.only(ReportPart).state


def test_the_watch_begins_with_the_plan_and_knows_what_was_there(watched: Any) -> None:
    watch = watched.only(Watch)
    assert (watch.state, watch.next_at, watch.host) == ("watching", watched.now, "one.test")
    assert watch.baseline["media"][0]["sha256"] == "5" * 64
    with watched.context.database.writing() as session:
        again = start_watch(
            session, watched.context, session.get_one(Case, watch.case_id), actor="x",
            now=watched.now,
        )  # fmt: skip
        assert again is not None
        assert again.id == watch.id


def test_online_stays_online(watched: Any, world: Any) -> None:
    assert look(watched) == "online"
    watch = watched.only(Watch)
    assert (watch.state, watch.checks) == ("watching", 1)
    assert watch.next_at == watched.now + timedelta(hours=2)
    assert watched.only(Case).state == "in_progress"
    visit = watched.all(Visit)[-1]
    assert (visit.purpose, visit.verdict, visit.control_ok) == ("check", "online", True)
    assert Verdict.from_json(visit.evidence).verdict == "online"
    # what is there now is hashed and kept like on the first day
    assert "5" * 64 in {one.media.sha256 for one in watched.all(ItemMedia)}


def test_one_absence_proves_nothing_and_three_spread_ones_do(watched: Any, world: Any) -> None:
    look(watched)
    world.item = "gone"
    began = watched.later(hours=2)
    assert look_at_the_next_time(watched) == "gone"
    assert watched.only(Watch).state == "watching"
    assert watched.only(Case).state == "in_progress"
    prove_removal(watched, world)
    assert watched.now - began >= timedelta(hours=24)
    assert watched.only(Case).state == "removed"
    assert watched.notice.state == "verified_removed"
    assert part(watched) == "removed"
    with watched.context.database.reading() as session:
        last = machine.history(session, watched.only(Case).id)[-1]
    # the clock stops when it was first missed, not when that was proved
    assert last.details["since"] == began.isoformat()


def test_our_own_failure_is_never_a_removal(watched: Any, world: Any) -> None:
    look(watched)
    world.network = False
    for _ in range(40):
        assert look_at_the_next_time(watched) not in ("removed", "gone", "soft_404")
    assert watched.only(Watch).state == "watching"
    assert watched.only(Case).state == "in_progress"
    assert watched.notice.state == "sent"


@pytest.mark.parametrize("state", ["forbidden", "broken"])
def test_being_kept_out_is_not_a_removal(watched: Any, world: Any, state: str) -> None:
    look(watched)
    world.item = state
    for _ in range(15):
        look_at_the_next_time(watched)
    assert watched.only(Watch).state == "watching"
    assert watched.only(Case).state == "in_progress"


@pytest.mark.parametrize("settings", [{"control_url": ""}])
def test_without_a_control_page_an_absence_proves_nothing(watched: Any, world: Any) -> None:
    world.item = "gone"
    for _ in range(10):
        look_at_the_next_time(watched)
    assert watched.only(Watch).state == "watching"


def test_a_failure_in_between_does_not_count(watched: Any, world: Any) -> None:
    look(watched)
    world.item = "gone"
    look_at_the_next_time(watched)
    world.network = False
    for _ in range(5):
        look_at_the_next_time(watched)
    assert watched.only(Watch).state == "watching"
    world.network = True
    prove_removal(watched, world)
    assert watched.only(Case).state == "removed"


def test_seen_again_in_between_begins_anew(watched: Any, world: Any) -> None:
    look(watched)
    world.item = "gone"
    for _ in range(2):
        look_at_the_next_time(watched)
    world.item = "online"
    look_at_the_next_time(watched)
    world.item = "gone"
    for _ in range(2):
        look_at_the_next_time(watched)
    assert watched.only(Watch).state == "watching"


def test_what_returns_reopens_everything(watched: Any, world: Any) -> None:
    look(watched)
    prove_removal(watched, world)
    world.item = "online"
    assert look_at_the_next_time(watched) == "online"
    assert watched.only(Watch).state == "watching"
    assert watched.only(Case).state == "in_progress"
    assert watched.notice.state == "acknowledged"
    assert watched.notice.due_at == watched.now
    assert part(watched) == "passed_on"
    prove_removal(watched, world)
    assert watched.notice.state == "verified_removed"


def test_a_claim_is_looked_at_next_and_taken_back_only_by_seeing(watched: Any, world: Any) -> None:
    look(watched)
    watched.later(minutes=5)
    with watched.context.database.writing() as session:
        notice = session.get_one(Notice, watched.notice.id)
        notices.answer(session, watched.context, notice, "removed", "", now=watched.now)
    world.network = False
    look(watched)
    assert watched.notice.state == "claimed_removed"  # we saw nothing at all
    world.network = True
    look_at_the_next_time(watched)
    assert watched.notice.state == "acknowledged"  # it is still there


def test_a_removed_item_is_watched_less_and_then_no_more(watched: Any, world: Any) -> None:
    look(watched)
    prove_removal(watched, world)
    gaps = []
    while watched.only(Watch).state == "removed":
        before = watched.now
        look_at_the_next_time(watched)
        gaps.append(watched.now - before)
        assert len(gaps) < 60
    assert gaps[0] == timedelta(days=1)
    assert max(gaps) == timedelta(days=30)
    assert watched.only(Watch).next_at is None
    watched.later(days=400)
    look(watched)
    assert watched.only(Watch).checks == len(watched.all(Visit)) - 1


def test_a_watch_that_ended_begins_again_with_a_new_plan(watched: Any, world: Any) -> None:
    with watched.context.database.writing() as session:
        watch = session.get_one(Watch, watched.only(Watch).id)
        machine.advance(session, watch, "ended", actor="test", now=watched.now)
        watch.next_at = None
        case = session.get_one(Case, watch.case_id)
        start_watch(session, watched.context, case, actor="x", now=watched.now)
    assert (watched.only(Watch).state, watched.only(Watch).next_at) == ("watching", watched.now)


def test_a_site_that_moves_has_its_new_facts_kept(watched: Any, world: Any) -> None:
    watched.lookup.country = "RS"
    look(watched)
    assert watched.only(Item).hosting_country == "RS"


@pytest.mark.parametrize(
    "settings", [{"control_url": CONTROL, "second_vantage_proxy": "http://198.51.100.9:8080"}]
)
def test_another_place_that_sees_it_outweighs_our_absence(watched: Any, world: Any) -> None:
    world.item, world.second = "gone", "online"
    for _ in range(40):
        look_at_the_next_time(watched)
    assert watched.only(Watch).state == "watching"
    assert watched.only(Watch).last_verdict == "online"
    vantages = [one.vantage for one in watched.all(Visit) if one.purpose == "check"]
    assert {"own", "second"} <= set(vantages)
    world.second = "gone"
    prove_removal(watched, world)
    assert watched.only(Case).state == "removed"


def test_a_check_is_posted_once_and_again_when_its_worker_died(watched: Any) -> None:
    ended = watched.jobs.pop("watch.check")
    posted = []
    for minutes in (0, 1, CHECK_LEASE.total_seconds() / 60):
        watched.later(minutes=minutes)
        with watched.context.database.writing() as session:
            posted.append(post_due_checks(session, watched.context, watched.now))
    assert posted == [1, 0, 1]
    watched.jobs["watch.check"] = ended
    watched.work()
    assert watched.errors == []


def test_a_check_that_ran_is_not_stored_twice(watched: Any) -> None:
    with watched.context.database.writing() as session:
        post_due_checks(session, watched.context, watched.now)
    ((job, task),) = watched._due()
    watched.jobs[job](task)
    with pytest.raises(AlreadyDone):
        watched.jobs[job](task)
    assert watched.only(Watch).checks == 1


def test_looks_at_one_host_are_spread(watched: Any) -> None:
    """Three watched items of one host that are due together: one a minute."""
    watched.jobs.pop("watch.check")
    for name in ("two", "three"):
        watched.decide(watched.case(name), 3)
    with watched.context.database.writing() as session:
        for watch in session.scalars(select(Watch)):
            watch.host = "one.test"
        session.flush()
        assert post_due_checks(session, watched.context, watched.now) == 3
    watched.jobs["watch.check"] = lambda task: None
    assert len(watched._due()) == 1
    watched.later(minutes=2)
    assert len(watched._due()) == 3


def test_nothing_is_watched_that_cannot_be_looked_at(house: Any) -> None:
    house.partner()
    case = house.case()
    with house.context.database.writing() as session:
        session.get_one(Item, case.item_id).fetchable = False
    house.decide(case, "police")
    assert house.all(Watch) == []
    with house.context.database.writing() as session:
        look_soon(session, case.id, now=house.now)
    assert house.all(Watch) == []


def test_what_a_check_did_is_in_the_history(watched: Any, world: Any) -> None:
    look(watched)
    prove_removal(watched, world)
    with watched.context.database.reading() as session:
        query = select(HistoryEntry).where(HistoryEntry.actor == "checks")
        events = {(row.entity, row.event) for row in session.scalars(query)}
    assert {("watch", "removed"), ("case", "removed"), ("notice", "verified")} <= events


@pytest.mark.services
def test_the_same_on_postgresql(
    house: Any, world: Any, make_context: Any, under_watch: Any
) -> None:
    """It refuses to lock the empty side of a join, which SQLite does not."""
    context = make_context("postgresql", control_url=CONTROL, rdap_enabled=False)
    other = under_watch(type(house)(context), world)
    look(other)
    prove_removal(other, world)
    world.item = "online"
    look_at_the_next_time(other)
    assert (other.only(Case).state, other.notice.state) == ("in_progress", "acknowledged")
