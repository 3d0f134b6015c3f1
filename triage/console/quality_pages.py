"""The quality reviewer's pages: decisions to judge, and what the judgements measure."""

from __future__ import annotations

import uuid

from flask import (
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext

from hotline.accounts.pages.views import flash_refusals
from hotline.accounts.signing_in.auth import own_act, requires, signed_in
from hotline.core.context import utc_now
from hotline.core.errors import InvalidInput
from hotline.core.web import site
from triage.cases.assessing.assessment import in_language, load_schema
from triage.cases.pages import words
from triage.cases.pages.case_views import answer_words
from triage.cases.quality import gold, judging
from triage.cases.quality.models import DrawnFor
from triage.cases.quality.people_agree import compare_people

WHY_DRAWN = {
    DrawnFor.ALONE: lazy_gettext("one person decided alone"),
    DrawnFor.MACHINE: lazy_gettext("lists proposed a class"),
}


@requires("sample.see")
def quality() -> str:
    """What waits for a judgement, what was judged, and the figures."""
    return _quality_page({}, None)


def _quality_page(faults: dict[str, str], faulty: uuid.UUID | None) -> str:
    language = site.page_language()
    schema = load_schema(site.current_context().settings.data_dir)
    with site.reading() as session:
        waiting = judging.list_open(session)
        return render_template(
            "triage/quality.html",
            waiting=waiting,
            evidence={
                review.id: judging.describe_evidence(session, review.case)
                for review in waiting
            },
            judged=judging.list_judged(session),
            measured=judging.measure_decisions(session, schema),
            house=gold.measure_house(session, schema),
            compared=compare_people(session, schema, utc_now()),
            questions=judging.decisive_questions(schema),
            said=lambda labels: in_language(labels, language),
            answer_words=answer_words(language),
            why_drawn=WHY_DRAWN,
            words=words,
            # Only where the form comes back: elsewhere there is none.
            typed=request.form if faulty else {},
            faults=faults,
            faulty=faulty,
        )


@requires("sample.see")
def judge(review_id: uuid.UUID) -> ResponseReturnValue:
    """Faulty answers come back with the page; what was answered stays."""
    with flash_refusals():
        try:
            with site.writing() as session:
                judging.judge(
                    own_act(session),
                    review_id,
                    signed_in(),
                    request.form,
                    is_gold=request.form.get("gold") == "yes",
                )
        except InvalidInput as error:
            page = _quality_page(error.fields, review_id)
            return make_response(page, 422)
        flash(gettext("Your judgement is stored."), "good")
    return redirect(url_for("triage.quality"), 303)
