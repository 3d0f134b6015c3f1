"""Claiming a case: one person works on it at a time, until the lease runs out."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    and_,
    func,
    literal,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy import case as sql_case

from hotline.accounts.models import Person
from hotline.accounts.permissions import roles_that_may
from hotline.core.act import Act
from hotline.core.errors import Conflict, phrase
from triage.cases.assessing.rounds import (
    ASSESSED_ALREADY,
    is_blind,
    list_assessments,
)
from triage.cases.machines import OPEN_STATES
from triage.cases.models import Case

KEPT_FOR = timedelta(hours=12)
"""How long a case is kept for the person to whom it was handed."""


def find_holder(case: Case, now: datetime) -> Person | None:
    """Who holds the case at ``now``.

    A lease that ran out binds nobody, nor does that of a person who may no longer work on cases:
    whoever was disabled, or given another role, with a case in hand.
    """
    if case.claimed_until is None or case.claimed_until <= now:
        return None
    holder = case.claimed_by
    if holder is None or not may_hold(holder):
        return None
    return holder


def may_hold(person: Person) -> bool:
    """Whether a case in this person's hand is somebody's work."""
    return person.may("case.claim")


def is_free_for(person: Person, now: datetime) -> ColumnElement[bool]:
    """Of a ``Case`` in the query: ``find_holder`` finds nobody else."""
    return or_(
        Case.claimed_by_id.is_(None),
        Case.claimed_by_id == person.id,
        Case.claimed_until <= now,
        Case.claimed_by_id.in_(select(Person.id).where(not_(can_hold()))),
    )


def can_hold() -> ColumnElement[bool]:
    """Of a ``Person`` in the query: as ``may_hold`` says it of one."""
    return and_(
        Person.disabled_at.is_(None),
        Person.role.in_(roles_that_may("case.claim")),
    )


def claim_case(act: Act, case: Case, person: Person, minutes: int) -> None:
    """Hold the case for ``minutes`` at least: what is one's own for longer stays so; of two people
    one gets it."""
    if case.state not in OPEN_STATES:
        raise Conflict(phrase("Nothing is to be decided in this case now."))
    # Else a case would wait for the one person who cannot go on with it.
    if is_blind(case) and any(
        assessment.person_id == person.id
        for assessment in list_assessments(act.session, case)
    ):
        raise Conflict(ASSESSED_ALREADY)
    taken = act.session.execute(
        # One statement that asks and takes: of two people who click at once
        # the database lets one through.
        update(Case)
        .where(Case.id == case.id, is_free_for(person, act.now))
        .values(
            claimed_by_id=person.id,
            claimed_at=act.now
            if _lies_as_kept(case, person)
            else _began_at(person, act.now),
            claimed_until=_ends_at(
                person, act.now + timedelta(minutes=minutes)
            ),
        )
        .execution_options(synchronize_session=False)
    )
    # The statement went past the session.
    act.session.refresh(
        case,
        attribute_names=[
            "claimed_by_id",
            "claimed_at",
            "claimed_until",
            "claimed_by",
        ],
    )
    if not getattr(taken, "rowcount", 0):
        refuse_if_held(case, person, act.now)
    act.record("case.claimed", "case", case.id, case=case.reference)


def _lies_as_kept(case: Case, person: Person) -> bool:
    """Whether it was handed or assigned to the person, who begins with it only now."""
    if case.claimed_at is None or case.claimed_until is None:
        return False
    is_kept = case.claimed_until - case.claimed_at == KEPT_FOR
    return is_kept and case.claimed_by_id == person.id


def _ends_at(person: Person, wanted: datetime) -> ColumnElement[datetime]:
    """``wanted``, or later where the case is the person's for longer, as after a hand-over."""
    is_longer = and_(
        Case.claimed_by_id == person.id, Case.claimed_until > wanted
    )
    moment = literal(wanted, Case.claimed_until.type)
    return sql_case((is_longer, Case.claimed_until), else_=moment)


def _began_at(person: Person, now: datetime) -> ColumnElement[datetime | None]:
    """Now, or when the person took the case that they only hold longer."""
    moment = literal(now, Case.claimed_at.type)
    is_longer = and_(Case.claimed_by_id == person.id, Case.claimed_until > now)
    return sql_case(
        (is_longer, func.coalesce(Case.claimed_at, moment)), else_=moment
    )


def release_claim(act: Act, case: Case, person: Person) -> None:
    """Give the case back; somebody else's claim stays."""
    if case.claimed_by_id != person.id:
        raise Conflict(phrase("You do not hold this case."))
    case.claimed_by_id, case.claimed_until = None, None
    act.record("case.released", "case", case.id, case=case.reference)


def refuse_if_held(case: Case, person: Person, now: datetime) -> None:
    """Whoever else holds the case at ``now`` is named in the refusal."""
    other = find_holder(case, now)
    if other is not None and other.id != person.id:
        raise Conflict(
            phrase("%(name)s works on this case now."),
            values={"name": other.display_name},
        )
