"""Invitations: a one-time link by which a person chooses a password that nobody else ever saw.

The token is derived from the invitation's id under the links key, so that the mail can be tried
again; the database holds only a MAC of it and cannot give the link away.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from hotline.accounts.models import Invitation, Person
from hotline.accounts.signing_in import passwords
from hotline.accounts.signing_in.sessions import end_sessions
from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import NotFound, phrase
from hotline.core.jobs.names import JobName
from hotline.core.storage.ids import new_id
from hotline.core.storage.keys.keyring import Keyring
from hotline.core.storage.keys.links import find_link, lookups_of, new_link

SCOPE = "invitation"
LONGEST_ADDRESS = 200
ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+"
)
SEND = JobName.INVITATION_SEND


def is_address(text: str) -> bool:
    """Whether mail could be sent there, as far as the text tells."""
    return len(text) <= LONGEST_ADDRESS and bool(ADDRESS.fullmatch(text))


def make_invitation(act: Act, person: Person, email: str = "") -> str:
    """A new link for ``person``; those of before end. Returns the token.

    With ``email``, a letter with the link is posted there, and who asked never sees it.
    """
    act.session.execute(
        delete(Invitation).where(
            Invitation.person_id == person.id, Invitation.used_at.is_(None)
        )
    )
    hours = act.context.settings.invitation_hours
    invitation_id = new_id()
    link = new_link(act.context.keyring, SCOPE, invitation_id)
    act.session.add(
        Invitation(
            id=invitation_id,
            person_id=person.id,
            mac=link.mac,
            email=email,
            made_at=act.now,
            expires_at=act.now + timedelta(hours=hours),
        )
    )
    act.record("person.invited", "person", person.id, username=person.username)
    if email:
        act.post(
            SEND,
            key=f"invitation:{invitation_id}",
            payload={"invitation_id": str(invitation_id)},
        )
    return link.token


def find_open(
    session: Session, keyring: Keyring, token: str, now: datetime
) -> Invitation:
    """The invitation of a link; ``NotFound`` for one that is used, too old, replaced or made up."""
    invitation = session.scalar(
        select(Invitation).where(
            # Also under older keys: a mail may have been sent before a
            # rotation.
            Invitation.mac.in_(lookups_of(keyring, SCOPE, token))
        )
    )
    if invitation is None or not is_open(invitation, now):
        raise NotFound(
            phrase("This link does not open anything any more."),
            hint=phrase("Ask an administrator for a new one."),
        )
    return invitation


def is_open(invitation: Invitation, now: datetime) -> bool:
    """Whether the link can still be used."""
    return (
        invitation.used_at is None
        and invitation.expires_at > now
        and invitation.person.disabled_at is None
    )


def count_open_before(
    session: Session, moment: datetime, now: datetime
) -> int:
    """How many links that were made before the moment may still be used."""
    query = select(func.count()).where(
        Invitation.made_at < moment,
        Invitation.used_at.is_(None),
        Invitation.expires_at > now,
    )
    return session.scalar(query.select_from(Invitation)) or 0


def accept_invitation(
    act: Act, invitation: Invitation, password: str
) -> Person:
    """Set the person's own password; it uses the link up and ends every session of theirs."""
    person = invitation.person
    passwords.check_strength(password, person.username)
    # Of two who hold the link, one uses it.
    used = act.session.execute(
        update(Invitation)
        .where(Invitation.id == invitation.id, Invitation.used_at.is_(None))
        .values(used_at=act.now)
        .execution_options(synchronize_session=False)
    )
    if not getattr(used, "rowcount", 0):
        raise NotFound(phrase("This link does not open anything any more."))
    person.password_hash = passwords.hash_password(password)
    end_sessions(act.session, person.id)
    act.record(
        "person.password_chosen", "person", person.id, username=person.username
    )
    return person


def link_of(context: Context, token: str) -> str:
    return f"{context.settings.console_url}/console/invitation/{token}"


def token_of(keyring: Keyring, invitation: Invitation) -> str:
    """The token that opens it."""
    return find_link(keyring, SCOPE, invitation.id, invitation.mac).token
