"""A case's people are sealed under one key of the case: erasing it forgets them all at once."""

from __future__ import annotations

import uuid

from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.context import Context


def seal_text(act: Act, case_id: uuid.UUID, where: str, text: str) -> bytes:
    """``where`` names table, column and row, so that a value opens in its own place only."""
    vault = act.context.vault
    key = vault.key_for(act.session, case_id)
    return vault.seal(key, where, case_id, text)


def open_text(
    session: Session,
    context: Context,
    case_id: uuid.UUID,
    where: str,
    sealed: bytes,
) -> str:
    """The text; empty where the case's key was erased."""
    key = context.vault.key_of(session, case_id)
    return context.vault.open(key, where, case_id, sealed) if key else ""
