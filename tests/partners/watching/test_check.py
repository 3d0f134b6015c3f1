"""Availability checks with a stand-in for the fetcher: what a series of looks leads to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.event import listen

from hotline.core.act import Act
from hotline.core.jobs.task import AlreadyDone
from hotline.core.storage import machine
from hotline.core.storage.ids import new_id
from hotline.core.storage.machine import HistoryEntry
from hotline.core.storage.outbox import OutboxEntry
from hotline.intake.models import ReportPart
from partners.notices.answers import store_answer
from partners.notices.models import Notice
from partners.watching import service
from partners.watching.models import Watch
from partners.watching.service import (
    AHEAD,
    CHECK_LEASE,
    POSTED_A_TICK,
    due_checks,
    look_soon,
    post_due_checks,
    start_watches,
)
from tests.support.house import House
from tests.support.items import make_item
from triage.availability.model import Verdict
from triage.cases.models import Case
from triage.items.access import Access, set_access
from triage.items.models import Item, ItemAccess, ItemMedia, Visit
from workers.bench.databases.watch import fill_database

CONTROL = "http://control.test/ok"
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def look(house: House) -> str:
    """The check that is due, if any, with its verdict."""
    with house.context.database.writing() as session:
        post_due_checks(session, house.context, house.now)
    house.work()
    assert house.errors == [], house.errors
    return house.only(Watch).last_verdict


def look_at_the_next_time(house: House) -> str:
    house.now = max(house.now, house.only(Watch).next_at)
    return look(house)


def prove_removal(house: House, world: Any) -> None:
    world.item = "gone"
    for _ in range(40):
        look_at_the_next_time(house)
        if house.only(Watch).state == "removed":
            return
    raise AssertionError("the removal was never proved")


def assert_about(found: timedelta, interval: timedelta) -> None:
    """The interval of the policy, with its jitter of at most a fifth."""
    assert interval <= found <= interval * 1.2


def part(house: House) -> str:
    return house.only(ReportPart).state


def test_the_watch_begins_with_the_plan_and_knows_what_was_there(
    watched: House,
) -> None:
    watch = watched.only(Watch)
    assert (watch.state, watch.next_at, watch.host) == (
        "watching",
        watched.now,
        "one.test",
    )
    assert watch.baseline["media"][0]["sha256"] == "5" * 64
    with watched.context.database.writing() as session:
        start_watches(
            Act(session, watched.context, "x", watched.now),
            session.get_one(Case, watch.case_id),
        )
    assert watched.only(Watch).id == watch.id


def test_online_stays_online(watched: House, world: Any) -> None:
    assert look(watched) == "online"
    watch = watched.only(Watch)
    assert (watch.state, watch.checks) == ("watching", 1)
    assert_about(watch.next_at - watched.now, timedelta(hours=2))
    assert watched.only(Case).state == "in_progress"
    visit = watched.all(Visit)[-1]
    assert (visit.purpose, visit.verdict, visit.control_ok) == (
        "check",
        "online",
        True,
    )
    assert Verdict.from_json(visit.evidence).verdict == "online"
    # what is there now is hashed and kept like on the first day
    assert "5" * 64 in {one.media.sha256 for one in watched.all(ItemMedia)}


def test_one_absence_proves_nothing_and_three_spread_ones_do(
    watched: House, world: Any
) -> None:
    look(watched)
    world.item = "gone"
    assert look_at_the_next_time(watched) == "gone"
    began = watched.now
    assert watched.only(Watch).state == "watching"
    assert watched.only(Case).state == "in_progress"
    prove_removal(watched, world)
    assert watched.now - began >= timedelta(hours=24)
    assert watched.only(Case).state == "removed"
    assert watched.notice.state == "verified_removed"
    assert part(watched) == "removed"
    with watched.context.database.reading() as session:
        last = machine.list_history(session, watched.only(Case).id)[-1]
    # the clock stops when it was first missed, not when that was proved
    assert last.details["since"] == began.isoformat()


def test_our_own_failure_is_never_a_removal(
    watched: House, world: Any
) -> None:
    look(watched)
    world.network = False
    for _ in range(40):
        assert look_at_the_next_time(watched) not in (
            "removed",
            "gone",
            "soft_404",
        )
    assert watched.only(Watch).state == "watching"
    assert watched.only(Case).state == "in_progress"
    assert watched.notice.state == "sent"


@pytest.mark.parametrize("state", ["forbidden", "broken"])
def test_being_kept_out_is_not_a_removal(
    watched: House, world: Any, state: str
) -> None:
    look(watched)
    world.item = state
    for _ in range(15):
        look_at_the_next_time(watched)
    assert watched.only(Watch).state == "watching"
    assert watched.only(Case).state == "in_progress"


@pytest.mark.parametrize("settings", [{"control_url": ""}])
def test_without_a_control_page_an_absence_proves_nothing(
    watched: House, world: Any
) -> None:
    world.item = "gone"
    for _ in range(10):
        look_at_the_next_time(watched)
    assert watched.only(Watch).state == "watching"


def test_a_failure_in_between_does_not_count(
    watched: House, world: Any
) -> None:
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


def test_seen_again_in_between_begins_anew(watched: House, world: Any) -> None:
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


def test_what_returns_reopens_everything(watched: House, world: Any) -> None:
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


def test_a_claim_is_looked_at_next_and_taken_back_only_by_seeing(
    watched: House, world: Any
) -> None:
    look(watched)
    watched.later(minutes=5)
    with watched.context.database.writing() as session:
        notice = session.get_one(Notice, watched.notice.id)
        act = Act(session, watched.context, "provider", watched.now)
        store_answer(act, notice, "removed", "")
    world.network = False
    look(watched)
    assert watched.notice.state == "claimed_removed"  # we saw nothing at all
    world.network = True
    look_at_the_next_time(watched)
    assert watched.notice.state == "acknowledged"  # it is still there


def test_a_removed_item_is_watched_less_and_then_no_more(
    watched: House, world: Any
) -> None:
    look(watched)
    prove_removal(watched, world)
    gaps = []
    while watched.only(Watch).state == "removed":
        before = watched.now
        look_at_the_next_time(watched)
        gaps.append(watched.now - before)
        assert len(gaps) < 60
    assert_about(gaps[0], timedelta(days=1))
    assert_about(max(gaps), timedelta(days=30))
    assert watched.only(Watch).next_at is None
    watched.later(days=400)
    look(watched)
    assert watched.only(Watch).checks == len(watched.all(Visit)) - 1


def test_a_watch_that_ended_begins_again_with_a_new_plan(
    watched: House, world: Any
) -> None:
    with watched.context.database.writing() as session:
        watch = session.get_one(Watch, watched.only(Watch).id)
        machine.advance_state(
            session, watch, "ended", actor="test", now=watched.now
        )
        watch.next_at = None
        case = session.get_one(Case, watch.case_id)
        start_watches(Act(session, watched.context, "x", watched.now), case)
    assert (watched.only(Watch).state, watched.only(Watch).next_at) == (
        "watching",
        watched.now,
    )


def test_a_site_that_moves_has_its_new_facts_kept(
    watched: House, world: Any
) -> None:
    watched.lookup.country = "RS"
    look(watched)
    assert watched.only(Item).hosting_country == "RS"


@pytest.mark.parametrize(
    "settings",
    [
        {
            "control_url": CONTROL,
            "second_vantage_proxy": "http://198.51.100.9:8080",
        }
    ],
)
def test_another_place_that_sees_it_outweighs_our_absence(
    watched: House, world: Any
) -> None:
    world.item, world.second = "gone", "online"
    for _ in range(40):
        look_at_the_next_time(watched)
    assert watched.only(Watch).state == "watching"
    assert watched.only(Watch).last_verdict == "online"
    vantages = [
        one.vantage for one in watched.all(Visit) if one.purpose == "check"
    ]
    assert {"own", "second"} <= set(vantages)
    world.second = "gone"
    prove_removal(watched, world)
    assert watched.only(Case).state == "removed"


def test_a_check_is_posted_once_and_again_when_its_worker_died(
    watched: House,
) -> None:
    ended = watched.jobs.pop("watch.check")
    posted = []
    for minutes in (0, 1, CHECK_LEASE.total_seconds() / 60):
        watched.later(minutes=minutes)
        with watched.context.database.writing() as session:
            posted.append(
                post_due_checks(session, watched.context, watched.now)
            )
    assert posted == [1, 0, 1]
    watched.jobs["watch.check"] = ended
    watched.work()
    assert watched.errors == []


def test_a_check_that_ran_is_not_stored_twice(watched: House) -> None:
    with watched.context.database.writing() as session:
        post_due_checks(session, watched.context, watched.now)
    ((job, task),) = watched.due_tasks()
    watched.jobs[job](task)
    with pytest.raises(AlreadyDone):
        watched.jobs[job](task)
    assert watched.only(Watch).checks == 1


def test_looks_at_one_host_are_spread(watched: House) -> None:
    """Three watched items of one host that are due together: one a minute."""
    watched.jobs.pop("watch.check")
    for name in ("two", "three"):
        watched.decide(watched.case(name), "provider_notice-XK")
    with watched.context.database.writing() as session:
        for watch in session.scalars(select(Watch)):
            watch.host = "one.test"
        session.flush()
        assert post_due_checks(session, watched.context, watched.now) == 3
    watched.jobs["watch.check"] = lambda task: None
    assert len(watched.due_tasks()) == 1
    watched.later(minutes=2)
    assert len(watched.due_tasks()) == 3


def watches(house: House, of_one: int, of_others: int) -> list[Any]:
    """Watches that are due, without cases of their own; ids of those of one host."""
    template = house.only(Watch)
    ids = []
    with house.context.database.writing() as session:
        for number in range(of_one + of_others):
            item = make_item(f"url:bulk{number}", now=house.now)
            host = "busy.test" if number < of_one else f"host{number}.test"
            watch = Watch(
                id=new_id(),
                item_id=item.id,
                case_id=template.case_id,
                host=host,
                policy="default",
                baseline={},
                next_at=house.now,
                state="watching",
                state_since=house.now,
            )
            session.add(item)
            session.flush()
            session.add(watch)
            if number < of_one:
                ids.append(watch.id)
    return ids


def tick(house: House) -> int:
    with house.context.database.writing() as session:
        return int(post_due_checks(session, house.context, house.now))


def finish(house: House) -> None:
    """What has had its look comes again in a month."""
    with house.context.database.writing() as session:
        looked = Watch.planned_at <= house.now
        session.execute(
            update(Watch)
            .where(looked, Watch.last_at.is_(None))
            .values(last_at=house.now, next_at=house.now + timedelta(days=30))
        )


def test_a_busy_host_is_looked_at_in_line(
    watched: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """80 watches of one host and 10 of others: the line goes on over many ticks, nobody is
    looked at twice in it, and only what is near lies in the queue."""
    monkeypatch.setattr(service, "POSTED_A_TICK", 20)
    many = watches(watched, 80, 10)
    placed: dict[Any, Any] = {}
    for _ in range(6):
        tick(watched)
        watched.later(seconds=1)
    for watch in watched.all(Watch):
        placed[watch.id] = watch.planned_at
    of_one = sorted(placed[one] for one in many)
    assert len(of_one) == 80
    assert min(b - a for a, b in pairwise(of_one)) >= timedelta(minutes=1)
    assert of_one[-1] - of_one[0] < timedelta(minutes=85)
    assert all(
        one - watched.now < timedelta(seconds=1)
        for key, one in placed.items()
        if key not in many
    )
    queued = [
        row for row in watched.all(OutboxEntry) if row.job == "watch.check"
    ]
    assert max(row.due_at for row in queued) <= watched.now + AHEAD
    # hours later each is posted in its own place, once
    for _ in range(90):
        watched.later(minutes=1)
        tick(watched)
        finish(watched)
    posted = [
        row for row in watched.all(OutboxEntry) if row.job == "watch.check"
    ]
    assert (
        len(posted) == len({row.payload["watch_id"] for row in posted}) == 91
    )


def test_one_look_out_of_line_moves_nobody(watched: House) -> None:
    own = watched.only(Watch).id
    with watched.context.database.writing() as session:
        session.get_one(Watch, own).host = "busy.test"
    many = watches(watched, 50, 0)
    tick(watched)
    before = {
        one.id: one.planned_at for one in watched.all(Watch) if one.id in many
    }
    watched.later(seconds=90)
    with watched.context.database.writing() as session:
        look_soon(
            session, session.get_one(Watch, own).item_id, now=watched.now
        )
        session.get_one(Watch, own).last_at = watched.now - timedelta(
            minutes=1
        )
    tick(watched)
    after = {one.id: one.planned_at for one in watched.all(Watch)}
    assert after.pop(own) == watched.now
    assert {key: max(at, watched.now) for key, at in after.items()} == {
        key: max(at, watched.now) for key, at in before.items()
    }


@pytest.mark.services
@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_a_tick_asks_one_question_by_indexes(
    make_context: Any, backend: str
) -> None:
    """The plan of the question, on tables large enough that a plan without indexes would show."""
    context = make_context(backend)
    fill_database(context, 3_000)
    query = due_checks(NOW).compile(
        context.database.engine, compile_kwargs={"literal_binds": True}
    )
    explain = "EXPLAIN QUERY PLAN" if backend == "sqlite" else "EXPLAIN"
    with context.database.engine.connect() as connection:
        rows = connection.exec_driver_sql(f"{explain} {query}").all()
    plan = "\n".join(str(row[-1]) for row in rows)
    assert "ix_watch_next_at" in plan, plan
    assert "ix_watch_host_planned_at" in plan, plan
    assert "Seq Scan" not in plan
    assert "SCAN watch" not in plan
    assert "TEMP B-TREE" not in plan
    asked: list[str] = []
    with context.database.writing() as session:
        listen(
            session.connection(),
            "before_cursor_execute",
            lambda *given: asked.append(given[2]),
        )
        assert post_due_checks(session, context, NOW) == POSTED_A_TICK
    assert sum("FROM watch" in one for one in asked) == 1


def test_nothing_is_watched_that_cannot_be_looked_at(house: House) -> None:
    house.partner()
    case = house.case()
    with house.context.database.writing() as session:
        session.get_one(Item, case.item.id).fetchable = False
    house.decide(case, "police")
    assert house.all(Watch) == []
    with house.context.database.writing() as session:
        look_soon(session, case.item.id, now=house.now)
    assert house.all(Watch) == []


def test_what_a_check_did_is_in_the_history(
    watched: House, world: Any
) -> None:
    look(watched)
    prove_removal(watched, world)
    with watched.context.database.reading() as session:
        query = select(HistoryEntry).where(HistoryEntry.actor == "checks")
        events = {(row.entity, row.event) for row in session.scalars(query)}
    assert {
        ("watch", "removed"),
        ("case", "removed"),
        ("notice", "verified"),
    } <= events


@pytest.mark.parametrize(
    "settings",
    [
        {
            "control_url": CONTROL,
            "second_vantage_proxy": "http://198.51.100.9:8080",
        }
    ],
)
def test_a_look_comes_as_the_item_is_set_and_the_control_page_learns_nothing(
    watched: House, world: Any
) -> None:
    item = watched.only(Item)
    wanted = Access(
        "age=ok", "", "http://front.test/", "Mozilla/5.0 (X11)", ""
    )
    with watched.context.database.writing() as session:
        set_access(
            Act(session, watched.context, "x", watched.now), item, wanted
        )
    world.item = "forbidden"
    look(watched)
    to_item = [one for one in world.asked if one.url != CONTROL]
    to_us = [one for one in world.asked if one.url == CONTROL]
    assert {one.cookies for one in to_item} == {"age=ok"}
    assert {one.referrer for one in to_item} == {"http://front.test/"}
    assert {one.user_agent for one in world.asked} == {"Mozilla/5.0 (X11)"}
    assert {one.http_proxy for one in to_item} == {
        None,
        "http://198.51.100.9:8080",
    }
    assert len(to_us) == 2
    assert {(one.cookies, one.referrer, one.userinfo) for one in to_us} == {
        (None, None, None)
    }


def test_what_is_seen_with_cookies_only_is_removed_by_nobodys_word_but_a_persons(
    watched: House, world: Any
) -> None:
    """Cookies run out, and then a host says 404 to us about what it shows to others."""
    item = watched.only(Item)
    with watched.context.database.writing() as session:
        set_access(
            Act(session, watched.context, "x", watched.now),
            item,
            Access("a=1"),
        )
    look(watched)
    world.item = "gone"
    for _ in range(20):
        assert look_at_the_next_time(watched) == "unknown"
    assert watched.only(Watch).state == "watching"
    assert watched.only(Watch).needs_person


def test_when_nobody_watches_any_more_the_item_s_ways_are_forgotten(
    watched: House, world: Any
) -> None:
    item = watched.only(Item)
    with watched.context.database.writing() as session:
        wanted = Access(referrer="http://front.test/")
        set_access(
            Act(session, watched.context, "x", watched.now), item, wanted
        )
    look(watched)
    prove_removal(watched, world)
    while watched.only(Watch).state != "ended":
        assert watched.all(ItemAccess)
        look_at_the_next_time(watched)
    assert watched.all(ItemAccess) == []


@pytest.mark.services
def test_the_same_on_postgresql(
    house: House, world: Any, make_context: Any, under_watch: Any
) -> None:
    """It refuses to lock the empty side of a join, which SQLite does not."""
    context = make_context(
        "postgresql", control_url=CONTROL, rdap_enabled=False
    )
    other = under_watch(House(context), world)
    look(other)
    prove_removal(other, world)
    world.item = "online"
    look_at_the_next_time(other)
    assert (other.only(Case).state, other.notice.state) == (
        "in_progress",
        "acknowledged",
    )
