"""What people did with a case for each other, for its time line: handed it over, tagged it or gave
it to somebody together with others, with the one reason of it all.

What else is done to many cases has a step of its own in each case's history.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from triage.cases.assessing.rounds import is_blind
from triage.cases.bulk.deeds import ASSIGN, TAG
from triage.cases.bulk.models import BulkAct, BulkCase, Outcome
from triage.cases.handling.models import HandOver
from triage.cases.models import Case
from triage.cases.pages.history.happening import Happening

MOST = 50
"""Acts on many cases that are told, the newest."""


def list_handled(
    session: Session, case: Case, hand_overs: Sequence[HandOver]
) -> Iterator[Happening]:
    """In a blind round without names and tags: both could tell who has assessed."""
    yield from _list_handed_over(case, hand_overs)
    # Who tagged it may have assessed it, and a reason may say as what.
    if not is_blind(case):
        yield from _list_done_with_others(session, case)


def _list_handed_over(
    case: Case, hand_overs: Sequence[HandOver]
) -> Iterator[Happening]:
    for handed in reversed(hand_overs):
        said = gettext("Handed over")
        if handed.taker is not None and not is_blind(case):
            name = handed.taker.display_name
            said = gettext("Handed over to %(name)s", name=name)
        yield Happening(handed.at, str(said), handed.giver.actor)


def _list_done_with_others(
    session: Session, case: Case
) -> Iterator[Happening]:
    newest = session.scalars(
        select(BulkAct)
        .join(BulkCase, BulkCase.bulk_id == BulkAct.id)
        .where(
            BulkCase.case_id == case.id,
            BulkCase.outcome == Outcome.DONE,
            BulkAct.act.in_((TAG, ASSIGN)),
        )
        .order_by(BulkAct.runs_at.desc(), BulkAct.id.desc())
        .limit(MOST)
    ).all()
    names = _names_of(
        session, {act.values.get("to", "") for act in newest} - {""}
    )
    for act in reversed(newest):
        if act.act == TAG:
            said = gettext(
                "Tagged “%(tag)s”, with others", tag=act.values["tag"]
            )
        else:
            said = gettext(
                "Assigned to %(person)s, with others",
                person=names.get(act.values["to"], act.values["to"]),
            )
        # It was asked for where it was never to begin; here it did.
        at = act.runs_at or act.asked_at
        yield Happening(at, str(said), act.person.actor, act.reason)


def _names_of(session: Session, usernames: Collection[str]) -> dict[str, str]:
    if not usernames:
        return {}
    rows = session.execute(
        select(Person.username, Person.display_name).where(
            Person.username.in_(usernames)
        )
    )
    return {row.username: row.display_name for row in rows}
