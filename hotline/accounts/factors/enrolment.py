"""Setting up and taking away second factors, each written into the log.

The first factor brings the recovery codes. What takes a factor away ends the other sessions, and
the last one stays for as long as the operator's settings ask everybody for one.
"""

from __future__ import annotations

import uuid

from sqlalchemy import delete, func, select

from hotline.accounts.factors import passkeys, recovery, totp
from hotline.accounts.factors.passkeys import Site
from hotline.accounts.factors.proof import has_factor
from hotline.accounts.models import (
    LoginSession,
    Passkey,
    Person,
    RecoveryCode,
    TotpSecret,
)
from hotline.accounts.signing_in.sessions import end_sessions
from hotline.core.act import Act
from hotline.core.errors import Conflict, NotFound, phrase


def confirm_app(act: Act, login: LoginSession, code: str) -> list[str] | None:
    """The recovery codes that were made with it ([]: there are some already); None: wrong code."""
    # Asked before: afterwards there is always one.
    is_first = not has_factor(act.session, login.person_id)
    replaces = has_app(act, login)
    if not totp.confirm_enrolment(act, login.person, code):
        return None
    if replaces:
        # Where the telephone is lost, somebody else may have it in hand, signed in.
        end_sessions(act.session, login.person_id, but=login.token_hash)
        _record(act, "second_factor.removed", login.person, "app")
    return _finish(act, login, "app", is_first=is_first)


def has_app(act: Act, login: LoginSession) -> bool:
    """Whether an app counts now, which another one would replace."""
    return totp.find_confirmed(act.session, login.person_id) is not None


def add_passkey(
    act: Act, site: Site, login: LoginSession, *, answer: str, name: str
) -> list[str] | None:
    """The same for a passkey; None where the browser's answer does not hold."""
    is_first = not has_factor(act.session, login.person_id)
    if passkeys.add_passkey(act, site, login, answer, name) is None:
        return None
    return _finish(act, login, "passkey", is_first=is_first)


def _finish(
    act: Act, login: LoginSession, kind: str, *, is_first: bool
) -> list[str]:
    login.proven_at = act.now
    _record(act, "second_factor.added", login.person, kind)
    # New codes void those of before, which somebody may have on paper.
    return recovery.make_codes(act, login.person) if is_first else []


def remove_app(act: Act, login: LoginSession) -> None:
    """Take the app away."""
    row = totp.find_confirmed(act.session, login.person_id)
    if row is None:
        raise NotFound(phrase("There is no app."))
    _require_another(act, login)
    act.session.delete(row)
    _finish_removal(act, login, "app")


def remove_passkey(
    act: Act, login: LoginSession, passkey_id: uuid.UUID
) -> None:
    """Take one's own passkey away; somebody else's is not there."""
    row = act.session.get(Passkey, passkey_id)
    if row is None or row.person_id != login.person_id:
        raise NotFound(phrase("There is no such passkey."))
    _require_another(act, login)
    act.session.delete(row)
    _finish_removal(act, login, "passkey")


def _require_another(act: Act, login: LoginSession) -> None:
    if not act.context.settings.require_second_factor:
        return
    if _count_factors(act, login.person_id) < 2:
        raise Conflict(
            phrase("This is your only second factor."),
            hint=phrase("Set up another one first."),
        )


def _count_factors(act: Act, person_id: uuid.UUID) -> int:
    apps = select(func.count()).where(
        TotpSecret.person_id == person_id,
        TotpSecret.confirmed_at.is_not(None),
    )
    keys = select(func.count()).where(Passkey.person_id == person_id)
    counted = act.session.scalar(apps) or 0
    return counted + (act.session.scalar(keys) or 0)


def _finish_removal(act: Act, login: LoginSession, kind: str) -> None:
    # The row that goes must not be counted any more.
    act.session.flush()
    end_sessions(act.session, login.person_id, but=login.token_hash)
    if not _count_factors(act, login.person_id):
        # Nothing is left that could be proven, and codes are no factor of their own.
        login.proven_at = None
        act.session.execute(
            delete(RecoveryCode).where(
                RecoveryCode.person_id == login.person_id
            )
        )
    _record(act, "second_factor.removed", login.person, kind)


def _record(act: Act, action: str, person: Person, kind: str) -> None:
    act.record(
        action, "person", person.id, username=person.username, kind=kind
    )
