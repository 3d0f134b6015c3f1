"""The page of the quality reviewer: a week's sample of decisions, without anybody's name."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue

from hotline.accounts.signing_in.auth import requires, signed_in
from hotline.core.context import utc_now
from hotline.core.storage import audit
from hotline.core.web import site
from triage.cases.assessing.assessment import load_schema
from triage.cases.assessing.sample import SIZE, draw_sample, last_week
from triage.cases.pages import words
from triage.cases.pages.case_views import answer_words


@requires("sample.see")
def sample() -> ResponseReturnValue:
    """What was decided is looked at, and that it was is noted."""
    now = utc_now()
    monday = last_week(now.date())
    schema = load_schema(site.current_context().settings.data_dir)
    # A read that is written down, or it is not shown.
    with site.noting() as session:
        audit.record_entry(
            session,
            actor=signed_in().actor,
            action="sample.seen",
            entity="sample",
            entity_id=monday.isoformat(),
            now=now,
        )
        return render_template(
            "triage/sample.html",
            monday=monday,
            size=SIZE,
            cases=draw_sample(session, schema, monday),
            kinds=words.KINDS,
            answer_words=answer_words(site.page_language()),
        )
