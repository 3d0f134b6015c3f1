"""Staff are codes outside the house; the name behind one is opened by two people, once."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import select

from hotline.accounts import forget, service
from hotline.accounts.approvals import service as approvals
from hotline.accounts.approvals.models import Approval
from hotline.accounts.models import Person
from hotline.accounts.staff import staff_names
from hotline.accounts.staff.staff_codes import (
    UNKNOWN,
    NameHider,
    code_of_actor,
    list_codes,
)
from hotline.accounts.staff.staff_names import STAFF_NAME
from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import Conflict, Forbidden, HotlineError, InvalidInput
from hotline.core.storage.audit import AuditEntry
from tests.hotline.accounts.conftest import NOW

FULL = "Ana Maria Example"
Add = Callable[..., str]


@pytest.fixture
def staff(context: Context, add: Add) -> Context:
    add("ana")
    for name in ("ada", "amir"):
        add(name, "administrator")
    add("aud", "auditor")
    add("olga", "operator")
    do(context, "ana", lambda act, ana: staff_names.seal_name(act, ana, FULL))
    return context


def do(
    staff: Context, by: str, verb: Callable[[Act, Person], object]
) -> object:
    with staff.database.writing() as session:
        ana = service.find_person(session, "ana")
        return verb(Act(session, staff, f"person:{by}", NOW), ana)


def ask(staff: Context, by: str) -> None:
    do(staff, by, lambda act, ana: staff_names.ask_for_name(act, ana, "Court"))


def grant(staff: Context, by: str) -> None:
    def verb(act: Act, _: Person) -> None:
        asked = act.session.scalars(
            select(Approval).where(Approval.state == "asked")
        ).one()
        approvals.grant_approval(act, STAFF_NAME, asked)

    do(staff, by, verb)


def read(staff: Context, by: str) -> object:
    return do(staff, by, staff_names.open_name)


def test_codes_are_random_and_stay(staff: Context) -> None:
    with staff.database.reading() as session:
        codes = list_codes(session)
    assert len(set(codes.values())) == len(codes) == 5
    for name, code in codes.items():
        assert re.fullmatch(
            r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}", code
        )
        assert name.upper() not in code
    do(staff, "x", lambda act, _: service.change_role(act, "ana", "senior"))
    with staff.database.reading() as session:
        assert list_codes(session) == codes
        assert code_of_actor(session, "person:ana") == codes["ana"]
        assert code_of_actor(session, "system") == ""
        assert code_of_actor(session, None) == ""
        assert code_of_actor(session, "person:x") == UNKNOWN


def test_the_name_lies_nowhere_in_the_open(staff: Context) -> None:
    with staff.database.engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        dump = "\n".join(raw.iterdump())
    assert FULL not in dump and FULL.encode().hex() not in dump.lower()


def test_two_people_open_it_once_and_the_log_says_so(staff: Context) -> None:
    with pytest.raises(Forbidden):
        read(staff, "ada")
    ask(staff, "ada")
    for wrong in ("ada", "aud", "olga", "ana"):
        with pytest.raises(Forbidden):
            grant(staff, wrong)
        with pytest.raises(Forbidden):
            read(staff, wrong)
    grant(staff, "amir")
    with pytest.raises(Forbidden):
        read(staff, "amir")
    assert read(staff, "ada") == FULL
    with pytest.raises(Forbidden):
        read(staff, "ada")
    with staff.database.reading() as session:
        entry = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "person.name_read")
        ).one()
        assert (entry.actor, entry.details) == (
            "person:ada",
            {"why": "Court", "granted_by": "person:amir"},
        )
        logged = session.scalars(select(AuditEntry.details)).all()
        assert FULL not in repr(logged)


def test_an_auditor_asks_and_cannot_grant(staff: Context) -> None:
    ask(staff, "aud")
    grant(staff, "ada")
    assert read(staff, "aud") == FULL


def test_nobody_agrees_to_what_is_about_themselves(
    staff: Context, add: Add
) -> None:
    do(
        staff,
        "x",
        lambda act, _: service.change_role(act, "ana", "supervisor"),
    )
    ask(staff, "ada")
    with pytest.raises(Forbidden, match="about themselves"):
        grant(staff, "ana")


def test_a_name_is_written_down_once(staff: Context) -> None:
    with pytest.raises(Conflict):
        do(staff, "ana", lambda act, ana: staff_names.seal_name(act, ana, "X"))
    do(staff, "ada", staff_names.drop_name)
    with pytest.raises(Conflict, match="No full name"):
        ask(staff, "ada")
    for wrong in ("", "x" * 121, "a\x00b"):
        with pytest.raises(InvalidInput):
            do(
                staff,
                "ana",
                lambda act, ana, name=wrong: staff_names.seal_name(
                    act, ana, name
                ),
            )


def test_who_left_takes_the_name_along(staff: Context) -> None:
    ask(staff, "ada")
    grant(staff, "amir")
    do(staff, "x", forget.forget_person)
    with pytest.raises(HotlineError):
        read(staff, "ada")
    with staff.database.reading() as session:
        assert service.find_person(session, "ana").sealed_name is None


def test_names_in_exports_become_codes() -> None:
    hider = NameHider({"ana": "AAAA-1111", "ana.b": "BBBB-2222"})
    for written, told in (
        ("person:ana", "AAAA-1111"),
        ("ana", "AAAA-1111"),
        ("to: ana.b; by: ana", "to: BBBB-2222; by: AAAA-1111"),
        ("['ana', 'x']", "['AAAA-1111', 'x']"),
        ("Said by ana.", "Said by AAAA-1111."),
        ("anamaria, banana, ana-x", "anamaria, banana, ana-x"),
    ):
        assert hider.hide(written) == told
    assert NameHider({}).hide("ana") == "ana"
