"""The commands of ``hotline``, in the order of its help, each with the module that brings it.

A module of a command needs the half of the service, and `hotline --help` needs none of it. So the
help is made from this table, and a module is imported when its command runs. A new command is a new
row here and a function that the module's ``register`` adds; a test compares the two.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    from typer._click import Command, Context


class CommandRow(NamedTuple):
    """``summary`` is the command's line in the help; the rest of its help stands with it."""

    name: str
    module: str
    summary: str
    hidden: bool = False


COMMANDS = (
    CommandRow(
        "up",
        "running.service",
        "Run everything: Redis if need be, web, workers and scheduler, until Ctrl-C.",
    ),
    CommandRow("web", "running.service", "Serve the pages and the API."),
    CommandRow(
        "worker", "running.service", "Take jobs from the queues and do them."
    ),
    CommandRow(
        "scheduler",
        "running.service",
        "Post what is due: checks, reminders, deadlines, retention, the audit seal.",
    ),
    CommandRow(
        "metrics",
        "running.service",
        "Serve the figures for Prometheus, on a port of their own (metrics_port).",
    ),
    CommandRow(
        "demo",
        "running.demo",
        "Run everything with a sandbox world: a web host, inboxes, harmless pictures, "
        "first cases.",
    ),
    CommandRow(
        "sandbox",
        "running.demo",
        "The sandbox's own servers (started by `hotline demo`).",
        hidden=True,
    ),
    CommandRow(
        "url",
        "cases.url",
        "Say which locations each TEXT names, in their one normal form.",
    ),
    CommandRow(
        "hash",
        "hashlists.hash",
        "Hash files in memory; nothing is stored. A file that is no media gets exact "
        "hashes alone.",
    ),
    CommandRow(
        "match",
        "hashlists.match",
        "Look hashes up in all enabled lists; nothing is stored, the look-up is logged.",
    ),
    CommandRow(
        "rules",
        "cases.rules",
        "What changed files of rules would have done with past cases.",
    ),
    CommandRow(
        "route",
        "cases.route",
        "Say who has jurisdiction and who must be told, and why. Nothing is sent or "
        "written.",
    ),
    CommandRow(
        "inspect",
        "cases.inspect",
        "Identity, hosting facts, fetch (or why not), hashes, matches and routes of one "
        "location.",
    ),
    CommandRow(
        "stats",
        "keeping.figures",
        "Figures of a period beside the one before: reports, cases, removals, times of each "
        "step.",
    ),
    CommandRow(
        "evidence",
        "keeping.evidence",
        "Write the pack that a review, a regulator or an inspector asks for, as one ZIP file.",
    ),
    CommandRow(
        "case", "cases.cases", "Cases: what is known, and what was done."
    ),
    CommandRow(
        "referral", "cases.referrals", "Referrals: what an office was told."
    ),
    CommandRow("db", "running.service", "The database's schema and keys."),
    CommandRow(
        "user", "people.user", "People who may sign in to the console."
    ),
    CommandRow(
        "duty",
        "people.duty",
        "Whoever is on duty, and whether they can be reached.",
    ),
    CommandRow("key", "people.key", "Keys of the API's known senders."),
    CommandRow(
        "keys",
        "keeping.keys",
        "The service's own keys: which there are, another one, an old one away.",
    ),
    CommandRow(
        "backup",
        "keeping.backup",
        "Backups: make, list, verify, restore; encrypted to two people's keys.",
    ),
    CommandRow("hashlist", "hashlists.hashlist", "Known-hash lists."),
    CommandRow(
        "machines",
        "running.machines",
        "The machines that the service runs on, and whether they live.",
    ),
    CommandRow(
        "import", "cases.inbound", "Reports that a partner handed over."
    ),
    CommandRow("audit", "keeping.oversight", "The audit log."),
    CommandRow(
        "retention", "keeping.oversight", "Erasing what is no longer needed."
    ),
    CommandRow(
        "person",
        "people.person",
        "What a person asks about themselves: find, export, erase. Two people answer.",
    ),
    CommandRow(
        "setup",
        "running.setup",
        "Ask what a hotline needs to begin, write hotline.toml, and look whether it works.",
    ),
    CommandRow(
        "doctor",
        "running.doctor",
        "Look whether each part of this installation can do its work; nothing is touched.",
    ),
    CommandRow("config", "keeping.oversight", "Settings and data files."),
    CommandRow(
        "bench", "running.bench", "Measure, with a reference in the same run."
    ),
)


class CommandsOnDemand(TyperGroup):
    """Shows the table in its help, and imports the module of the one command that is run."""

    def resolve_command(
        self, ctx: Context, args: list[str]
    ) -> tuple[str | None, Command | None, list[str]]:
        from hotline.core.logs import configure_logging

        name, placeholder, rest = super().resolve_command(ctx, args)
        if name is None or placeholder is None:
            return name, placeholder, rest
        # A command of the service does it again, with its own level.
        configure_logging("warning")
        return name, load_command(name), rest


def build_commands() -> CommandsOnDemand:
    """The command tree as ``hotline`` runs it: placeholders, until one is called."""
    group = typer.main.get_group(_new_app(cls=CommandsOnDemand))
    assert isinstance(group, CommandsOnDemand)
    for row in COMMANDS:
        placeholder = TyperCommand(
            row.name, help=row.summary, hidden=row.hidden
        )
        group.add_command(placeholder)
    return group


def load_command(name: str) -> Command:
    """One command of the table, from its module."""
    (row,) = (row for row in COMMANDS if row.name == name)
    return _load_module(row.module)[name]


def load_all_commands() -> TyperGroup:
    """The whole tree with every command loaded, for whoever reads all of it."""
    group = typer.main.get_group(_new_app(cls=TyperGroup))
    for row in COMMANDS:
        group.add_command(load_command(row.name))
    return group


def _load_module(topic: str) -> dict[str, Command]:
    """What a module's ``register`` adds, by name."""
    app = _new_app(cls=TyperGroup)
    import_module(f"workers.cli.{topic}").register(app)
    return dict(typer.main.get_group(app).commands)


def _new_app(cls: type[TyperGroup]) -> typer.Typer:
    return typer.Typer(
        cls=cls,
        name="hotline",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help="The service that a reporting hotline runs on.",
    )
