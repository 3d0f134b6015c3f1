"""No administrator can do something to an account alone, and every act is done and logged once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from hotline.accounts import invitations, requests, service
from hotline.accounts.factors import totp
from hotline.accounts.factors.proof import has_factor
from hotline.accounts.models import (
    Invitation,
    LoginSession,
    Person,
    PersonAct,
    PersonRequest,
    RequestState,
)
from hotline.accounts.oidc.links import link_person, linked_people
from hotline.accounts.requests import Wish
from hotline.accounts.signing_in import logins
from hotline.accounts.staff.staff_names import seal_name
from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
)
from hotline.core.storage.audit import AuditEntry
from tests.hotline.accounts.conftest import PASSWORD
from tests.support.at_once import endings_at_once
from tests.support.people import make_person

Add = Callable[..., str]
MAIL = "new@hotline.example"
WISHES = (
    Wish(
        PersonAct.ADD,
        "newcomer",
        display_name="New",
        role="analyst",
        email=MAIL,
    ),
    Wish(PersonAct.RENEW_PASSWORD, "ana", why="lost", email=MAIL),
    Wish(PersonAct.CHANGE_ROLE, "ana", why="promoted", role="senior"),
    Wish(PersonAct.DISABLE, "ana", why="left"),
    Wish(PersonAct.ENABLE, "gone", why="came back"),
    Wish(PersonAct.RESET_FACTORS, "ana", why="telephone lost"),
    Wish(PersonAct.DROP_NAME, "ana", why="married"),
    Wish(PersonAct.LINK, "ana", why="has one", subject="sub-ana"),
    Wish(PersonAct.UNLINK, "first", why="left it"),
)


@pytest.fixture
def staff(context: Context, add: Add, now: datetime) -> Context:
    for name in ("first", "second"):
        add(name, "administrator")
    add("ana")
    add("gone")
    with context.database.writing() as session:
        act = Act(session, context, "test", now)
        service.disable_person(act, "gone")
        ana = service.find_person(session, "ana")
        totp.begin_enrolment(act, ana).confirmed_at = now
        seal_name(act, ana, "Ana Full")
        link_person(act, service.find_person(session, "first"), "sub-1")
    return context


def ask(
    staff: Context, wish: Wish, by: str = "first", now: datetime | None = None
) -> PersonRequest:
    with staff.database.writing() as session:
        act = Act(session, staff, f"person:{by}", now or NOW)
        return requests.ask_for(act, wish)


def approve(staff: Context, request: PersonRequest, by: str) -> None:
    with staff.database.writing() as session:
        act = Act(session, staff, f"person:{by}", NOW)
        requests.approve_request(
            act, session.get_one(PersonRequest, request.id)
        )


NOW = datetime.fromisoformat("2026-11-20T09:00:00+00:00")


def accounts(staff: Context) -> list[tuple[object, ...]]:
    with staff.database.reading() as session:
        people = session.scalars(select(Person).order_by(Person.username))
        return [
            (
                person.username,
                person.role,
                person.password_hash,
                person.disabled_at,
                has_factor(session, person.id),
                person.sealed_name,
                person.id in linked_people(session),
            )
            for person in people
        ]


@pytest.mark.parametrize("wish", WISHES, ids=lambda wish: wish.kind)
def test_one_administrator_alone_changes_no_account(
    staff: Context, wish: Wish
) -> None:
    before = accounts(staff)
    request = ask(staff, wish)
    assert accounts(staff) == before
    with pytest.raises(Forbidden, match="cannot approve it"):
        approve(staff, request, "first")
    assert accounts(staff) == before
    approve(staff, request, "second")
    assert accounts(staff) != before


@pytest.mark.parametrize("wish", WISHES, ids=lambda wish: wish.kind)
def test_an_act_is_done_once_and_the_log_names_both(
    staff: Context, wish: Wish
) -> None:
    request = ask(staff, wish)
    approve(staff, request, "second")
    after = accounts(staff)
    with pytest.raises(Conflict):
        approve(staff, request, "second")
    assert accounts(staff) == after
    with staff.database.reading() as session:
        rows = session.scalars(
            select(AuditEntry).where(AuditEntry.entity == "person_request")
        )
        assert [(row.actor, row.action) for row in rows] == [
            ("person:first", "person_request.created"),
            ("person:second", "person_request.approved"),
        ]


def test_every_act_is_tried_here() -> None:
    assert {wish.kind for wish in WISHES} == set(PersonAct)


def test_nobody_approves_what_is_about_themselves(staff: Context) -> None:
    wish = Wish(PersonAct.CHANGE_ROLE, "second", why="x", role="supervisor")
    with pytest.raises(Forbidden, match="about themselves"):
        approve(staff, ask(staff, wish), "second")


def test_a_taken_identity_is_refused_before_anybody_looks(
    staff: Context,
) -> None:
    taken = Wish(PersonAct.LINK, "ana", why="a slip", subject="sub-1")
    with pytest.raises(Conflict, match="another person's"):
        ask(staff, taken)
    ask(staff, Wish(PersonAct.LINK, "first", why="again", subject="sub-1"))


def test_the_database_knows_the_rule_too(staff: Context) -> None:
    request = ask(staff, WISHES[1])
    with (
        pytest.raises(IntegrityError),
        staff.database.writing() as session,
    ):
        session.execute(
            update(PersonRequest)
            .where(PersonRequest.id == request.id)
            .values(approved_by=request.asked_by)
        )


def test_a_disabled_person_can_come_back(staff: Context) -> None:
    approve(staff, ask(staff, WISHES[4]), "second")
    with staff.database.writing() as session:
        assert logins.sign_in(session, staff, "gone", PASSWORD, NOW)


def test_another_role_ends_the_sessions(staff: Context) -> None:
    with staff.database.writing() as session:
        assert logins.sign_in(session, staff, "ana", PASSWORD, NOW)
    approve(staff, ask(staff, WISHES[2]), "second")
    with staff.database.reading() as session:
        assert session.scalars(select(LoginSession)).all() == []


@pytest.mark.parametrize(
    "wish",
    [
        Wish(PersonAct.ADD, "x y", display_name="", role="queen"),
        Wish(PersonAct.RENEW_PASSWORD, "ana", email=MAIL),
        Wish(PersonAct.RENEW_PASSWORD, "ana", why="x", email="a b@c.example"),
        Wish(PersonAct.RENEW_PASSWORD, "gone", why="x", email=MAIL),
        Wish(PersonAct.ADD, "newcomer", display_name="New", role="analyst"),
        Wish(PersonAct.RESET_FACTORS, "gone", why="x"),
        Wish(PersonAct.DISABLE, "gone", why="x"),
        Wish(PersonAct.ENABLE, "ana", why="x"),
        Wish(PersonAct.CHANGE_ROLE, "ana", why="x", role="analyst"),
        Wish(PersonAct.CHANGE_ROLE, "ana", why="x", role="queen"),
    ],
    ids=lambda wish: f"{wish.kind}-{wish.username}",
)
def test_what_cannot_be_done_is_not_asked_for(
    staff: Context, wish: Wish
) -> None:
    with pytest.raises((Conflict, InvalidInput)):
        ask(staff, wish)


@pytest.mark.parametrize("kind", [PersonAct.DISABLE, PersonAct.CHANGE_ROLE])
def test_somebody_remains_who_can_add_others(
    staff: Context, kind: PersonAct
) -> None:
    """Also where two requests, each of them harmless, are approved one after the other."""
    both = [
        ask(staff, Wish(kind, name, why="x", role="analyst"), by="second")
        for name in ("first", "second")
    ]
    with staff.database.writing() as session:
        for request in both[:1]:
            row = session.get_one(PersonRequest, request.id)
            requests.approve_request(Act(session, staff, "test", NOW), row)
    with pytest.raises(Conflict, match="last administrator"):
        approve(staff, both[1], "third")


def test_an_administrator_who_was_only_invited_is_not_there_yet(
    staff: Context,
) -> None:
    with staff.database.writing() as session:
        act = Act(session, staff, "test", NOW)
        service.forget_password(act, "second", MAIL)
        with pytest.raises(Conflict, match="last administrator"):
            service.disable_person(act, "first")


def test_a_request_is_refused_or_taken_back(staff: Context) -> None:
    for by, state in (
        ("first", RequestState.WITHDRAWN),
        ("second", RequestState.REFUSED),
    ):
        request = ask(staff, WISHES[3])
        with pytest.raises(Conflict, match="already"):
            ask(staff, WISHES[3], by="second")
        with staff.database.writing() as session:
            row = session.get_one(PersonRequest, request.id)
            requests.refuse_request(
                Act(session, staff, f"person:{by}", NOW), row
            )
        with staff.database.reading() as session:
            row = session.get_one(PersonRequest, request.id)
            assert row.state == state
        with pytest.raises(Conflict):
            approve(staff, request, "second")


def test_an_operator_can_let_one_person_do_it(staff: Context) -> None:
    alone = replace(
        staff,
        settings=staff.settings.model_copy(update={"second_person": False}),
    )
    with alone.database.writing() as session:
        act = Act(session, alone, "person:first", NOW)
        requests.ask_for(act, WISHES[1])
    with alone.database.reading() as session:
        assert service.find_person(session, "ana").password_hash == ""
        sent = session.scalars(select(Invitation)).one()
        token = invitations.token_of(alone.keyring, sent)
        assert invitations.find_open(session, alone.keyring, token, NOW)


def test_whoever_asked_does_not_slip_in_beside_another(
    make_context: Callable[..., Context],
) -> None:
    """At the same moment, on the database of an office: the asker is refused, another does it."""
    house = make_context("postgresql", smtp_host="mail.hotline.example")
    with house.database.writing() as session:
        for name in ("first", "second", "third"):
            person = make_person(name, "administrator")
            session.add(person)
        session.add(make_person("ana"))
    request = ask(house, Wish(PersonAct.DISABLE, "ana", why="left"))
    names = ("first", "second", "third", "first")
    ends = endings_at_once(
        *(partial(approve, house, request, by) for by in names)
    )
    assert ends == ["Conflict", "Forbidden", "Forbidden", "done"]


@pytest.mark.parametrize("gone", ["disabled", "another role"])
def test_what_somebody_asked_for_who_may_not_any_more_is_not_done(
    staff: Context, gone: str
) -> None:
    request = ask(staff, Wish(PersonAct.RESET_FACTORS, "ana", why="lost"))
    with staff.database.writing() as session:
        act = Act(session, staff, "test", NOW)
        session.add(make_person("third", "administrator"))
        session.flush()
        if gone == "disabled":
            service.disable_person(act, "first")
        else:
            service.change_role(act, "first", "analyst")
    with pytest.raises(Conflict, match="no administrator any more"):
        approve(staff, request, "second")
    # It can be refused, and asked for by somebody who may.
    with staff.database.writing() as session:
        act = Act(session, staff, "person:second", NOW)
        requests.refuse_request(
            act, session.get_one(PersonRequest, request.id)
        )
    anew = ask(
        staff, Wish(PersonAct.RESET_FACTORS, "ana", why="lost"), "second"
    )
    approve(staff, anew, "third")


def test_of_many_who_ask_for_the_same_at_once_one_is_heard(
    make_context: Callable[..., Context],
) -> None:
    house = make_context("postgresql", smtp_host="mail.hotline.example")
    names = ("first", "second", "third")
    with house.database.writing() as session:
        for name in names:
            session.add(make_person(name, "administrator"))
        session.add(make_person("ana"))
    for wish in WISHES[:2]:
        ends = endings_at_once(
            *(partial(ask, house, wish, by) for by in names)
        )
        assert ends == ["Conflict", "Conflict", "done"]


def test_the_last_two_administrators_do_not_disable_each_other(
    make_context: Callable[..., Context],
) -> None:
    """Where one person is enough, and both act at the same moment."""
    house = make_context("postgresql", second_person=False)
    names = ("first", "second")
    for kind, role in (
        (PersonAct.DISABLE, ""),
        (PersonAct.CHANGE_ROLE, "analyst"),
    ):
        with house.database.writing() as session:
            for name in names:
                former = session.scalar(
                    select(Person).where(Person.username == name)
                )
                person = former or make_person(name, "administrator")
                person.role, person.disabled_at = "administrator", None
                session.add(person)
        ends = endings_at_once(
            *(
                partial(ask, house, Wish(kind, about, why="x", role=role), by)
                for by, about in (names, names[::-1])
            )
        )
        assert ends == ["Conflict", "done"]
