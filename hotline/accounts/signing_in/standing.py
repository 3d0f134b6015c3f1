"""How far a signed-in browser has come: it works, or it has to prove or set up a second factor.

Only a browser that has come all the way is somebody to the rest of the console: whatever asks for
the signed-in person sees nobody before. The few pages that lead there ask for the login instead.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ParamSpec, TypeVar

from flask import current_app, g, request

from hotline.accounts.factors.proof import has_factor, is_recent
from hotline.accounts.models import LoginSession, Person
from hotline.accounts.signing_in import sessions
from hotline.accounts.signing_in.sessions import Limits
from hotline.core.context import utc_now
from hotline.core.web import site

P = ParamSpec("P")
R = TypeVar("R")

COOKIE = "hotline_session"
DEVICE_COOKIE = "hotline_device"


class Standing(StrEnum):
    """What a session may be used for."""

    WORKING = "working"
    """Everything that the role allows."""
    MUST_PROVE = "must_prove"
    """The password was right; the second factor was not shown yet."""
    MUST_ENROL = "must_enrol"
    """The person has no second factor and may do nothing but set one up."""


@dataclass(frozen=True, slots=True)
class Login:
    """The browser behind a request. ``person`` is detached: ``id``, names and role."""

    session_id: uuid.UUID
    person: Person
    standing: Standing
    has_factor: bool
    proven_at: datetime | None

    def is_fresh(self, now: datetime, minutes: int) -> bool:
        """Whether a sensitive act needs no further proof.

        Without any factor there is nothing to ask for; that is so only where the operator's
        settings let people work without.
        """
        return not self.has_factor or is_recent(self.proven_at, now, minutes)


def current_login() -> Login | None:
    """The live session behind the request, however far it has come; asked for once a request."""
    if "login" not in g:
        token = request.cookies.get(COOKIE, "")
        g.login = _login_of(token) if token else None
    login: Login | None = g.login
    return login


def forget_login() -> None:
    """Have the session read again: what was proven just now counts at once."""
    g.pop("login", None)


def watching(view: Callable[P, R]) -> Callable[P, R]:
    """Mark a view that an open page asks by itself: nobody sits there because it is asked, so it
    keeps no session alive."""
    view.__watching__ = True  # type: ignore[attr-defined]
    return view


def _is_watching() -> bool:
    view = current_app.view_functions.get(request.endpoint or "")
    # Other decorators may stand above the mark, each wrapping the one below.
    while view is not None:
        if getattr(view, "__watching__", False):
            return True
        view = getattr(view, "__wrapped__", None)
    return False


def session_limits() -> Limits:
    return Limits.from_settings(site.current_context().settings)


def _login_of(token: str) -> Login | None:
    now, limits = utc_now(), session_limits()
    with site.reading() as session:
        row = sessions.find_session(session, token, now, limits=limits)
        if row is None:
            return None
        # A proof is kept with the session only, and ends when the factor is taken away.
        has_one = row.proven_at is not None or has_factor(
            session, row.person_id
        )
        login, seen_at = _describe(row, has_one), row.seen_at
        # Detached, so that it is still there after the transaction.
        session.expunge(row.person)
    if now - seen_at > sessions.SEEN_EVERY and not _is_watching():
        with site.noting() as session:
            sessions.note_use(session, token, now, limits=limits)
    return login


def _describe(row: LoginSession, has_one: bool) -> Login:
    if row.proven_at is not None:
        standing = Standing.WORKING
    elif has_one:
        standing = Standing.MUST_PROVE
    elif site.current_context().settings.require_second_factor:
        standing = Standing.MUST_ENROL
    else:
        standing = Standing.WORKING
    return Login(row.id, row.person, standing, has_one, row.proven_at)
