"""The way through for a person whose name somebody else keeps guessing at.

While the delay of a name runs, an attempt is looked at all the same if it brings a code of that
person's second factor. Such a code is looked at before the password, is used up by it, and a wrong
one is answered like the delay itself: without the person's telephone nobody learns anything, and
guessing both at once is a million times harder than guessing the password was.
"""

from __future__ import annotations

from sqlalchemy import select

from hotline.accounts import throttle
from hotline.accounts.factors import proof, recovery
from hotline.accounts.logins import Attempt, plain_username, read_attempt
from hotline.accounts.models import Person
from hotline.core.act import Act


def begin_past_delay(
    act: Act, username: str, code: str, *, mark: str = ""
) -> Attempt:
    """The attempt of somebody with a second factor; ``TooMany`` for everybody else."""
    username = plain_username(username)
    keys = throttle.throttle_keys(act.context.keyring, username, mark)
    person = act.session.scalar(
        select(Person).where(Person.username == username)
    )
    if person is None or not _holds(act, person, code):
        throttle.refuse_while_waiting(act.session, keys, act.now)
        # The delay ended in between: the attempt is one like any other.
        return read_attempt(act.session, username, keys)
    return read_attempt(act.session, username, keys, proven_at=act.now)


def _holds(act: Act, person: Person, code: str) -> bool:
    if recovery.use_code(act, person, code):
        return True
    return proof.use_app_code(act, person.id, code)
