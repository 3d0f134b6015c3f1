"""The queue and the case page. Each view parses, asks one service, and shows or goes back."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import (
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from hotline.accounts.pages.views import flash_refusals
from hotline.accounts.signing_in.auth import (
    may_current_person,
    own_act,
    requires,
    signed_in,
)
from hotline.core.context import Context, utc_now
from hotline.core.datafiles.vocabulary import country_codes
from hotline.core.errors import Conflict, InvalidInput, NotFound, phrase
from hotline.core.web import site
from hotline.core.web.wording import worded_error
from triage.cases.assessing import findings
from triage.cases.assessing.assess import (
    Answers,
    assess_case,
    open_note,
    reopen_case,
)
from triage.cases.assessing.assessment import (
    in_language,
    industry_class,
    load_schema,
    load_version,
)
from triage.cases.assessing.claim import claim_case, release_claim
from triage.cases.examination.appraise import appraise_case
from triage.cases.handling.steps import list_steps
from triage.cases.listing.queue import by_reference
from triage.cases.machines import OPEN_STATES
from triage.cases.models import Assessment, Case, CaseItem
from triage.cases.pages import page_content, words
from triage.cases.pages.history.diary import (
    DIARIES,
    Diary,
    list_due,
    list_elsewhere,
    tell_history,
)
from triage.cases.pages.history.own_act import find_own_act
from triage.cases.pages.parts import take_newest
from triage.cases.places import places_numbered
from triage.cases.vocabulary import CaseEvent, CaseState, Held
from triage.viewing.switch import find_switch

Panel = Callable[[Session, Case, Person, datetime], str]
PANELS = "triage_panels"
BANNERS = "triage_banners"
SHOWN_HAPPENINGS = 20
SHOWN_UNKNOWN = 2
"""Files that no list knows and that are told one by one; more of them are folded away."""
ITEM_CLASS = "class-"
NUMBERS = "numbers-"
YES_NO = {"yes": True, "no": False}


@requires("case.see")
def case(reference: str) -> ResponseReturnValue:
    return case_page(reference)


def case_page(
    reference: str,
    errors: dict[str, str] | None = None,
    answers: dict[str, Any] | None = None,
    *,
    typed: Any = None,
    typed_for: uuid.UUID | None = None,
    faults: Mapping[str, str] | None = None,
) -> str:
    """``errors`` and ``answers`` of an assessment that was not stored, or what was ``typed`` into
    a form about the item ``typed_for`` and its ``faults``."""
    context, me, now = site.current_context(), signed_in(), utc_now()
    language = site.page_language()
    with site.reading() as session:
        # The address of a merged case shows the one that it became a part of.
        case = by_reference(session, reference)
        view = page_content.gather_case_page(
            session, context, case, person=me, language=language, now=now
        )
        is_mine = view.holder is not None and view.holder.id == me.id
        return render_template(
            "triage/case.html",
            case=case,
            Held=Held,
            view=view,
            person=me,
            mine=is_mine,
            may_assess=_may_assess(view),
            schema=load_schema(context.settings.data_dir),
            said=lambda labels: in_language(labels, language),
            now=now,
            **_tell_of_others(session, case, view, me, now),
            notes=_open_notes(session, context, view),
            errors=errors or {},
            answers=answers or {},
            typed=typed,
            typed_for=typed_for,
            shown_places=page_content.SHOWN_AT_THE_TOP,
            shown_files=SHOWN_UNKNOWN,
            faults=faults or {},
            words=words,
            is_open=case.state in OPEN_STATES,
            is_aside=_is_aside(view),
            may_reopen=case.forgotten_at is None
            and case.machine.allows(case.state, CaseEvent.REOPENED),
            countries=sorted(country_codes()),
            answer_words=answer_words(language),
            industry_class=industry_class(case.outcome),
            may_look=is_mine and _may_look(session),
        )


def _open_notes(
    session: Session, context: Context, view: page_content.CasePage
) -> dict[uuid.UUID, str]:
    """The words beside each assessment that the viewer may see."""
    return {made.id: open_note(session, context, made) for made in view.done}


def _tell_of_others(
    session: Session,
    case: Case,
    view: page_content.CasePage,
    me: Person,
    now: datetime,
) -> dict[str, object]:
    """What other packages show of the case: their sections, and what they did and wait for."""
    panels: Sequence[Panel] = current_app.extensions[PANELS]
    banners: Sequence[Panel] = current_app.extensions[BANNERS]
    diaries: Sequence[Diary] = current_app.extensions[DIARIES]
    signs = {
        sign for diary in diaries for sign in diary.list_signs(session, case)
    }
    elsewhere = list_elsewhere(session, case, diaries)
    return {
        "own_last": find_own_act(session, case, me, view.past, elsewhere),
        "steps": list_steps(session, site.current_context(), case, signs),
        "panels": [panel(session, case, me, now) for panel in panels],
        "banners": [banner(session, case, me, now) for banner in banners],
        "happenings": take_newest(
            "history",
            tell_history(session, case, view.past, elsewhere, diaries),
            SHOWN_HAPPENINGS,
        ),
        "due": list_due(session, case, diaries, now),
    }


def _may_look(session: Session) -> bool:
    """Whether viewing is switched on, and the person may."""
    return (
        may_current_person("viewing.look") and find_switch(session) is not None
    )


def _may_assess(view: page_content.CasePage) -> bool:
    return (
        may_current_person("case.assess")
        and not view.has_assessed
        and _is_assessable(view.case)
    )


def _is_aside(view: page_content.CasePage) -> bool:
    """Whether the case is closed because its reports were no reports."""
    return (
        view.case.state == CaseState.CLOSED
        and view.past.history[-1].event == CaseEvent.SET_ASIDE
    )


def _is_assessable(case: Case) -> bool:
    return any(
        case.machine.allows(case.state, event)
        for event in (
            CaseEvent.ASSESSED_FIRST,
            CaseEvent.AGREED,
            CaseEvent.DECIDED,
        )
    )


AnswerWords = Callable[..., tuple[str, str]]


def answer_words(language: str) -> AnswerWords:
    """A function from (question, answer), and perhaps the assessment in which they stand, to their
    words in ``language``: by the version of the questions that was answered."""
    data_dir = site.current_context().settings.data_dir

    def spoken(
        name: str, value: str, made: Assessment | None = None
    ) -> tuple[str, str]:
        schema = (
            load_version(made.scheme, made.version, data_dir)
            if made
            else load_schema(data_dir)
        )
        question = schema.question(name)
        if question is None:
            return name, value
        return in_language(question.label, language), question.label_of(
            value, language
        )

    return spoken


@requires("case.claim")
def claim(reference: str) -> ResponseReturnValue:
    minutes = site.current_context().settings.claim_minutes
    with flash_refusals(), site.writing() as session:
        case = by_reference(session, reference)
        claim_case(own_act(session), case, signed_in(), minutes)
    return back_to_case(reference)


@requires("case.claim")
def release(reference: str) -> ResponseReturnValue:
    with flash_refusals(), site.writing() as session:
        case = by_reference(session, reference)
        release_claim(own_act(session), case, signed_in())
    return back_to_case(reference)


@requires("case.assess")
def assess(reference: str) -> ResponseReturnValue:
    """What cannot be stored comes back with the page; what was answered stays, also where somebody
    else has the case by now."""
    schema = load_schema(site.current_context().settings.data_dir)
    sent = {
        question.name: request.form.get(question.name, "")
        for question in schema.questions
    }
    note = request.form.get("note", "")
    try:
        with site.writing() as session:
            act = own_act(session)
            case = by_reference(session, reference)
            assess_case(
                act,
                case,
                signed_in(),
                Answers(
                    sent,
                    _posted_item_classes(case),
                    note,
                    request.form.get("seen_items"),
                ),
                second_required=act.context.settings.second_assessment,
            )
    except (Conflict, InvalidInput) as error:
        faults = error.fields if isinstance(error, InvalidInput) else {}
        if not faults:
            flash(worded_error(error), "danger")
        # Outside the transaction that was rolled back, so that the page shows
        # what is stored.
        page_again = case_page(
            reference, faults, {**request.form.to_dict(), **sent}
        )
        return make_response(page_again, error.status)
    flash(gettext("Your assessment is stored."), "good")
    return back_to_case(reference)


def _posted_item_classes(case: Case) -> dict[uuid.UUID, str]:
    """The form's ``class-<item id>``, where empty is "as the case"; of a case with many items
    ``numbers-<class>``."""
    classes: dict[uuid.UUID, str] = {}
    for name, value in request.form.items():
        if name.startswith(NUMBERS):
            for place in places_numbered(case, value):
                _refuse_second_class(classes, place)
                classes[place.item_id] = name.removeprefix(NUMBERS)
            continue
        if not name.startswith(ITEM_CLASS) or not value:
            continue
        try:
            item_id = uuid.UUID(hex=name.removeprefix(ITEM_CLASS))
        except ValueError:
            # The form never has such a name: somebody wrote the request by
            # hand.
            raise NotFound(
                phrase("There is no such item in this case.")
            ) from None
        classes[item_id] = value
    return classes


def _refuse_second_class(
    classes: Mapping[uuid.UUID, str], place: CaseItem
) -> None:
    if place.item_id in classes:
        raise InvalidInput(
            phrase("Location %(number)s has two classes."),
            values={"number": str(place.number)},
        )


@requires("case.assess")
def reopen(reference: str) -> ResponseReturnValue:
    why = request.form.get("why", "")
    with flash_refusals(), site.writing() as session:
        case = by_reference(session, reference)
        reopen_case(own_act(session), case, why)
    return back_to_case(reference)


@requires("match.decide")
def decide_match(reference: str, match_id: uuid.UUID) -> ResponseReturnValue:
    decision = request.form.get("decision", "")
    with flash_refusals(), site.writing() as session:
        case = by_reference(session, reference)
        match = findings.match_of(session, case, match_id)
        act = own_act(session)
        findings.decide_match(act, case, match, decision)
        # Here and not in the service, where several matches are decided before
        # the rules are asked once.
        appraise_case(session, act.context, case, act.now)
    return back_to_case(reference)


@requires("match.decide")
def decide_picture(reference: str, media_id: uuid.UUID) -> ResponseReturnValue:
    """One decision on all that a picture met."""
    decision = request.form.get("decision", "")
    with flash_refusals(), site.writing() as session:
        case = by_reference(session, reference)
        act = own_act(session)
        findings.decide_picture(act, case, media_id, decision)
        appraise_case(session, act.context, case, act.now)
    return back_to_case(reference)


@requires("case.assess")
def set_facts(reference: str) -> ResponseReturnValue:
    with flash_refusals(), site.writing() as session:
        act, case = own_act(session), by_reference(session, reference)
        findings.set_facts(act, case, _posted_facts())
        appraise_case(session, act.context, case, act.now)
    return back_to_case(reference)


def _posted_facts() -> dict[str, Any]:
    """The form's ``victim.country`` and so on as the rules' nested facts; empty is unknown."""
    facts: dict[str, Any] = {}
    for name, raw in request.form.items():
        owner, _, key = name.partition(".")
        text = raw.strip()
        if owner not in findings.PERSONS_FACTS or not text:
            continue
        # Countries are stored by their two capitals; a municipality is a name.
        is_place = key != "municipality"
        value: Any = (
            YES_NO[text]
            if text in YES_NO
            else text.upper()
            if is_place
            else text
        )
        if key:
            facts.setdefault(owner, {})[key] = value
        else:
            facts[owner] = value
    return facts


def back_to_case(reference: str) -> ResponseReturnValue:
    return redirect(url_for("triage.case", reference=reference), 303)
