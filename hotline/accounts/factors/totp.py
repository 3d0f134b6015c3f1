"""Codes of an authenticator app (RFC 6238): six digits, thirty seconds, each taken once.

The clock of a telephone may be one step off, to either side. A step that was used, or one before
it, is never taken again: whoever looked over a shoulder has nothing.
"""

from __future__ import annotations

import hmac
import uuid
from datetime import datetime, timedelta

import pyotp
import segno
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from hotline.accounts.models import Person, TotpSecret
from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.storage.crypto import Vault
from hotline.core.storage.ids import new_id

SECONDS = 30
DIGITS = 6
STEPS_OFF = (-1, 0, 1)
LONGEST_SETUP = timedelta(minutes=15)
_WHERE = "totp_secret.sealed"


def begin_enrolment(act: Act, person: Person) -> TotpSecret:
    """A new secret that counts for nothing yet; what was begun before and not finished is gone."""
    act.session.execute(
        delete(TotpSecret).where(
            TotpSecret.person_id == person.id,
            TotpSecret.confirmed_at.is_(None),
        )
    )
    row = TotpSecret(id=new_id(), person_id=person.id, created_at=act.now)
    key = act.context.vault.key_for(act.session, person.id)
    row.sealed = Vault.seal(key, _WHERE, row.id, pyotp.random_base32())
    row.last_step = 0
    act.session.add(row)
    return row


def find_begun(
    session: Session, person_id: uuid.UUID, now: datetime
) -> TotpSecret | None:
    """What a person has begun to set up lately and not confirmed."""
    return session.scalar(
        select(TotpSecret).where(
            TotpSecret.person_id == person_id,
            TotpSecret.confirmed_at.is_(None),
            # What was left lying is not shown again: whoever finds the browser
            # must not be able to finish it.
            TotpSecret.created_at > now - LONGEST_SETUP,
        )
    )


def find_confirmed(
    session: Session, person_id: uuid.UUID
) -> TotpSecret | None:
    """The app that counts."""
    return session.scalar(
        select(TotpSecret).where(
            TotpSecret.person_id == person_id,
            TotpSecret.confirmed_at.is_not(None),
        )
    )


def confirm_enrolment(act: Act, person: Person, code: str) -> bool:
    """Make the secret count, once a code of it proves that the app has it; False if it does not.

    An app that counted before is replaced.
    """
    begun = find_begun(act.session, person.id, act.now)
    if begun is None or not use_code(act, begun, code):
        return False
    act.session.execute(
        delete(TotpSecret).where(
            TotpSecret.person_id == person.id, TotpSecret.id != begun.id
        )
    )
    begun.confirmed_at = act.now
    return True


def use_code(act: Act, row: TotpSecret, code: str) -> bool:
    """Whether ``code`` is one of now that was not used before; it is used up by that."""
    # Apps show a code in two groups, and people type it so.
    step = _find_step(act, row, "".join(code.split()))
    if step is None:
        return False
    # Of two requests with one code, one finds it unused.
    used = act.session.execute(
        update(TotpSecret)
        .where(TotpSecret.id == row.id, TotpSecret.last_step < step)
        .values(last_step=step)
        .execution_options(synchronize_session=False)
    )
    return bool(getattr(used, "rowcount", 0))


def _find_step(act: Act, row: TotpSecret, code: str) -> int | None:
    # Digits of other scripts pass ``isdigit``, and ``compare_digest`` raises
    # at them.
    if len(code) != DIGITS or not code.isascii() or not code.isdigit():
        return None
    totp = pyotp.TOTP(open_secret(act.session, act.context, row))
    present = step_at(act.now)
    matched_step = None
    for off in STEPS_OFF:
        # All are computed, so that the time taken says nothing.
        expected = totp.generate_otp(present + off)
        if hmac.compare_digest(expected, code):
            matched_step = present + off
    return matched_step


def step_at(now: datetime) -> int:
    """The number of the time step that ``now`` lies in."""
    return int(now.timestamp()) // SECONDS


def open_secret(session: Session, context: Context, row: TotpSecret) -> str:
    """The secret in base 32, for the person's own page and for comparing."""
    key = context.vault.key_for(session, row.person_id)
    return Vault.open(key, _WHERE, row.id, row.sealed)


def draw_code(context: Context, person: Person, secret: str) -> str:
    """The QR code that the app reads, as SVG to stand in a page."""
    uri = pyotp.TOTP(secret).provisioning_uri(
        name=person.username, issuer_name=context.hotline_name or "Hotline"
    )
    return segno.make(uri, error="m").svg_inline(scale=5, light="#fff")
