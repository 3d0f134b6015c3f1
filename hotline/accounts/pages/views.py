"""The console's own pages: start, sign-in, sign-out and the own password."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime

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
from flask_babel import (
    format_date,
    format_datetime,
    format_decimal,
    format_timedelta,
    gettext,
    lazy_gettext,
    to_user_timezone,
)

from hotline.accounts import service
from hotline.accounts.approvals.models import Approval, ApprovalState
from hotline.accounts.navigation import (
    offered_bar,
    offered_box,
    offered_entries,
)
from hotline.accounts.pages import key_pages
from hotline.accounts.permissions import Role
from hotline.accounts.shortcuts import (
    Group,
    Shortcut,
    key_attributes,
    key_cap,
    own_keys,
    register_shortcuts,
)
from hotline.accounts.signing_in import logins, sessions, throttle
from hotline.accounts.signing_in.auth import (
    clear_session_cookies,
    current_person,
    may_current_person,
    own_act,
    own_path,
    requires,
    set_session_cookies,
    signed_in,
)
from hotline.accounts.signing_in.browsers import describe_browser
from hotline.accounts.signing_in.past_delay import begin_past_delay
from hotline.accounts.signing_in.standing import (
    COOKIE,
    DEVICE_COOKIE,
    Standing,
    current_login,
    session_limits,
)
from hotline.accounts.staff.actors import name_actor
from hotline.core.act import Act
from hotline.core.context import utc_now
from hotline.core.errors import (
    Conflict,
    InvalidInput,
    TooMany,
    phrase,
)
from hotline.core.storage import audit
from hotline.core.web import site
from hotline.core.web.wording import name_office, name_source, worded_error

blueprint = Blueprint("accounts", __name__, url_prefix="/console")

blueprint.add_url_rule("/keys", "own_keys", key_pages.show_keys)
blueprint.add_url_rule(
    "/keys", "set_keys", key_pages.set_keys, methods=["POST"]
)
register_shortcuts(
    blueprint,
    Shortcut(
        "search", Group.EVERYWHERE, "Slash", lazy_gettext("Find anything")
    ),
    Shortcut(
        "hints",
        Group.EVERYWHERE,
        "KeyE",
        lazy_gettext("Show a letter on every button and link"),
    ),
)

ROLE_NAMES = {
    Role.OPERATOR: lazy_gettext("operator"),
    Role.ANALYST: lazy_gettext("analyst"),
    Role.SENIOR: lazy_gettext("senior analyst"),
    Role.SUPERVISOR: lazy_gettext("supervisor"),
    Role.ADMINISTRATOR: lazy_gettext("administrator"),
    Role.AUDITOR: lazy_gettext("auditor"),
    Role.LIAISON: lazy_gettext("police liaison"),
    Role.REVIEWER: lazy_gettext("quality reviewer"),
}


@blueprint.app_context_processor
def _console_variables() -> dict[str, object]:
    return {
        "can": may_current_person,
        "has_login": lambda: current_login() is not None,
        "me": current_person,
        "navigation": offered_bar,
        "box": offered_box,
        "key": key_attributes,
        "cap": key_cap,
        "keys_now": own_keys,
        "role_names": ROLE_NAMES,
        "same_page": _same_page,
        "provider_name": _provider_name(),
    }


blueprint.add_app_template_filter(name_actor, "actor")
blueprint.add_app_template_filter(name_office, "office")
blueprint.add_app_template_filter(name_source, "source")


def _provider_name() -> str:
    """Of the identity provider that one may sign in with; "" where there is none."""
    settings = site.current_context().settings
    return settings.oidc_name if settings.oidc_issuer else ""


@blueprint.app_template_filter("date")
def say_day(value: date | str) -> str:
    """A day by itself, as the day of a moment; also as JSON has it."""
    day = date.fromisoformat(value) if isinstance(value, str) else value
    return str(format_date(day, "dd.MM.yyyy"))


@blueprint.app_template_filter("tenths")
def _tenths(value: float) -> str:
    """With one digit behind the point, or the comma of the reader's language."""
    return str(format_decimal(value, format="#,##0.0"))


@blueprint.app_template_filter("moment")
def say_moment(value: datetime) -> str:
    """Date and time in the office's zone, always with the zone's name."""
    # By the zone's own name: not every language has one for it in its data.
    zone = to_user_timezone(value).tzname()
    return f"{format_datetime(value, 'dd.MM.yyyy HH:mm')} {zone}"


@blueprint.app_template_filter("clock")
def _clock(value: datetime) -> str:
    """The time alone, to the second: of what happens within minutes."""
    zone = to_user_timezone(value).tzname()
    return f"{format_datetime(value, 'HH:mm:ss')} {zone}"


@blueprint.app_template_filter("ago")
def _ago(value: datetime) -> str:
    return str(
        format_timedelta(
            value - utc_now(), add_direction=True, granularity="minute"
        )
    )


def _same_page(**changes: str) -> str:
    """This page's address with other query parameters; an empty value drops one."""
    rule = request.url_rule
    # The answer to a form has an address that cannot be opened by a link.
    if rule is None or "GET" not in (rule.methods or ()):
        return url_for("accounts.home", lang=changes.get("lang"))
    query = {**request.args.to_dict(), **changes}
    kept = {name: value for name, value in query.items() if value}
    return url_for(rule.endpoint, **{**kept, **(request.view_args or {})})


@contextmanager
def flash_conflicts() -> Iterator[None]:
    """What can't be done now is said on the page; faulty input is the caller's matter."""
    try:
        yield
    except Conflict as error:
        flash(worded_error(error), "danger")


@contextmanager
def flash_refusals() -> Iterator[None]:
    """What can't be done is said on the page that one came from, not on an error page."""
    try:
        yield
    except (Conflict, InvalidInput) as error:
        flash(worded_error(error), "danger")


def flash_asked(asked: Approval, granted: str) -> None:
    """That another person must agree; ``granted`` where one person was enough."""
    flash(
        gettext("Asked. Another person must agree under Approvals.")
        if asked.state == ApprovalState.ASKED
        else granted,
        "good",
    )


@blueprint.get("/")
@requires("console.use")
def home() -> ResponseReturnValue:
    """The first page that the person may open; who has none finds a case by its reference."""
    entries = offered_entries()
    if entries:
        return redirect(url_for(entries[0].endpoint))
    return render_template("console/home.html")


@blueprint.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> ResponseReturnValue:
    """One answer for unknown names, wrong passwords and disabled people."""
    wanted = own_path(request.values.get("next", "")) or url_for(
        "accounts.home"
    )
    if request.method != site.ACT:
        return _render_sign_in(wanted)
    username = request.form.get("username", "")
    try:
        token = _check_password(username, request.form.get("password", ""))
    except TooMany as wait:
        page = _render_sign_in(wanted, username, wait=wait.retry_after)
        answer = make_response(page, 429)
        answer.headers["Retry-After"] = str(wait.retry_after)
        return answer
    if token is None:
        return make_response(
            _render_sign_in(wanted, username, failed=True), 401
        )
    browser.clear()  # a form token from before the sign-in is worth nothing after it
    response = redirect(wanted, 303)
    set_session_cookies(response, token, _device_mark(username))
    return response


def _render_sign_in(
    wanted: str, username: str = "", *, failed: bool = False, wait: int = 0
) -> str:
    return render_template(
        "console/sign_in.html",
        wanted=wanted,
        username=username[:60],
        failed=failed,
        wait=wait,
        left_provider=request.args.get("left") == "provider",
        # Whoever signs out gives the cookie back; that it is still there says how it ended.
        has_ended=COOKIE in request.cookies and current_login() is None,
    )


def _check_password(username: str, password: str) -> str | None:
    """The token of a new session, or None. No transaction is open while the password is checked."""
    now = utc_now()
    attempt = _begin_attempt(username, now)
    proven = password if logins.is_proven(attempt, password) else None
    with site.writing() as session:
        return logins.settle_attempt(
            session,
            attempt,
            proven,
            now,
            limits=session_limits(),
            browser=describe_browser(request.user_agent.string),
        )


def _begin_attempt(username: str, now: datetime) -> logins.Attempt:
    """While the name's delay runs, a code of the second factor is the way through."""
    context = site.current_context()
    mark = request.cookies.get(DEVICE_COOKIE, "")
    code = request.form.get("code", "")
    try:
        with site.reading() as session:
            return logins.begin_attempt(
                session, context, username, now, mark=mark
            )
    except TooMany as error:
        if not code.strip():
            raise
        waiting = error
    # A writing one: the code is used up, and a wrong one is counted.
    with site.writing() as session:
        act = Act(session, context, actor=audit.PUBLIC, now=now)
        attempt = begin_past_delay(act, username, code, mark=mark)
    # As if no code had come: a wrong one must say nothing to a stranger.
    if attempt is None:
        raise waiting
    return attempt


def _device_mark(username: str) -> str:
    """The browser's device mark: the one that it has, if it is this person's."""
    keyring = site.current_context().keyring
    username = username.strip().lower()
    mark = request.cookies.get(DEVICE_COOKIE, "")
    # Another person may have signed in with this browser, and has a mark of
    # their own.
    if throttle.is_marked(keyring, username, mark):
        return mark
    return throttle.new_mark(keyring, username)


@blueprint.post("/sign-out")
@requires("console.use", standing=list(Standing))
def sign_out() -> ResponseReturnValue:
    with site.writing() as session:
        sessions.sign_out(session, request.cookies.get(COOKIE, ""), utc_now())
    # Read before the cookie is cleared: it says whether to offer the
    # provider's page too.
    by_provider = browser.get("oidc_signed_in")
    browser.clear()
    left = "provider" if by_provider else None
    response = redirect(url_for("accounts.sign_in", left=left), 303)
    clear_session_cookies(response)
    return response


@blueprint.route("/password", methods=["GET", "POST"])
@requires("console.use")
def own_password() -> ResponseReturnValue:
    if request.method != site.ACT:
        return render_template("console/password.html", errors={})
    try:
        _change_password(
            request.form.get("old", ""), request.form.get("new", "")
        )
    except InvalidInput as error:
        return make_response(
            render_template("console/password.html", errors=error.fields), 422
        )
    flash(
        gettext("Your password is changed; your other sessions are ended."),
        "good",
    )
    return redirect(url_for("accounts.home"), 303)


def _change_password(old: str, new: str) -> None:
    """Guessing the old one is slowed down and noted like guessing at the sign-in."""
    context = site.current_context()
    person = signed_in()
    now = utc_now()
    with site.reading() as session:
        attempt = logins.begin_attempt(session, context, person.username, now)
    if not logins.is_proven(attempt, old):
        with site.writing() as session:
            logins.settle_attempt(session, attempt, None, now)
        raise InvalidInput(
            phrase("The password is wrong."),
            fields={"/old": gettext("is wrong")},
        )
    own_token = request.cookies.get(COOKIE, "")
    with site.writing() as session:
        service.change_password(
            own_act(session), person.id, new, keep=own_token
        )
