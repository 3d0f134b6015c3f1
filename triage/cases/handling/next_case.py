"""The next case for somebody: the most urgent one that they may take and should be offered.

Never one that they assessed in this round, that somebody else holds or that is kept for another,
or of a kind that they opted out of. After a violent one comes another kind, except where a child
is in danger now: that waits for nobody.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import ClassVar

from pydantic import ConfigDict
from sqlalchemy import ColumnElement, and_, exists, not_, or_, select
from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from hotline.accounts.preferences import preferences_of
from hotline.core.act import Act
from hotline.core.datafiles import files
from hotline.core.datafiles.shapes import parse_file
from hotline.core.datafiles.vocabulary import find_unknown
from hotline.core.errors import Conflict, Misconfigured
from hotline.intake.kinds import ReportKind
from triage.cases.assessment import CLASSES, Schema, load_schema
from triage.cases.claim import claim_case
from triage.cases.models import Assessment, Case
from triage.cases.vocabulary import CaseState

FILE = "exposure.toml"
ASSESSABLE = (
    CaseState.WAITING,
    CaseState.SECOND_ASSESSMENT,
    CaseState.THIRD_ASSESSMENT,
)
TRIED = 5
"""Cases that are tried where others are quicker."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """Which cases count as violent, as the data file says."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    dated: str
    source: str
    kinds: tuple[str, ...]
    proposed: tuple[str, ...]
    answers: Mapping[str, tuple[str, ...]]
    within_minutes: int


class Nothing(StrEnum):
    """Why there is no next case."""

    EMPTY = "empty"
    """Nothing is left that the person may assess."""
    VIOLENT = "violent"
    """What is left is violent, and so was the last one."""
    OPTED_OUT = "opted_out"
    """What is left is of kinds that the person opted out of."""


def load_exposure(override_dir: Path | None = None) -> Exposure:
    """The data file; ``Misconfigured`` names its faults."""
    data = files.read_toml("triage.cases", FILE, override_dir)
    made = parse_file(
        Exposure, FILE, {**data, "dated": str(data.get("dated", ""))}
    )
    faults = _list_faults(made, load_schema(override_dir))
    if faults:
        raise Misconfigured(f"Data file {FILE}: {'; '.join(faults)}.")
    return made


def _list_faults(made: Exposure, schema: Schema) -> list[str]:
    """Words that nothing stored can be: a misspelt one would protect nobody."""
    choices = {
        question.name: {choice.value for choice in question.choices}
        for question in schema.questions
    }
    named = {
        "/kinds": (made.kinds, {str(kind) for kind in ReportKind}),
        "/proposed": (made.proposed, set(CLASSES)),
        "/answers": (tuple(made.answers), set(choices)),
        **{
            f"/answers/{name}": (values, choices.get(name, set()))
            for name, values in made.answers.items()
            if name in choices
        },
    }
    return [
        f"{where}: {fault}"
        for where, (words, possible) in named.items()
        for fault in find_unknown(words, possible)
    ]


def take_next(
    act: Act, person: Person, minutes: int, *, also_violent: bool = False
) -> Case | Nothing:
    """Claim the next case for the person, or say why there is none."""
    exposure = load_exposure(act.context.settings.data_dir)
    must_rest = not also_violent and was_last_violent(
        act.session, person, exposure, act.now
    )
    kinds = preferences_of(act.session, person.id).opted_out
    conditions = _offered(person, act.now)
    if kinds:
        conditions.append(Case.kind.not_in(kinds))
    if must_rest:
        conditions.append(or_(Case.danger_now, not_(_is_violent(exposure))))
    for case_id in _most_urgent(act.session, conditions):
        case = act.session.get_one(Case, case_id)
        try:
            claim_case(act, case, person, minutes)
        except Conflict:  # somebody was quicker
            continue
        return case
    return _why_nothing(act.session, person, act.now, kinds)


def was_last_violent(
    session: Session, person: Person, exposure: Exposure, now: datetime
) -> bool:
    """Whether what the person assessed last, a short while ago, was violent."""
    since = now - timedelta(minutes=exposure.within_minutes)
    last = session.execute(
        select(Assessment.answers, Case.kind, Case.proposed_class)
        .join(Case, Case.id == Assessment.case_id)
        .where(Assessment.person_id == person.id, Assessment.at > since)
        .order_by(Assessment.at.desc(), Assessment.id.desc())
        .limit(1)
    ).first()
    if last is None:
        return False
    answers, kind, proposed = last
    return (
        kind in exposure.kinds
        or proposed in exposure.proposed
        or any(
            answers.get(question) in values
            for question, values in exposure.answers.items()
        )
    )


def _offered(person: Person, now: datetime) -> list[ColumnElement[bool]]:
    """Of a ``Case`` in the query: nobody else holds it, and the person has not assessed it."""
    own = exists().where(
        Assessment.case_id == Case.id,
        Assessment.round == Case.round,
        Assessment.person_id == person.id,
    )
    is_free = or_(
        Case.claimed_by_id.is_(None),
        Case.claimed_by_id == person.id,
        Case.claimed_until <= now,
    )
    return [~own, is_free]


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
    fitting.sort(key=lambda row: (not row[2], -row[1], row[0]))
    return [row[0] for row in fitting]


def _why_nothing(
    session: Session, person: Person, now: datetime, kinds: Sequence[str]
) -> Nothing:
    conditions = _offered(person, now)
    if kinds and not _most_urgent(
        session, [*conditions, Case.kind.not_in(kinds)]
    ):
        is_left = bool(_most_urgent(session, conditions))
        return Nothing.OPTED_OUT if is_left else Nothing.EMPTY
    return (
        Nothing.VIOLENT if _most_urgent(session, conditions) else Nothing.EMPTY
    )
