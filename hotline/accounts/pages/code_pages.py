"""The page of the codes: who has which, and the way to the name behind one."""

from __future__ import annotations

import uuid

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.accounts.approvals.models import Approval, ApprovalState
from hotline.accounts.models import Person
from hotline.accounts.pages.views import flash_asked, flash_refusals
from hotline.accounts.service import list_people
from hotline.accounts.signing_in.auth import (
    act_of_login,
    own_act,
    requires,
    signed_in,
)
from hotline.accounts.staff.staff_names import (
    STAFF_NAME,
    ask_for_name,
    open_name,
    seal_name,
)
from hotline.core.context import utc_now
from hotline.core.errors import NotFound, phrase
from hotline.core.web import site


@requires("staff_name.ask")
def show_codes() -> ResponseReturnValue:
    """Codes and user names; of the names behind them only whether there is one."""
    with site.reading() as session:
        return render_template(
            "console/codes.html",
            people=list_people(session),
            granted=_granted_to(session, signed_in().actor),
        )


def _granted_to(session: Session, actor: str) -> set[str]:
    return set(
        session.scalars(
            select(Approval.subject).where(
                Approval.kind == STAFF_NAME.code,
                Approval.asked_by == actor,
                Approval.state == ApprovalState.GRANTED,
                Approval.ends_at > utc_now(),
            )
        )
    )


@requires("staff_name.ask")
def ask_name(person_id: uuid.UUID) -> ResponseReturnValue:
    with flash_refusals(), site.writing() as session:
        asked = ask_for_name(
            own_act(session),
            _person(session, person_id),
            request.form.get("why", ""),
        )
        flash_asked(asked, gettext("Granted: you may read it now."))
    return redirect(url_for("people.show_codes"), 303)


@requires("staff_name.ask")
def read_name(person_id: uuid.UUID) -> ResponseReturnValue:
    """Shown once: the page is not kept, and the grant is used up."""
    with flash_refusals(), site.writing() as session:
        person = _person(session, person_id)
        name = open_name(own_act(session), person)
        return render_template(
            "console/staff_name.html", person=person, name=name
        )
    return redirect(url_for("people.show_codes"), 303)


@requires("console.use", is_sensitive=True)
def seal_own_name() -> ResponseReturnValue:
    with flash_refusals(), site.writing() as session:
        # Locked, as a name is sealed once, and a form may be sent twice.
        person = session.get_one(Person, signed_in().id, with_for_update=True)
        seal_name(act_of_login(session), person, request.form.get("name", ""))
        flash(gettext("Your full name is sealed."), "good")
    return redirect(url_for("factors.show_account"), 303)


def _person(session: Session, person_id: uuid.UUID) -> Person:
    person = session.get(Person, person_id)
    if person is None:
        raise NotFound(phrase("There is nobody with this code."))
    return person
