"""Making one case of two, and two of one, by a person who says why.

Only a case of which nobody was told yet can change its shape: what people decided of a part is no
decision on the whole, so both are assessed from the beginning. Where somebody was told, plans,
holds and clocks of the case would come to mean something else: ``partners.plans`` refuses.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection

from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from hotline.core.act import Act
from hotline.core.errors import Conflict, InvalidInput, phrase
from hotline.core.storage.ids import new_id
from hotline.core.storage.reference_numbers import next_reference
from hotline.intake.values import clean_reason
from triage.cases.assessing.claim import refuse_if_held
from triage.cases.assessing.rounds import begin_new_round
from triage.cases.examination.appraise import appraise_case, post_review
from triage.cases.floods import weigh_held
from triage.cases.handling.notes import copy_notes
from triage.cases.locking import lock_case, lock_cases
from triage.cases.machines import MERGEABLE
from triage.cases.models import Case, CaseItem
from triage.cases.people.keeping.copying import copy_people
from triage.cases.reports import tells_of_danger
from triage.cases.vocabulary import CaseEvent, Held

LONGEST_REASON = 300


def merge_cases(
    act: Act, target: Case, part: Case, person: Person, why: str
) -> None:
    """Make ``part`` a part of ``target``, whose reference stays; that of the other leads to it."""
    reason = _require_reason(why)
    if target.id == part.id:
        raise InvalidInput(phrase("A case cannot become a part of itself."))
    lock_cases(act.session, [target.id, part.id])
    for case in (target, part):
        # Under the lock, of both: either may have been passed on meanwhile.
        _require_mergeable(case)
        refuse_if_held(case, person, act.now)
    act.advance(target, CaseEvent.TOOK_IN, part=part.reference, why=reason)
    act.advance(part, CaseEvent.MERGED, into=target.reference, why=reason)
    copy_people(act, part, target)
    # Read by the part's own key, which stays until its people are forgotten.
    copy_notes(act, part, target)
    _take_over_what_was_said(target, part)
    # A list of its own: each place that moves leaves the other one.
    _move_places(target, list(part.places))
    part.merged_into_id = target.id
    # What waits there waits in the other case now, see above.
    part.held = Held.NONE
    part.claimed_by_id = part.claimed_until = None
    begin_new_round(target)
    act.session.flush()
    _look_anew(act, target)


def split_case(
    act: Act,
    case: Case,
    item_ids: Collection[uuid.UUID],
    person: Person,
    why: str,
) -> Case:
    """Make a case of its own of some of the items. It begins with all that was said of people."""
    reason = _require_reason(why)
    lock_case(act.session, case.id)
    _require_mergeable(case)
    refuse_if_held(case, person, act.now)
    leaving = [place for place in case.places if place.item_id in item_ids]
    if len(leaving) != len(set(item_ids)) or not leaving:
        raise InvalidInput(phrase("Choose locations of this case."))
    if len(leaving) == len(case.places):
        raise InvalidInput(
            phrase("At least one location must stay in the case.")
        )
    new_case = _open_beside(act, case)
    # Its places were looked at in the old case.
    act.advance(
        new_case, CaseEvent.EXAMINED, split_off=case.reference, why=reason
    )
    act.advance(case, CaseEvent.SPLIT, new_case=new_case.reference, why=reason)
    _move_places(new_case, leaving)
    # Whom a reporter spoke of cannot be told apart by machine; a person takes
    # away what does not belong.
    copy_people(act, case, new_case)
    begin_new_round(case)
    act.session.flush()
    _divide_held(act, case, new_case)
    _divide_danger(act.session, case, new_case)
    for each in (case, new_case):
        _look_anew(act, each)
    return new_case


def _require_reason(why: str) -> str:
    reason = clean_reason(why, LONGEST_REASON)
    if not reason:
        raise InvalidInput(phrase("Say why."), fields={"/why": "is missing"})
    return reason


def _require_mergeable(case: Case) -> None:
    if case.state not in MERGEABLE:
        raise Conflict(
            phrase("%(case)s is not at a stage at which this is possible."),
            values={"case": case.reference},
        )


def _take_over_what_was_said(target: Case, part: Case) -> None:
    """What a report says adds; it never takes away."""
    target.danger_now = target.danger_now or part.danger_now
    target.time_presses = target.time_presses or part.time_presses
    target.word_themes = sorted({*target.word_themes, *part.word_themes})
    target.own_material = target.own_material or part.own_material
    target.child_reporter = target.child_reporter or part.child_reporter
    target.held = max(target.held, part.held)
    if target.kind == "unknown":
        target.kind = part.kind
    calls = [
        since
        for since in (target.awaits_call_since, part.awaits_call_since)
        if since is not None
    ]
    # The clock goes on from the earlier one: a merge must not make anybody
    # seem to have waited for less.
    target.awaits_call_since = min(calls, default=None)
    part.awaits_call_since = None
    dates = [due for due in (target.due_at, part.due_at) if due is not None]
    target.due_at = min(dates, default=None)
    facts = dict(target.facts)
    for name, value in part.facts.items():
        own_value = facts.get(name)
        if isinstance(own_value, dict) and isinstance(value, dict):
            # Where both say something, the case whose reference stays is
            # believed.
            facts[name] = {**value, **own_value}
        elif not own_value:
            facts[name] = value
    target.facts = facts


def _move_places(target: Case, places: Collection[CaseItem]) -> None:
    number = max((place.number for place in target.places), default=0)
    for place in places:
        number += 1
        place.number = number
        place.case = target


def _open_beside(act: Act, case: Case) -> Case:
    """A case that knows what the other one knows, and has no items yet."""
    prefix = act.context.country.reference_prefix
    new_case = Case(
        id=new_id(),
        reference=next_reference(act.session, prefix, act.now),
        # As old as the other: its reporters have waited since then.
        opened_at=case.opened_at,
        kind=case.kind,
        danger_now=case.danger_now,
        time_presses=case.time_presses,
        word_themes=list(case.word_themes),
        own_material=case.own_material,
        child_reporter=case.child_reporter,
        facts=dict(case.facts),
        due_at=case.due_at,
        held=Held.NONE,
    )
    act.begin(new_case)
    act.session.flush()
    return new_case


def _divide_held(act: Act, case: Case, new_case: Case) -> None:
    """Reports that wait for a person wait in the case in which their location now lies."""
    waiting = Held(case.held)
    for each in (case, new_case):
        # What a person set aside is kept as well, and must not call louder than what waits.
        each.held = min(waiting, weigh_held(act.session, each))


def _divide_danger(session: Session, case: Case, new_case: Case) -> None:
    """Danger stays with the reports that tell of it, and so does the clock of the call."""
    waits_since = case.awaits_call_since
    tells = {
        each.id: tells_of_danger(session, each) for each in (case, new_case)
    }
    if not any(tells.values()):
        # Whoever said it is gone from both; neither may be taken for safe.
        new_case.awaits_call_since = waits_since
        return
    for each in (case, new_case):
        each.danger_now = tells[each.id]
        each.awaits_call_since = waits_since if each.danger_now else None


def _look_anew(act: Act, case: Case) -> None:
    # Places moved by their own side of the relation; the list is read anew.
    act.session.expire(case, ["places"])
    appraise_case(act.session, act.context, case, act.now)
    post_review(act.session, case, act.now)
