"""The queue: the next case, handing over, tags, views, columns, keys, parts that ask again."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from hotline.accounts.models import LoginSession
from hotline.accounts.service import find_person
from hotline.accounts.shortcuts import (
    Group,
    check_keys,
    list_shortcuts,
    name_of,
)
from hotline.core.context import Context
from hotline.core.errors import InvalidInput
from hotline.core.storage.audit import AuditEntry
from hotline.core.storage.ids import new_id
from tests.conftest import BACKENDS
from tests.support.clock import Clock
from triage.cases.models import Assessment, Case

Browse = Callable[[str], Any]
Make = Callable[..., str]
NATIONAL = {"class": "national", "kind": "csam_image", "age": "pubescent"}


def case_of(context: Context, reference: str) -> Case:
    with context.database.reading() as session:
        return session.scalars(
            select(Case).where(Case.reference == reference)
        ).one()


def add_assessment(
    context: Context,
    reference: str,
    username: str,
    clock: Clock,
    **answers: str,
) -> None:
    with context.database.writing() as session:
        case = session.scalars(
            select(Case).where(Case.reference == reference)
        ).one()
        session.add(
            Assessment(
                id=new_id(),
                case_id=case.id,
                person_id=find_person(session, username).id,
                at=clock.now,
                scheme="test",
                version="1",
                answers=answers or NATIONAL,
            )
        )


def take_next(browser: Any, **form: str) -> str:
    answer = browser.post("/console/queue/next", **form)
    assert answer.status_code == 303
    return str(answer.location).rpartition("/")[2]


# the next case


def test_the_next_is_the_most_urgent_that_is_free(
    browse: Browse, make_case: Make, context: Context
) -> None:
    low, high, middle = (make_case(priority=points) for points in (10, 90, 50))
    assert take_next(browse("analyst")) == high
    assert case_of(context, high).claimed_by_id is not None
    assert take_next(browse("second")) == middle
    assert take_next(browse("third")) == low
    assert "Nothing is left that you may assess" in browse("senior").post(
        "/console/queue/next"
    ).text or take_next(browse("senior")).startswith("queue")


def test_what_somebody_holds_who_may_not_any_more_is_offered(
    browse: Browse, make_case: Make, context: Context, clock: Clock
) -> None:
    held = make_case(priority=90)
    assert take_next(browse("second")) == held
    with context.database.writing() as session:
        find_person(session, "second").disabled_at = clock.now
    assert take_next(browse("analyst")) == held


def test_never_one_that_the_person_assessed(
    browse: Browse, make_case: Make, context: Context, clock: Clock
) -> None:
    assessed = make_case("second_assessment", priority=90)
    other = make_case("second_assessment", priority=10)
    add_assessment(context, assessed, "analyst", clock)
    add_assessment(context, other, "second", clock)
    assert take_next(browse("analyst")) == other
    assert take_next(browse("second")) == assessed


def test_never_of_a_kind_that_the_person_opted_out_of(
    browse: Browse, make_case: Make
) -> None:
    make_case(priority=90, kind="csam_video")
    picture = make_case(priority=10, kind="csam_image")
    browser = browse("analyst")
    browser.post("/console/queue/kinds", kind="csam_video")
    assert take_next(browser) == picture
    assert "opted out" not in browse("second").get("/console/queue").text
    page = browse("second").get("/console/queue").text
    assert not re.search(r'value="csam_video"\s+checked', page)
    browser.post(f"/console/cases/{picture}/release")
    browser.post("/console/queue/kinds", kind=["csam_video", "csam_image"])
    browser.post("/console/queue/next")
    assert "kinds that you opted out of" in browser.get("/console/queue").text


def test_no_two_violent_ones_in_a_row_unless_a_child_is_in_danger(
    browse: Browse, make_case: Make, context: Context, clock: Clock
) -> None:
    done = make_case("assessed")
    add_assessment(context, done, "analyst", clock, **{"class": "baseline"})
    violent = make_case(priority=90, proposed_class="baseline")
    said_so = make_case("second_assessment", priority=80)
    add_assessment(context, said_so, "second", clock, **{"class": "baseline"})
    calm = make_case(priority=10)
    browser = browse("analyst")
    assert take_next(browser) == calm
    browser.post(f"/console/cases/{calm}/release")
    make_case(priority=95, proposed_class="baseline", danger_now=True)
    assert take_next(browser) not in (violent, said_so, calm)


def test_who_has_only_violent_ones_left_may_take_one_all_the_same(
    browse: Browse, make_case: Make, context: Context, clock: Clock
) -> None:
    done = make_case("assessed")
    add_assessment(context, done, "analyst", clock, **{"class": "baseline"})
    violent = make_case(proposed_class="baseline")
    browser = browse("analyst")
    assert "rest=1" in browser.post("/console/queue/next").location
    page = browser.get("/console/queue", rest="1").text
    assert "Take it all the same" in page
    assert take_next(browser, all_the_same="yes") == violent
    clock.now += timedelta(hours=3)
    assert take_next(browse("analyst")) == violent


# handing over, tags


def test_a_case_is_handed_over_with_a_word(
    browse: Browse, make_case: Make, context: Context
) -> None:
    reference = make_case()
    url = f"/console/cases/{reference}"
    browser = browse("analyst")
    browser.post(f"{url}/claim")
    browser.post(f"{url}/hand-over", words="Look at the second file.", to="")
    assert case_of(context, reference).claimed_by_id is None
    other = browse("second")
    assert "Look at the second file." in other.get(url).text
    other.post(f"{url}/claim")
    other.post(f"{url}/hand-over", words="For you.", to="third")
    with context.database.reading() as session:
        third = find_person(session, "third")
    assert case_of(context, reference).claimed_by_id == third.id
    # sealed: the words stand in no column as they are
    with context.database.reading() as session:
        stored = session.connection().exec_driver_sql(
            "SELECT words FROM hand_over"
        )
        assert all(b"For you" not in bytes(row[0]) for row in stored)


def test_whoever_has_cases_in_hand_is_told_so_above_every_tab(
    browse: Browse, make_case: Make, context: Context
) -> None:
    """One who was handed a case is told by whom; else nothing would tell them."""
    handed, own = make_case(), make_case()
    giver, taker = browse("analyst"), browse("second")
    giver.post(f"/console/cases/{handed}/claim")
    giver.post(
        f"/console/cases/{handed}/hand-over", words="Please.", to="second"
    )
    taker.post(f"/console/cases/{own}/claim")
    line = re.compile(r'(?s)<p class="held">.*?</p>')
    for tab in ("waiting", "closed"):
        told = line.search(taker.get("/console/queue", tab=tab).text)
        assert told and own in told[0] and handed in told[0]
        assert told[0].count("handed over by Name of analyst") == 1
    assert line.search(giver.get("/console/queue").text) is None
    with context.database.writing() as session:
        session.scalars(
            select(Case).where(Case.reference == handed)
        ).one().state = "second_assessment"
    told = line.search(taker.get("/console/queue").text)
    assert told and handed in told[0] and "handed over by" not in told[0]
    taker.post(f"/console/cases/{handed}/release")
    taker.post(f"/console/cases/{own}/release")
    assert line.search(taker.get("/console/queue").text) is None


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_is_kept_for_hours_is_not_shortened_by_going_on(
    browse: Browse, make_case: Make, context: Context, clock: Any
) -> None:
    """Opening, taking the next or holding it longer: each would leave half an hour of it."""
    reference = make_case()
    giver, taker = browse("analyst"), browse("second")
    giver.post(f"/console/cases/{reference}/claim")
    giver.post(
        f"/console/cases/{reference}/hand-over", words="Please.", to="second"
    )

    def until() -> datetime:
        with context.database.reading() as session:
            held = session.scalars(select(Case)).one().claimed_until
        assert held is not None
        return held

    kept = until()
    assert kept - clock.now == timedelta(hours=12)
    taker.post("/console/queue/next")
    taker.post(f"/console/cases/{reference}/claim")
    assert until() == kept
    clock.forward(hours=11, minutes=50)
    browse("second").post(f"/console/cases/{reference}/claim")
    assert until() == clock.now + timedelta(
        minutes=context.settings.claim_minutes
    )


def test_in_a_blind_round_no_word_and_no_name_tells_who_assessed(
    browse: Browse, make_case: Make, context: Context, clock: Clock
) -> None:
    reference = make_case()
    url = f"/console/cases/{reference}"
    browser = browse("analyst")
    browser.post(f"{url}/claim")
    browser.post(f"{url}/hand-over", words="Surely national.", to="")
    add_assessment(context, reference, "analyst", clock)
    with context.database.writing() as session:
        session.scalars(select(Case)).one().state = "second_assessment"
    other = browse("second")
    assert "Surely national." not in other.get(url).text
    other.post(f"{url}/claim")
    other.post(f"{url}/hand-over", words="Please.", to="third")
    page = other.get(url).text
    assert "In a blind round nobody is named" in page
    assert "Name of analyst" not in page


def test_tags_are_put_on_found_and_end(
    browse: Browse, make_case: Make, clock: Clock
) -> None:
    tagged, other = make_case(), make_case()
    browser = browse("analyst")
    url = f"/console/cases/{tagged}"
    browser.post(f"{url}/tags", tag="Ask Interpol", until="2026-11-21")
    assert "ask-interpol" in browser.get(url).text
    page = browser.get("/console/queue", tag="ask-interpol").text
    assert tagged in page and other not in page
    clock.now += timedelta(days=3)
    page = browse("second").get("/console/queue", tag="ask-interpol").text
    assert tagged not in page
    browser = browse("analyst")
    refused = browser.post(f"{url}/tags", tag="no, not <this>")
    assert refused.status_code == 303
    assert "letters, digits and hyphens" in browse_page(browser, url)
    browser.post(f"{url}/tags/remove", tag="ask-interpol")


def browse_page(browser: Any, url: str) -> str:
    return str(browser.get(url).text)


# views, columns, filters


def test_filters_are_kept_and_shared(browse: Browse, make_case: Make) -> None:
    make_case(hosting_country="DE")
    browser = browse("analyst")
    query = "?tab=waiting&country=DE&after=900.0&lang=sq"
    browser.post(f"/console/queue/views{query}", name="German", shared="yes")
    page = browse("second").get("/console/queue").text
    assert '?country=DE&amp;tab=waiting">German' in page.replace(
        "tab=waiting&amp;country=DE", "country=DE&amp;tab=waiting"
    )
    assert "after=900" not in page
    assert '<span class="soft">Name of analyst</span>' in page
    assert 'aria-current="page">German' not in page
    own = browser.get("/console/queue", tab="waiting", country="DE").text
    assert 'aria-current="page">German' in own
    assert '<span class="soft">Name of analyst</span>' not in own
    view_id = re.search(
        r"views/([0-9a-f-]{36})/remove", browser.get("/console/queue").text
    )
    assert view_id is not None
    others = browse("second").post(f"/console/queue/views/{view_id[1]}/remove")
    assert others.status_code == 403
    browser.post(f"/console/queue/views/{view_id[1]}/remove")
    assert "German" not in browse("second").get("/console/queue").text


def test_a_name_that_is_used_again_says_what_it_does(
    browse: Browse,
) -> None:
    """What it kept is gone, and a view that others use may leave them."""
    browser = browse("analyst")

    def keep(country: str, shared: str) -> str:
        browser.post(
            f"/console/queue/views?tab=waiting&country={country}",
            name="Mine",
            shared=shared,
        )
        return str(browser.get("/console/queue").text)

    assert "The view is kept." in keep("DE", "yes")
    assert "in place of those it had" in keep("AL", "yes")
    assert "others do not see it any more" in keep("AL", "")
    assert "Mine" not in browse("second").get("/console/queue").text


def test_columns_of_one_s_own(browse: Browse, make_case: Make) -> None:
    make_case(hosting_country="DE")
    browser = browse("analyst")
    assert "<td>DE</td>" in browser.get("/console/queue").text
    browser.post("/console/queue/columns", column=["kind", "priority"])
    assert "<td>DE</td>" not in browser.get("/console/queue").text
    assert "<td>DE</td>" in browse("second").get("/console/queue").text
    browser.post("/console/queue/columns")
    assert "<td>DE</td>" in browse("analyst").get("/console/queue").text


def test_what_is_filtered_is_counted(browse: Browse, make_case: Make) -> None:
    for country in ("DE", "DE", "AL"):
        make_case(hosting_country=country)
    page = browse("analyst").get("/console/queue", country="DE").text
    assert "The filters let 2 through" in page


# parts that ask again


def test_nothing_new_is_said_without_a_body(
    browse: Browse, make_case: Make, context: Context, clock: Clock
) -> None:
    make_case()
    browser = browse("analyst")
    page = browser.get("/console/queue").text
    shown = re.search(r"data-tag='?\"?&#34;([0-9a-f]{32})&#34;", page)
    assert shown, "the page tells its tag"
    again = browser.client.get(
        "/console/queue/part?tab=waiting",
        headers={"If-None-Match": f'"{shown[1]}"'},
    )
    assert again.status_code == 304 and not again.data
    make_case(danger_now=True, priority=900)
    news = browser.client.get(
        "/console/queue/part?tab=waiting",
        headers={"If-None-Match": f'"{shown[1]}"'},
    )
    assert news.status_code == 200
    assert "data-urgent" in news.text
    assert "csrf_token" not in news.text


def test_an_open_page_keeps_no_session_alive(
    browse: Browse, context: Context, clock: Clock
) -> None:
    browser = browse("analyst")

    def seen() -> Any:
        with context.database.reading() as session:
            return session.scalars(select(LoginSession.seen_at)).one()

    before = seen()
    clock.now += timedelta(minutes=10)
    assert browser.client.get("/console/queue/part").status_code == 200
    assert seen() == before
    assert browser.get("/console/queue").status_code == 200
    assert seen() == clock.now


# keys


def test_no_key_is_taken_twice_and_every_one_has_a_name(app: Flask) -> None:
    with app.app_context():
        assert check_keys({}) == {}
        assert {one.group for one in list_shortcuts()} == set(Group)
        slugs = [one.slug for one in list_shortcuts()]
    assert len(slugs) == len(set(slugs))
    assert name_of("Shift+KeyA") == "⇧A"
    assert name_of("Period") == "."


def test_a_key_is_changed_for_one_person(
    browse: Browse, make_case: Make
) -> None:
    browser = browse("analyst")
    assert 'data-code="KeyN"' in browser.get("/console/queue").text
    stored = browser.post("/console/keys", next="F2")
    assert stored.status_code == 303
    page = browser.get("/console/queue").text
    assert 'data-code="F2"' in page and ">F2</kbd>" in page
    assert 'data-code="KeyN"' not in page
    assert 'data-code="KeyN"' in browse("second").get("/console/queue").text
    browser.post("/console/keys", act="rule")
    assert 'data-code="KeyN"' in browser.get("/console/queue").text


@pytest.mark.parametrize(
    ("code", "why"),
    [("KeyQ", "taken already"), ("Escape", "cannot be used"), ("x", "cannot")],
)
def test_a_key_that_cannot_be_is_refused_with_what_was_typed(
    browse: Browse, code: str, why: str
) -> None:
    answer = browse("analyst").post("/console/keys", next=code)
    assert answer.status_code == 422
    assert why in answer.text
    assert f'value="{code}"' in answer.text
    assert "The keys were not changed." in answer.text
    assert answer.text.count(" autofocus") == 1


def test_keys_of_pages_that_never_meet_may_be_the_same(app: Flask) -> None:
    with app.app_context():
        assert check_keys({"case.tag": "KeyA", "case.assess": "KeyT"})
        with pytest.raises(InvalidInput):
            check_keys({"case.tag": "KeyN"})


# breaks, and the end of a day


def work_on(
    context: Context,
    reference: str,
    clock: Clock,
    minutes: int,
    **answers: str,
) -> None:
    """``analyst`` took the case ``minutes`` ago and assesses it now."""
    add_assessment(context, reference, "analyst", clock, **answers)
    with context.database.writing() as session:
        made = session.scalars(
            select(Assessment).order_by(Assessment.id.desc()).limit(1)
        ).one()
        made.began_at = clock.now - timedelta(minutes=minutes)


def test_after_a_while_of_violence_a_break_is_due(
    browse: Browse, make_case: Make, context: Context, clock: Clock
) -> None:
    for _ in range(2):
        clock.forward(minutes=25)
        work_on(
            context, make_case("assessed"), clock, 25, **{"class": "baseline"}
        )
    calm = make_case(priority=10)
    browser = browse("analyst")
    browser.post("/console/queue/next")
    page = browser.get("/console/queue", rest="1").text
    assert "for a good while" in page
    assert "Take it all the same" in page
    assert "A break is due." in browser.get("/console/break").text
    assert "A break is due." not in browse("second").get("/console/break").text
    assert case_of(context, calm).claimed_by_id is None
    urgent = make_case(priority=1, danger_now=True)
    assert take_next(browser) == urgent
    browser.post(f"/console/cases/{urgent}/release")
    assert take_next(browse("second")) == urgent
    clock.forward(minutes=11)
    assert take_next(browser) == calm


def test_a_day_has_an_end_that_no_button_moves(
    browse: Browse, make_case: Make, context: Context, clock: Clock
) -> None:
    for _ in range(10):
        clock.forward(minutes=25)
        work_on(context, make_case("assessed"), clock, 25)
    calm = make_case(priority=10)
    browser = browse("analyst")
    browser.post("/console/queue/next", all_the_same="yes")
    page = browser.get("/console/queue").text
    assert "as long as a day should have" in page
    assert "Your day is full." in browser.get("/console/break").text
    assert "Take it all the same" not in page
    assert case_of(context, calm).claimed_by_id is None
    clock.forward(hours=18)
    assert take_next(browse("analyst")) == calm


def test_time_begins_with_the_claim_and_not_with_holding_it_longer(
    browse: Browse, make_case: Make, context: Context, clock: Clock
) -> None:
    reference = make_case()
    browser = browse("analyst")
    began = clock.now
    browser.post(f"/console/cases/{reference}/claim")
    clock.forward(minutes=7)
    browser.post(f"/console/cases/{reference}/claim")
    assert case_of(context, reference).claimed_at == began
    browser.post(f"/console/cases/{reference}/release")
    browser.post(f"/console/cases/{reference}/claim")
    assert case_of(context, reference).claimed_at == clock.now


def test_the_page_of_the_break_shows_ones_own_day_and_stores_nothing(
    browse: Browse, make_case: Make, context: Context, clock: Clock
) -> None:
    work_on(context, make_case("assessed"), clock, 25, **{"class": "baseline"})
    with context.database.reading() as session:
        before = session.scalars(select(AuditEntry.id)).all()
    own = browse("analyst").get("/console/break").text
    assert re.search(r"Minutes on violent cases</dt>\s*<dd>25</dd>", own)
    others = browse("second").get("/console/break").text
    assert re.search(r"Minutes on violent cases</dt>\s*<dd>0</dd>", others)
    with context.database.reading() as session:
        assert session.scalars(select(AuditEntry.id)).all() == before
