"""The page for a break: a person's own time today, and a game of blocks that nobody counts."""

from __future__ import annotations

from datetime import timedelta

from flask import render_template
from flask.typing import ResponseReturnValue

from hotline.accounts.signing_in.auth import requires, signed_in
from hotline.core.context import utc_now
from hotline.core.web import site
from triage.cases.handling.exposure import load_exposure
from triage.cases.handling.time_spent import measure_own_day


@requires("case.claim")
def take_break() -> ResponseReturnValue:
    """Nothing is stored: not that somebody was here, nor what they did in the game."""
    context = site.current_context()
    with site.reading() as session:
        # Own times alone: how long others worked is shown to nobody.
        today = measure_own_day(session, context, signed_in(), utc_now())
    return render_template(
        "triage/break.html",
        today=today,
        exposure=load_exposure(context.settings.data_dir),
        whole_minutes=whole_minutes,
    )


def whole_minutes(time: timedelta) -> int:
    return int(time.total_seconds() // 60)
