"""The steps of a case's playbook: which are seen to be done, and which a person ticked."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, exists, or_, select
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import Conflict, NotFound, phrase
from hotline.core.storage.database import insert_once
from hotline.core.storage.ids import new_id
from triage.cases.handling.models import StepTick
from triage.cases.handling.playbook import (
    Sign,
    Step,
    Subject,
    load_playbooks,
)
from triage.cases.models import Case
from triage.cases.people.models import CaseIdentifier, CasePerson, CaseSummary
from triage.cases.vocabulary import PlaceState


@dataclass(frozen=True, slots=True)
class StepOfCase:
    """``is_seen``: done by its sign. ``ticked_by`` and ``ticked_at``: where a person said so."""

    step: Step
    is_seen: bool = False
    ticked_by: str = ""
    ticked_at: datetime | None = None

    @property
    def is_done(self) -> bool:
        return self.is_seen or self.ticked_at is not None


def list_steps(
    session: Session, context: Context, case: Case, told: Collection[Sign]
) -> list[StepOfCase]:
    """``told``: the signs that other packages see in the case."""
    playbooks = load_playbooks(context.settings.data_dir)
    signs = {*told, *_find_own_signs(session, case)}
    rows = session.scalars(
        select(StepTick).where(
            # A case that was opened again has its steps before it once more.
            StepTick.case_id == case.id,
            StepTick.round == case.round,
        )
    )
    ticks = {row.step: row for row in rows}
    return [
        StepOfCase(step, is_seen=True)
        # What is seen needs nobody's word, and nobody can take it back.
        if step.done_when in signs
        else _of_person(step, ticks.get(step.name))
        for step in playbooks.steps_for(subject_of(case))
    ]


def _of_person(step: Step, tick: StepTick | None) -> StepOfCase:
    if tick is None:
        return StepOfCase(step)
    return StepOfCase(step, ticked_by=tick.ticked_by, ticked_at=tick.ticked_at)


def subject_of(case: Case) -> Subject:
    return Subject(
        case.kind,
        case.danger_now,
        frozenset(item.hosting_kind for item in case.items),
    )


def _find_own_signs(session: Session, case: Case) -> set[Sign]:
    signs = set()
    if case.outcome:
        signs.add(Sign.ASSESSED)
    located = case.located
    # A case of words alone has nothing that could be removed.
    if located and all(
        place.state == PlaceState.VERIFIED_REMOVED for place in located
    ):
        signs.add(Sign.REMOVED)
    identifier = exists().where(
        CaseIdentifier.case_id == case.id,
        CaseIdentifier.withdrawn_at.is_(None),
    )
    person = exists().where(CasePerson.case_id == case.id)
    summary = exists().where(CaseSummary.case_id == case.id)
    is_noted, is_summed_up = session.execute(
        select(or_(identifier, person), summary)
    ).one()
    if is_noted:
        signs.add(Sign.PEOPLE_NOTED)
    if is_summed_up:
        signs.add(Sign.SUMMARY_WRITTEN)
    return signs


def tick_step(act: Act, case: Case, name: str) -> None:
    """A person says that the step is done; a second time changes nothing."""
    _require_step(act, case, name)
    is_new = insert_once(
        act.session,
        StepTick,
        ["case_id", "round", "step"],
        id=new_id(),
        case_id=case.id,
        round=case.round,
        step=name,
        ticked_at=act.now,
        ticked_by=act.actor,
    )
    if is_new:
        act.record(
            "case.step_done", "case", case.id, case=case.reference, step=name
        )


def untick_step(act: Act, case: Case, name: str) -> None:
    """It was not done after all."""
    removed = act.session.execute(
        delete(StepTick).where(
            StepTick.case_id == case.id,
            StepTick.round == case.round,
            StepTick.step == name,
        )
    )
    if getattr(removed, "rowcount", 0):
        act.record(
            "case.step_undone", "case", case.id, case=case.reference, step=name
        )


def _require_step(act: Act, case: Case, name: str) -> None:
    playbooks = load_playbooks(act.context.settings.data_dir)
    if case.forgotten_at is not None:
        raise Conflict(
            phrase("The period of this case is over; nothing is left of it.")
        )
    # Of this case: the file may have lost a step that a page still shows.
    steps = playbooks.steps_for(subject_of(case))
    if name not in [step.name for step in steps if step.is_ticked]:
        raise NotFound(phrase("There is no such step in this case."))
