"""Proving the second factor in a session: by an app's code, a recovery code or a passkey.

Codes of six digits can be guessed, so wrong ones are slowed down as wrong passwords are. Recovery
codes and passkeys cannot be guessed and are never held up: they are the way through for a person
whose account somebody else is guessing at.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from hotline.accounts.factors import passkeys, recovery, totp
from hotline.accounts.models import (
    LoginSession,
    Passkey,
    Person,
    RecoveryCode,
    TotpSecret,
)
from hotline.accounts.signing_in import throttle
from hotline.core.act import Act

KIND = "second_factor"


@dataclass(frozen=True, slots=True)
class Proof:
    """What somebody offers: ``code`` of an app or a recovery code, or a passkey's signed answer."""

    code: str = ""
    passkey: str = ""
    mark: str = ""
    """The mark of the browser, by which its tries are counted apart."""

    @property
    def is_given(self) -> bool:
        return bool(self.code.strip() or self.passkey)


def has_factor(session: Session, person_id: uuid.UUID) -> bool:
    """Whether a person has set up any second factor; recovery codes alone are none."""
    has_app = exists().where(
        TotpSecret.person_id == person_id,
        # An app that was begun and never shown a code would lock its owner
        # out.
        TotpSecret.confirmed_at.is_not(None),
    )
    has_key = exists().where(Passkey.person_id == person_id)
    return bool(session.scalar(select(has_app | has_key)))


def list_holders(session: Session) -> set[uuid.UUID]:
    """Everybody who has set up a second factor."""
    apps = select(TotpSecret.person_id).where(
        TotpSecret.confirmed_at.is_not(None)
    )
    keys = select(Passkey.person_id)
    return set(session.scalars(apps)) | set(session.scalars(keys))


def prove_factor(act: Act, login: LoginSession, proof: Proof) -> bool:
    """Whether the proof holds; the session then counts as proven from now on.

    A failure is written down, so the caller commits either way. ``TooMany`` while codes of an app
    have to wait.
    """
    person = login.person
    way = _find_way(act, login, proof)
    if not way:
        note_failure(act, person.username, proof.mark)
        return False
    login.proven_at = act.now
    note_success(act, person, proof.mark, way)
    return True


def _find_way(act: Act, login: LoginSession, proof: Proof) -> str:
    """Which kind of proof holds; "" for none."""
    if proof.passkey:
        site = passkeys.site_of(act.context.settings)
        holds = site is not None and passkeys.use_passkey(
            act, site, login, proof.passkey
        )
        return "passkey" if holds else ""
    # Before the delay: it is the way through while others guess.
    if recovery.use_code(act, login.person, proof.code):
        return "recovery_code"
    keys = factor_keys(act, login.person.username, proof.mark)
    # Locked, so that of many codes sent at once no more count than if they had come in turn.
    act.session.execute(
        select(Person.id).where(Person.id == login.person_id).with_for_update()
    )
    throttle.refuse_while_waiting(act.session, keys, act.now, what=KIND)
    return "app" if use_app_code(act, login.person_id, proof.code) else ""


def use_app_code(act: Act, person_id: uuid.UUID, code: str) -> bool:
    """Whether it is a code of the person's app that was not used before."""
    row = totp.find_confirmed(act.session, person_id)
    return row is not None and totp.use_code(act, row, code)


def factor_keys(act: Act, username: str, mark: str) -> tuple[str, ...]:
    """Under what the log counts tries with codes."""
    return throttle.throttle_keys(
        act.context.keyring, username, mark, what="factor"
    )


def note_failure(act: Act, username: str, mark: str) -> None:
    act.record(
        "second_factor.failed",
        KIND,
        factor_keys(act, username, mark)[0],
        username=username,
    )


def note_success(act: Act, person: Person, mark: str, way: str) -> None:
    act.record(
        "second_factor.proven",
        KIND,
        factor_keys(act, person.username, mark)[0],
        username=person.username,
        way=way,
    )


def remove_all(act: Act, person: Person) -> None:
    """Take every second factor and all recovery codes away: for somebody who lost theirs."""
    for table in (TotpSecret, Passkey, RecoveryCode):
        act.session.execute(delete(table).where(table.person_id == person.id))
    act.record(
        "second_factor.reset", "person", person.id, username=person.username
    )


def is_recent(proven_at: datetime | None, now: datetime, minutes: int) -> bool:
    """Whether a factor that was proven then is still enough for a sensitive act."""
    if proven_at is None:
        return False
    return (now - proven_at).total_seconds() < minutes * 60
