"""Notes on a case, and the page on which a person finds those that name them."""

from __future__ import annotations

import uuid

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from hotline.accounts.pages.views import flash_refusals
from hotline.accounts.signing_in.auth import own_act, requires, signed_in
from hotline.core.web import site
from triage.cases.assessing.untouched import read_past
from triage.cases.handling import notes
from triage.cases.listing.queue import by_reference
from triage.cases.pages.page_content import SHOWN_NOTES


@requires("case.claim")
def add_note(reference: str) -> ResponseReturnValue:
    with flash_refusals(), site.writing() as session:
        named = notes.add_note(
            own_act(session),
            by_reference(session, reference),
            signed_in(),
            request.form.get("words", ""),
        )
        names = ", ".join(person.display_name for person in named)
        flash(
            gettext("The note is stored; %(names)s will see it.", names=names)
            if names
            else gettext("The note is stored; it names nobody."),
            "good",
        )
    return _back_to_notes(reference)


@requires("case.claim")
def take_note_back(reference: str, note_id: uuid.UUID) -> ResponseReturnValue:
    with flash_refusals(), site.writing() as session:
        notes.take_note_back(
            own_act(session),
            by_reference(session, reference),
            signed_in(),
            note_id,
        )
        flash(gettext("The note is taken back."), "good")
    return _back_to_notes(reference)


@requires("case.claim")
def mentions() -> str:
    """Where the person is named; what was not opened yet comes first."""
    with site.reading() as session:
        return render_template(
            "triage/mentions.html",
            mentions=notes.list_mentions(session, signed_in()),
        )


@requires("case.claim")
def open_mention(mention_id: uuid.UUID) -> ResponseReturnValue:
    """To the note in its case, however many came after it; the mention waits no more."""
    # A link and no form, and yet it writes: that it was opened is all.
    with site.writing() as session:
        me = signed_in()
        case, note = notes.open_mention(own_act(session), me, mention_id)
        past = read_past(session, case)
        newer = notes.count_notes(session, case, me, past, after=note)
        reference = case.reference
    return _back_to_notes(reference, newer // SHOWN_NOTES)


def _back_to_notes(reference: str, part: int = 0) -> ResponseReturnValue:
    page = url_for(
        "triage.case",
        reference=reference,
        part=f"notes.{part}" if part else None,
        _anchor="notes",
    )
    return redirect(page, 303)
