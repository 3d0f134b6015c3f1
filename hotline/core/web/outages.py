"""The database is away, full, locked or read-only: that is no fault of the request, and it passes.

Whoever sent something is told so with 503 and when to come back, and gets back what was typed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

from flask import Request
from sqlalchemy.exc import (
    DatabaseError,
    DataError,
    IntegrityError,
    InterfaceError,
    NotSupportedError,
    ProgrammingError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.datastructures import Headers

from hotline.core.errors import HotlineError, Unavailable

SECRET_FIELDS = frozenset({"password", "old", "new"})
"""A form with one is not offered again: a page with a password in it may be left open."""
_OF_THE_MOMENT = frozenset({"csrf_token", "proof_code", "proof_passkey"})
_OUTAGE = 503
_REFUSALS = frozenset({400, 403, 404, 409, 422, 500})
_LONGEST_CHOICE = 20
_FORM = "application/x-www-form-urlencoded"
_MISTAKES = (DataError, IntegrityError, NotSupportedError, ProgrammingError)


def is_outage(error: BaseException) -> bool:
    """Whether the same request may succeed later; a mistake of anybody never does."""
    # Our own errors say by their class whether they pass.
    if isinstance(error, HotlineError):
        return isinstance(error, Unavailable)
    # They are errors of the database's class too, and so looked at first.
    if isinstance(error, _MISTAKES):
        return False
    return isinstance(error, DatabaseError | InterfaceError | PoolTimeout)


def is_unusable_value(error: BaseException) -> bool:
    """Whether a value that came in is none that a column can hold: a number too large, a zero byte.

    Pages of lists compare with what stands in their address, without asking how large it is.
    """
    return isinstance(error, DataError | OverflowError)


@contextmanager
def tolerated() -> Iterator[None]:
    """Go on without what the database could not do just now."""
    try:
        yield
    except SQLAlchemyError as error:
        if not is_outage(error):
            raise


def say_when(headers: Headers, error: BaseException) -> None:
    """When to come back, unless that is said already."""
    seconds = getattr(error, "retry_after", Unavailable.retry_after)
    headers.setdefault("Retry-After", str(seconds))


def typed_fields(request: Request, status: int) -> Mapping[str, list[str]]:
    """What a plain form held, to be shown again; nothing of a form with a password.

    After an outage all of it, to be sent again. Where it was refused, as after the end of a
    session, the words alone, to be copied: what another site may have filled in is never offered
    to be sent.
    """
    # The body of what was too large is not read once more.
    if status not in (_OUTAGE, *_REFUSALS):
        return MappingProxyType({})
    if request.method != "POST" or request.mimetype != _FORM:
        return MappingProxyType({})
    if SECRET_FIELDS & request.form.keys():
        return MappingProxyType({})
    kept = {
        name: values
        for name, values in request.form.lists()
        # The page that shows the form again brings a new one; a proof is of its moment.
        if name not in _OF_THE_MOMENT
    }
    if status == _OUTAGE:
        return kept
    words = {name: list(filter(_is_written, kept[name])) for name in kept}
    return {name: values for name, values in words.items() if values}


def _is_written(value: str) -> bool:
    """Whether somebody wrote it: a choice is short, and what a page hides has no spaces."""
    return len(value) > _LONGEST_CHOICE and len(value.split()) > 1
