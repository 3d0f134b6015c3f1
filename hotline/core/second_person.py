"""The rule of two people: whoever asks for an act cannot approve it, unless the operator says so.

One person alone must not be able to do harm, by mistake or on purpose. What an act is, and where it
waits, is its own package's matter; who may agree to it is asked here.
"""

from __future__ import annotations

from hotline.core.act import Act
from hotline.core.errors import Forbidden, phrase


def is_own_request(act: Act, asked_by: str) -> bool:
    """Whether another person has to agree to what ``asked_by`` asked for: it is the actor's own.

    What nobody asked for ("") may be agreed to by anybody: the service itself proposed it.
    """
    return act.context.settings.second_person and asked_by == act.actor


def require_another(act: Act, asked_by: str) -> None:
    """``Forbidden`` where the actor would agree to what they asked for themselves."""
    require_two(
        asked_by, act.actor, is_needed=act.context.settings.second_person
    )


def require_two(asked_by: str, actor: str, *, is_needed: bool) -> None:
    """The rule by itself, for what keeps whether two were needed when it was asked for."""
    if is_needed and asked_by == actor:
        raise Forbidden(
            phrase("Whoever asked for this cannot approve it."),
            hint=phrase("Ask another person to look."),
        )
