"""Acts that the database refused because another one was quicker are done once more.

Two people at once may make PostgreSQL end one of the two transactions: a deadlock, a failed
serialization, a row that exists already. Nothing of it is stored then. The view runs again, reads
what the other one did, and says so in its own words. This is the only place that does so.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Flask, request, session
from sqlalchemy.exc import DBAPIError, IntegrityError

from hotline.core.errors import Unavailable

TRIES = 4
# PostgreSQL's codes: serialization_failure, deadlock_detected, lock_not_available.
REFUSALS = frozenset({"40001", "40P01", "55P03"})
FORMS = frozenset(
    {"", "application/x-www-form-urlencoded", "multipart/form-data"}
)


def is_refusal(error: DBAPIError) -> bool:
    """Whether the same act may succeed, or be refused in words, if it is done once more."""
    # Two inserted the same row: on the second run the view finds it and says so.
    if isinstance(error, IntegrityError):
        return True
    return getattr(error.orig, "sqlstate", None) in REFUSALS


def retry_refused_acts(app: Flask) -> None:
    """Wrap every view of ``app``; to be called once all of them are registered."""
    for endpoint, view in app.view_functions.items():
        app.view_functions[endpoint] = _retry_refused(view)


def _retry_refused(view: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(view)
    def act(*args: Any, **values: Any) -> Any:
        # Whatever only reads holds no locks, and fails for other reasons.
        if request.method != "POST":
            return view(*args, **values)
        # A body that is read as it comes in can't be read twice.
        can_repeat = request.mimetype in FORMS
        before = dict(session) if can_repeat else {}
        tries = TRIES if can_repeat else 1
        for attempt in range(1, tries + 1):
            try:
                return view(*args, **values)
            except DBAPIError as error:
                if not is_refusal(error):
                    raise
                if attempt == tries:
                    raise Unavailable(
                        "Somebody else is changing the same thing right now.",
                        hint="Try again in a moment.",
                    ) from error
                # Nothing was stored, so nothing may be said about it.
                session.clear()
                session.update(before)
        raise AssertionError("unreachable")

    return act
