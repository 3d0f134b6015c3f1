"""A half-filled form: on the server, sealed, for an hour; its key is only in the visitor's cookie.

So neither the server alone nor whoever finds the cookie alone can read the answers, and a browser
that is closed leaves nothing that opens.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hotline.core.context import Context
from hotline.core.storage.crypto import CannotOpen, Vault
from hotline.core.storage.ids import new_id
from hotline.intake.models import Draft

LIFETIME = timedelta(hours=1)
_BODY = "report_draft.body"


def new_secret() -> str:
    """What goes into the cookie; 192 bits."""
    return secrets.token_urlsafe(24)


def load_draft(
    session: Session, context: Context, secret: str, now: datetime
) -> dict[str, str] | None:
    """The answers so far; None where there are none, or their hour is over."""
    row = session.execute(
        select(Draft.id, Draft.body).where(
            Draft.mac.in_(_macs_of_secret(context, secret)),
            Draft.expires_at > now,
        )
    ).first()
    if row is None:
        return None
    for key in _keys_of_secret(context, secret):
        with suppress(CannotOpen):  # sealed under another of the keys
            values: dict[str, str] = json.loads(Vault.open(key, _BODY, *row))
            return values
    return None


def save_draft(
    session: Session,
    context: Context,
    secret: str,
    values: Mapping[str, str],
    now: datetime,
) -> None:
    """Replace the answers; the hour begins anew."""
    macs = _macs_of_secret(context, secret)
    draft = session.scalar(
        select(Draft).where(Draft.mac.in_(macs)).with_for_update()
    )
    if draft is None:
        draft = Draft(id=new_id())
        session.add(draft)
    # If it was found under an older key, it moves to the one in use.
    draft.mac = macs[0]
    draft.body = Vault.seal(
        _keys_of_secret(context, secret)[0],
        _BODY,
        draft.id,
        json.dumps(dict(values)),
    )
    draft.expires_at = now + LIFETIME


def drop_draft(session: Session, context: Context, secret: str) -> None:
    session.execute(
        delete(Draft).where(Draft.mac.in_(_macs_of_secret(context, secret)))
    )


def _macs_of_secret(context: Context, secret: str) -> tuple[bytes, ...]:
    """What a draft is found by: first under the key in use, then under older ones."""
    return context.keyring.macs("sessions", f"draft lookup:{secret}".encode())


def _keys_of_secret(context: Context, secret: str) -> tuple[bytes, ...]:
    return context.keyring.macs("sessions", f"draft answers:{secret}".encode())
