"""What one person alone may not do: not twice, not at the same moment, not past the database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from hotline.accounts import service as accounts
from hotline.accounts.approvals import service
from hotline.accounts.approvals.kinds import Kind
from hotline.accounts.approvals.models import Approval, ApprovalState
from hotline.accounts.approvals.service import Question
from hotline.accounts.models import Person
from hotline.accounts.permissions import Role
from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import Conflict, Forbidden, InvalidInput
from hotline.core.storage.audit import AuditEntry
from tests.support.at_once import endings_at_once
from tests.support.clock import NOW
from tests.support.people import make_person

KIND = Kind(
    "test_act",
    "A test",
    "Nothing happens",
    asking="identity.ask",
    granting="identity.grant",
    lasts=timedelta(hours=1),
)
LATER = NOW + timedelta(minutes=5)
PEOPLE = {
    "ana": Role.ANALYST,
    "sara": Role.SENIOR,
    "sam": Role.SUPERVISOR,
    "olga": Role.OPERATOR,
}


@pytest.fixture(params=["sqlite", "postgresql"])
def house(
    request: pytest.FixtureRequest, make_context: Callable[..., Context]
) -> Context:
    context = make_context(request.param)
    with context.database.writing() as session:
        for name, role in PEOPLE.items():
            session.add(make_person(name, role))
    return context


def ask(
    house: Context,
    by: str = "ana",
    why: str = "A call back",
    when: datetime = NOW,
) -> Approval:
    with house.database.writing() as session:
        question = Question(KIND, "thing", "AL-2026-one", why)
        return service.ask_approval(
            Act(session, house, f"person:{by}", when), question
        )


def grant(
    house: Context, asked: Approval, by: str, when: datetime = LATER
) -> None:
    with house.database.writing() as session:
        row = session.get_one(Approval, asked.id)
        service.grant_approval(
            Act(session, house, f"person:{by}", when), KIND, row
        )


def use(
    house: Context, by: str, when: datetime = LATER, *, up: bool = True
) -> Approval:
    verb = service.use_grant if up else service.require_grant
    with house.database.writing() as session:
        return verb(Act(session, house, f"person:{by}", when), KIND, "thing")


def state_of(house: Context, asked: Approval) -> str:
    with house.database.reading() as session:
        return session.get_one(Approval, asked.id).state


def test_one_person_alone_gets_nowhere(house: Context) -> None:
    asked = ask(house, "sara")
    with pytest.raises(Forbidden, match="cannot approve it"):
        grant(house, asked, "sara")
    with pytest.raises(Forbidden, match="another person's agreement"):
        use(house, "sara")
    with pytest.raises(Conflict, match="waits for another person"):
        ask(house, "sara")
    assert state_of(house, asked) == ApprovalState.ASKED


def test_another_person_grants_it_once_for_one_use(house: Context) -> None:
    asked = ask(house)
    grant(house, asked, "sara")
    with pytest.raises(Conflict):
        grant(house, asked, "sam")
    with pytest.raises(Forbidden):  # a grant is of whoever asked
        use(house, "sara")
    use(house, "ana", up=False)
    with pytest.raises(Conflict, match="granted to you already"):
        ask(house)
    used = use(house, "ana")
    assert (used.granted_by, used.state) == ("person:sara", "used")
    with pytest.raises(Forbidden):
        use(house, "ana")
    with house.database.reading() as session:
        rows = session.scalars(
            select(AuditEntry)
            .where(AuditEntry.entity == "approval")
            .order_by(AuditEntry.id)
        )
        assert [(row.actor, row.action) for row in rows] == [
            ("person:ana", "approval.created"),
            ("person:sara", "approval.granted"),
            ("person:ana", "approval.used"),
        ]


def test_who_may_not_ask_or_grant_by_role_cannot(house: Context) -> None:
    with pytest.raises(Forbidden):
        ask(house, "olga")
    with pytest.raises(Forbidden):
        ask(house, "nobody")
    asked = ask(house, "sam")
    for name in ("ana", "olga", "nobody"):
        with pytest.raises(Forbidden):
            grant(house, asked, name)


def test_who_asked_must_still_be_allowed_to_when_it_is_granted(
    house: Context,
) -> None:
    asked = ask(house)
    with house.database.writing() as session:
        session.execute(
            update(Person)
            .where(Person.username == "ana")
            .values(disabled_at=LATER)
        )
    with pytest.raises(Forbidden):
        grant(house, asked, "sara")
    assert state_of(house, asked) == ApprovalState.ASKED


def test_the_role_of_now_counts(house: Context) -> None:
    asked = ask(house)
    with house.database.writing() as session:
        act = Act(session, house, "test", NOW)
        accounts.change_role(act, "sara", Role.OPERATOR)
        accounts.disable_person(act, "sam")
    for name in ("sara", "sam"):
        with pytest.raises(Forbidden):
            grant(house, asked, name)


def test_a_grant_and_a_question_end(house: Context) -> None:
    asked = ask(house)
    with pytest.raises(Conflict, match="time to answer"):
        grant(house, asked, "sara", NOW + timedelta(days=1))
    again = ask(house, when=NOW + timedelta(days=1))
    assert state_of(house, asked) == ApprovalState.LAPSED
    granted_at = NOW + timedelta(days=1, minutes=1)
    grant(house, again, "sara", granted_at)
    use(house, "ana", granted_at + timedelta(minutes=59), up=False)
    with pytest.raises(Forbidden):
        use(house, "ana", granted_at + timedelta(hours=1))


def test_a_question_is_refused_or_taken_back(house: Context) -> None:
    for by, state in (("ana", "withdrawn"), ("sara", "refused")):
        asked = ask(house)
        with house.database.writing() as session:
            row = session.get_one(Approval, asked.id)
            service.refuse_approval(
                Act(session, house, f"person:{by}", LATER), KIND, row
            )
        assert state_of(house, asked) == state
        with pytest.raises(Conflict):
            grant(house, asked, "sam")


@pytest.mark.parametrize("why", ["", "  ", "x" * 501])
def test_a_reason_is_needed(house: Context, why: str) -> None:
    with pytest.raises(InvalidInput):
        ask(house, why=why)


@pytest.mark.parametrize(
    "values",
    [
        {"granted_by": "person:ana"},
        {"state": "granted"},
        {"state": "used"},
        {"state": "granted", "granted_by": "person:ana"},
    ],
)
def test_the_database_knows_the_rule_too(
    house: Context, values: dict[str, str]
) -> None:
    asked = ask(house)
    with pytest.raises(IntegrityError), house.database.writing() as session:
        session.execute(
            update(Approval).where(Approval.id == asked.id).values(**values)
        )


def test_an_operator_can_let_one_person_do_it(house: Context) -> None:
    settings = house.settings.model_copy(update={"second_person": False})
    alone = replace(house, settings=settings)
    asked = ask(alone)
    assert (asked.state, asked.granted_by) == ("granted", "person:ana")
    use(alone, "ana")


def test_two_who_ask_at_once_ask_one_question(house: Context) -> None:
    ends = endings_at_once(*[lambda: ask(house)] * 4)
    assert ends == ["Conflict"] * 3 + ["done"]
    with house.database.reading() as session:
        assert len(session.scalars(select(Approval)).all()) == 1


def test_whoever_asked_cannot_slip_in_beside_another(house: Context) -> None:
    """The asker's own tries at the moment of the other's grant end in nothing."""
    asked = ask(house, "sara")
    ends = endings_at_once(
        lambda: grant(house, asked, "sara"),
        lambda: grant(house, asked, "sam"),
        lambda: grant(house, asked, "sara"),
    )
    assert ends == ["Forbidden", "Forbidden", "done"]
    with house.database.reading() as session:
        row = session.execute(
            text("SELECT asked_by, granted_by FROM approval")
        ).one()
    assert tuple(row) == ("person:sara", "person:sam")


def test_a_grant_for_one_use_is_used_once_also_by_race(
    house: Context,
) -> None:
    grant(house, ask(house), "sara")
    ends = endings_at_once(*[lambda: use(house, "ana")] * 4)
    assert ends.count("done") == 1
