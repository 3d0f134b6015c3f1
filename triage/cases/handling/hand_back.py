"""Taking back one's own handing over, while nobody has built on it."""

from __future__ import annotations

from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from hotline.core.act import Act
from triage.cases.assessing.claim import claim_case
from triage.cases.assessing.untouched import (
    BuiltOn,
    Past,
    is_untouched,
    read_past,
    refuse_taking_back,
)
from triage.cases.handling.models import HandOver
from triage.cases.locking import lock_case
from triage.cases.models import Case


def find_own_hand_over(
    session: Session, case: Case, person: Person, past: Past
) -> HandOver | None:
    """The person's, where the case lies as they left it: free, or kept for whom they named."""
    newest = past.handed
    if newest is None or newest.from_id != person.id:
        return None
    # Whoever took it, also for whom it was kept, has it from another time on.
    lies_as_left = case.claimed_by_id == newest.to_id and (
        newest.to_id is None or case.claimed_at == newest.at
    )
    if not lies_as_left or not is_untouched(session, case, person, newest.at):
        return None
    return newest


def take_hand_over_back(
    act: Act, case: Case, person: Person, is_built_on: BuiltOn
) -> None:
    """The case is in the hands of whoever handed it over, and the word to the next is gone."""
    lock_case(act.session, case.id)
    past = read_past(act.session, case)
    handed = find_own_hand_over(act.session, case, person, past)
    if handed is None or is_built_on():
        raise refuse_taking_back()
    act.session.delete(handed)
    case.claimed_by_id, case.claimed_until = None, None
    act.session.flush()
    claim_case(act, case, person, act.context.settings.claim_minutes)
    act.record(
        "case.hand_over_taken_back", "case", case.id, case=case.reference
    )
