"""The way through for a person whose name somebody else keeps guessing at.

While the delay of a name runs, an attempt is looked at all the same if it brings a code of that
person's second factor. Such a code is looked at before the password, is used up by it, and a wrong
one is answered like the delay itself: without the person's telephone nobody learns anything.

Whoever knows the password already would need nothing but the code, so wrong codes are slowed down
here as they are on the page that asks for them. They are counted apart from those: a stranger, who
gets no further than this, must not slow down that page. Recovery codes cannot be guessed and are
never held up.
"""

from __future__ import annotations

from datetime import timedelta

from hotline.accounts.factors import proof, recovery
from hotline.accounts.models import Person
from hotline.accounts.signing_in import throttle
from hotline.accounts.signing_in.logins import (
    Attempt,
    lock_person,
    plain_username,
    read_attempt,
)
from hotline.core.act import Act

KIND = "sign_in_code"


def begin_past_delay(
    act: Act, username: str, code: str, *, mark: str = ""
) -> Attempt | None:
    """The attempt of somebody with a second factor; None for everybody else.

    A failure is written down, so the caller commits either way.
    """
    username = plain_username(username)
    keys = throttle.throttle_keys(act.context.keyring, username, mark)
    person = lock_person(act.session, username)
    if person is None or not _holds(act, person, code, mark):
        return None
    return read_attempt(act.session, username, keys, proven_at=act.now)


def _holds(act: Act, person: Person, code: str, mark: str) -> bool:
    # Before any delay: 100 random bits cannot be guessed at.
    if recovery.use_code(act, person, code):
        return True
    keys = throttle.throttle_keys(
        act.context.keyring, person.username, mark, what=KIND
    )
    if throttle.wait_left(act.session, keys, act.now, what=KIND) > timedelta():
        return False
    holds = proof.use_app_code(act, person.id, code)
    act.record(
        f"{KIND}.proven" if holds else f"{KIND}.failed",
        KIND,
        keys[0],
        username=person.username,
    )
    return holds
