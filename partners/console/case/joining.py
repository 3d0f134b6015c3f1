"""A case's section on other cases: what may belong together, merged or split by a person."""

from __future__ import annotations

import uuid

from flask import flash, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from markupsafe import Markup

from hotline.accounts.signing_in.auth import own_act, requires, signed_in
from hotline.core.errors import InvalidInput, phrase
from hotline.core.web import site
from partners.console.case.of_case import ShownCase
from partners.console.case.rendering import render_panel
from partners.pages import faults_flashed
from partners.plans import merging
from triage.cases.listing.queue import by_reference
from triage.cases.listing.related import find_related
from triage.cases.machines import MERGEABLE
from triage.cases.pages.case_views import back_to_case
from triage.cases.pages.page_content import SHOWN_PLACES
from triage.cases.pages.words import RELATIONS, STATES
from triage.cases.places import list_parts, places_numbered
from triage.console.queue.live import wants_part


def related_section(page: ShownCase) -> Markup:
    """What became a part of this case, where it may be merged and split, and the link to what other
    cases share with it."""
    is_told = any(
        plan.state in merging.STANDING for plan in page.dealings.plans
    )
    is_free = page.case.state in MERGEABLE and not is_told
    return render_panel(
        "related",
        page.case,
        page.person,
        page.now,
        parts=list_parts(page.session, page.case),
        is_free=is_free,
        by_number=len(page.case.places) > SHOWN_PLACES,
        mergeable=MERGEABLE,
    )


@requires("case.see")
def related(reference: str) -> ResponseReturnValue:
    """Other cases with what speaks for their belonging to this one.

    The case's page asks for them when it stands already: among a million cases they take a third
    of what the whole page takes.
    """
    with site.reading() as session:
        case = by_reference(session, reference)
        return render_template(
            "partners/related_found.html"
            if wants_part()
            else "partners/related.html",
            case=case,
            related=find_related(session, case),
            relation_words=RELATIONS,
            case_states=STATES,
            mergeable=MERGEABLE,
        )


@requires("case.assess")
def merge(reference: str) -> ResponseReturnValue:
    """Make another case a part of this one."""
    other = request.form.get("other", "").strip()
    why = request.form.get("why", "")
    with faults_flashed(), site.writing() as session:
        act, case = own_act(session), by_reference(session, reference)
        part = by_reference(session, other)
        merging.merge_cases(act, case, part, signed_in(), why)
        flash(
            gettext("%(case)s is a part of this case now.", case=other), "good"
        )
    return back_to_case(reference)


@requires("case.assess")
def split(reference: str) -> ResponseReturnValue:
    """Make a case of its own of the chosen locations."""
    why = request.form.get("why", "")
    with faults_flashed(), site.writing() as session:
        act, case = own_act(session), by_reference(session, reference)
        numbered = places_numbered(case, request.form.get("numbers", ""))
        chosen = [
            *(_read_id(text) for text in request.form.getlist("item")),
            *(place.item_id for place in numbered),
        ]
        new_case = merging.split_case(act, case, chosen, signed_in(), why)
        flash(
            gettext(
                "The chosen locations are %(case)s now.",
                case=new_case.reference,
            ),
            "good",
        )
    return back_to_case(reference)


def _read_id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise InvalidInput(phrase("Choose locations of this case.")) from None
