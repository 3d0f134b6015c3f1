"""Two people who answer for an act of the command line, each with their own password."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import typer

from hotline.core.errors import Forbidden, InvalidInput

if TYPE_CHECKING:
    from hotline.core.context import Context

People = tuple[str, str]
"""Their user names."""


def require_two(people: People) -> None:
    if people[0] == people[1]:
        raise InvalidInput("Two different people have to answer for it.")


def require_answering(people: People, why: str) -> None:
    """Who answers for a restore or an export, and with which words."""
    require_two(people)
    if not why.strip():
        raise InvalidInput("Say why: --why.")


def ask_password(name: str) -> str:
    """On standard error, so that standard output holds the answer alone."""
    return str(typer.prompt(f"Password of {name}", hide_input=True, err=True))


def ask_people(context: Context, people: People, now: datetime) -> None:
    """Each for their password, the second one once the first is known."""
    for name in people:
        confirm_person(context, name, ask_password(name), now)


def confirm_person(
    context: Context, name: str, password: str, now: datetime
) -> None:
    """Sign the person in and out again, with the delays and notes of every sign-in."""
    from hotline.accounts.signing_in import logins, sessions

    with context.database.writing() as session:
        token = logins.sign_in(session, context, name, password, now)
        if token is not None:
            sessions.sign_out(session, token, now)
    # After the transaction, which keeps the note of a failed sign-in.
    if token is None:
        raise Forbidden(
            f"The password of {name} is not right, or nobody has that name."
        )
