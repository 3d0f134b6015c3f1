"""What people do with a case for each other: hand it over with a word, tag it."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from hotline.accounts.pages.views import flash_refusals
from hotline.accounts.signing_in.auth import own_act, requires, signed_in
from hotline.core.errors import InvalidInput, phrase
from hotline.core.web import site
from triage.cases.handling import steps
from triage.cases.handling.hand_over import find_colleague, hand_case_over
from triage.cases.handling.tags import add_tag, remove_tag
from triage.cases.listing.queue import by_reference
from triage.cases.pages.case_views import back_to_case


@requires("case.claim")
def hand_over(reference: str) -> ResponseReturnValue:
    """Back to the queue where it went well: the case is somebody else's now."""
    to = request.form.get("to", "")
    with flash_refusals():
        with site.writing() as session:
            hand_case_over(
                own_act(session),
                by_reference(session, reference),
                signed_in(),
                request.form.get("words", ""),
                find_colleague(session, to) if to else None,
            )
        flash(
            gettext(
                "%(case)s is handed over. Until somebody goes on with it, its page takes it back.",
                case=reference,
            ),
            "good",
        )
        return redirect(url_for("triage.queue"), 303)
    return back_to_case(reference)


@requires("case.claim")
def tag(reference: str) -> ResponseReturnValue:
    with flash_refusals(), site.writing() as session:
        add_tag(
            own_act(session),
            by_reference(session, reference),
            request.form.get("tag", ""),
            _read_end(request.form.get("until", "")),
        )
    return back_to_case(reference)


@requires("case.claim")
def untag(reference: str) -> ResponseReturnValue:
    # Nothing to refuse: a tag that is not there is gone already.
    with site.writing() as session:
        remove_tag(
            own_act(session),
            by_reference(session, reference),
            request.form.get("tag", ""),
        )
    return back_to_case(reference)


@requires("case.claim")
def tick_step(reference: str) -> ResponseReturnValue:
    with flash_refusals(), site.writing() as session:
        case = by_reference(session, reference)
        steps.tick_step(own_act(session), case, request.form.get("step", ""))
    return back_to_case(reference)


@requires("case.claim")
def untick_step(reference: str) -> ResponseReturnValue:
    with site.writing() as session:
        case = by_reference(session, reference)
        steps.untick_step(own_act(session), case, request.form.get("step", ""))
    return back_to_case(reference)


def _read_end(text: str) -> datetime | None:
    """The end of a day of this country; None where none was named."""
    if not text:
        return None
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007  # a date has no zone
    except ValueError:
        raise InvalidInput(
            phrase("This is no date."), fields={"/until": "unreadable"}
        ) from None
    zone = ZoneInfo(site.current_context().country.time_zone)
    # Whoever says "until Friday" means all of Friday.
    return datetime.combine(day, time(23, 59, 59), zone)
