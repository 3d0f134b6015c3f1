"""Gold items that an analyst answers before a next case, and what came of them for that person."""

from __future__ import annotations

import uuid

from flask import flash, make_response, redirect, render_template, url_for
from flask import request as asked
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from hotline.accounts.pages.views import flash_refusals
from hotline.accounts.signing_in.auth import own_act, requires, signed_in
from hotline.core.errors import InvalidInput
from hotline.core.web import site
from triage.cases.assessing.assessment import in_language, load_schema
from triage.cases.pages import words
from triage.cases.pages.case_views import answer_words
from triage.cases.quality import gold, judging


@requires("case.assess")
def show_check(check_id: uuid.UUID) -> ResponseReturnValue:
    return _check_page(check_id, {})


def _check_page(
    check_id: uuid.UUID, faults: dict[str, str]
) -> ResponseReturnValue:
    language = site.page_language()
    schema = load_schema(site.current_context().settings.data_dir)
    with site.reading() as session:
        check = gold.get_check(session, check_id, signed_in())
        if check.ended_at is not None:
            return redirect(url_for("triage.own_checks"))
        return render_template(
            "triage/gold_check.html",
            check=check,
            seen=judging.describe_evidence(session, check.review.case),
            questions=judging.decisive_questions(schema),
            said=lambda labels: in_language(labels, language),
            answer_words=answer_words(language),
            words=words,
            typed=asked.form,
            faults=faults,
        )


@requires("case.assess")
def answer_check(check_id: uuid.UUID) -> ResponseReturnValue:
    """Faulty answers come back with the page; what was answered stays."""
    with flash_refusals():
        try:
            with site.writing() as session:
                gold.answer_check(
                    own_act(session), check_id, signed_in(), asked.form
                )
        except InvalidInput as error:
            return make_response(_check_page(check_id, error.fields), 422)
        flash(gettext("Your answers are kept; here is what is right."), "good")
    return redirect(url_for("triage.own_checks"), 303)


@requires("case.assess")
def leave_check_out(check_id: uuid.UUID) -> ResponseReturnValue:
    with flash_refusals(), site.writing() as session:
        gold.leave_check_out(own_act(session), check_id, signed_in())
    return redirect(url_for("triage.next_case"), 307)


@requires("case.assess")
def own_checks() -> str:
    """What the person answered themself. No other page shows one person's answers."""
    schema = load_schema(site.current_context().settings.data_dir)
    with site.reading() as session:
        checks = gold.list_own_checks(session, signed_in())
        return render_template(
            "triage/gold_own.html",
            checks=checks,
            measured=gold.measure_own(checks, schema),
            answer_words=answer_words(site.page_language()),
        )
