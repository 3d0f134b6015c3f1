"""Taking back one's own last act on a case."""

from __future__ import annotations

from collections.abc import Sequence

from flask import current_app, flash
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from hotline.accounts.pages.views import flash_refusals
from hotline.accounts.signing_in.auth import own_act, requires, signed_in
from hotline.core.web import site
from triage.cases.assessing import closing_again, taking_back
from triage.cases.handling import hand_back
from triage.cases.listing.queue import by_reference
from triage.cases.models import Case
from triage.cases.pages.case_views import back_to_case
from triage.cases.pages.diary import DIARIES, Diary
from triage.cases.pages.own_act import Undoable, find_own_act


@requires("case.assess")
def take_assessment_back(reference: str) -> ResponseReturnValue:
    minutes = site.current_context().settings.claim_minutes
    with flash_refusals(), site.writing() as session:
        case = by_reference(session, reference)
        taking_back.take_assessment_back(
            own_act(session),
            case,
            signed_in(),
            minutes,
            is_built_on=_is_built_on(session, case, Undoable.ASSESSMENT),
        )
        flash(gettext("Taken back. The case is in your hands."), "good")
    return back_to_case(reference)


@requires("case.claim")
def take_hand_over_back(reference: str) -> ResponseReturnValue:
    minutes = site.current_context().settings.claim_minutes
    with flash_refusals(), site.writing() as session:
        case = by_reference(session, reference)
        hand_back.take_hand_over_back(
            own_act(session),
            case,
            signed_in(),
            minutes,
            is_built_on=_is_built_on(session, case, Undoable.HAND_OVER),
        )
        flash(gettext("Taken back. The case is in your hands."), "good")
    return back_to_case(reference)


@requires("case.assess")
def take_reopening_back(reference: str) -> ResponseReturnValue:
    with flash_refusals(), site.writing() as session:
        case = by_reference(session, reference)
        closing_again.take_reopening_back(
            own_act(session),
            case,
            signed_in(),
            is_built_on=_is_built_on(session, case, Undoable.REOPENING),
        )
        flash(gettext("Taken back. The case is as it was before."), "good")
    return back_to_case(reference)


def _is_built_on(session: Session, case: Case, what: Undoable) -> bool:
    diaries: Sequence[Diary] = current_app.extensions[DIARIES]
    own = find_own_act(session, case, signed_in(), diaries)
    return own is None or own.what is not what
