"""A section of the case page from its template, with the words that all of them use."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from flask import render_template, url_for
from markupsafe import Markup

from hotline.accounts.models import Person
from hotline.accounts.permissions import role_allows
from hotline.core.web import site
from partners import words
from partners.manual.vocabulary import ManualWay, Outcome
from triage.cases.models import Case
from triage.cases.pages.words import ROUTES, STATES, URGENCY


def render_panel(
    name: str, case: Case, person: Person, now: datetime, **values: object
) -> Markup:
    """A section of the case page from its template, with the words that all of them use."""
    return Markup(  # noqa: S704  # what Jinja made, with everything escaped
        render_template(
            f"partners/panel_{name}.html",
            case=case,
            person=person,
            now=now,
            may=partial(role_allows, person.role),
            words=words,
            route_words=ROUTES,
            urgency_words=URGENCY,
            zone=site.current_context().country.time_zone,
            ways=list(ManualWay),
            outcomes=list(Outcome),
            case_states=STATES,
            here=url_for("triage.case", reference=case.reference),
            **values,
        )
    )
