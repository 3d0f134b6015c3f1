"""The page behind the link of an invitation: whoever holds it chooses their own password."""

from __future__ import annotations

from flask import (
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from hotline.accounts.invitations import accept_invitation, find_open
from hotline.accounts.pages.views import blueprint
from hotline.core.act import Act
from hotline.core.context import utc_now
from hotline.core.errors import InvalidInput
from hotline.core.web import site

__all__ = ["blueprint"]


@blueprint.route("/invitation/<token>", methods=["GET", "POST"])
def accept(token: str) -> ResponseReturnValue:
    """Looking at the page uses nothing up: mail programs look at links too."""
    if request.method != site.ACT:
        return _render(token)
    try:
        _choose_password(token, request.form.get("new", ""))
    except InvalidInput as error:
        return make_response(_render(token, error.fields), 422)
    flash(gettext("Your password is set. Sign in with it."), "good")
    return redirect(url_for("accounts.sign_in"), 303)


def _choose_password(token: str, password: str) -> None:
    context, now = site.current_context(), utc_now()
    with site.writing() as session:
        invitation = find_open(session, context.keyring, token, now)
        # The link is the proof here, and so the log names whoever it was made
        # for.
        act = Act(session, context, invitation.person.actor, now)
        accept_invitation(act, invitation, password)


def _render(token: str, errors: dict[str, str] | None = None) -> str:
    context = site.current_context()
    with site.reading() as session:
        invitation = find_open(session, context.keyring, token, utc_now())
        return render_template(
            "console/invitation.html",
            token=token,
            person=invitation.person,
            errors=errors or {},
            needs_factor=context.settings.require_second_factor,
        )
