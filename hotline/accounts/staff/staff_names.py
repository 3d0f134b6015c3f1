"""The full name behind a code: sealed once by its owner, and opened by two people, once.

Colleagues know each other by user name and the name that is shown; a court or a ministry may ask
who was behind a code. Who leaves takes the name along: the key that seals it is erased.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

from flask import url_for
from flask_babel import lazy_gettext

from hotline.accounts.approvals.kinds import Kind
from hotline.accounts.approvals.models import Approval
from hotline.accounts.approvals.service import (
    Question,
    ask_approval,
    use_grant,
)
from hotline.accounts.models import Person
from hotline.core.act import Act
from hotline.core.errors import Conflict, Forbidden, InvalidInput, phrase
from hotline.core.storage.crypto import Vault

LONGEST_NAME = 120
_WHERE = "person.sealed_name"


def _refuse_own(act: Act, approval: Approval) -> None:
    """Nobody agrees to what is about themselves; the subject is the person's id."""
    person = _person_of(act, approval)
    # The check also runs with the asking, and anybody may ask for their own.
    if approval.asked_by != act.actor and act.actor == person.actor:
        raise Forbidden(phrase("Nobody approves what is about themselves."))


def _person_of(act: Act, approval: Approval) -> Person:
    person = act.session.get(Person, uuid.UUID(approval.subject))
    if person is None:
        raise Conflict(phrase("There is nobody with this code."))
    return person


STAFF_NAME = Kind(
    "staff_name",
    lazy_gettext("Read the name behind a code"),
    lazy_gettext(
        "Whoever asked reads the full name of this member of staff, once, within a day. That is "
        "recorded in the log, with the reason."
    ),
    asking="staff_name.ask",
    granting="staff_name.grant",
    lasts=timedelta(days=1),
    check=_refuse_own,
    place=lambda _: url_for("people.show_codes"),
)


def seal_name(act: Act, person: Person, name: str) -> None:
    """Its owner writes it down. Once: another one needs two administrators."""
    name = " ".join(name.split())
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise InvalidInput(
            phrase("Write 1 to 120 characters."), fields={"/name": "length"}
        )
    if person.sealed_name is not None:
        raise Conflict(phrase("Your full name is sealed already."))
    key = act.context.vault.key_for(act.session, person.id)
    person.sealed_name = Vault.seal(key, _WHERE, person.id, name)
    act.record("person.name_sealed", "person", person.id)


def drop_name(act: Act, person: Person) -> None:
    """Have it written down anew, where it was wrong or has changed."""
    person.sealed_name = None
    act.record("person.name_dropped", "person", person.id)


def ask_for_name(act: Act, person: Person, why: str) -> Approval:
    """Ask another person for the name behind a code."""
    if person.sealed_name is None:
        raise Conflict(phrase("No full name is sealed for this code."))
    question = Question(
        STAFF_NAME, subject=str(person.id), about=person.code or "", why=why
    )
    return ask_approval(act, question)


def open_own_name(act: Act, person: Person) -> str:
    """For its owner, who asked what is known of them; "" where none is sealed."""
    key = act.context.vault.key_of(act.session, person.id)
    if key is None or person.sealed_name is None:
        return ""
    return Vault.open(key, _WHERE, person.id, person.sealed_name)


def open_name(act: Act, person: Person) -> str:
    """The name, for who asked and was granted it; the grant is used up by that."""
    # Used up before the name is opened, so that no failure leaves a second
    # reading.
    grant = use_grant(act, STAFF_NAME, str(person.id))
    name = open_own_name(act, person)
    if not name:
        raise Conflict(phrase("It was erased."))
    act.record(
        "person.name_read",
        "person",
        person.id,
        why=grant.why,
        granted_by=grant.granted_by,
    )
    return name
