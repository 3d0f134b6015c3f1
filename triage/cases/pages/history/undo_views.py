"""Taking back one's own last act on a case."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from flask import current_app, flash
from flask.typing import ResponseReturnValue
from flask_babel import LazyString, lazy_gettext
from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from hotline.accounts.pages.views import flash_refusals
from hotline.accounts.signing_in.auth import own_act, requires, signed_in
from hotline.core.act import Act
from hotline.core.web import site
from triage.cases.assessing import closing_again, taking_back
from triage.cases.assessing.untouched import BuiltOn, read_past
from triage.cases.handling import hand_back
from triage.cases.listing.queue import by_reference
from triage.cases.models import Case
from triage.cases.pages.case_views import back_to_case
from triage.cases.pages.history.diary import (
    DIARIES,
    Diary,
    list_elsewhere,
)
from triage.cases.pages.history.own_act import Undoable, find_own_act

IN_HANDS = lazy_gettext("Taken back. The case is in your hands.")
AS_BEFORE = lazy_gettext("Taken back. The case is as it was before.")
VERBS: Mapping[
    Undoable, tuple[Callable[[Act, Case, Person, BuiltOn], None], LazyString]
] = MappingProxyType(
    {
        Undoable.ASSESSMENT: (taking_back.take_assessment_back, IN_HANDS),
        Undoable.HAND_OVER: (hand_back.take_hand_over_back, IN_HANDS),
        Undoable.REOPENING: (closing_again.take_reopening_back, AS_BEFORE),
    }
)
"""What takes each of them back, and what is said then."""


@requires("case.assess")
def take_assessment_back(reference: str) -> ResponseReturnValue:
    return _take_back(reference, Undoable.ASSESSMENT)


@requires("case.claim")
def take_hand_over_back(reference: str) -> ResponseReturnValue:
    return _take_back(reference, Undoable.HAND_OVER)


@requires("case.assess")
def take_reopening_back(reference: str) -> ResponseReturnValue:
    return _take_back(reference, Undoable.REOPENING)


def _take_back(reference: str, what: Undoable) -> ResponseReturnValue:
    take_back, said = VERBS[what]
    with flash_refusals(), site.writing() as session:
        case = by_reference(session, reference)
        take_back(
            own_act(session),
            case,
            signed_in(),
            # Asked under the lock: until then somebody may still be at it.
            lambda: _is_built_on(session, case, what),
        )
        flash(said, "good")
    return back_to_case(reference)


def _is_built_on(session: Session, case: Case, what: Undoable) -> bool:
    diaries: Sequence[Diary] = current_app.extensions[DIARIES]
    own = find_own_act(
        session,
        case,
        signed_in(),
        read_past(session, case),
        list_elsewhere(session, case, diaries),
    )
    return own is None or own.what is not what
