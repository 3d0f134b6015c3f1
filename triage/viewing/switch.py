"""The switch of viewing: off, until two people turn it on by an agreement with the police.

Either of the two turns it off at once, and so does whoever answers for the team. No setting makes
one person enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta

from flask_babel import lazy_gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.accounts.approvals.kinds import Kind
from hotline.accounts.approvals.models import Approval
from hotline.accounts.approvals.service import Question, ask_approval
from hotline.accounts.models import Person
from hotline.accounts.permissions import Role
from hotline.core.act import Act
from hotline.core.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    phrase,
)
from hotline.core.storage.ids import new_id
from triage.viewing.models import ViewingSwitch

SUBJECT = "viewing"
SHOWN_SWITCHES = 20
_LONGEST_DOCUMENT = 120
_LONGEST_AUTHORITY = 200


@dataclass(frozen=True, slots=True)
class Agreement:
    """What was typed of the agreement with the police."""

    agreed_on: str
    document: str
    authority: str


def _check_switch(act: Act, approval: Approval) -> None:
    # A house may let one person decide everything else.
    if not approval.two_person:
        raise Conflict(
            phrase("Viewing always needs two people."),
            hint=phrase(
                "Turn the setting second_person on before you ask for it."
            ),
        )
    if find_switch(act.session) is not None:
        raise Conflict(phrase("Viewing is switched on already."))


def _switch_on(act: Act, approval: Approval) -> None:
    given = approval.details
    switch = ViewingSwitch(
        id=new_id(),
        # It was checked when it was asked for; details are JSON and have no
        # dates.
        agreed_on=date.fromisoformat(str(given["agreed_on"])),
        document=given["document"],
        authority=given["authority"],
        asked_by=approval.asked_by,
        granted_by=act.actor,
        on_at=act.now,
    )
    act.session.add(switch)
    act.session.flush()
    act.record(
        "viewing.on",
        "viewing_switch",
        switch.id,
        document=switch.document,
        agreed_on=switch.agreed_on.isoformat(),
        authority=switch.authority,
        asked_by=approval.asked_by,
    )


VIEWING_SWITCH = Kind(
    "viewing_switch",
    lazy_gettext("Switch viewing on"),
    lazy_gettext(
        "From then on people who assess may look once at a file of a case: fetched again, small, "
        "grey and blurred, with a reason that is recorded in the log. Either of you two and any "
        "supervisor can switch it off at once."
    ),
    asking="viewing.switch",
    granting="viewing.switch",
    lasts=timedelta(minutes=1),
    check=_check_switch,
    done=_switch_on,
)


def ask_for_switch(act: Act, typed: Agreement, why: str) -> Approval:
    """Ask another person to switch viewing on, by this agreement."""
    agreement = _read_agreement(act, typed)
    return ask_approval(
        act,
        Question(
            VIEWING_SWITCH,
            subject=SUBJECT,
            about=agreement.document,
            why=why,
            details=asdict(agreement),
        ),
    )


def switch_off(act: Act, person: Person) -> None:
    """One of the two is enough, or a supervisor."""
    switch = find_switch(act.session)
    if switch is None:
        raise Conflict(phrase("Viewing is not switched on."))
    is_supervisor = person.role == Role.SUPERVISOR
    if not is_supervisor and act.actor not in (
        switch.asked_by,
        switch.granted_by,
    ):
        raise Forbidden(
            phrase(
                "Only the two who switched it on, or a supervisor, can switch it off."
            )
        )
    switch.off_at, switch.off_by = act.now, act.actor
    act.record(
        "viewing.off", "viewing_switch", switch.id, document=switch.document
    )


def find_switch(session: Session) -> ViewingSwitch | None:
    """By what viewing is on; None while it is off."""
    return session.scalar(
        select(ViewingSwitch)
        .where(ViewingSwitch.off_at.is_(None))
        .order_by(ViewingSwitch.on_at.desc())
        .limit(1)
    )


def list_switches(session: Session) -> Sequence[ViewingSwitch]:
    """Newest first."""
    return session.scalars(
        select(ViewingSwitch)
        .order_by(ViewingSwitch.on_at.desc())
        .limit(SHOWN_SWITCHES)
    ).all()


def _read_agreement(act: Act, typed: Agreement) -> Agreement:
    """``InvalidInput`` names each fault."""
    document = " ".join(typed.document.split())
    authority = " ".join(typed.authority.split())
    faults = {}
    try:
        agreed_on = date.fromisoformat(typed.agreed_on.strip())
    except ValueError:
        agreed_on = None
        faults["/agreed_on"] = phrase("Write the date as year-month-day.")
    if agreed_on is not None and agreed_on > act.now.date():
        faults["/agreed_on"] = phrase("This date is yet to come.")
    if not 1 <= len(document) <= _LONGEST_DOCUMENT:
        faults["/document"] = phrase(
            "Write the document's number, in at most 120 characters."
        )
    if not 1 <= len(authority) <= _LONGEST_AUTHORITY:
        faults["/authority"] = phrase(
            "Write with which authority it was agreed, in at most 200 characters."
        )
    if faults or agreed_on is None:
        raise InvalidInput(
            phrase("The agreement with the police is not complete."),
            hint=next(iter(faults.values())),
            fields=faults,
        )
    return Agreement(agreed_on.isoformat(), document, authority)
