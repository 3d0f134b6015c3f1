"""One's own sessions are ended here: one of them, all others, or all."""

from __future__ import annotations

import uuid

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from hotline.accounts.pages.factor_pages import blueprint
from hotline.accounts.signing_in import sessions
from hotline.accounts.signing_in.auth import own_act, requires, signed_in_login
from hotline.core.web import site

__all__ = ["blueprint"]


@blueprint.post("/sessions/<uuid:session_id>/end")
@requires("console.use")
def end_session(session_id: uuid.UUID) -> ResponseReturnValue:
    with site.writing() as session:
        sessions.end_own_session(
            own_act(session), signed_in_login().person, session_id
        )
    flash(gettext("The session is ended."), "good")
    return redirect(url_for("factors.show_account"), 303)


@blueprint.post("/sessions/end")
@requires("console.use")
def end_sessions() -> ResponseReturnValue:
    login = signed_in_login()
    keeps_this = request.form.get("which") != "all"
    with site.writing() as session:
        sessions.end_other_sessions(
            own_act(session),
            login.person,
            but=login.session_id if keeps_this else None,
        )
    # Whoever ended all of them is signed out, and meets the page of signing
    # in.
    if keeps_this:
        flash(gettext("Your other sessions are ended."), "good")
    return redirect(url_for("factors.show_account"), 303)
