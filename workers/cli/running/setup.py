"""``hotline setup``: asks, writes ``hotline.toml``, prepares the database, and looks at it all."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from hotline.core.context import build_context, utc_now
from hotline.core.errors import Conflict, Misconfigured
from hotline.core.settings import (
    CONFIG_VARIABLE,
    DEFAULT_FILE,
    Settings,
    load_settings,
)
from workers.cli.output import stdout

if TYPE_CHECKING:
    from workers.setup.answers import FirstAdministrator, Given
    from workers.setup.questions import Question, Value


def register(app: typer.Typer) -> None:
    app.command("setup")(set_up)


def set_up(
    answers: Path | None = typer.Option(
        None,
        "--answers",
        help="Ask nothing; take the answers from this TOML file.",
        exists=True,
        dir_okay=False,
    ),
    change: bool = typer.Option(
        False, "--change", help="Change a hotline.toml that is there already."
    ),
) -> int:
    """Ask what a hotline needs to begin, write hotline.toml, and look whether it works.

    A file that is there is never changed without being asked; what else stands in it stays. At
    the end stands `hotline doctor`, with its exit code.
    """
    from workers.setup.writing import read_file, write_file

    path = Path(os.environ.get(CONFIG_VARIABLE) or DEFAULT_FILE)
    _ask_before_changing(path, change, is_unattended=answers is not None)
    document = read_file(path)
    given = _gather(document.unwrap(), answers)
    before = write_file(path, document, given.settings)
    stdout.print(f"Wrote {path}.", markup=False, soft_wrap=True)
    if before is not None:
        stdout.print(
            f"As it was before, it is {before}.", markup=False, soft_wrap=True
        )
    # From here on the file that was written counts, wherever it lies.
    os.environ[CONFIG_VARIABLE] = str(path)
    _prepare_house(load_settings(), given.administrator)
    return _look_at_all()


def _ask_before_changing(
    path: Path, change: bool, *, is_unattended: bool
) -> None:
    if change or not path.exists():
        return
    if is_unattended:
        raise Conflict(
            f"{path} is there already, and was left as it is.",
            hint="--change changes it.",
        )
    if not typer.confirm(f"{path} is there already. Change it?", err=True):
        raise Conflict(f"{path} was left as it is.")


def _gather(before: Mapping[str, Value], file: Path | None) -> Given:
    from workers.setup import questions
    from workers.setup.answers import (
        FirstAdministrator,
        Given,
        ask_person,
        read_answers,
    )

    if file is not None:
        given = read_answers(file, before, _judge)
    else:
        stdout.print(
            "An empty line takes what stands in brackets. Nothing is written before the end."
        )
        given = Given(
            ask_person(before, _ask, _complain, _judge), FirstAdministrator()
        )
    settings = dict(given.settings)
    if settings.get("security_contacts") and not settings.get(
        "security_expires"
    ):
        expiry = questions.propose_expiry(utc_now().date())
        settings["security_expires"] = expiry.isoformat()
    return Given(settings, given.administrator)


def _ask(question: Question, proposed: str) -> str:
    """A secret is neither shown while it is typed nor as what is proposed."""
    if not question.is_secret:
        return str(typer.prompt(question.words, default=proposed, err=True))
    typed = typer.prompt(
        question.words + (" [as it is]" if proposed else ""),
        default="",
        show_default=False,
        # From a pipe nothing is shown anyway, and what hides it waits for a
        # terminal.
        hide_input=sys.stdin.isatty(),
        err=True,
    )
    return str(typed) or proposed


def _complain(fault: str) -> None:
    typer.echo(f"  {fault}", err=True)


def _judge(setting: str, value: Value, answers: Mapping[str, Value]) -> str:
    """Also whether the database is there: nothing can begin without it."""
    from workers.setup.questions import find_fault

    fault = find_fault(setting, value, answers)
    if fault or setting != "database_url" or not value:
        return fault
    return _find_database_fault(str(value))


def _find_database_fault(url: str) -> str:
    from sqlalchemy import text
    from sqlalchemy.exc import SQLAlchemyError

    from hotline.core.storage.database import Database

    if url.startswith("sqlite"):
        return ""
    try:
        database = Database(url, only_reading=True)
    except Misconfigured:
        return "This is no address of a database, such as postgresql://user:password@host/name."
    try:
        with database.reading() as session:
            session.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        return (
            f"This database does not answer ({type(error).__name__}): look whether it runs, "
            "whether it was made, and whether its user and password are right."
        )
    finally:
        database.dispose()
    return ""


def _prepare_house(
    settings: Settings, administrator: FirstAdministrator
) -> None:
    """Schema, keys, directory and the first administrator; a second run changes nothing."""
    from workers.cli.running.preparing import (
        bring_up_to_date,
        first_administrator,
    )

    context = build_context(settings)
    try:
        bring_up_to_date(context)
        password = first_administrator(
            context, administrator.username, administrator.name
        )
    finally:
        context.close()
    if password:
        stdout.print(
            f"First administrator: {administrator.username}   password: {password}\n"
            "The password is shown this once only. Administrators need each other's approval: "
            "add a second one here with hotline user add NAME --role administrator",
            markup=False,
            soft_wrap=True,
        )
    else:
        stdout.print("There are people already; no administrator was added.")


def _look_at_all() -> int:
    from workers.cli.running.doctor import run_checks
    from workers.doctor.registry import CHECKS

    stdout.print("")
    return run_checks(CHECKS)
