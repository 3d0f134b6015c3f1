"""``hotline match``: hashes against every known-hash list, as the workers match them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import typer

from hotline.core.errors import InvalidInput
from triage.locations import identify_one
from workers.cli.opening import open_house, operator_name
from workers.cli.output import emit_json, read_inputs, stdout

if TYPE_CHECKING:
    from hotline.core.context import Context
    from triage.hashlists.search.matcher import Hit, Query


def register(app: typer.Typer) -> None:
    app.command("match")(match)


def match(
    hashes: list[str] = typer.Argument(
        metavar="HASH…|-",
        help="MD5, SHA-1, SHA-256, pdq:… or phash:…; - reads lines.",
    ),
    json: bool = typer.Option(False, "--json", help="One JSON object a line."),
) -> None:
    """Look hashes up in all enabled lists; nothing is stored, the look-up is logged."""
    from hotline.core.context import utc_now
    from hotline.core.storage import audit

    context = open_house()
    asked = 0
    try:
        for _ in _answer_each(context, hashes, json):
            asked += 1
    finally:
        # Also where a later line cannot be read, or nobody reads on: what was printed was told.
        with context.database.writing() as session:
            audit.record_entry(
                session,
                actor=operator_name(),
                action="hashlist.looked_up",
                entity="hash_list",
                entity_id="all",
                now=utc_now(),
                hashes=asked,
            )


def _answer_each(
    context: Context, hashes: Sequence[str], json: bool
) -> Iterator[str]:
    """Look up each in turn, and yield it before its hits are printed."""
    from triage.hashlists.search.matcher import Matcher

    matcher = Matcher(context)
    with context.database.reading() as session:
        for line in read_inputs(hashes):
            text = line.strip()
            if text:
                hits = matcher.match(session, _parse_query(text))
                yield text
                _print_hits(text, hits, json)


def _parse_query(text: str) -> Query:
    from triage.hashlists.search.matcher import Query

    kind, value = hash_of(text)
    if kind == "pdq":
        return Query(exact={}, pdq=value, pdq_quality=100)
    if kind == "phash":
        return Query(exact={}, phash=value)
    return Query(exact={kind: value})


def hash_of(text: str) -> tuple[str, str]:
    """(kind, lower-case hex). 64 digits alone are a SHA-256, 16 a pHash."""
    lowered = text.lower()
    if lowered.startswith("phash:") or len(lowered) == 16:
        value = lowered.removeprefix("phash:")
        if len(value) == 16 and all(c in "0123456789abcdef" for c in value):
            return "phash", value
    location = identify_one(text)
    if location.kind == "hash":
        kind, _, value = location.canonical.partition(":")
        return kind, value
    raise InvalidInput(
        f"{text[:80]!r} is not a hash.",
        hint="Give MD5, SHA-1, SHA-256, pdq:… or phash:… in hex.",
    )


def _hit_shape(hit: Hit) -> Mapping[str, object]:
    return {
        "list": hit.hash_list.name,
        "kind": hit.entry.kind,
        "value": hit.entry.value,
        "distance": hit.distance,
        "category": hit.entry.category,
        "class": hit.hash_list.class_of(hit.entry.category),
    }


def _print_hits(text: str, hits: Sequence[Hit], json: bool) -> None:
    if json:
        emit_json(
            {"input": text, "matches": [_hit_shape(hit) for hit in hits]}
        )
        return
    if not hits:
        stdout.print(
            f"{text}  not in any known list", markup=False, soft_wrap=True
        )
    for hit in hits:
        stdout.print(
            f"{text}  {hit.hash_list.name}  {hit.entry.kind} at {hit.distance}  "
            f"class {hit.hash_list.class_of(hit.entry.category)}",
            markup=False,
            soft_wrap=True,
        )
