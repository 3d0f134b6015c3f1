"""The pages of the people who work here, and of what administrators ask for and approve."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from flask import (
    Blueprint,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from sqlalchemy.orm import Session

from hotline.accounts import requests, service
from hotline.accounts.approvals.kinds import register_kinds
from hotline.accounts.factors.proof import list_holders
from hotline.accounts.models import PersonAct, PersonRequest
from hotline.accounts.navigation import Entry, register_entries
from hotline.accounts.oidc.links import linked_people
from hotline.accounts.pages import code_pages
from hotline.accounts.pages.views import flash_conflicts, flash_refusals
from hotline.accounts.permissions import Role
from hotline.accounts.requests import BY_MAIL, LONGEST_REASON, Wish
from hotline.accounts.signing_in.auth import own_act, requires, signed_in
from hotline.accounts.staff.staff_names import STAFF_NAME
from hotline.core.act import Act
from hotline.core.errors import InvalidInput, NotFound, phrase
from hotline.core.second_person import is_own_request
from hotline.core.web import site
from hotline.core.web.wording import worded_error

blueprint = Blueprint("people", __name__, url_prefix="/console/people")
register_entries(
    blueprint,
    Entry(70, lazy_gettext("People"), "people.show_people", "person.manage"),
)

ACT_NAMES = {
    PersonAct.ADD: lazy_gettext("Add a person"),
    PersonAct.DISABLE: lazy_gettext("Disable"),
    PersonAct.ENABLE: lazy_gettext("Enable again"),
    PersonAct.RENEW_PASSWORD: lazy_gettext("New password"),
    PersonAct.CHANGE_ROLE: lazy_gettext("Change the role"),
    PersonAct.RESET_FACTORS: lazy_gettext("Reset the second factor"),
    PersonAct.DROP_NAME: lazy_gettext("New full name"),
    PersonAct.LINK: lazy_gettext("Link an identity"),
    PersonAct.UNLINK: lazy_gettext("Take the link away"),
}
ACT_EFFECTS = {
    PersonAct.ADD: lazy_gettext(
        "This person gets a link by mail and chooses a password by it, which nobody else sees. The"
        " link opens once, for a limited time."
    ),
    PersonAct.DISABLE: lazy_gettext(
        "This person can no longer sign in, and is signed out everywhere at once. What they did"
        " stays in the log under their name. They can be enabled again."
    ),
    PersonAct.ENABLE: lazy_gettext(
        "This person can sign in again, with the password and the role that they had."
    ),
    PersonAct.RENEW_PASSWORD: lazy_gettext(
        "The present password stops working and this person is signed out everywhere at once. They"
        " get a link by mail and choose a new password by it, which nobody else sees."
    ),
    PersonAct.CHANGE_ROLE: lazy_gettext(
        "What this person may see and do changes at once; they have to sign in again."
    ),
    PersonAct.RESET_FACTORS: lazy_gettext(
        "Every app, passkey and recovery code of this person stops counting, and they are signed"
        " out everywhere at once. At the next sign-in they set up a new one: make sure that it is"
        " they who ask."
    ),
    PersonAct.DROP_NAME: lazy_gettext(
        "The full name that is sealed for this person is forgotten; they write it down again under "
        "their own account."
    ),
    PersonAct.LINK: lazy_gettext(
        "From then on the identity provider opens this account for the identity of this subject. "
        "The person finds it on the page that they meet when they first sign in with the provider."
    ),
    PersonAct.UNLINK: lazy_gettext(
        "The identity provider no longer opens this account, and this person is signed out "
        "everywhere at once. Their password still works."
    ),
}
blueprint.add_url_rule("/codes", "show_codes", code_pages.show_codes)
blueprint.add_url_rule(
    "/codes/<uuid:person_id>/ask",
    "ask_name",
    code_pages.ask_name,
    methods=["POST"],
)
blueprint.add_url_rule(
    "/codes/<uuid:person_id>/name",
    "read_name",
    code_pages.read_name,
    methods=["POST"],
)
blueprint.add_url_rule(
    "/codes/own-name",
    "seal_own_name",
    code_pages.seal_own_name,
    methods=["POST"],
)
register_kinds(blueprint, STAFF_NAME)


@blueprint.get("")
@requires("person.manage")
def show_people() -> ResponseReturnValue:
    return _render_people()


@blueprint.post("")
@requires("person.manage")
def add_person() -> ResponseReturnValue:
    form = request.form
    wish = Wish(
        PersonAct.ADD,
        username=form.get("username", "").strip().lower(),
        display_name=form.get("display_name", "").strip(),
        role=form.get("role", ""),
        email=form.get("email", "").strip(),
    )
    try:
        # Only these: what is wrong with a field is said beside it, below.
        with flash_conflicts():
            return _ask(wish)
    except InvalidInput as error:
        return make_response(_render_people(errors=error.fields), 422)
    return redirect(url_for("people.show_people"), 303)


@blueprint.get("/<username>/<kind>")
@requires("person.manage")
def confirm_act(username: str, kind: str) -> ResponseReturnValue:
    """What the act does, before it is asked for."""
    return _render_act(username, _read_kind(kind))


@blueprint.post("/<username>/<kind>")
@requires("person.manage")
def ask_for_act(username: str, kind: str) -> ResponseReturnValue:
    wish = Wish(
        _read_kind(kind),
        username=username,
        why=" ".join(request.form.get("why", "").split())[:LONGEST_REASON],
        role=request.form.get("role", ""),
        email=request.form.get("email", "").strip(),
        subject=request.form.get("subject", "").strip(),
    )
    try:
        with flash_conflicts():
            return _ask(wish)
    except InvalidInput as error:
        page = _render_act(username, wish.kind, fault=worded_error(error))
        return make_response(page, 422)
    return redirect(url_for("people.show_people"), 303)


@blueprint.get("/asked/<uuid:request_id>")
@requires("person.manage")
def show_request(request_id: uuid.UUID) -> ResponseReturnValue:
    """What another administrator asked for, and what it does."""
    with site.reading() as session:
        asked = requests.get_request(session, request_id)
        return render_template(
            "console/person_request.html",
            asked=asked,
            is_open=asked.machine.allows(asked.state, "approved"),
            is_over=requests.is_over(asked, own_act(session).now),
            until=asked.asked_at + requests.WAITS,
            role_now=requests.role_before(session, asked),
            is_own=is_own_request(own_act(session), asked.asked_by),
            is_about_oneself=asked.username == signed_in().username,
            act_names=ACT_NAMES,
            act_effects=ACT_EFFECTS,
        )


@blueprint.post("/asked/<uuid:request_id>/approve")
@requires("person.manage")
def approve_request(request_id: uuid.UUID) -> ResponseReturnValue:
    """Another administrator agrees, and it is done."""

    def approve(act: Act) -> PersonRequest:
        asked = requests.get_request(act.session, request_id)
        requests.approve_request(act, asked)
        return asked

    with flash_refusals():
        return _do(approve)
    return redirect(url_for("people.show_people"), 303)


@blueprint.post("/asked/<uuid:request_id>/refuse")
@requires("person.manage")
def refuse_request(request_id: uuid.UUID) -> ResponseReturnValue:
    with flash_refusals(), site.writing() as session:
        asked = requests.get_request(session, request_id)
        requests.refuse_request(own_act(session), asked)
        flash(gettext("It will not be done."), "good")
    return redirect(url_for("people.show_people"), 303)


def _ask(wish: Wish) -> ResponseReturnValue:
    return _do(lambda act: requests.ask_for(act, wish))


def _do(verb: Callable[[Act], PersonRequest]) -> ResponseReturnValue:
    """Ask or approve; then the page of people."""
    with site.writing() as session:
        is_done = verb(own_act(session)).approved_by is not None
    # After the commit: nothing is said to be done that was not stored.
    flash(
        gettext("It is done; the log names you.")
        if is_done
        else gettext(
            "Nothing is done yet: another administrator must approve it on this page."
        ),
        "good",
    )
    return redirect(url_for("people.show_people"), 303)


def _read_kind(kind: str) -> PersonAct:
    """Adding has a form of its own."""
    # Before Python 3.12 ``in`` raises on an enumeration with a plain string.
    if kind in list(PersonAct) and kind != PersonAct.ADD:
        return PersonAct(kind)
    raise NotFound(phrase("There is no such act."))


def _render_act(username: str, kind: PersonAct, *, fault: str = "") -> str:
    """``fault``: what is wrong with what was typed, which stays."""
    with site.reading() as session:
        return render_template(
            "console/person_act.html",
            person=service.find_person(session, username),
            kind=kind,
            act_names=ACT_NAMES,
            act_effects=ACT_EFFECTS,
            goes_by_mail=kind in BY_MAIL,
            roles=list(Role),
            two_person=site.current_context().settings.second_person,
            fault=fault,
            typed=request.form,
        )


def _render_people(errors: dict[str, str] | None = None) -> str:
    two_person = site.current_context().settings.second_person
    with site.reading() as session:
        return render_template(
            "console/people.html",
            people=service.list_people(session),
            requests=requests.list_open_requests(
                session, own_act(session).now
            ),
            with_factor=list_holders(session),
            linked=linked_people(session),
            two_person=two_person,
            # Said on the page, as else a request would wait for ever for
            # nobody.
            is_alone=two_person and _is_alone(session),
            act_names=ACT_NAMES,
            roles=list(Role),
            errors=errors or {},
            typed=request.form,
        )


def _is_alone(session: Session) -> bool:
    """No other administrator could approve anything."""
    return not service.count_administrators(session, but=signed_in().username)
