"""The pages on which one administrator asks for something about an account and another approves."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from hotline.accounts import service
from hotline.accounts.factors import totp
from hotline.accounts.factors.proof import has_factor
from hotline.accounts.invitations import token_of
from hotline.accounts.models import Invitation, Person, PersonRequest
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
        email="new@hotline.example",
    )
    assert asked.status_code == 303
    page = newest(context)
    assert "You asked for this yourself" in one.get(page).text
    assert "Approve: do it now" not in one.get(page).text
    assert one.post(f"{page}/approve").status_code == 403
    shown = other.get(page).text
    assert "New &lt;b&gt;" in shown and "new@hotline.example" in shown
    other.post(f"{page}/approve")
    assert "invited" in other.get("/console/people").text
    token = token_of_newest(context)
    for admin in both:
        assert token not in admin.get("/console/people").text
    newcomer = browse("")
    link = f"/console/invitation/{token}"
    chosen = "a password of my own"
    for weak in ("sh0rt", "newcomer-newcomer"):
        refused = newcomer.post(link, at=link, new=weak)
        assert refused.status_code == 422 and weak not in refused.text
    assert newcomer.post(link, at=link, new=chosen).status_code == 303
    assert newcomer.get(link).status_code == 404
    signed = newcomer.post(
        "/console/sign-in",
        at="/console/sign-in",
        username="newcomer",
        password=chosen,
    )
    assert signed.status_code == 303
    assert "invited" not in other.get("/console/people").text


def token_of_newest(context: Context) -> str:
    with context.database.reading() as session:
        rows = session.scalars(select(Invitation).order_by(Invitation.id))
        return token_of(context.keyring, list(rows)[-1])


def test_without_a_mail_server_nobody_is_left_without_a_password(
    both: tuple[Browser, Browser], context: Context
) -> None:
    settings = context.settings.model_copy(update={"smtp_host": ""})
    object.__setattr__(context, "settings", settings)
    before = person(context, "analyst").password_hash
    path = "/console/people/analyst/password"
    both[0].post(path, at=path, why="x", email="a@hotline.example")
    page = both[0].get("/console/people").text
    assert "No mail server is set up" in page and "hotline user" in page
    both[0].post(
        "/console/people",
        username="newcomer",
        display_name="New",
        role="analyst",
        email="new@hotline.example",
    )
    page = both[0].get("/console/people").text
    assert "No mail server is set up" in page
    assert person(context, "analyst").password_hash == before
    with context.database.reading() as session:
        assert session.scalars(select(PersonRequest)).all() == []


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("password", "stops working"),
        ("role", "changes at once"),
        ("disable", "can no longer sign in"),
        ("factors", "stops counting"),
    ],
)
def test_each_act_says_what_it_does_and_waits(
    both: tuple[Browser, Browser], context: Context, kind: str, says: str
) -> None:
    one, other = both
    with context.database.writing() as session:
        act = Act(session, context, "test", NOW)
        analyst = service.find_person(session, "analyst")
        totp.begin_enrolment(act, analyst).confirmed_at = NOW
    before = state_of(context)
    path = f"/console/people/analyst/{kind}"
    assert says in one.get(path).text
    form = {
        "why": "A good reason",
        "role": "senior",
        "email": "a@hotline.example",
    }
    assert one.post(path, at=path, **form).status_code == 303
    assert "Nothing is done yet" in one.get("/console/people").text
    assert state_of(context) == before
    page = other.get(newest(context)).text
    assert says in page and "A good reason" in page
    other.post(f"{newest(context)}/approve")
    assert state_of(context) != before


def state_of(context: Context) -> tuple[object, ...]:
    """All of the analyst's account that an act may change."""
    with context.database.reading() as session:
        found = service.find_person(session, "analyst")
        return (
            found.role,
            found.password_hash,
            found.disabled_at,
            has_factor(session, found.id),
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
