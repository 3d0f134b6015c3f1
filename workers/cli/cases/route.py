"""``hotline route``: whose case it is and who must be told, from a file of facts."""

from __future__ import annotations

import json as jsonlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from hotline.core.errors import InvalidInput
from workers.cli.output import emit_json, stdout

if TYPE_CHECKING:
    from triage.jurisdiction import Routing

MAX_BYTES = 1_000_000
"""Facts are a dozen short values; more than this is not a file of facts."""


def register(app: typer.Typer) -> None:
    app.command("route")(print_routes)


def print_routes(
    facts: str = typer.Argument(
        ..., metavar="FACTS.json|-", help="JSON facts; - is stdin."
    ),
    json: bool = typer.Option(False, "--json", help="One JSON object."),
    home: str = typer.Option(
        "", help="Home country, where the facts name none."
    ),
    language: str = typer.Option(
        "en", help="Language of the explanations, e.g. sq."
    ),
) -> None:
    """Say who has jurisdiction and who must be told, and why. Nothing is sent or written."""
    from hotline.core.settings import load_settings
    from triage.jurisdiction import Facts, load_rules, route_facts

    data = _parse_object(_read_file(facts))
    if home and data.get("home") is None:
        data["home"] = home
    situation = Facts.from_json(data)
    routing = route_facts(
        situation, load_rules(load_settings().data_dir), language
    )
    if json:
        emit_json(routing.to_json())
    else:
        _print_routing(routing)


def _read_file(name: str) -> bytes:
    try:
        if name == "-":
            raw = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with Path(name).open("rb") as file:
                raw = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InvalidInput(f"{name!r} cannot be read: {reason}.") from None
    if len(raw) > MAX_BYTES:
        raise InvalidInput(
            f"{name!r} is larger than {MAX_BYTES} bytes: these are no facts."
        )
    return raw


def _parse_object(raw: bytes) -> dict[str, object]:
    """The JSON object; a name that appears twice is refused, as only one of the two could count."""
    try:
        data = jsonlib.loads(
            # Editors of Windows put a mark before the first byte.
            raw.decode("utf-8-sig"),
            object_pairs_hook=_refuse_repeated_names,
        )
    except UnicodeDecodeError as error:
        raise InvalidInput(
            f"The facts are not UTF-8, from byte {error.start} on."
        ) from None
    except jsonlib.JSONDecodeError as error:
        raise InvalidInput(
            f"The facts are not JSON: {error.msg}, line {error.lineno} column {error.colno}."
        ) from None
    except (RecursionError, ValueError):
        raise InvalidInput(
            "The facts are not JSON that can be read."
        ) from None
    if not isinstance(data, dict):
        raise InvalidInput(
            "/: the facts must be one JSON object.",
            fields={"": "not an object"},
        )
    return data


def _refuse_repeated_names(
    pairs: list[tuple[str, object]],
) -> dict[str, object]:
    values = dict(pairs)
    if len(values) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidInput(
            f"/{twice[:40]}: appears twice.",
            fields={f"/{twice[:40]}": "twice"},
        )
    return values


def _print_routing(routing: Routing) -> None:
    """For a person at a terminal: one line a route or ground, its reasons beneath, never cut."""
    from rich.padding import Padding
    from rich.text import Text

    def entry(head: str, rest: str, why: str, basis: str) -> None:
        stdout.print(Text.assemble((head, "bold"), "  ", rest), soft_wrap=True)
        stdout.print(
            Padding(Text(f"{why} [{basis}]" if basis else why), (0, 0, 0, 4))
        )

    stdout.print(Text("Routes", style="bold underline"))
    for route in routing.routes:
        who = (
            f"{route.name} ({route.country})" if route.country else route.name
        )
        start = "automatic" if route.automatic else "by a person"
        after = f", after {route.after}" if route.after else ""
        entry(
            route.to,
            f"{who}: {route.urgency}, {start}{after}",
            route.why,
            route.basis,
        )
    stdout.print(Text("Jurisdiction", style="bold underline"))
    for ground in routing.jurisdiction:
        head = f"{ground.country} {ground.ground}"
        entry(head, ground.status, ground.why, ground.basis)
    parts = ", ".join(
        f"{part.slug} {part.points}" for part in routing.priority.parts
    )
    stdout.print(
        f"Priority {routing.priority.score} of 1000{': ' + parts if parts else ''}"
    )
