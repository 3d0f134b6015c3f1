"""Who is behind a console request, and whether they may: the cookie and the one decorator."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import wraps
from typing import ParamSpec, TypeVar
from urllib.parse import urlsplit

from flask import redirect, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from hotline.accounts.models import Person
from hotline.accounts.permissions import (
    PERMISSIONS,
    SENSITIVE,
    role_allows,
)
from hotline.accounts.signing_in.standing import (
    COOKIE,
    DEVICE_COOKIE,
    Login,
    Standing,
    current_login,
)
from hotline.accounts.signing_in.step_up import require_fresh_proof
from hotline.core.act import Act
from hotline.core.context import utc_now
from hotline.core.errors import Forbidden, phrase
from hotline.core.web import site

COOKIE_PATH = "/console"
DEVICE_SECONDS = 365 * 86400
REFUSAL = "Your role does not allow this."

P = ParamSpec("P")
R = TypeVar("R")


def current_person() -> Person | None:
    """Who works in this browser; None while the second factor is missing too."""
    login = current_login()
    if login is None or login.standing is not Standing.WORKING:
        return None
    return login.person


def signed_in() -> Person:
    """The signed-in person; ``Forbidden`` if there is none. Detached: ``id``, names and role."""
    person = current_person()
    if person is None:
        raise _not_signed_in()
    return person


def signed_in_login() -> Login:
    """The browser's session, also before the second factor was shown; for the pages of it."""
    login = current_login()
    if login is None:
        raise _not_signed_in()
    return login


def _not_signed_in() -> Forbidden:
    return Forbidden(
        phrase("You are not signed in."),
        hint=phrase("Sign in and try again."),
    )


def act_of_login(session: Session) -> Act:
    """An act of whoever proved the password, on their own account."""
    return Act(
        session,
        site.current_context(),
        actor=signed_in_login().person.actor,
        now=utc_now(),
    )


def own_act(session: Session) -> Act:
    """An act of the signed-in person, now, in the transaction of a view."""
    return Act(
        session, site.current_context(), actor=signed_in().actor, now=utc_now()
    )


def may_current_person(permission: str) -> bool:
    """For templates: whether to offer something at all."""
    person = current_person()
    return person is not None and role_allows(person.role, permission)


def requires(
    permission: str,
    *,
    standing: Collection[Standing] = (Standing.WORKING,),
    is_sensitive: bool = False,
) -> Callable[[Callable[P, R]], Callable[P, R | Response]]:
    """Every console view carries this; a test walks the URL map and finds those that don't.

    ``standing``: how far the browser must have come; only the pages that lead on name another.
    What is sensitive asks for the second factor again, unless it was shown just now: all acts of a
    permission that is, and those of a view that says so itself.
    """
    # Decorators run at import: a misspelt permission stops the start, and not
    # a page.
    if permission not in PERMISSIONS:
        raise KeyError(permission)
    asks_again = is_sensitive or permission in SENSITIVE

    def decorate(view: Callable[P, R]) -> Callable[P, R | Response]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R | Response:
            login = current_login()
            if login is None or login.standing not in standing:
                return _send_elsewhere(login)
            if not role_allows(login.person.role, permission):
                raise Forbidden(REFUSAL)
            # A page only shows; the question comes with the act that follows
            # from it.
            if asks_again and request.method == site.ACT:
                question = require_fresh_proof(login)
                if question is not None:
                    return question
            return view(*args, **kwargs)

        guarded.__permission__ = permission  # type: ignore[attr-defined]
        return guarded

    return decorate


def _send_elsewhere(login: Login | None) -> Response:
    """To the page that has to be passed first; what was sent to another one is refused."""
    if request.method != "GET":
        raise _not_signed_in()
    places = {
        Standing.MUST_PROVE: "factors.prove",
        Standing.MUST_ENROL: "factors.show_account",
        Standing.WORKING: "accounts.home",
    }
    endpoint = places[login.standing] if login else "accounts.sign_in"
    wanted = request.full_path.rstrip("?")
    return redirect(url_for(endpoint, next=wanted))


def own_path(wanted: str) -> str | None:
    """``wanted`` if it is a page of this console: a sign-in page must not send people elsewhere."""
    parts = urlsplit(wanted)
    if (
        parts.scheme
        or parts.netloc
        # To a browser it is a slash, and two of them begin another host's
        # address.
        or "\\" in wanted
        or not wanted.isprintable()
    ):
        return None
    return (
        wanted
        # A browser takes dots out of a path, and may leave the console by
        # that.
        if wanted.startswith("/console/") and "/.." not in wanted
        else None
    )


def set_session_cookies(response: Response, token: str, mark: str) -> None:
    """Hand the session to the browser, and the mark of a device that was signed in once."""
    secure = bool(site.current_context().settings.secure_cookies)
    for name, value, age in (
        # Without an age it ends with the browser.
        (COOKIE, token, None),
        (DEVICE_COOKIE, mark, DEVICE_SECONDS),
    ):
        response.set_cookie(
            name,
            value,
            max_age=age,
            path=COOKIE_PATH,
            secure=secure,
            httponly=True,
            # No other site's page can have the browser bring it along.
            samesite="Strict",
        )


def clear_session_cookies(response: Response) -> None:
    # A browser drops a cookie only by the path with which it was set.
    response.delete_cookie(
        COOKIE, path=COOKIE_PATH, samesite="Strict", httponly=True
    )
