"""Acts done by hand: asked for, written down, and what they settle."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.errors import InvalidInput, phrase
from hotline.core.storage.ids import new_id
from hotline.intake.values import clean_line, clean_text
from partners.manual.models import ManualAct
from partners.manual.vocabulary import OTHER, ManualWay, Outcome
from triage.cases.locking import lock_case
from triage.cases.models import Case
from triage.jurisdiction import Destination, Routing

CALLED_LATELY = timedelta(hours=12)
"""The police know of it: a further report within this time asks for no further call."""
EARLIEST = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Told:
    """What a person enters. ``reached``: who answered; ``number``: theirs for it."""

    route: str
    way: str
    outcome: str
    happened_at: datetime
    reached: str = ""
    number: str = ""
    note: str = ""


def ask_for_call(act: Act, case: Case) -> None:
    """A child is in danger: the police are to be telephoned, and nothing hides that until then."""
    if case.awaits_call_since is not None or _was_called_lately(act, case):
        return
    case.awaits_call_since = act.now
    act.record("case.call_asked", "case", case.id, case=case.reference)


def _was_called_lately(act: Act, case: Case) -> bool:
    called = find_last_call(act.session, case)
    return called is not None and called.recorded_at > act.now - CALLED_LATELY


def find_last_call(session: Session, case: Case) -> ManualAct | None:
    """The call that was recorded last by which the police learned of the case's present round."""
    calls = [
        done
        for done in list_acts(session, case.id)
        if done.round == case.round and _settles_call(done)
    ]
    return max(calls, key=lambda call: call.recorded_at, default=None)


def _settles_call(done: ManualAct) -> bool:
    is_to_police = done.route.startswith(
        (str(Destination.POLICE), str(Destination.EMERGENCY))
    )
    is_settled = Outcome(done.outcome).settles
    is_direct = done.way in (ManualWay.TELEPHONE, ManualWay.MEETING)
    # A letter may lie unread for days, so writing settles no call.
    return is_to_police and is_settled and is_direct


def record_act(
    act: Act, case: Case, told: Told, *, also: Sequence[str] = ()
) -> ManualAct:
    """Write down who was told, when, and the number that they gave.

    ``also``: routes that are not the case's any more, but were when something was planned.
    """
    # A call may be recorded while the very report comes in that asks for it.
    lock_case(act.session, case.id)
    reached, number = clean_line(told.reached), clean_line(told.number)
    note = clean_text(told.note)
    routes = (*list_route_ids(case), *also)
    _require_sense(act, told, routes, reached, note)
    done = ManualAct(
        id=new_id(),
        case_id=case.id,
        round=case.round,
        route=told.route,
        way=told.way,
        outcome=told.outcome,
        # Cut and not refused: somebody types this while a child is in danger.
        reached=reached[:200],
        number=number[:120],
        note=note[:2000],
        happened_at=told.happened_at,
        recorded_at=act.now,
        recorded_by=act.actor,
    )
    act.session.add(done)
    if case.awaits_call_since is not None and _settles_call(done):
        case.awaits_call_since = None
    act.record(
        "manual.recorded",
        "case",
        case.id,
        case=case.reference,
        route=done.route,
        way=done.way,
        outcome=done.outcome,
    )
    return done


def _require_sense(
    act: Act, told: Told, routes: Sequence[str], reached: str, note: str
) -> None:
    faults = {}
    if told.route not in routes:
        faults["/route"] = phrase("This route is not one of the case's.")
    if told.way not in list(ManualWay):
        faults["/way"] = phrase("Choose how it was done.")
    if told.outcome not in list(Outcome):
        faults["/outcome"] = phrase("Choose what came of it.")
    if told.outcome == Outcome.TOLD and not reached:
        faults["/reached"] = phrase("Say who was told.")
    if told.outcome == Outcome.NOT_NEEDED and not note:
        faults["/note"] = phrase("Say why it is not needed.")
    # A call of tomorrow is a slip of the keys, and one of last year belongs to
    # another case.
    if not act.now - EARLIEST <= told.happened_at <= act.now:
        faults["/happened_at"] = phrase("Give a time of the last 30 days.")
    if faults:
        raise InvalidInput(phrase("Nothing was recorded."), fields=faults)


def list_route_ids(case: Case) -> list[str]:
    """What something can be recorded for: the case's routes, the police in any case, others."""
    routes = [route.id for route in Routing.from_json(case.routing).routes]
    # Each once, in the order of the rules, with what is always possible behind
    # it.
    return [*dict.fromkeys([*routes, str(Destination.POLICE), OTHER])]


def list_acts(session: Session, case_id: uuid.UUID) -> Sequence[ManualAct]:
    """Of a case, the oldest first."""
    query = select(ManualAct).where(ManualAct.case_id == case_id)
    return session.scalars(query.order_by(ManualAct.happened_at)).all()
