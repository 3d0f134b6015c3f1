"""The page of a case's people: what was said, what leads to them, what is told of them.

Opening it is a reading of personal data and goes into the log, every time.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from enum import StrEnum
from typing import TypeVar

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy.orm import Session

from hotline.accounts.pages.views import flash_refusals
from hotline.accounts.signing_in.auth import own_act, requires
from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.datafiles.vocabulary import country_codes
from hotline.core.errors import InvalidInput
from hotline.core.web import site
from triage.cases.examination.appraise import appraise_case
from triage.cases.listing.queue import by_reference
from triage.cases.models import Case
from triage.cases.pages import words
from triage.cases.pages.page_content import (
    SHOWN_AT_THE_TOP,
    reports_of_case,
)
from triage.cases.pages.people import people_words
from triage.cases.people import contacts, service, summaries
from triage.cases.people.reading.opening import OpenedReport, open_report
from triage.cases.people.reading.words import read_identifier
from triage.cases.people.times import time_of_fact
from triage.cases.people.vocabulary import (
    CHOICES,
    FactName,
    FactSource,
    IdentifierKind,
    PersonRole,
    Whose,
)
from triage.jurisdiction import Routing

MOST_REPORTS = 20
Word = TypeVar("Word", bound=StrEnum)


@requires("personal.see")
def people(reference: str) -> str:
    """The words of the case's reports, and what was made of them."""
    context = site.current_context()
    # A read that is written down: the page comes only if its entry in the log
    # is stored.
    with site.noting() as session:
        case = by_reference(session, reference)
        act = own_act(session)
        act.record("case.people_read", "case", case.id)
        identifiers = service.list_identifiers(session, context, case)
        everybody = service.list_people(session, context, case)
        return render_template(
            "triage/people.html",
            case=case,
            reports=_opened_reports(act, case),
            people=everybody,
            identifiers=identifiers,
            contacts=contacts.list_sealed(session, context, case),
            noted={entry.identity for entry in identifiers},
            noted_facts={
                (person.role, fact.name, fact.value)
                for person in everybody
                for fact in person.facts
            },
            related=service.cases_with_same_identifier(session, case),
            summaries=summaries.read_summaries(session, context, case),
            offices=_offices_of(case),
            roles=PersonRole,
            fact_names=_fact_names,
            choices=CHOICES,
            kinds=IdentifierKind,
            owners=Whose,
            sources=FactSource,
            countries=sorted(country_codes()),
            longest_summary=summaries.LONGEST_SUMMARY,
            words=words,
            people_words=people_words,
            shown_places=SHOWN_AT_THE_TOP,
            time_of_fact=time_of_fact,
            home_zone=act.context.country.time_zone,
        )


def _opened_reports(act: Act, case: Case) -> list[OpenedReport]:
    """The newest reports first, opened; which were is in the log."""
    return [
        open_report(act, case, report)
        for report in reports_of_case(act.session, case)[:MOST_REPORTS]
        if report.erased_at is None
    ]


def _offices_of(case: Case) -> list[str]:
    """Kinds of office among the case's routes for whom a summary is written."""
    offered = {route.to for route in Routing.from_json(case.routing).routes}
    return [kind for kind in summaries.OFFICES if kind in offered]


def _fact_names(role: PersonRole) -> Iterable[FactName]:
    """What is asked of a child, and of a reported person."""
    only_of = {
        FactName.IS_CHILD: PersonRole.REPORTED_PERSON,
        FactName.DEMAND: PersonRole.REPORTED_PERSON,
        FactName.PLATFORM: PersonRole.REPORTED_PERSON,
        FactName.PAYMENT: PersonRole.REPORTED_PERSON,
    }
    return [name for name in FactName if only_of.get(name, role) is role]


@requires("case.assess")
def add_identifier(reference: str) -> ResponseReturnValue:
    """What was found in the words, with one key; or what a person typed."""
    form, context = request.form, site.current_context()
    with flash_refusals(), site.writing() as session:
        act, case = _act_on(session, reference)
        said = read_identifier(
            _word(IdentifierKind, "kind"),
            form.get("platform", ""),
            form.get("value", ""),
            context.settings.country,
        )
        is_new = service.add_identifier(
            act,
            case,
            said,
            whose=_word(Whose, "whose"),
            source=_word(FactSource, "source"),
        )
        if is_new:
            flash(gettext("Noted."), "good")
        else:
            flash(gettext("This is noted already."), "warn")
    return _back_to_people(reference)


@requires("case.assess")
def withdraw_identifier(
    reference: str, identifier_id: uuid.UUID
) -> ResponseReturnValue:
    with flash_refusals(), site.writing() as session:
        act, case = _act_on(session, reference)
        service.withdraw_identifier(act, case, identifier_id)
        flash(
            gettext(
                "Withdrawn. No letter that is approved from now on holds it."
            ),
            "good",
        )
    return _back_to_people(reference)


@requires("case.assess")
def set_person_facts(reference: str) -> ResponseReturnValue:
    """All that was filled in about one person; what was left as it is stays."""
    form = request.form
    with flash_refusals(), site.writing() as session:
        act, case = _act_on(session, reference)
        role = _word(PersonRole, "role")
        number = _number(form.get("number", "1"))
        source = _word(FactSource, "source")
        before = _values_of(
            session, site.current_context(), case, role, number
        )
        for name in FactName:
            value = form.get(f"fact.{name}")
            # Each fact has its source: what was not touched keeps the one it
            # had.
            if value is None or value.strip() == before.get(name, ""):
                continue
            service.set_fact(
                act, case, role, number, name, value, source=source
            )
        appraise_case(session, site.current_context(), case, act.now)
        flash(gettext("Noted."), "good")
    return _back_to_people(reference)


def _values_of(
    session: Session,
    context: Context,
    case: Case,
    role: PersonRole,
    number: int,
) -> dict[FactName, str]:
    return {
        fact.name: fact.value
        for person in service.list_people(session, context, case)
        if person.role is role and person.number == number
        for fact in person.facts
    }


@requires("case.assess")
def release_contact(
    reference: str, report_id: uuid.UUID
) -> ResponseReturnValue:
    """In danger the police may get a contact without consent; a person says why."""
    with flash_refusals(), site.writing() as session:
        act, case = _act_on(session, reference)
        contacts.release_contact(
            act, case, report_id, request.form.get("why", "")
        )
        flash(
            gettext(
                "A referral to the police that is approved from now on holds this contact."
            ),
            "good",
        )
    return _back_to_people(reference)


@requires("case.assess")
def write_summary(reference: str) -> ResponseReturnValue:
    with flash_refusals(), site.writing() as session:
        act, case = _act_on(session, reference)
        office, text = request.form.get("office", ""), request.form["text"]
        summaries.write_summary(act, case, office, text)
        flash(gettext("Noted."), "good")
    return _back_to_people(reference)


def _act_on(session: Session, reference: str) -> tuple[Act, Case]:
    act = own_act(session)
    return act, by_reference(session, reference)


def _word(vocabulary: type[Word], field: str) -> Word:
    """The chosen word; anything else was not offered."""
    try:
        return vocabulary(request.form.get(field, ""))
    # The field is a choice, so that anything else was written by hand.
    except ValueError:
        raise InvalidInput(
            gettext("Choose one."), fields={f"/{field}": "is not possible"}
        ) from None


def _number(text: str) -> int:
    # No case has a person 0, so that it is refused where people are looked up.
    return int(text) if text.isdecimal() and len(text) < 4 else 0


def _back_to_people(reference: str) -> ResponseReturnValue:
    return redirect(url_for("triage.people", reference=reference), 303)
