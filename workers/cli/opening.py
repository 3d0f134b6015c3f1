"""What a command that needs the database opens first."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from hotline.core.context import Context, utc_now
from hotline.core.logs import configure_logging
from hotline.core.settings import Settings, load_settings

if TYPE_CHECKING:
    from hotline.core.act import Act


def open_house(settings: Settings | None = None) -> Context:
    """The context on a database that is ours; ``Misconfigured`` with what to do if it is not."""
    from workers.house import open_own_context

    settings = settings or load_running_settings()
    configure_logging(settings.log_level)
    return open_own_context(settings)


def load_running_settings() -> Settings:
    """The settings; those of a demo that runs beside it, unless a data directory is named."""
    from workers.cli.output import stderr
    from workers.processes import running

    settings = load_settings()
    if running.adopt_demo(settings):
        settings = load_settings()
        stderr.print(
            f"Looking at the running demo, {settings.data_dir}. "
            "HOTLINE_DATA_DIR names another directory.",
            soft_wrap=True,
            markup=False,
        )
    return settings


def _read_rules_in_force(context: Context) -> None:
    """Where there is a schema to ask; a command may be there to make one."""
    from triage.rulebook.in_force import RuleKeeper

    with suppress(SQLAlchemyError):
        RuleKeeper(context).keep(at_once=True)


@contextmanager
def opened_house(settings: Settings | None = None) -> Iterator[Context]:
    """``open_house``, closed at the end."""
    context = open_house(settings)
    try:
        _read_rules_in_force(context)
        yield context
    finally:
        context.close()


@contextmanager
def acting() -> Iterator[Act]:
    """An act of whoever sits at the machine, in a transaction of its own."""
    from hotline.core.act import Act

    with opened_house() as context, context.database.writing() as session:
        yield Act(session, context, operator_name(), utc_now())


def operator_name() -> str:
    """Who sits at the machine, as far as it can tell."""
    from hotline.core.storage.audit import COMMAND

    try:
        return f"{COMMAND}:{getpass.getuser()}"[:80]
    except (KeyError, OSError):
        # A container's user may have no name.
        return COMMAND
