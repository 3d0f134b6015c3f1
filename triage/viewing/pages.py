"""The page of the switch, and the way of one look: asked for, shown once, put away."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta

from flask import (
    Response,
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import LazyString, gettext, lazy_gettext

from hotline.accounts.approvals.service import find_question
from hotline.accounts.pages.views import flash_refusals
from hotline.accounts.permissions import Role
from hotline.accounts.signing_in.auth import (
    own_act,
    requires,
    signed_in,
    signed_in_login,
)
from hotline.core.context import utc_now
from hotline.core.errors import Conflict, InvalidInput, TooMany, phrase
from hotline.core.web import site
from triage.cases.handling.exposure import load_exposure
from triage.cases.handling.time_spent import measure_own_day, measure_team
from triage.cases.listing.queue import by_reference
from triage.viewing.figures import count_views
from triage.viewing.models import ViewingSwitch
from triage.viewing.process.client import fetch_picture, taking_place
from triage.viewing.process.question import PARTS, Problem
from triage.viewing.service import (
    Hindrance,
    Wanted,
    begin_viewing,
    end_viewing,
    note_shown,
    use_token,
)
from triage.viewing.switch import (
    SUBJECT,
    VIEWING_SWITCH,
    Agreement,
    ask_for_switch,
    find_switch,
    list_switches,
    switch_off,
)

HINDRANCES = "triage_viewing_hindrances"
DAYS = 30
_WAIT_SECONDS = 10

PROBLEMS: Mapping[str, LazyString] = {
    Problem.NOT_THERE: lazy_gettext("The file is not there any more."),
    Problem.CHANGED: lazy_gettext(
        "Another file lies there now than the one that was examined."
    ),
    Problem.NOT_SHOWABLE: lazy_gettext("The file cannot be decoded."),
    Problem.FAILED: lazy_gettext("The picture could not be made."),
}


@requires("viewing.see")
def show_viewing() -> ResponseReturnValue:
    return viewing_page()


def viewing_page(faults: Mapping[str, str] | None = None) -> str:
    """Whether it is on, by what and through whom; and how much was looked at."""
    now, context = utc_now(), site.current_context()
    since = now - timedelta(days=DAYS)
    with site.reading() as session:
        switch = find_switch(session)
        return render_template(
            "triage/viewing.html",
            switch=switch,
            switches=list_switches(session),
            waiting=find_question(session, VIEWING_SWITCH, SUBJECT, now),
            may_end=switch is not None and _may_end(switch),
            figures=count_views(session, since, now),
            team=measure_team(session, context, since, now),
            days=DAYS,
            exposure=load_exposure(context.settings.data_dir),
            today=now.date(),
            typed=request.form,
            faults=faults or {},
            problems=PROBLEMS,
        )


def _may_end(switch: ViewingSwitch) -> bool:
    me = signed_in()
    is_one_of_two = me.actor in (switch.asked_by, switch.granted_by)
    return is_one_of_two or me.role == Role.SUPERVISOR


@requires("viewing.switch", is_sensitive=True)
def ask_switch() -> ResponseReturnValue:
    """Another person agrees under Approvals."""
    typed = Agreement(
        request.form.get("agreed_on", ""),
        request.form.get("document", ""),
        request.form.get("authority", ""),
    )
    with flash_refusals():
        try:
            with site.writing() as session:
                why = request.form.get("why", "")
                ask_for_switch(own_act(session), typed, why)
        except InvalidInput as error:
            return make_response(viewing_page(error.fields), 422)
        flash(
            gettext("Asked. Another person must agree under Approvals."),
            "good",
        )
    return redirect(url_for("triage.show_viewing"), 303)


@requires("viewing.see")
def end_switch() -> ResponseReturnValue:
    """At once: no second person and no second factor is asked for."""
    with flash_refusals(), site.writing() as session:
        switch_off(own_act(session), signed_in())
        flash(gettext("Viewing is off."), "good")
    return redirect(url_for("triage.show_viewing"), 303)


@requires("viewing.look")
def ask_viewing(reference: str, media_id: uuid.UUID) -> ResponseReturnValue:
    """The page that shows it, with the token that works once; the page itself holds no picture."""
    wanted = Wanted(media_id, _read_part(), request.form.get("why", ""))
    with flash_refusals():
        with site.writing() as session:
            viewing, token = begin_viewing(
                own_act(session),
                signed_in_login(),
                by_reference(session, reference),
                wanted,
                _list_hindrances(),
            )
            viewing_id = viewing.id
        return _show_frame(reference, viewing_id, token)
    return redirect(url_for("triage.case", reference=reference), 303)


def _list_hindrances() -> Sequence[Hindrance]:
    # What stands above this layer, such as a hold of the police, hands them
    # in.
    hindrances: Sequence[Hindrance] = current_app.extensions[HINDRANCES]
    return hindrances


def _show_frame(
    reference: str, viewing_id: uuid.UUID, token: str
) -> ResponseReturnValue:
    context = site.current_context()
    with site.reading() as session:
        today = measure_own_day(session, context, signed_in(), utc_now())
    return render_template(
        "triage/viewing_once.html",
        reference=reference,
        viewing_id=viewing_id,
        token=token,
        exposure=load_exposure(context.settings.data_dir),
        today=today,
    )


@requires("viewing.look")
def show_picture(viewing_id: uuid.UUID) -> ResponseReturnValue:
    """The picture, once: from the sandboxed process through this one's memory to the browser."""
    # Before the token is used: whoever finds no place can try again with it.
    with taking_place() as is_taken:
        if not is_taken:
            raise TooMany(
                phrase("Others are looking at this moment. Try again soon."),
                retry_after=_WAIT_SECONDS,
            )
        with site.writing() as session:
            question = use_token(
                own_act(session),
                signed_in_login(),
                viewing_id,
                request.form.get("token", ""),
                _list_hindrances(),
            )
        # No transaction is open while the host is asked.
        shown = fetch_picture(question)
    with site.writing() as session:
        # Before it is handed out: a look that is not in the log is none.
        note_shown(own_act(session), viewing_id, shown.problem)
    if shown.problem is not None:
        raise Conflict(str(PROBLEMS[shown.problem]))
    return _hand_out(shown.picture)


def _hand_out(picture: bytes) -> Response:
    """Nobody on the way may keep it: no cache, no buffer on a proxy's disk, no other page."""
    answer = Response(picture, mimetype="image/jpeg")
    answer.headers["Cache-Control"] = "no-store, private"
    answer.headers["X-Accel-Buffering"] = "no"
    answer.headers["Content-Disposition"] = "inline"
    return answer


@requires("viewing.see")
def end_picture(viewing_id: uuid.UUID) -> ResponseReturnValue:
    """The page says that it put the picture away."""
    with site.writing() as session:
        end_viewing(own_act(session), signed_in_login(), viewing_id)
    # The page may be closing: nobody reads an answer.
    return Response(status=204)


def _read_part() -> int | None:
    """The region to show without blur; what is no number is none of the nine."""
    text = request.form.get("part", "")
    if not text:
        return None
    return int(text) if text.isdecimal() and len(text) == 1 else PARTS + 1
