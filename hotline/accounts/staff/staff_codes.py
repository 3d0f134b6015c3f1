"""Codes of members of staff: what stands for a person wherever a name would leave the house.

A code is random, so that it cannot be guessed from a name, and stays the person's for good.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.accounts.models import PERSON, Person
from hotline.core.storage.audit import COMMAND

UNKNOWN = "----"
"""For an account of before there were codes that has not been used since."""


def list_codes(session: Session) -> Mapping[str, str]:
    """User name -> code, of everybody who ever worked here."""
    rows = session.execute(select(Person.username, Person.code))
    return {username: code or UNKNOWN for username, code in rows}


def code_of_actor(session: Session, actor: str | None) -> str:
    """The code of who acted, as the log names them; "" for the service itself."""
    if actor is None or not actor.startswith(PERSON):
        return ""
    username = actor.removeprefix(PERSON)
    code = session.scalar(
        select(Person.code).where(Person.username == username)
    )
    return code or UNKNOWN


_MACHINE_ACCOUNT = re.compile(rf"(?<![\w.-]){COMMAND}:[\w.$-]+")


class NameHider:
    """Puts codes in place of user names, in what was written down under them."""

    def __init__(self, codes: Mapping[str, str]) -> None:
        self._codes = codes
        names = "|".join(
            re.escape(name) for name in sorted(codes, key=len, reverse=True)
        )
        # A name is a whole word of what a user name may hold: "ana" is not in "anamaria".
        self._pattern = re.compile(
            rf"(?<![\w.-])(?:{PERSON})?({names})(?![\w-]|\.\w)"
        )

    def hide(self, text: str) -> str:
        # Whoever sits at the machine has an account there and no code here.
        text = _MACHINE_ACCOUNT.sub(COMMAND, text)
        if not self._codes:
            return text
        return self._pattern.sub(lambda found: self._codes[found[1]], text)
