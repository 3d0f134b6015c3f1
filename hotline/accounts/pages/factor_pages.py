"""One's own account: the second factor is set up, shown, renewed and taken away here.

No address names a person: whose factors they are is always the session's own.
"""

from __future__ import annotations

import uuid

from flask import (
    Blueprint,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from markupsafe import Markup
from sqlalchemy.orm import Session

from hotline.accounts.factors import enrolment, passkeys, recovery, totp
from hotline.accounts.models import LoginSession
from hotline.accounts.signing_in import sessions
from hotline.accounts.signing_in.auth import (
    act_of_login,
    own_path,
    requires,
    signed_in_login,
)
from hotline.accounts.signing_in.standing import (
    Standing,
    forget_login,
    session_limits,
)
from hotline.accounts.signing_in.step_up import (
    offers_passkeys,
    read_proof,
    take_proof,
    ways_of,
)
from hotline.core.context import utc_now
from hotline.core.errors import Forbidden, InvalidInput, TooMany, phrase
from hotline.core.web import site

blueprint = Blueprint("factors", __name__, url_prefix="/console/account")

# Whoever still has to prove a factor must not add another in its place.
MAY_ENROL = (Standing.WORKING, Standing.MUST_ENROL)
MAY_PROVE = (Standing.WORKING, Standing.MUST_PROVE)


@blueprint.get("")
@requires("console.use", standing=MAY_ENROL)
def show_account() -> ResponseReturnValue:
    """Second factors, recovery codes and sessions of whoever looks."""
    login, settings = signed_in_login(), site.current_context().settings
    with site.reading() as session:
        return render_template(
            "console/account.html",
            login=login,
            must_enrol=login.standing is Standing.MUST_ENROL,
            app=totp.find_confirmed(session, login.person.id),
            passkeys=passkeys.list_passkeys(session, login.person.id),
            codes_left=recovery.count_left(session, login.person.id),
            codes_mark=recovery.mark_of(session, login.person.id),
            needs_one=settings.require_second_factor,
            idle_minutes=settings.session_idle_minutes,
            sessions=sessions.list_sessions(
                session, login.person.id, utc_now(), limits=session_limits()
            ),
            offers_passkeys=offers_passkeys(),
        )


@blueprint.post("/app")
@requires("console.use", standing=MAY_ENROL, is_sensitive=True)
def begin_app() -> ResponseReturnValue:
    with site.writing() as session:
        totp.begin_enrolment(act_of_login(session), signed_in_login().person)
    return redirect(url_for("factors.show_app"), 303)


@blueprint.get("/app")
@requires("console.use", standing=MAY_ENROL)
def show_app() -> ResponseReturnValue:
    """The secret, until a first code of it was typed; never again after that."""
    page = _render_app()
    return page or redirect(url_for("factors.show_account"))


@blueprint.post("/app/confirm")
@requires("console.use", standing=MAY_ENROL, is_sensitive=True)
def confirm_app() -> ResponseReturnValue:
    with site.writing() as session:
        act, own = act_of_login(session), _own_session(session)
        replaces = enrolment.has_app(act, own)
        codes = enrolment.confirm_app(act, own, request.form.get("code", ""))
    if codes is None:
        page = _render_app(was_wrong=True)
        if page is None:
            return redirect(url_for("factors.show_account"), 303)
        return make_response(page, 422)
    said = (
        gettext("The app is set up anew; other sessions are ended.")
        if replaces
        else gettext("The app is set up.")
    )
    return _go_on(codes, said)


@blueprint.post("/app/remove")
@requires("console.use", is_sensitive=True)
def remove_app() -> ResponseReturnValue:
    with site.writing() as session:
        enrolment.remove_app(act_of_login(session), _own_session(session))
    forget_login()
    flash(gettext("The app is removed; other sessions are ended."), "good")
    return redirect(url_for("factors.show_account"), 303)


@blueprint.post("/passkeys/new")
@requires("console.use", standing=MAY_ENROL, is_sensitive=True)
def begin_passkey() -> ResponseReturnValue:
    """The page on which the browser is asked to make one; it changes nothing yet."""
    return render_template("console/passkey_new.html", was_wrong=False)


@blueprint.post("/passkeys/options")
@requires("console.use", standing=MAY_ENROL)
def passkey_options() -> ResponseReturnValue:
    """What the browser needs to make one; asked for by the page's script."""
    # The page's script asks, and could show no question in between.
    _require_fresh()
    with site.writing() as session:
        options = passkeys.ask_for_new(
            session,
            site.current_context(),
            _require_site(),
            _own_session(session),
        )
    return options, {"Content-Type": "application/json"}


@blueprint.post("/passkeys")
@requires("console.use", standing=MAY_ENROL)
def add_passkey() -> ResponseReturnValue:
    _require_fresh()
    with site.writing() as session:
        own = _own_session(session)
        is_sent_again = own.challenge is None
        codes = enrolment.add_passkey(
            act_of_login(session),
            _require_site(),
            own,
            answer=request.form.get("passkey", ""),
            name=request.form.get("name", ""),
        )
    # Whoever loads the page of the codes again has added it with the first time.
    if codes is None and is_sent_again:
        return redirect(url_for("factors.show_account"), 303)
    if codes is None:
        page = render_template("console/passkey_new.html", was_wrong=True)
        return make_response(page, 422)
    return _go_on(codes, gettext("The passkey is added."))


@blueprint.post("/passkeys/<uuid:passkey_id>/remove")
@requires("console.use", is_sensitive=True)
def remove_passkey(passkey_id: uuid.UUID) -> ResponseReturnValue:
    with site.writing() as session:
        enrolment.remove_passkey(
            act_of_login(session), _own_session(session), passkey_id
        )
    forget_login()
    flash(gettext("The passkey is removed; other sessions are ended."), "good")
    return redirect(url_for("factors.show_account"), 303)


@blueprint.post("/recovery-codes")
@requires("console.use", is_sensitive=True)
def renew_codes() -> ResponseReturnValue:
    """Once for each page that asks: whoever loads the codes again would void those on paper."""
    person = signed_in_login().person
    with site.writing() as session:
        asked_of = request.form.get("of")
        if asked_of in (None, recovery.mark_of(session, person.id)):
            codes = recovery.make_codes(act_of_login(session), person)
            return render_template("console/recovery_codes.html", codes=codes)
    words = gettext(
        "New codes were made already, and shown once. Make new ones if you do not have them."
    )
    flash(words, "warn")
    return redirect(url_for("factors.show_account"), 303)


@blueprint.route("/proof", methods=["GET", "POST"])
@requires("console.use", standing=MAY_PROVE)
def prove() -> ResponseReturnValue:
    """The second step of signing in."""
    wanted = own_path(request.values.get("next", "")) or url_for(
        "accounts.home"
    )
    if request.method != site.ACT:
        return _render_prove(wanted)
    try:
        if take_proof(signed_in_login()):
            return redirect(wanted, 303)
    except TooMany as wait:
        page = _render_prove(wanted, wait=wait.retry_after)
        answer = make_response(page, 429)
        answer.headers["Retry-After"] = str(wait.retry_after)
        return answer
    return make_response(
        _render_prove(wanted, was_wrong=read_proof().is_given), 422
    )


@blueprint.post("/challenge")
@requires("console.use", standing=MAY_PROVE)
def challenge() -> ResponseReturnValue:
    """What a passkey is to sign; asked for by the page's script."""
    with site.writing() as session:
        options = passkeys.ask_for_proof(
            session, _require_site(), _own_session(session)
        )
    return options, {"Content-Type": "application/json"}


def _render_prove(
    wanted: str, *, was_wrong: bool = False, wait: int = 0
) -> str:
    return render_template(
        "console/prove.html",
        wanted=wanted,
        was_wrong=was_wrong,
        wait=wait,
        ways=ways_of(signed_in_login()),
    )


def _render_app(*, was_wrong: bool = False) -> str | None:
    """The page of what is being set up; None where nothing is."""
    login, context = signed_in_login(), site.current_context()
    with site.reading() as session:
        begun = totp.find_begun(session, login.person.id, utc_now())
        if begun is None:
            return None
        secret = totp.open_secret(session, context, begun)
    drawing = totp.draw_code(context, login.person, secret)
    return render_template(
        "console/app.html",
        secret=secret,
        drawing=Markup(drawing),  # noqa: S704  # drawn by us, of a secret in base 32
        was_wrong=was_wrong,
    )


def _go_on(codes: list[str], said: str) -> ResponseReturnValue:
    """To the account's page; where the first factor was set up, by way of the recovery codes."""
    # What was proven with it counts at once, for this request as well.
    forget_login()
    if codes:
        return render_template("console/recovery_codes.html", codes=codes)
    flash(said, "good")
    return redirect(url_for("factors.show_account"), 303)


def _own_session(session: Session) -> LoginSession:
    return session.get_one(LoginSession, signed_in_login().session_id)


def _require_fresh() -> None:
    login = signed_in_login()
    minutes = site.current_context().settings.step_up_minutes
    if not login.is_fresh(utc_now(), minutes):
        raise Forbidden(phrase("Begin again: this took too long."))


def _require_site() -> passkeys.Site:
    passkey_site = passkeys.site_of(site.current_context().settings)
    if passkey_site is None:
        raise InvalidInput(
            phrase("Browsers know passkeys only over HTTPS and under a name.")
        )
    return passkey_site
