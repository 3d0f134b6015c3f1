"""Who is behind a console request, and whether they may: the cookie and the one decorator."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar
from urllib.parse import urlsplit

from flask import current_app, g, redirect, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from hotline.accounts import logins
from hotline.accounts.models import Person
from hotline.accounts.permissions import PERMISSIONS, role_allows
from hotline.core.act import Act
from hotline.core.context import utc_now
from hotline.core.errors import Forbidden
from hotline.core.web import site

COOKIE = "hotline_session"
DEVICE_COOKIE = "hotline_device"
COOKIE_PATH = "/console"
DEVICE_SECONDS = 365 * 86400

P = ParamSpec("P")
R = TypeVar("R")


def current_person() -> Person | None:
    """The signed-in person, or None; asked of the database once a request."""
    if "person" not in g:
        token = request.cookies.get(COOKIE, "")
        g.person = _person_of(token) if token else None
    person: Person | None = g.person
    return person


def signed_in() -> Person:
    """The signed-in person; ``Forbidden`` if there is none. Detached: ``id``, names and role."""
    person = current_person()
    if person is None:
        raise Forbidden(
            "You are not signed in.", hint="Sign in and try again."
        )
    return person


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
) -> Callable[[Callable[P, R]], Callable[P, R | Response]]:
    """Every console view carries this; a test walks the URL map and finds those that don't."""
    if permission not in PERMISSIONS:
        raise KeyError(permission)

    def decorate(view: Callable[P, R]) -> Callable[P, R | Response]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R | Response:
            person = current_person()
            if person is None and request.method == "GET":
                return redirect(
                    url_for(
                        "accounts.sign_in", next=request.full_path.rstrip("?")
                    )
                )
            if not role_allows(signed_in().role, permission):
                raise Forbidden("Your role does not allow this.")
            return view(*args, **kwargs)

        guarded.__permission__ = permission  # type: ignore[attr-defined]
        return guarded

    return decorate


def watching(view: Callable[P, R]) -> Callable[P, R]:
    """Mark a view that an open page asks by itself: nobody sits there because it is asked, so it
    keeps no session alive."""
    view.__watching__ = True  # type: ignore[attr-defined]
    return view


def _is_watching() -> bool:
    view = current_app.view_functions.get(request.endpoint or "")
    while view is not None:
        if getattr(view, "__watching__", False):
            return True
        view = getattr(view, "__wrapped__", None)
    return False


def own_path(wanted: str) -> str | None:
    """``wanted`` if it is a page of this console: a sign-in page must not send people elsewhere."""
    parts = urlsplit(wanted)
    if (
        parts.scheme
        or parts.netloc
        or "\\" in wanted
        or not wanted.isprintable()
    ):
        return None
    return (
        wanted
        if wanted.startswith("/console/") and "/.." not in wanted
        else None
    )


def set_session_cookies(response: Response, token: str, mark: str) -> None:
    """Hand the session to the browser, and the mark of a device that was signed in once."""
    secure = bool(site.current_context().settings.secure_cookies)
    for name, value, age in (
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
            samesite="Strict",
        )


def clear_session_cookies(response: Response) -> None:
    response.delete_cookie(
        COOKIE, path=COOKIE_PATH, samesite="Strict", httponly=True
    )


def _person_of(token: str) -> Person | None:
    now = utc_now()
    with site.reading() as session:
        login = logins.find_session(session, token, now)
        if login is None:
            return None
        person, seen_at = login.person, login.seen_at
        session.expunge(person)
    if now - seen_at > logins.SEEN_EVERY and not _is_watching():
        with site.noting() as session:
            logins.note_use(session, token, now)
    return person
