"""``hotline duty``: whoever is on duty, and whether they can be reached."""

from __future__ import annotations

from typing import Annotated

import typer

from hotline.core.act import Act
from hotline.core.context import utc_now
from hotline.core.errors import InvalidInput, Unavailable
from workers.cli.opening import opened_house, operator_name
from workers.cli.output import emit_each, emit_json, stderr

app = typer.Typer(
    no_args_is_help=True,
    help="Whoever is on duty, and whether they can be reached.",
)

AsJson = Annotated[
    bool, typer.Option("--json", help="One JSON object a line.")
]


def register(root: typer.Typer) -> None:
    root.add_typer(app, name="duty")


@app.command("now")
def show_now(as_json: AsJson = False) -> None:
    """Who would be called now, in this order."""
    from partners.duty.models import DutyContact
    from partners.duty.rota import find_on_duty, list_contacts

    def shape(contact: DutyContact) -> dict[str, object]:
        ways = [str(way) for way in contact.addresses]
        return {"username": contact.person.username, "ways": ways}

    def line(contact: DutyContact) -> str:
        return f"{contact.person.username:<20} {', '.join(contact.addresses)}"

    with opened_house() as context, context.database.reading() as session:
        on_duty = find_on_duty(session, context, utc_now())
        called = on_duty or list_contacts(session)
        if called and not on_duty and not as_json:
            stderr.print(
                "Nobody is on duty now: all of these are called at once."
            )
        emit_each(
            called,
            as_json,
            shape,
            line,
            empty="Nobody can be called: note ways to people on the console's page On duty.",
        )


@app.command("test")
def test_ways(
    name: Annotated[str, typer.Argument(help="The person's user name.")],
    as_json: AsJson = False,
) -> None:
    """Send a test message by each way to NAME at once, and say what became of it."""
    from hotline.accounts.service import find_person
    from partners.duty.calls import note_trials, try_ways
    from partners.duty.rota import list_contacts
    from partners.duty.ways import open_ways

    with opened_house() as context:
        with context.database.reading() as session:
            person = find_person(session, name)
            contacts = {
                contact.person_id: contact
                for contact in list_contacts(session)
            }
        if person.id not in contacts:
            raise InvalidInput(
                f"No way to {person.username} is noted.",
                hint="A supervisor notes it on the console's page On duty.",
            )
        trials = try_ways(
            context, contacts[person.id], open_ways(context.settings)
        )
        # A transaction of its own, because a gateway may have taken half a
        # minute.
        with context.database.writing() as session:
            act = Act(session, context, operator_name(), utc_now())
            note_trials(act, person, trials)
    for trial in trials:
        if as_json:
            emit_json({"way": str(trial.way), "error": trial.fault})
        else:
            print(f"{trial.way:<6} {trial.fault or 'sent'}")
    if any(trial.fault for trial in trials):
        raise Unavailable(f"Not every way to {person.username} works.")
