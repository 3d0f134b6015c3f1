"""What the pages of this package share: the reader's language, faults in words, times."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import wraps
from typing import ParamSpec, TypeVar
from zoneinfo import ZoneInfo

from flask import Response, flash, make_response, render_template, request
from flask_babel import force_locale, gettext
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.exceptions import HTTPException

from hotline.core.errors import Conflict, HotlineError, InvalidInput, TooMany
from hotline.core.language.folding import fold_letters
from hotline.core.language.languages import SOURCE
from hotline.core.web import site
from hotline.core.web.translations import spoken_language
from hotline.core.web.wording import name_office, worded_error
from partners.directory.kinds import PartnerKind
from partners.directory.models import Partner
from partners.letters.clock import Clock
from partners.replaced_links import LinkEnded
from partners.words import FAULTS

P = ParamSpec("P")
R = TypeVar("R")


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """The language that the letter was written in, unless the reader chose another one."""
    if request.args.get("lang") or request.cookies.get(site.LANGUAGE_COOKIE):
        yield
    else:
        # Flask-Babel writes a language with its script as "sr_Latn".
        with force_locale(language.replace("-", "_")):
            yield


def list_names_spoken_with(session: Session, words: str) -> list[str]:
    """Names of the directory that the page's language says with these words.

    Of hosts' desks there may be thousands, and they are called the same in every language.
    """
    if spoken_language() == SOURCE:
        return []
    wanted = fold_letters(words)
    offices = select(Partner.name).where(Partner.kind != PartnerKind.PROVIDER)
    return [
        name
        for name in session.scalars(offices.distinct())
        if wanted in fold_letters(name_office(name))
    ]


def faults_of(error: Exception | None) -> Mapping[str, str]:
    """Field -> what is wrong with it, in the reader's language; "" for a field that is right."""
    fields = error.fields if isinstance(error, InvalidInput) else {}
    faults = {
        pointer.removeprefix("/"): str(FAULTS.get(pointer) or gettext(reason))
        for pointer, reason in fields.items()
    }
    return defaultdict(str, faults)


def render_ended_link(error: LinkEnded) -> Response:
    """The page of a link that was ours and opens nothing any more: whom to ask, and no more."""
    page = render_template(
        "provider/ended.html",
        reference=error.reference,
        at=Clock.at_home(site.current_context()).show(error.at),
        contact=site.current_context().settings.contact_email,
    )
    return make_response(page, error.status)


def as_problem(view: Callable[P, R]) -> Callable[P, R | Response]:
    """For machine clients of these pages: errors as RFC 9457 problems."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R | Response:
        try:
            return view(*args, **kwargs)
        except HotlineError as error:
            fields = error.fields if isinstance(error, InvalidInput) else None
            answer = site.problem_response(
                error.status, error.title, str(error), fields=fields
            )
            if isinstance(error, TooMany):
                answer.headers["Retry-After"] = str(error.retry_after)
            return answer
        except HTTPException as error:
            return site.problem_response(
                error.code or 500, error.name, error.description or ""
            )

    return guarded


def local_time(text: str) -> datetime | None:
    """What a ``datetime-local`` field holds, as a time of the hotline's country; None if nothing
    usable was entered."""
    try:
        entered = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    zone = ZoneInfo(site.current_context().country.time_zone)
    return (
        entered if entered.tzinfo is not None else entered.replace(tzinfo=zone)
    )


_ENDS = (".", "!", "?")
"""Of a sentence, in each language of the console."""


@contextmanager
def faults_flashed() -> Iterator[None]:
    """What cannot be done is told on the page that one came from, with every field's fault."""
    try:
        yield
    except (Conflict, InvalidInput) as error:
        fields = (
            error.fields.values() if isinstance(error, InvalidInput) else ()
        )
        sentences = [worded_error(error)]
        sentences += [
            gettext(fault)
            for fault in fields
            # The hint is in the first sentence already, and "is missing"
            # says something beside its field alone.
            if fault != error.hint and fault.endswith(_ENDS)
        ]
        flash(" ".join(dict.fromkeys(sentences)), "danger")
