"""The next case for somebody: the most urgent one that they may take and should be offered.

Never one that they assessed in this round, that somebody else holds or that is kept for another,
or of a kind that they opted out of. After a violent one comes another kind; after a while of them a
break is due; and a day has an end. A child in danger now waits for none of these three.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, exists, not_, or_, select
from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from hotline.accounts.preferences import preferences_of
from hotline.core.act import Act
from hotline.core.errors import Conflict
from triage.cases.assessing.claim import claim_case, is_free_for
from triage.cases.handling.exposure import Exposure, load_exposure
from triage.cases.handling.time_spent import measure_own_day
from triage.cases.models import Assessment, Case
from triage.cases.places import item_ids_of
from triage.cases.vocabulary import CaseState
from triage.viewing.models import Viewing

ASSESSABLE = (
    CaseState.WAITING,
    CaseState.SECOND_ASSESSMENT,
    CaseState.THIRD_ASSESSMENT,
)
TRIED = 5
"""Cases that are tried where others are quicker."""


class Nothing(StrEnum):
    """Why there is no next case."""

    EMPTY = "empty"
    """Nothing is left that the person may assess."""
    VIOLENT = "violent"
    """What is left is violent, and so was the last one."""
    BREAK = "break"
    """The person has worked on violent cases for so long that a break is due."""
    DAY_FULL = "day_full"
    """The person has worked on cases for as long as a day may have."""
    OPTED_OUT = "opted_out"
    """What is left is of kinds that the person opted out of."""


def take_next(
    act: Act, person: Person, minutes: int, *, all_the_same: bool = False
) -> Case | Nothing:
    """Claim the next case for the person, or say why there is none.

    ``all_the_same``: the person wants no break and takes a violent one. A full day stays full.
    """
    exposure = load_exposure(act.context.settings.data_dir)
    pause = _find_pause(act, person, exposure)
    # A break is the person's own; the length of a day is the house's duty.
    if pause is not Nothing.DAY_FULL and all_the_same:
        pause = None
    kinds = preferences_of(act.session, person.id).opted_out
    conditions = _offered(person, act.now)
    if kinds:
        conditions.append(Case.kind.not_in(kinds))
    if pause is Nothing.VIOLENT:
        conditions.append(or_(Case.danger_now, not_(_is_violent(exposure))))
    elif pause is not None:
        # A child in danger now waits for nobody's break.
        conditions.append(Case.danger_now.is_(True))
    for case_id in _most_urgent(act.session, conditions):
        case = act.session.get_one(Case, case_id)
        try:
            claim_case(act, case, person, minutes)
        # The next of those that were found, instead of asking for the most
        # urgent anew and meeting the same people.
        except Conflict:  # somebody was quicker
            continue
        return case
    return _why_nothing(act.session, person, act.now, kinds, pause)


def _find_pause(
    act: Act, person: Person, exposure: Exposure
) -> Nothing | None:
    """What keeps back the cases in which nobody is in danger now, or the violent ones of them."""
    # From the strictest to the mildest: the first that holds is told.
    today = measure_own_day(act.session, act.context, person, act.now)
    if today.is_full(exposure):
        return Nothing.DAY_FULL
    if today.is_break_due(exposure):
        return Nothing.BREAK
    if was_last_violent(act.session, person, exposure, act.now):
        return Nothing.VIOLENT
    return None


def was_last_violent(
    session: Session,
    person: Person,
    exposure: Exposure,
    now: datetime,
    *,
    besides: uuid.UUID | None = None,
) -> bool:
    """Whether what the person assessed or saw last, a short while ago, was violent; ``besides``:
    a case that is left out of it."""
    since = now - timedelta(minutes=exposure.within_minutes)
    lasts = [
        _find_last_assessed(session, person, exposure, since, besides),
        _find_last_seen(session, person, since, besides),
    ]
    happened = [last for last in lasts if last is not None]
    return bool(happened) and max(happened)[1]


def _find_last_assessed(
    session: Session,
    person: Person,
    exposure: Exposure,
    since: datetime,
    besides: uuid.UUID | None,
) -> tuple[datetime, bool] | None:
    query = (
        select(
            Assessment.at, Assessment.answers, Case.kind, Case.proposed_class
        )
        .join(Case, Case.id == Assessment.case_id)
        .where(Assessment.person_id == person.id, Assessment.at > since)
        .order_by(Assessment.at.desc(), Assessment.id.desc())
        .limit(1)
    )
    if besides is not None:
        query = query.where(Case.id != besides)
    last = session.execute(query).first()
    if last is None:
        return None
    at, answers, kind, proposed = last
    return at, exposure.is_violent(answers, kind, proposed)


def _find_last_seen(
    session: Session,
    person: Person,
    since: datetime,
    besides: uuid.UUID | None,
) -> tuple[datetime, bool] | None:
    query = (
        select(Viewing.shown_at, Viewing.is_violent)
        .where(Viewing.person_id == person.id, Viewing.shown_at > since)
        .order_by(Viewing.shown_at.desc(), Viewing.id.desc())
        .limit(1)
    )
    if besides is not None:
        query = query.where(Viewing.item_id.not_in(item_ids_of(besides)))
    last = session.execute(query).first()
    # A look that was asked for and never shown was no look.
    if last is None or last[0] is None:
        return None
    return last[0], last[1]


def _offered(person: Person, now: datetime) -> list[ColumnElement[bool]]:
    """Of a ``Case`` in the query: nobody else holds it, and the person has not assessed it."""
    # Of this round alone: in a new round everybody may assess again.
    own = exists().where(
        Assessment.case_id == Case.id,
        Assessment.round == Case.round,
        Assessment.person_id == person.id,
    )
    return [~own, is_free_for(person, now)]


def _is_violent(exposure: Exposure) -> ColumnElement[bool]:
    """What earlier assessments say is asked, too; whoever gets another case learns nothing."""
    said = exists().where(
        Assessment.case_id == Case.id,
        Assessment.round == Case.round,
        or_(
            *(
                Assessment.answers[question].as_string().in_(values)
                for question, values in exposure.answers.items()
            )
        ),
    )
    return or_(
        Case.kind.in_(exposure.kinds),
        Case.proposed_class.in_(exposure.proposed),
        said,
    )


def _most_urgent(
    session: Session, conditions: Sequence[ColumnElement[bool]]
) -> list[uuid.UUID]:
    """Of each state some by the index of its tab, then the most urgent of all."""
    fitting = [
        row
        for state in ASSESSABLE
        for row in session.execute(
            select(Case.id, Case.priority, Case.danger_now)
            .where(and_(Case.state == state, *conditions))
            .order_by(Case.priority.desc(), Case.id)
            .limit(TRIED)
        )
    ]
    # Danger before points: rules weigh points, and no weight outweighs it.
    fitting.sort(key=lambda row: (not row[2], -row[1], row[0]))
    return [row[0] for row in fitting]


def _why_nothing(
    session: Session,
    person: Person,
    now: datetime,
    kinds: Sequence[str],
    pause: Nothing | None,
) -> Nothing:
    """A pause is told only where there is something to pause from."""
    conditions = _offered(person, now)
    if not _most_urgent(session, conditions):
        return Nothing.EMPTY
    if kinds:
        conditions.append(Case.kind.not_in(kinds))
        if not _most_urgent(session, conditions):
            return Nothing.OPTED_OUT
    return pause or Nothing.EMPTY
