"""What an administrator asked for long ago is done no more: it is asked for again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from hotline.accounts import requests, service
from hotline.accounts.models import PersonAct, PersonRequest
from hotline.accounts.requests import WAITS, Wish
from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import Conflict
from tests.hotline.accounts.factors.conftest import House, clock, house

__all__ = ["clock", "house"]
WISH = Wish(
    PersonAct.CHANGE_ROLE, "ana", why="She is promoted.", role="senior"
)


@pytest.fixture
def asked(
    context: Context, add: Callable[..., str], now: datetime
) -> PersonRequest:
    for name in ("first", "second"):
        add(name, "administrator")
    add("ana")
    return ask(context, now)


def ask(context: Context, at: datetime) -> PersonRequest:
    with context.database.writing() as session:
        return requests.ask_for(
            Act(session, context, "person:first", at), WISH
        )


def approve(context: Context, asked: PersonRequest, at: datetime) -> None:
    with context.database.writing() as session:
        act = Act(session, context, "person:second", at)
        requests.approve_request(act, session.get_one(PersonRequest, asked.id))


def role_of(context: Context) -> str:
    with context.database.reading() as session:
        return service.find_person(session, "ana").role


def test_it_is_approved_within_its_time_and_not_after(
    context: Context, asked: PersonRequest, now: datetime
) -> None:
    with pytest.raises(Conflict, match="The time to answer this is over"):
        approve(context, asked, now + WAITS)
    assert role_of(context) == "analyst"
    approve(context, asked, now + 0.99 * WAITS)
    assert role_of(context) == "senior"


def test_only_one_whose_time_is_over_makes_room_for_the_same(
    context: Context, asked: PersonRequest, now: datetime
) -> None:
    with pytest.raises(Conflict, match="waits for another administrator"):
        ask(context, now + 0.99 * WAITS)
    later = now + WAITS
    again = ask(context, later)
    with context.database.reading() as session:
        assert session.get_one(PersonRequest, asked.id).state == "lapsed"
        waiting = requests.list_open_requests(session, later)
        assert [request.id for request in waiting] == [again.id]
    with pytest.raises(Conflict):
        approve(context, asked, later)
    approve(context, again, later)
    assert role_of(context) == "senior"


def test_the_page_says_which_role_it_was_and_when_it_is_over(
    house: House,
) -> None:
    first = house.enrolled("first")
    first.post(
        "/console/people/drita/role", why="She is promoted.", role="senior"
    )
    with house.context.database.reading() as session:
        (one,) = requests.list_open_requests(session, house.clock.now)
    at = f"/console/people/asked/{one.id}"
    second = house.enrolled("second")
    page = second.get(at).text
    assert "Role until now" in page and f"{at}/approve" in page
    house.clock.forward(minutes=WAITS.total_seconds() / 60)
    late = house.browser()
    late.secret, late.codes = second.secret, second.codes
    late.sign_in("second")
    late.prove(late.codes[0])
    page = late.get(at).text
    assert "Its time is over" in page and f"{at}/approve" not in page
    assert at not in late.get("/console/people").text
