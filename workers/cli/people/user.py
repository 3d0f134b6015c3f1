"""``hotline user``: people who may sign in to the console."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated

import typer

from hotline.accounts import service
from hotline.accounts.invitations import link_of, make_invitation
from hotline.accounts.models import Person
from hotline.accounts.permissions import Role
from hotline.accounts.signing_in.passwords import generate_password
from hotline.core.errors import Conflict, InvalidInput
from workers.cli.opening import acting, opened_house
from workers.cli.output import emit_each, emit_json

app = typer.Typer(
    no_args_is_help=True, help="People who may sign in to the console."
)

Username = Annotated[
    str, typer.Argument(help="a-z, 0-9, dot, hyphen, underscore")
]
AsJson = Annotated[
    bool, typer.Option("--json", help="One JSON object a line.")
]


def register(root: typer.Typer) -> None:
    root.add_typer(app, name="user")


@app.command()
def add(
    username: Username,
    role: Annotated[str, typer.Option(help=", ".join(Role))],
    name: Annotated[
        str, typer.Option(help="The name that colleagues see.")
    ] = "",
    password_stdin: Annotated[
        bool,
        typer.Option(
            "--password-stdin", help="Read the password from standard input."
        ),
    ] = False,
    invite: Annotated[
        bool,
        typer.Option(
            "--invite",
            help="Print a one-time link by which they choose a password.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Add a person. A generated password is printed once and kept nowhere."""
    if invite and password_stdin:
        raise InvalidInput("Say --invite or --password-stdin, not both.")
    if invite:
        _add_invited(username, name or username, role, as_json=as_json)
        return
    password = _from_stdin() if password_stdin else generate_password(username)
    with acting() as act:
        person = service.add_person(
            act,
            username=username,
            display_name=name or username,
            role=role,
            password=password,
        )
        shape = _person_shape(person)
    # A password that came from standard input is known to who gave it, and is
    # printed nowhere.
    if as_json:
        emit_json(shape if password_stdin else {**shape, "password": password})
    elif password_stdin:
        print(f"Added {shape['username']} ({role}).")
    else:
        print(
            f"Added {shape['username']} ({role}). Password, shown only now: {password}"
        )


def _add_invited(
    username: str, name: str, role: str, *, as_json: bool
) -> None:
    with acting() as act:
        person = service.add_person(
            act, username=username, display_name=name, role=role, password=None
        )
        # The invitation refers to the person, who has to be there first.
        act.session.flush()
        link = link_of(act.context, make_invitation(act, person))
        shape = _person_shape(person)
    if as_json:
        emit_json({**shape, "link": link})
    else:
        print(f"Added {shape['username']} ({role}).")
        print(f"They choose a password here, once: {link}")


@app.command()
def invite(username: Username) -> None:
    """Print a one-time link by which somebody chooses a new password; until then theirs stays."""
    with acting() as act:
        person = service.find_person(act.session, username)
        if person.disabled_at is not None:
            raise Conflict("A disabled person gets no link.")
        link = link_of(act.context, make_invitation(act, person))
    print(f"{username} chooses a password here, once: {link}")


@app.command("reset-factors")
def reset_factors(username: Username) -> None:
    """Take the second factors of somebody away who lost theirs. Every session of theirs ends."""
    with acting() as act:
        service.reset_factors(act, username)
    print(f"{username} sets up a second factor at the next sign-in.")


@app.command("list")
def list_people(as_json: AsJson = False) -> None:
    """Everybody, with role and whether they may sign in."""
    with opened_house() as context, context.database.reading() as session:
        people = service.list_people(session)
        emit_each(
            people,
            as_json,
            _person_shape,
            _person_line,
            empty="There is nobody yet: hotline user add NAME.",
        )


@app.command()
def disable(username: Username) -> None:
    """End a person's access at once, on all devices."""
    with acting() as act:
        service.disable_person(act, username)
    print(f"{username} can no longer sign in.")


@app.command()
def enable(username: Username) -> None:
    """Let somebody sign in again, with the role and the password that they had."""
    with acting() as act:
        service.enable_person(act, username)
    print(f"{username} can sign in again.")


@app.command()
def password(username: Username) -> None:
    """Make a new password; it is printed once. Every session of theirs ends."""
    with acting() as act:
        new = service.renew_password(act, username)
    print(f"New password of {username}, shown only now: {new}")


@app.command()
def role(
    username: Username,
    new: Annotated[str, typer.Argument(help=", ".join(Role))],
) -> None:
    """Change what somebody may see and do."""
    with acting() as act:
        service.change_role(act, username, new)
    print(f"{username} is {new} now.")


def _from_stdin() -> str:
    # Only the line's end goes: a password may begin or end with a space.
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise InvalidInput("Standard input holds no password.")
    return password


def _person_shape(person: Person) -> Mapping[str, str | None]:
    return {
        "username": person.username,
        "name": person.display_name,
        "role": person.role,
        "created_at": person.created_at.isoformat(),
        "disabled_at": person.disabled_at.isoformat()
        if person.disabled_at
        else None,
    }


def _person_line(person: Person) -> str:
    state = "disabled" if person.disabled_at else "active"
    return f"{person.username:<20} {person.role:<14} {state:<9} {person.display_name}"
