"""Signing in with the identity provider: there, back, and in. Nothing of it is served unless it is
set up.

The way back comes by a link from another site, with which a browser sends no cookie of a session.
It changes nothing; the page asks for one press of a button, and the form of that does.
"""

from __future__ import annotations

from urllib.parse import urlencode

from flask import (
    Blueprint,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask import session as browser
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from hotline.accounts.oidc.flow import Flow, Identity, begin_flow, finish_flow
from hotline.accounts.oidc.links import end_by_provider, sign_in_identity
from hotline.accounts.oidc.logout import read_logout
from hotline.accounts.oidc.provider import find_provider
from hotline.accounts.signing_in.auth import own_path, set_session_cookies
from hotline.accounts.signing_in.browsers import describe_browser
from hotline.accounts.signing_in.standing import DEVICE_COOKIE, session_limits
from hotline.core.act import Act
from hotline.core.context import utc_now
from hotline.core.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    phrase,
)
from hotline.core.storage import audit
from hotline.core.web import site

blueprint = Blueprint("oidc", __name__, url_prefix="/console/sign-in/provider")
FLOW, SIGNED_IN = "oidc_flow", "oidc_signed_in"


def _require_set_up() -> None:
    if not site.current_context().settings.oidc_issuer:
        raise NotFound(phrase("This page is not here."))


@blueprint.get("")
def leave() -> ResponseReturnValue:
    """To the provider, with what the browser has to bring back in its own cookie."""
    _require_set_up()
    settings = site.current_context().settings
    wanted = own_path(request.args.get("next", "")) or url_for("accounts.home")
    url, flow = begin_flow(
        settings, find_provider(settings), wanted=wanted, now=utc_now()
    )
    # Bound to this browser: an answer that another one brings is refused.
    browser[FLOW] = flow.to_json()
    return redirect(url)


@blueprint.get("/back")
def come_back() -> ResponseReturnValue:
    """What the provider sent along, in a form that has to be sent to count."""
    _require_set_up()
    if request.args.get("error") or not request.args.get("code"):
        flash(gettext("The identity provider signed nobody in."), "danger")
        return redirect(url_for("accounts.sign_in"))
    return render_template(
        "console/provider_back.html",
        sent={
            # Bounded, as whoever made the link chose what stands in it.
            name: request.args.get(name, "")[:2000]
            for name in ("state", "code", "iss")
        },
    )


@blueprint.post("/finish")
def finish() -> ResponseReturnValue:
    """In, where the identity is linked; else its code is shown, for an administrator to link."""
    _require_set_up()
    # Taken out, so that one beginning is finished once.
    flow = Flow.from_json(browser.pop(FLOW, None))
    identity = _identity_of(flow)
    with site.writing() as session:
        act = Act(session, site.current_context(), audit.PUBLIC, utc_now())
        token = sign_in_identity(
            act,
            identity,
            limits=session_limits(),
            browser=describe_browser(request.user_agent.string),
        )
    if token is None or flow is None:
        page = render_template(
            "console/provider_unknown.html", subject=identity.subject
        )
        return make_response(page, 403)
    browser.clear()  # a form token from before the sign-in is worth nothing after it
    browser[SIGNED_IN] = True
    response = redirect(own_path(flow.wanted) or url_for("accounts.home"), 303)
    set_session_cookies(
        response, token, request.cookies.get(DEVICE_COOKIE, "")
    )
    return response


def _identity_of(flow: Flow | None) -> Identity:
    settings = site.current_context().settings
    form = request.form
    return finish_flow(
        settings,
        find_provider(settings),
        flow,
        state=form.get("state", ""),
        code=form.get("code", ""),
        issuer=form.get("iss", ""),
        now=utc_now(),
    )


@blueprint.post("/logout")
def be_signed_out() -> ResponseReturnValue:
    """The provider's servers say that somebody is signed out there (back-channel logout). No
    cookie gives this power: the token that they sign does."""
    _require_set_up()
    settings, now = site.current_context().settings, utc_now()
    try:
        logout = read_logout(
            settings,
            find_provider(settings),
            request.form.get("logout_token", ""),
            now,
        )
        with site.writing() as session:
            act = Act(session, site.current_context(), audit.PUBLIC, now)
            end_by_provider(act, logout)
    except (Conflict, InvalidInput) as error:
        said = {"error": "invalid_request", "error_description": error.message}
        response = make_response(said, 400)
    else:
        # Also where nobody was signed in: it is as the provider wants it.
        response = make_response("", 200)
    response.headers["Cache-Control"] = "no-store"
    return response


site.csrf.exempt(be_signed_out)


@blueprint.get("/out")
def sign_out_there() -> ResponseReturnValue:
    """To the provider's own page of signing out, where it has one."""
    _require_set_up()
    settings = site.current_context().settings
    url = find_provider(settings).end_session_endpoint
    if not url:
        raise Forbidden(phrase("The identity provider has no such page."))
    back = f"{settings.console_url}{url_for('accounts.sign_in')}"
    asked = {
        "client_id": settings.oidc_client_id,
        "post_logout_redirect_uri": back,
    }
    return redirect(f"{url}{'&' if '?' in url else '?'}{urlencode(asked)}")
