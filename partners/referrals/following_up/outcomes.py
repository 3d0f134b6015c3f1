"""What came of a referral, in words that can be counted: given and taken back by the office."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import Conflict, InvalidInput, phrase
from hotline.core.storage.ids import new_id
from partners.referrals.models import Referral, ReferralOutcome
from partners.referrals.telling.offices import load_offices
from partners.referrals.vocabulary import BY_ANSWER, OfficeOutcome
from partners.states import ReferralEvent, ReferralState
from triage.cases.locking import lock_case

SAID_IN = (
    ReferralState.TAKEN_UP,
    ReferralState.MORE_WANTED,
    ReferralState.NO_ACTION,
    ReferralState.CLOSED,
)
"""States in which an office can say what came of it; after its own end too, which may be years
before a court's."""

OUTCOME_OF_ANSWER: Mapping[str, OfficeOutcome] = {
    ReferralEvent.TAKEN_UP: OfficeOutcome.TAKEN_UP,
    ReferralEvent.NO_ACTION: OfficeOutcome.NO_ACTION,
}


def offered_outcomes(
    context: Context, referral: Referral
) -> tuple[OfficeOutcome, ...]:
    """What the office may say now; empty while it has not taken it up."""
    if referral.state not in SAID_IN:
        return ()
    return load_offices(context.settings.data_dir)[referral.kind].outcomes


def list_outcomes(
    session: Session, referral_ids: Collection[uuid.UUID]
) -> Mapping[uuid.UUID, Sequence[ReferralOutcome]]:
    """What came of each referral so far, the oldest first."""
    if not referral_ids:
        return {}
    query = (
        select(ReferralOutcome)
        .where(ReferralOutcome.referral_id.in_(referral_ids))
        .order_by(ReferralOutcome.at, ReferralOutcome.id)
    )
    by_referral: dict[uuid.UUID, list[ReferralOutcome]] = {
        referral_id: [] for referral_id in referral_ids
    }
    for outcome in session.scalars(query):
        by_referral[outcome.referral_id].append(outcome)
    return by_referral


def note_answer(act: Act, referral: Referral, event: str) -> None:
    """An answer that is an outcome as well is kept as one, whatever the office says later."""
    outcome = OUTCOME_OF_ANSWER.get(event)
    if outcome is None:
        return
    stored = {row.outcome for row in _rows_of(act.session, referral)}
    # An office may take it up, ask for more and take it up again: that is one
    # outcome.
    if outcome not in stored:
        act.session.add(_new_outcome(act, referral, outcome))


def store_outcomes(
    act: Act, referral: Referral, said: Collection[str]
) -> None:
    """The office's outcomes are these from now on; what it no more says is taken back."""
    lock_case(act.session, referral.case_id)
    # It was read before the lock, and the office may have answered meanwhile.
    act.session.refresh(referral, ["state"])
    offered = offered_outcomes(act.context, referral)
    if not offered:
        raise Conflict(
            phrase("What came of it can be said once the office took it up.")
        )
    # The form is the office's, so it can send any word.
    if not set(said) <= set(offered):
        raise InvalidInput(
            phrase("This is not something that the office can say."),
            fields={"/outcome": phrase("Choose from the list.")},
        )
    rows = {
        row.outcome: row
        for row in _rows_of(act.session, referral)
        # The page does not ask for these, and so their absence takes none of
        # them back.
        if row.outcome not in BY_ANSWER
    }
    added = [
        outcome for outcome in offered if outcome in set(said) - set(rows)
    ]
    for outcome in added:
        act.session.add(_new_outcome(act, referral, outcome))
    taken_back = sorted(set(rows) - set(said))
    for name in taken_back:
        act.session.delete(rows[name])
    if added or taken_back:
        act.record(
            "referral.outcomes",
            "referral",
            referral.id,
            added=[str(outcome) for outcome in added],
            taken_back=taken_back,
        )


def _rows_of(
    session: Session, referral: Referral
) -> Sequence[ReferralOutcome]:
    return list_outcomes(session, [referral.id])[referral.id]


def _new_outcome(
    act: Act, referral: Referral, outcome: OfficeOutcome
) -> ReferralOutcome:
    return ReferralOutcome(
        id=new_id(),
        referral_id=referral.id,
        outcome=outcome,
        at=act.now,
        actor=act.actor,
    )
