"""A case's people are sealed under one key of the case: erasing it forgets them all at once."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.storage.crypto import Vault


def seal_text(act: Act, case_id: uuid.UUID, where: str, text: str) -> bytes:
    """``where`` names table, column and row, so that a value opens in its own place only."""
    vault = act.context.vault
    key = vault.key_for(act.session, case_id)
    return vault.seal(key, where, case_id, text)


def opener_of(
    session: Session, context: Context, case_id: uuid.UUID
) -> Callable[[str, bytes], str] | None:
    """A function from (where, sealed) to the text; None where the case's key was erased.

    The key is looked up and unwrapped once, however many values are opened with it.
    """
    key = context.vault.key_of(session, case_id)
    if key is None:
        return None
    # For one page, while its transaction is open: nobody keeps it.
    return lambda where, sealed: Vault.open(key, where, case_id, sealed)
