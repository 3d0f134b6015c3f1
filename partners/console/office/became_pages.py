"""The page "What became of it": for each person of their own cases, and for the team of all."""

from __future__ import annotations

from datetime import timedelta

from flask import render_template, request
from flask.typing import ResponseReturnValue

from hotline.accounts.signing_in.auth import (
    may_current_person,
    requires,
    signed_in,
)
from hotline.core.context import utc_now
from hotline.core.web import site
from partners import words
from partners.became import find_what_became
from triage.cases.handling.exposure import load_exposure
from triage.cases.handling.time_spent import measure_team
from triage.viewing.figures import count_views

PERIODS = (30, 90, 365)
USUAL = 90
LOAD_DAYS = 7


@requires("became.see")
def what_became() -> ResponseReturnValue:
    """Whoever answers for the team sees its load as sums, nobody's own."""
    days = request.args.get("days", type=int)
    days = days if days in PERIODS else USUAL
    now, context = utc_now(), site.current_context()
    since = now - timedelta(days=days)
    with site.reading() as session:
        load = views = None
        if may_current_person("load.see"):
            since_load = now - timedelta(days=LOAD_DAYS)
            load = measure_team(session, context, since_load, now)
            views = count_views(session, since_load, now)
        return render_template(
            "partners/became.html",
            own=find_what_became(session, since, signed_in()),
            team=find_what_became(session, since),
            load=load,
            views=views,
            load_days=LOAD_DAYS,
            exposure=load_exposure(context.settings.data_dir),
            days=days,
            periods=PERIODS,
            words=words,
        )
