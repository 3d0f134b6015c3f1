"""The pages of what waits for another person, and of what came of it."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from sqlalchemy.orm import Session

from hotline.accounts.approvals import service
from hotline.accounts.approvals.kinds import Kind, known_kinds
from hotline.accounts.approvals.models import Approval, ApprovalState
from hotline.accounts.navigation import Entry, register_entries
from hotline.accounts.pages.views import flash_refusals
from hotline.accounts.signing_in.auth import (
    may_current_person,
    own_act,
    requires,
    signed_in,
)
from hotline.core.context import utc_now
from hotline.core.errors import NotFound, phrase
from hotline.core.second_person import is_own_request
from hotline.core.web import site

blueprint = Blueprint("approvals", __name__, url_prefix="/console/approvals")
register_entries(
    blueprint,
    Entry(
        88,
        lazy_gettext("Approvals"),
        "approvals.show_approvals",
        "approval.see",
    ),
)

STATES = {
    ApprovalState.ASKED: lazy_gettext("waits for another person"),
    ApprovalState.GRANTED: lazy_gettext("granted"),
    ApprovalState.USED: lazy_gettext("used"),
    ApprovalState.REFUSED: lazy_gettext("refused"),
    ApprovalState.WITHDRAWN: lazy_gettext("taken back"),
    ApprovalState.LAPSED: lazy_gettext("nobody answered in time"),
}

DETAILS = {
    "file": lazy_gettext("File"),
    "lines": lazy_gettext("Lines"),
    "not_read": lazy_gettext("Lines that could not be read"),
    "the_file_is": lazy_gettext("The file is"),
    "problems": lazy_gettext("What is wrong with them"),
    "from_then_on": lazy_gettext("From then on"),
    "what": lazy_gettext("What"),
    "digest": lazy_gettext("Digest"),
    "document": lazy_gettext("Agreement with the police"),
    "agreed_on": lazy_gettext("Agreed on"),
    "authority": lazy_gettext("With which authority"),
}
VALUES = {
    "the whole list": lazy_gettext("the whole list"),
    "additions": lazy_gettext("additions"),
    "in use": lazy_gettext("in use"),
    "out of use": lazy_gettext("out of use"),
    "find": lazy_gettext("find it"),
    "export": lazy_gettext("tell it"),
    "erase": lazy_gettext("erase it"),
    "log": lazy_gettext("the log"),
}
"""What a question's details are called, and the words among what they and it are about."""


@blueprint.get("")
@requires("approval.see")
def show_approvals() -> ResponseReturnValue:
    """What this person may answer, and what they asked for; for an auditor everything."""
    own, now = signed_in().actor, utc_now()
    codes = _codes_shown()
    with site.reading() as session:
        return render_template(
            "console/approvals.html",
            waiting=service.list_open(session, codes, own, now),
            settled=service.list_settled(session, codes, own, now),
            kinds=known_kinds(),
            states=STATES,
            values=VALUES,
            now=now,
        )


@blueprint.get("/<uuid:approval_id>")
@requires("approval.see")
def show_approval(approval_id: uuid.UUID) -> ResponseReturnValue:
    """What is asked for, why, and what granting it does."""
    now = utc_now()
    with site.reading() as session:
        approval, kind = _open(session, approval_id)
        is_over = approval.ends_at <= now
        return render_template(
            "console/approval.html",
            asked=approval,
            kind=kind,
            states=STATES,
            detail_names=DETAILS,
            detail_values=VALUES,
            is_over=is_over,
            is_waiting=approval.state == ApprovalState.ASKED and not is_over,
            is_granted=approval.state == ApprovalState.GRANTED and not is_over,
            is_own=is_own_request(own_act(session), approval.asked_by),
            is_mine=approval.asked_by == signed_in().actor,
            may_grant=may_current_person(kind.granting),
            place=kind.place(approval) if kind.place else "",
            look=kind.look(approval) if kind.look else "",
        )


@blueprint.post("/<uuid:approval_id>/grant")
@requires("approval.see", is_sensitive=True)
def grant_approval(approval_id: uuid.UUID) -> ResponseReturnValue:
    with flash_refusals(), site.writing() as session:
        approval, kind = _open(session, approval_id)
        service.grant_approval(own_act(session), kind, approval)
        flash(gettext("Granted; the log names you both."), "good")
    return redirect(url_for("approvals.show_approvals"), 303)


@blueprint.post("/<uuid:approval_id>/refuse")
@requires("approval.see")
def refuse_approval(approval_id: uuid.UUID) -> ResponseReturnValue:
    with flash_refusals(), site.writing() as session:
        approval, kind = _open(session, approval_id)
        service.require_answering(own_act(session), kind, approval)
        service.refuse_approval(own_act(session), kind, approval)
        flash(gettext("It will not be done."), "good")
    return redirect(url_for("approvals.show_approvals"), 303)


def _open(session: Session, approval_id: uuid.UUID) -> tuple[Approval, Kind]:
    """One that this person may see; any other does not exist for them."""
    approval = service.get_approval(session, approval_id)
    kind = known_kinds().get(approval.kind)
    # Whoever asked sees their own question, also of a kind that only others
    # answer.
    is_mine = approval.asked_by == signed_in().actor
    if kind is None or not (is_mine or approval.kind in _codes_shown()):
        raise NotFound(phrase("There is no such request."))
    return approval, kind


def _codes_shown() -> Collection[str]:
    """Kinds that this person may answer; an auditor sees all of them and answers none."""
    sees_all = may_current_person("audit.see")
    return [
        kind.code
        for kind in known_kinds().values()
        if sees_all or may_current_person(kind.granting)
    ]
