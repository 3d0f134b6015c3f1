"""Links of identities to accounts: made by two administrators, and never by signing in."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hotline.accounts.factors.proof import has_factor
from hotline.accounts.models import LoginSession, Person
from hotline.accounts.oidc.flow import Identity
from hotline.accounts.oidc.logout import Logout, digest_of_session
from hotline.accounts.oidc.models import OidcLink, SpentLogout
from hotline.accounts.signing_in.sessions import (
    Limits,
    end_sessions,
    open_session,
)
from hotline.core.act import Act
from hotline.core.errors import Conflict, InvalidInput, phrase
from hotline.core.storage.database import insert_once
from hotline.core.storage.ids import new_id

LONGEST_SUBJECT = 255


def link_person(act: Act, person: Person, subject: str) -> None:
    """From now on this identity of the provider signs in as ``person``."""
    issuer = act.context.settings.oidc_issuer
    subject = read_subject(subject)
    refuse_taken(act, person, subject)
    # A person has one identity; what the one before opened ends with it.
    unlink_person(act, person)
    act.session.add(
        OidcLink(
            id=new_id(),
            person_id=person.id,
            issuer=issuer,
            subject=subject,
            made_at=act.now,
        )
    )
    act.record("person.linked", "person", person.id, username=person.username)


def refuse_taken(act: Act, person: Person, subject: str) -> None:
    """``Conflict`` where the identity opens somebody else's account."""
    other = find_link(act.session, act.context.settings.oidc_issuer, subject)
    if other is not None and other.person_id != person.id:
        raise Conflict(phrase("This identity is another person's."))


def unlink_person(act: Act, person: Person) -> None:
    """The provider opens nothing for this person any more; what it opened ends."""
    gone = act.session.execute(
        delete(OidcLink).where(OidcLink.person_id == person.id)
    )
    if getattr(gone, "rowcount", 0):
        end_sessions(act.session, person.id)
        act.record(
            "person.unlinked", "person", person.id, username=person.username
        )


def read_subject(subject: str) -> str:
    """The provider's own word for somebody, as it is; ``InvalidInput`` for what cannot be one."""
    if not 1 <= len(subject) <= LONGEST_SUBJECT or not subject.isprintable():
        raise InvalidInput(
            phrase("Write the subject as the provider has it."),
            fields={"/subject": "length"},
        )
    return subject


def find_link(session: Session, issuer: str, subject: str) -> OidcLink | None:
    return session.scalar(
        select(OidcLink).where(
            OidcLink.issuer == issuer, OidcLink.subject == subject
        )
    )


def linked_people(session: Session) -> set[object]:
    """Ids of everybody who may sign in with the provider."""
    return set(session.scalars(select(OidcLink.person_id)))


def sign_in_identity(
    act: Act, identity: Identity, *, limits: Limits, browser: str
) -> str | None:
    """A new session's token; None for an identity that is nobody's, or of somebody disabled.

    The person's own second factor is asked for all the same, unless the settings let the
    provider's count; whoever has none of their own sets one up first, as always.
    """
    link = find_link(act.session, identity.issuer, identity.subject)
    person = link.person if link is not None else None
    if person is None or person.disabled_at is not None:
        # The log names who is known here; a stranger's name at the provider is
        # nobody's business.
        named = {"username": person.username} if person else {}
        act.record("sign_in.failed", "sign_in", "oidc", **named)
        return None
    # From here on it is this person who acts, as the log has to say.
    theirs = Act(act.session, act.context, person.actor, act.now)
    theirs.record("sign_in.done", "sign_in", "oidc")
    is_proven = identity.has_second_factor and has_factor(
        act.session, person.id
    )
    return open_session(
        act.session,
        person,
        act.now,
        limits=limits,
        browser=browser,
        proven_at=act.now if is_proven else None,
        provider_session=digest_of_session(identity.issuer, identity.session),
    )


def end_by_provider(act: Act, logout: Logout) -> int:
    """End what the provider says is over there; returns how many sessions. ``Conflict`` for a token
    that was taken already.

    One session there is the one session here that it opened. Where it names none, or none that was
    remembered here, every session of the person ends, however it was opened.
    """
    # First of all, so that a token that comes twice ends nothing the second
    # time.
    if not insert_once(
        act.session,
        SpentLogout,
        ["digest"],
        id=new_id(),
        digest=logout.digest,
        expires_at=logout.expires_at,
    ):
        raise Conflict(phrase("This logout token was used already."))
    over = _find_sessions(act.session, logout)
    for login in over:
        act.record(
            "sign_in.ended_by_provider",
            "person",
            login.person_id,
            username=login.person.username,
        )
        act.session.delete(login)
    return len(over)


def _find_sessions(session: Session, logout: Logout) -> list[LoginSession]:
    # Locked, as the person may be signing out in the same moment.
    query = select(LoginSession).with_for_update(of=LoginSession)
    link = (
        find_link(session, logout.issuer, logout.subject)
        if logout.subject
        else None
    )
    # A session there of another person than is said is none.
    if logout.subject and link is None:
        return []
    if link is not None:
        query = query.where(LoginSession.person_id == link.person_id)
    if logout.session is not None:
        of_this_sign_in = session.scalars(
            query.where(LoginSession.provider_session == logout.session)
        ).all()
        # Where nothing is remembered of that session, all of the person's end.
        if of_this_sign_in or link is None:
            return list(of_this_sign_in)
    return list(session.scalars(query))
