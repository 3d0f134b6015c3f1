"""The people who work here: added, found, disabled and enabled, given a role or a new password.

Each of these is done at once, as the command line does; on the console one administrator asks and
another one approves: ``hotline.accounts.requests``.

How they sign in is in ``hotline.accounts.signing_in.logins``.
"""

from __future__ import annotations

import re
import uuid

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.accounts.factors.proof import remove_all
from hotline.accounts.invitations import make_invitation
from hotline.accounts.models import PERSON, Person
from hotline.accounts.permissions import Role
from hotline.accounts.signing_in import passwords
from hotline.accounts.signing_in.sessions import digest_of, end_sessions
from hotline.core.act import Act
from hotline.core.errors import Conflict, InvalidInput, NotFound, phrase
from hotline.core.storage.ids import new_id

USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,59}")
LONGEST_NAME = 120


def add_person(
    act: Act,
    *,
    username: str,
    display_name: str,
    role: str,
    password: str | None,
    email: str = "",
) -> Person:
    """A new member of staff; ``InvalidInput`` names every field that can't be used.

    Without a password they cannot sign in before they have chosen one by an invitation.
    """
    username = username.strip().lower()
    display_name = display_name.strip()
    faults = find_faults(act.session, username, display_name, role)
    try:
        if password is not None:
            passwords.check_strength(password, username)
    except InvalidInput as error:
        faults |= error.fields
    if faults:
        reasons = "; ".join(
            f"{name[1:]} {reason}" for name, reason in faults.items()
        )
        raise InvalidInput(
            phrase("The person was not added: %(reasons)s."),
            values={"reasons": reasons},
            fields=faults,
        )
    person = Person(
        id=new_id(),
        username=username,
        display_name=display_name,
        role=role,
        email=email,
        password_hash=passwords.hash_password(password) if password else "",
        created_at=act.now,
    )
    act.session.add(person)
    _record_act(act, "person.added", person, role=role)
    return person


def find_faults(
    session: Session, username: str, display_name: str, role: str
) -> dict[str, str]:
    """What is wrong with a new person, but for the password: JSON pointer -> reason."""
    faults: dict[str, str] = {}
    # Before Python 3.12 an enumeration raises at ``in`` with a plain string.
    if role not in list(Role):
        faults["/role"] = f"must be one of {', '.join(Role)}"
    if not USERNAME.fullmatch(username):
        faults["/username"] = phrase(
            "2 to 60 of a-z, 0-9, dot, hyphen, underscore"
        )
    elif session.scalar(select(Person.id).where(Person.username == username)):
        faults["/username"] = phrase(
            "is taken; names are never used twice, because the log names them"
        )
    if (
        not 1 <= len(display_name) <= LONGEST_NAME
        or not display_name.isprintable()
    ):
        faults["/display_name"] = phrase(
            "is missing, too long, or holds characters that cannot be printed"
        )
    return faults


def list_people(session: Session) -> list[Person]:
    """Everybody, those who may sign in first, by name."""
    order = (Person.disabled_at.is_not(None), Person.username)
    return list(session.scalars(select(Person).order_by(*order)))


def find_person(session: Session, username: str) -> Person:
    """The person of that user name; ``NotFound`` if there never was one."""
    username = username.strip()
    person = session.scalar(
        select(Person).where(Person.username == username.lower())
    )
    if person is None:
        raise NotFound(
            phrase("There is nobody with the user name %(name)s."),
            values={"name": repr(username[:60])},
        )
    return person


def has_right(session: Session, actor: str, permission: str) -> bool:
    """Whether whoever a history names is a person who may do this now.

    A view's own check may be minutes old, and a request of somebody's days.
    """
    if not actor.startswith(PERSON):
        return False
    person = session.scalar(
        select(Person).where(Person.username == actor.removeprefix(PERSON))
    )
    return person is not None and person.may(permission)


def disable_person(act: Act, username: str) -> Person:
    """End a person's access at once, on all devices. Somebody must remain who can add others."""
    person = find_person(act.session, username)
    # A second time changes nothing, and writes nothing into the log.
    if person.disabled_at is not None:
        return person
    require_another_administrator(act.session, person)
    person.disabled_at = act.now
    end_sessions(act.session, person.id)
    _record_act(act, "person.disabled", person)
    return person


def enable_person(act: Act, username: str) -> Person:
    """Let somebody sign in again, with the role and the password that they had."""
    person = find_person(act.session, username)
    if person.disabled_at is None:
        return person
    person.disabled_at = None
    _record_act(act, "person.enabled", person)
    return person


def change_role(act: Act, username: str, role: str) -> Person:
    """What somebody may see and do; their sessions end, so that every page is the new role's."""
    person = find_person(act.session, username)
    if role not in list(Role):
        raise InvalidInput(
            phrase("A role is one of %(roles)s."),
            values={"roles": ", ".join(Role)},
        )
    if role == person.role:
        return person
    if role != Role.ADMINISTRATOR:
        require_another_administrator(act.session, person)
    # Before the change, while the old role can still be said.
    _record_act(act, "person.role_changed", person, role=role, was=person.role)
    person.role = role
    end_sessions(act.session, person.id)
    return person


def require_another_administrator(session: Session, person: Person) -> None:
    """``Conflict`` where nobody would be left who can add others."""
    lock_administrators(session)
    if person.role == Role.ADMINISTRATOR and not count_administrators(
        session, but=person.username
    ):
        raise Conflict(
            phrase("This is the last administrator."),
            hint=phrase("Add another administrator first."),
        )


def lock_administrators(session: Session) -> None:
    """Of two acts on accounts at the same moment, the second sees what the first one did."""
    administrators = select(Person.id).where(
        Person.role == Role.ADMINISTRATOR, Person.disabled_at.is_(None)
    )
    session.execute(
        # In one order, so that no two wait for each other; what refers to a person goes on.
        administrators.order_by(Person.id).with_for_update(key_share=True)
    ).all()


def count_administrators(session: Session, *, but: str) -> int:
    """Administrators who can sign in, without the person of the user name ``but``.

    Whoever was invited and has not chosen a password yet cannot.
    """
    others = select(func.count()).where(
        Person.role == Role.ADMINISTRATOR,
        Person.disabled_at.is_(None),
        Person.password_hash != "",
        Person.username != but,
    )
    return session.scalar(others) or 0


def renew_password(act: Act, username: str) -> str:
    """A generated password for somebody who lost theirs; every session of theirs ends."""
    person = find_person(act.session, username)
    if person.disabled_at is not None:
        raise Conflict(phrase("A disabled person gets no password."))
    password = passwords.generate_password(person.username)
    person.password_hash = passwords.hash_password(password)
    end_sessions(act.session, person.id)
    _record_act(act, "person.password_renewed", person)
    return password


def forget_password(act: Act, username: str, email: str) -> str:
    """The present password stops working, and a link to choose a new one goes to ``email``."""
    person = find_person(act.session, username)
    if person.disabled_at is not None:
        raise Conflict(phrase("This person is disabled."))
    person.password_hash = ""
    person.email = email
    end_sessions(act.session, person.id)
    _record_act(act, "person.password_forgotten", person)
    return make_invitation(act, person, email)


def reset_factors(act: Act, username: str) -> Person:
    """Take all second factors of somebody who lost theirs away; every session of theirs ends."""
    person = find_person(act.session, username)
    remove_all(act, person)
    end_sessions(act.session, person.id)
    return person


def change_password(
    act: Act, person_id: uuid.UUID, new: str, *, keep: str
) -> None:
    """The own password, once the old one was proven.

    Every session ends but the one whose token is ``keep``.
    """
    person = act.session.get_one(Person, person_id)
    passwords.check_strength(new, person.username, "/new")
    person.password_hash = passwords.hash_password(new)
    end_sessions(act.session, person.id, but=digest_of(keep))
    _record_act(act, "person.password_changed", person)


def _record_act(act: Act, action: str, person: Person, **details: str) -> None:
    act.record(
        action, "person", person.id, username=person.username, **details
    )
