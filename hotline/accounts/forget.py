"""What is forgotten of people who left: all but the user name, which the audit log says."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from hotline.accounts.models import (
    Passkey,
    Person,
    PersonRequest,
    RecoveryCode,
    TotpSecret,
)
from hotline.accounts.oidc.models import OidcLink
from hotline.accounts.preferences import Preferences
from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.datafiles.periods import Sort, load_periods
from hotline.core.storage import audit

BATCH = 100


def forget_people_who_left(
    session: Session, context: Context, *, now: datetime
) -> int:
    """Of those whose access ended long enough ago; returns how many.

    No password fits an empty hash, so whoever comes back is given a new one.
    """
    before = now - load_periods(context.settings)[Sort.STAFF].length
    due = session.scalars(
        select(Person)
        .where(
            Person.disabled_at <= before,
            # Whoever was forgotten before has none of these any more.
            or_(
                Person.password_hash != "",
                Person.email != "",
                Person.display_name != Person.username,
                Person.sealed_name.is_not(None),
            ),
        )
        .order_by(Person.id)
        .limit(BATCH)
        # Two runs at once take different people, and neither waits.
        .with_for_update(of=Person, skip_locked=True)
    ).all()
    act = Act(session, context, audit.SYSTEM, now)
    for person in due:
        forget_person(act, person)
    return len(due)


def forget_person(act: Act, person: Person) -> None:
    """One who left: factors, password, address and the name that is shown."""
    session = act.session
    act.context.vault.erase(session, person.id)
    for row in (OidcLink, TotpSecret, Passkey, RecoveryCode, Preferences):
        session.execute(delete(row).where(row.person_id == person.id))
    session.execute(
        update(PersonRequest)
        .where(PersonRequest.username == person.username)
        .values(display_name=person.username, email="", subject="", why="")
    )
    person.display_name, person.sealed_name = person.username, None
    person.email = person.language = person.password_hash = ""
    act.record("person.forgotten", "person", person.id)
