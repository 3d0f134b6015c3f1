"""The pages on which one administrator asks for something about an account and another approves."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import select

from hotline.accounts import service
from hotline.accounts.models import Person, PersonRequest
from hotline.core.act import Act
from hotline.core.context import Context
from tests.triage.console.conftest import NOW, PASSWORD, Browser

Browse = Callable[[str], Browser]


@pytest.fixture
def both(browse: Browse, context: Context) -> tuple[Browser, Browser]:
    with context.database.writing() as session:
        service.add_person(
            Act(session, context, actor="test", now=NOW),
            username="other-admin",
            display_name="Other",
            role="administrator",
            password=PASSWORD,
        )
    return browse("administrator"), browse("other-admin")


def person(context: Context, username: str) -> Person:
    with context.database.reading() as session:
        return session.scalars(
            select(Person).where(Person.username == username)
        ).one()


def newest(context: Context) -> str:
    with context.database.reading() as session:
        rows = session.scalars(
            select(PersonRequest).order_by(PersonRequest.id)
        )
        return f"/console/people/asked/{list(rows)[-1].id}"


def test_a_person_is_added_by_two(
    both: tuple[Browser, Browser], browse: Browse, context: Context
) -> None:
    one, other = both
    faulty = one.post(
        "/console/people", username="x y", display_name="", role="analyst"
    )
    assert faulty.status_code == 422 and 'id="username-error"' in faulty.text
    asked = one.post(
        "/console/people",
        username="newcomer",
        display_name="New <b>",
        role="analyst",
    )
    assert (asked.status_code, "secret" in asked.text) == (303, False)
    page = newest(context)
    assert "You asked for this yourself" in one.get(page).text
    assert "Approve: do it now" not in one.get(page).text
    assert one.post(f"{page}/approve").status_code == 403
    shown = other.get(page).text
    assert "New &lt;b&gt;" in shown and "shown once" in shown
    done = other.post(f"{page}/approve")
    secret = re.search(r'class="secret">([^<]+)<', done.text)
    assert secret is not None
    assert secret[1] not in other.get("/console/people").text
    signed = browse("").post(
        "/console/sign-in",
        at="/console/sign-in",
        username="newcomer",
        password=secret[1],
    )
    assert signed.status_code == 303


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("password", "stops working"),
        ("role", "changes at once"),
        ("disable", "can no longer sign in"),
    ],
)
def test_each_act_says_what_it_does_and_waits(
    both: tuple[Browser, Browser], context: Context, kind: str, says: str
) -> None:
    one, other = both
    before = person(context, "analyst")
    path = f"/console/people/analyst/{kind}"
    assert says in one.get(path).text
    form = {"why": "A good reason", "role": "senior"}
    assert one.post(path, at=path, **form).status_code == 303
    assert "Nothing is done yet" in one.get("/console/people").text
    unchanged = person(context, "analyst")
    assert (before.role, before.password_hash, before.disabled_at) == (
        unchanged.role,
        unchanged.password_hash,
        unchanged.disabled_at,
    )
    page = other.get(newest(context)).text
    assert says in page and "A good reason" in page
    other.post(f"{newest(context)}/approve")
    after = person(context, "analyst")
    assert (before.role, before.password_hash, before.disabled_at) != (
        after.role,
        after.password_hash,
        after.disabled_at,
    )


def test_there_is_a_way_back_for_whom_was_disabled(
    both: tuple[Browser, Browser], context: Context
) -> None:
    one, other = both
    for kind in ("disable", "enable"):
        path = f"/console/people/analyst/{kind}"
        assert path in one.get("/console/people").text
        one.post(path, at=path, why="x")
        other.post(f"{newest(context)}/approve")
    assert person(context, "analyst").disabled_at is None


def test_a_single_administrator_is_told_where_the_second_comes_from(
    browse: Browse,
) -> None:
    alone = browse("administrator")
    page = alone.get("/console/people").text
    assert "hotline user add NAME --role administrator" in page
    path = "/console/people/administrator/disable"
    alone.post(path, at=path, why="x")
    assert "last administrator" in alone.get("/console/people").text


def test_refused_is_not_done(
    both: tuple[Browser, Browser], context: Context
) -> None:
    one, other = both
    path = "/console/people/analyst/disable"
    one.post(path, at=path, why="x")
    other.post(f"{newest(context)}/refuse")
    assert other.post(f"{newest(context)}/approve").status_code == 303
    assert person(context, "analyst").disabled_at is None
    assert other.get("/console/people/analyst/add").status_code == 404
