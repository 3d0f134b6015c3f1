"""What a list says of itself, and whether it is used: set, police, enable, disable."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, cast

import typer

from hotline.core.act import Act
from hotline.core.context import utc_now
from hotline.core.errors import Forbidden, InvalidInput
from workers.cli.opening import open_house, operator_name
from workers.cli.output import stderr, stdout

if TYPE_CHECKING:
    from triage.hashlists.service import ListProperties


def change_properties(
    name: str = typer.Argument(help="The list's name."),
    source: str = typer.Option(None, help="Who gave the list."),
    licence: str = typer.Option(None, help="What may be done with it."),
    default_class: str = typer.Option(
        None, help="Class of entries without a label we map."
    ),
    label: list[str] = typer.Option(
        [],
        "--map",
        metavar="LABEL=CLASS",
        help="Class of the list's own label; repeat it.",
    ),
    confidence: float = typer.Option(
        None, help="How far the list is trusted, 0 to 1."
    ),
    pdq_threshold: int = typer.Option(
        None, help="Bits that a PDQ may differ by, 0 to 31."
    ),
    phash_threshold: int = typer.Option(
        None, help="Bits that a pHash may differ by, 0 to 10."
    ),
    exportable: bool = typer.Option(
        None, help="Whether its owner lets it leave this service."
    ),
) -> None:
    """Change what a list says of itself: source, licence, classes, thresholds."""
    from triage.hashlists import service

    properties = _given_properties(
        source=source,
        licence=licence,
        default_class=default_class,
        category_map=_parse_labels(label),
        confidence=confidence,
        exportable=exportable,
        pdq_threshold=pdq_threshold,
        phash_threshold=phash_threshold,
    )
    context = open_house()
    with context.database.writing() as session:
        hash_list = service.find_list(session, name)
        service.set_properties(
            Act(session, context, operator_name(), utc_now()),
            hash_list,
            properties,
        )
    stdout.print(f"{name}: changed {', '.join(properties)}.", markup=False)


def _given_properties(**options: object) -> ListProperties:
    """The options that were given; there must be one."""
    given = {
        # Not given is another thing than empty, or than no.
        name: value
        for name, value in options.items()
        if value is not None
    }
    if not given:
        raise InvalidInput(
            "Nothing to change.",
            hint="`hotline hashlist set --help` names all.",
        )
    return cast("ListProperties", given)


def switch_police(
    name: str = typer.Argument(help="The list's name."),
    on: bool = typer.Option(..., "--on/--off", help="Off is the rule."),
) -> None:
    """Whether a strong match with the list tells the police automatically, before anybody looked.

    An exact hash, or PDQ within the threshold and of good quality, of a file seen from then on. The
    police hold begins as ever; class, notices and all else stay with people. Where acts take two
    persons this is switched on by them, on the console's page of lists; here it is switched off.
    """
    from triage.hashlists import police_switch as switch
    from triage.hashlists import service

    context = open_house()
    with context.database.writing() as session:
        hash_list, now = service.find_list(session, name), utc_now()
        if on:
            if context.settings.second_person:
                raise Forbidden(
                    "Two persons switch this on; a command cannot tell who they are.",
                    hint="Ask on the console's page of hash lists, where another one agrees.",
                )
            switch.ask_for_switch(
                Act(session, context, operator_name(), now),
                hash_list,
                second_person=False,
            )
        else:
            switch.stop_switch(
                Act(session, context, operator_name(), now), hash_list
            )
        state = switch.state_of(hash_list)
    sentence = {
        "on": "a strong match tells the police automatically from now on",
        "off": "the police are told by people only",
    }
    if state != "off":
        stderr.print(
            "hotline: nobody looks before such a referral leaves.",
            style="yellow",
        )
    stdout.print(f"{name}: {sentence[state]}.", markup=False)


def _parse_labels(labels: list[str]) -> dict[str, str] | None:
    # From the right: an owner's label may hold the sign itself.
    pairs = [text.rpartition("=") for text in labels]
    if not all(label and meaning for label, _, meaning in pairs):
        raise InvalidInput(
            "A class mapping is written LABEL=CLASS, such as A1=baseline."
        )
    return {
        label.strip(): meaning.strip() for label, _, meaning in pairs
    } or None


def enable_list(name: str = typer.Argument(help="The list's name.")) -> None:
    """Match with the list again."""
    _switch_list(name, True, utc_now())


def disable_list(name: str = typer.Argument(help="The list's name.")) -> None:
    """Match with the list no more; its entries stay."""
    _switch_list(name, False, utc_now())


def _switch_list(name: str, enabled: bool, now: datetime) -> None:
    from triage.hashlists import service

    context = open_house()
    with context.database.writing() as session:
        hash_list = service.find_list(session, name)
        service.set_enabled(
            Act(session, context, operator_name(), now), hash_list, enabled
        )
    stdout.print(f"{name} is {'on' if enabled else 'off'}.")
