"""``hotline inspect``: the whole triage of one location as a dry run; nothing is written."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import typer

from hotline.core.context import Context, utc_now
from hotline.core.errors import InvalidInput
from hotline.core.settings import load_settings
from workers.cli.opening import open_house
from workers.cli.output import emit_json, stdout


def register(app: typer.Typer) -> None:
    app.command("inspect")(inspect)


def inspect(
    url: str = typer.Argument(
        help="One location, as a reporter would write it."
    ),
    json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """Identity, hosting facts, fetch (or why not), hashes, matches and routes of one location."""
    from triage.locations import identify

    settings = load_settings()
    results = [
        entry for entry in identify(url, region=settings.country) if entry.key
    ]
    if not results:
        raise InvalidInput(
            f"{url[:80]!r} is no location that this service knows."
        )
    context = open_house(settings)
    try:
        result = _inspect_location(context, results[0])
    finally:
        context.close()
    if json:
        emit_json(result)
    else:
        _print_result(result)


def _inspect_location(context: Context, location: Any) -> dict[str, Any]:
    from triage.cases.examination.examine import examine_location
    from triage.fetching.process.client import Fetcher
    from triage.hosting.build import build_lookup
    from triage.items.models import Item

    item = Item(
        kind=location.kind,
        canonical=location.canonical,
        host=location.host,
        platform=location.platform,
        fetchable=location.fetchable,
    )
    with Fetcher() as fetcher:
        examination = examine_location(
            item,
            settings=context.settings,
            fetcher=fetcher,
            lookup=build_lookup(context.settings),
            now=utc_now(),
        )
    media = (
        [medium for medium in examination.report.media if medium.fingerprint]
        if examination.report
        else []
    )
    matches = _matches_summary(
        context, [medium.fingerprint for medium in media if medium.fingerprint]
    )
    return {
        "location": location.to_json(),
        "hosting": {
            "kind": examination.facts.kind,
            "country": examination.facts.country,
            "asn": examination.facts.asn,
            "abuse_contact": examination.facts.abuse_contact,
            "observations": [
                entry.to_json() for entry in examination.facts.observations
            ],
        },
        "fetch": _fetch_summary(examination.report),
        "media": [
            {"url": medium.url, **(medium.fingerprint or {})}
            for medium in media
        ],
        "matches": matches,
        "routing": _routing_summary(
            context, location, examination.facts, matches
        ),
    }


def _fetch_summary(report: Any) -> dict[str, Any]:
    if report is None:
        return {
            "outcome": "not_fetchable",
            "error": None,
            "status": None,
            "hops": [],
        }
    return {
        "outcome": report.outcome,
        "error": report.error,
        "status": report.status,
        "media_type": report.media_type,
        "hops": [asdict(hop) for hop in report.hops],
        "bytes_read": report.bytes_read,
        "seconds": report.seconds,
    }


def _matches_summary(
    context: Context, fingerprints: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    from triage.hashlists.search.matcher import Matcher, Query

    matcher = Matcher(context)
    summaries = []
    with context.database.reading() as session:
        for entry in fingerprints:
            for hit in matcher.match(session, Query.of(entry)):
                summaries.append(
                    {
                        "sha256": entry["sha256"],
                        "list": hit.hash_list.name,
                        "kind": hit.entry.kind,
                        "distance": hit.distance,
                        "class": hit.hash_list.category_map.get(
                            hit.entry.category or "",
                            hit.hash_list.default_class,
                        ),
                    }
                )
    return summaries


def _routing_summary(
    context: Context, location: Any, facts: Any, matches: list[dict[str, Any]]
) -> dict[str, Any]:
    from triage.jurisdiction import Facts, load_rules, route_facts

    facts_data = {
        "home": context.settings.country,
        "hosting_kind": facts.kind,
        "hosting_country": facts.country,
        "platform": location.platform,
        "known_list": matches[0]["class"] if matches else None,
    }
    rules = load_rules(context.settings.data_dir)
    answer: dict[str, Any] = route_facts(
        Facts.from_json(facts_data), rules
    ).to_json()
    return answer


def _print_result(result: dict[str, Any]) -> None:
    location, hosting, fetch = (
        result["location"],
        result["hosting"],
        result["fetch"],
    )

    def line(name: str, value: object) -> None:
        stdout.print(f"{name:<14} {value}", markup=False, soft_wrap=True)

    line("location", location["canonical"])
    line("key", location["key"])
    line("kind", f"{location['kind']}, platform {location['platform'] or '-'}")
    line(
        "hosting",
        f"{hosting['kind']}, country {hosting['country'] or 'unknown'}, "
        f"{hosting['asn'] or 'network unknown'}",
    )
    line("abuse contact", hosting["abuse_contact"] or "unknown")
    line(
        "fetch",
        " ".join(
            str(v)
            for v in (fetch["outcome"], fetch["status"], fetch["error"])
            if v
        ),
    )
    for entry in result["media"]:
        line(
            "file",
            f"{entry['url']}  {entry['media_type']}  pdq {entry['pdq'] or '-'} "
            f"(quality {entry['pdq_quality']})",
        )
    for entry in result["matches"]:
        line(
            "match",
            f"{entry['list']}  {entry['kind']} at {entry['distance']}  {entry['class']}",
        )
    if not result["matches"]:
        line("match", "in no known list")
    for entry in result["routing"]["routes"]:
        line(
            "route",
            f"{entry['to']} {entry['country'] or ''} {entry['urgency']}: {entry['why']}",
        )
