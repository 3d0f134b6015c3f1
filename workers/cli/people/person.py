"""``hotline person``: what a person asks about themselves. Two people answer, and the log says so.

What was asked for is written down nowhere: the log has how many records were met, and where.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, TypeVar

import typer

from hotline.accounts import service as accounts
from hotline.accounts.approvals.models import Approval
from hotline.accounts.permissions import Role
from hotline.core.act import Act
from hotline.core.context import Context, utc_now
from hotline.core.errors import Forbidden, InvalidInput
from workers.cli.keeping.two_people import People, ask_people, require_two
from workers.cli.opening import opened_house, operator_name
from workers.cli.output import emit_json, stderr, stdout
from workers.retention.asked import (
    Met,
    agree_to_answer,
    erase_asked,
    export_asked,
    find_asked,
)

app = typer.Typer(
    no_args_is_help=True,
    help="What a person asks about themselves: find, export, erase. Two people answer.",
)
Answer = TypeVar("Answer")
LONGEST_WHY = 300
ANSWERING = (Role.SUPERVISOR, Role.ADMINISTRATOR)

Text = Annotated[
    str,
    typer.Argument(
        help="A whole mail address, telephone number, account or user name; - reads a line of "
        "standard input, so that no history of the shell has it."
    ),
]
Why = Annotated[
    str,
    typer.Option(help="Which request, and how the asker proved who they are."),
]
First = Annotated[str, typer.Option("--by", help="User name of who answers.")]
Second = Annotated[
    str, typer.Option("--with", help="User name of a second person.")
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON.")]


def register(root: typer.Typer) -> None:
    root.add_typer(app, name="person")


@app.command("find")
def find(
    text: Text, why: Why, first: First, second: Second, as_json: AsJson = False
) -> None:
    """Say where the person is met. It is for the two who answer, never for the asker."""

    def look(
        _act: Act, found: Sequence[Met], _agreed: Approval
    ) -> Sequence[Met]:
        return found

    meetings = _answer("find", text, why, (first, second), look)
    if as_json:
        emit_json([met.to_json() for met in meetings])
        return
    stdout.print(f"Met: {len(meetings)}.")
    for met in meetings:
        stdout.print(
            f"{met.way.value:<9} {met.reference}", markup=False, soft_wrap=True
        )
        _print_reasons(met)


@app.command("export")
def export(text: Text, why: Why, first: First, second: Second) -> None:
    """Write what the asker may get to standard output, as JSON.

    What is left out, and why, is said on standard error: it is not for the asker.
    """

    def tell(
        act: Act, found: Sequence[Met], _agreed: Approval
    ) -> tuple[dict[str, object], tuple[Met, ...]]:
        return export_asked(act, found)

    for_asker, left = _answer("export", text, why, (first, second), tell)
    emit_json(for_asker)
    _print_left("Left out of what the asker gets", left)


@app.command("erase")
def erase(text: Text, why: Why, first: First, second: Second) -> None:
    """Erase what may be erased, at once and for good; say what stays, and why."""
    gone, left = _answer("erase", text, why, (first, second), erase_asked)
    stdout.print(f"Erased: {len(gone)}.")
    _print_left("Kept", left)


def _answer(
    name: str,
    text: str,
    why: str,
    people: People,
    answer: Callable[[Act, Sequence[Met], Approval], Answer],
) -> Answer:
    """Have two people confirm, then answer, in one transaction with its entry in the log."""
    require_two(people)
    _require_reason(why)
    # One line and no more: the passwords may come by the same way.
    if text == "-":
        text = typer.get_text_stream("stdin").readline()
    now = utc_now()
    with opened_house() as context:
        # Before anything is looked for: who cannot show both people learns
        # nothing, not even how much there is.
        _confirm(context, people, now)
        with context.database.writing() as session:
            act = Act(session, context, operator_name(), now)
            agreed = agree_to_answer(
                act,
                what=name,
                why=why.strip(),
                first=people[0],
                second=people[1],
            )
            meetings = find_asked(session, context, text)
            given = answer(act, meetings, agreed)
            act.record(
                f"person.asked_{name}",
                "person_asked",
                now.isoformat(),
                by=list(people),
                why=why.strip(),
                # By ids: the log must not become the one place in which the
                # asker's words stand.
                met=[f"{met.way.value}:{met.record_id}" for met in meetings],
            )
    return given


def _require_reason(why: str) -> None:
    if not 1 <= len(why.strip()) <= LONGEST_WHY:
        raise InvalidInput(
            "Say which request it is, and how the asker proved who they are, "
            f"in at most {LONGEST_WHY} characters."
        )


def _confirm(context: Context, people: People, now: datetime) -> None:
    ask_people(context, people, now)
    with context.database.reading() as session:
        for name in people:
            # Their passwords say who they are, not that this is theirs to
            # decide.
            if accounts.find_person(session, name).role not in ANSWERING:
                raise Forbidden(
                    f"{name} may not answer: that is for supervisors and administrators."
                )


def _print_left(title: str, left: Sequence[Met]) -> None:
    if not left:
        return
    # Apart from the answer, which is often sent on as a file.
    stderr.print(f"{title}, for you and not for the asker: {len(left)}.")
    for met in left:
        stderr.print(
            f"{met.way.value:<9} {met.reference}", markup=False, soft_wrap=True
        )
        _print_reasons(met)


def _print_reasons(met: Met) -> None:
    for name, why in (
        ("not told", met.why_not_told),
        ("not erased", met.why_not_erased),
    ):
        if why is not None:
            stderr.print(
                f"  {name}: {why.value}", markup=False, soft_wrap=True
            )
