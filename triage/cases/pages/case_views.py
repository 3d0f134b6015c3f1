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
from flask_babel import get_locale, gettext
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from hotline.accounts.auth import may_current_person, requires, signed_in
from hotline.accounts.models import Person
from hotline.accounts.views import flash_refusals
from hotline.core.context import utc_now
from hotline.core.datafiles.vocabulary import country_codes
from hotline.core.errors import InvalidInput, NotFound
from hotline.core.web import site
from hotline.intake import service as intake
from hotline.intake.models import Report, ReportPart
from triage.cases import findings as case_findings
from triage.cases import floods, service
from triage.cases.assessment import in_language, load_schema
from triage.cases.examination.appraise import appraise_case
from triage.cases.models import OPEN_STATES, Case
from triage.cases.pages import page_content, words
from triage.items.models import Sighting

Panel = Callable[[Session, Case, Person, datetime], str]
PANELS = "triage_panels"
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
    faults: Mapping[str, str] | None = None,
) -> str:
    """``errors`` and ``answers`` of an assessment that was not stored, or what was ``typed`` into
    a form about the item and its ``faults``."""
    ctx, now, me, language = (
        site.current_context(),
        utc_now(),
        signed_in(),
        reader_language(),
    )
    with site.reading() as session:
        case = service.by_reference(session, reference)
        view = page_content.gather_case_page(
            session, ctx, case, person=me, language=language, now=now
        )
        panels: Sequence[Panel] = current_app.extensions[PANELS]
        mine = view.holder is not None and view.holder.id == me.id
        return render_template(
            "triage/case.html",
            case=case,
            item=case.item,
            view=view,
            person=me,
            mine=mine,
            may_assess=_may_assess(case, view),
            schema=load_schema(ctx.settings.data_dir),
            said=lambda labels: in_language(labels, language),
            panels=[panel(session, case, me, now) for panel in panels],
            notes={
                entry.id: service.open_note(session, ctx, entry)
                for entry in view.done
            },
            errors=errors or {},
            answers=answers or {},
            typed=typed,
            faults=faults or {},
            words=words,
            is_open=case.state in OPEN_STATES,
            is_aside=case.state == "closed"
            and view.history[-1].event == "set_aside",
            may_reopen=case.machine.allows(case.state, "reopened"),
            countries=sorted(country_codes()),
            answer_words=answer_words(language),
        )


def _may_assess(case: Case, view: page_content.CasePage) -> bool:
    """Whether the person who looks may give answers of their own now."""
    is_assessable = any(
        case.machine.allows(case.state, event)
        for event in ("assessed_first", "agreed", "decided")
    )
    is_allowed = may_current_person("case.assess")
    return is_allowed and is_assessable and not view.has_assessed


def answer_words(language: str) -> Callable[[str, str], tuple[str, str]]:
    """A function from an assessment's (question, answer) to their words in ``language``."""
    schema = load_schema(site.current_context().settings.data_dir)

    def spoken(name: str, value: str) -> tuple[str, str]:
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
        case = service.by_reference(session, reference)
        service.claim_case(session, case, signed_in(), utc_now(), minutes)
    return _back_to_case(reference)


@requires("case.claim")
def release(reference: str) -> ResponseReturnValue:
    with flash_refusals(), site.writing() as session:
        case = service.by_reference(session, reference)
        service.release_claim(session, case, signed_in(), utc_now())
    return _back_to_case(reference)


@requires("case.claim")
def release_reports(reference: str) -> ResponseReturnValue:
    """Let the held reports of one case through."""
    with flash_refusals(), site.writing() as session:
        case = service.by_reference(session, reference)
        floods.release_held(session, case, signed_in(), utc_now())
        flash(gettext("The reports are let through."), "good")
    return _back_to_case(reference)


@requires("case.assess")
def set_reports_aside(reference: str) -> ResponseReturnValue:
    """Set the held reports of one case aside."""
    confirmed = request.form.get("confirm") == "yes"
    with flash_refusals(), site.writing() as session:
        case = service.by_reference(session, reference)
        floods.set_aside(
            session, case, signed_in(), utc_now(), confirmed=confirmed
        )
        flash(gettext("The reports are set aside."), "good")
    return _back_to_case(reference)


@requires("case.assess")
def assess(reference: str) -> ResponseReturnValue:
    """Faulty answers come back with the page; what was answered stays."""
    ctx, schema = (
        site.current_context(),
        load_schema(site.current_context().settings.data_dir),
    )
    sent = {
        question.name: request.form.get(question.name, "")
        for question in schema.questions
    }
    note = request.form.get("note", "")
    with flash_refusals():
        try:
            with site.writing() as session:
                case = service.by_reference(session, reference)
                service.assess_case(
                    session,
                    ctx,
                    case,
                    signed_in(),
                    sent,
                    note,
                    utc_now(),
                    second_required=ctx.settings.second_assessment,
                )
        except InvalidInput as error:
            page_again = case_page(
                reference, error.fields, {**sent, "note": note}
            )
            return make_response(page_again, 422)
        flash(gettext("Your assessment is stored."), "good")
    return _back_to_case(reference)


@requires("case.assess")
def reopen(reference: str) -> ResponseReturnValue:
    ctx, why = site.current_context(), request.form.get("why", "")
    with flash_refusals(), site.writing() as session:
        case = service.by_reference(session, reference)
        service.reopen_case(
            session, ctx, case, signed_in(), why, now=utc_now()
        )
    return _back_to_case(reference)


@requires("match.decide")
def decide_match(reference: str, match_id: uuid.UUID) -> ResponseReturnValue:
    now, decision = utc_now(), request.form.get("decision", "")
    with flash_refusals(), site.writing() as session:
        case = service.by_reference(session, reference)
        match = case_findings.match_of(session, case, match_id)
        case_findings.decide_match(
            session, case, match, signed_in(), decision, now
        )
        appraise_case(session, site.current_context(), case, now)
    return _back_to_case(reference)


@requires("case.assess")
def set_facts(reference: str) -> ResponseReturnValue:
    now = utc_now()
    with flash_refusals(), site.writing() as session:
        case = service.by_reference(session, reference)
        case_findings.set_facts(
            session, case, _posted_facts(), signed_in(), now
        )
        appraise_case(session, site.current_context(), case, now)
    return _back_to_case(reference)


def _posted_facts() -> dict[str, Any]:
    """The form's ``victim.country`` and so on as the rules' nested facts; empty is unknown."""
    facts: dict[str, Any] = {}
    for name, raw in request.form.items():
        owner, _, key = name.partition(".")
        text = raw.strip()
        if owner not in case_findings.PERSONS_FACTS or not text:
            continue
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


@requires("personal.see")
def read_words(reference: str, report_id: uuid.UUID) -> ResponseReturnValue:
    """A POST, because looking is an act: it goes into the log, with the case it was done for."""
    with site.writing() as session:
        case = service.by_reference(session, reference)
        report = _report_of(session, case, report_id)
        opened = intake.open_texts(
            session,
            site.current_context(),
            report,
            actor=signed_in().actor,
            why=reference,
            now=utc_now(),
        )
        return render_template(
            "triage/words.html",
            case=case,
            report=report,
            opened=opened,
            home_zone=site.current_context().country.time_zone,
            words=words,
            messages=intake.status_of(
                session, site.current_context(), report
            ).messages,
        )


@requires("personal.see")
def ask_reporter(reference: str, report_id: uuid.UUID) -> ResponseReturnValue:
    """A question to somebody without a name, who reads it with the receipt."""
    text = request.form.get("text", "").strip()
    with flash_refusals(), site.writing() as session:
        case = service.by_reference(session, reference)
        report = _report_of(session, case, report_id)
        if not 1 <= len(text) <= service.LONGEST_NOTE:
            raise InvalidInput(
                gettext(
                    "Write 1 to %(num)s characters.", num=service.LONGEST_NOTE
                )
            )
        intake.ask_reporter(
            session,
            site.current_context(),
            report,
            text,
            actor=signed_in().actor,
            now=utc_now(),
        )
        flash(
            gettext("The reporter sees the question with the receipt."), "good"
        )
    return _back_to_case(reference)


def _report_of(session: Session, found: Case, report_id: uuid.UUID) -> Report:
    """A report about this case's item, with its parts; any other does not exist here."""
    report = session.scalar(
        select(Report)
        .join(ReportPart, ReportPart.report_id == Report.id)
        .join(Sighting, Sighting.part_id == ReportPart.id)
        .where(Report.id == report_id, Sighting.item_id == found.item_id)
        .options(selectinload(Report.parts))
        .limit(1)
    )
    if report is None:
        raise NotFound("There is no such report.")
    return report


def _back_to_case(reference: str) -> ResponseReturnValue:
    return redirect(url_for("triage.case", reference=reference), 303)


def reader_language() -> str:
    return str(get_locale()).partition("_")[0]
