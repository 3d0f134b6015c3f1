"""``hotline inspect``: the whole triage of one location as a dry run; nothing is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import typer

from hotline.core.context import Context, utc_now
from hotline.core.errors import InvalidInput
from workers.cli.opening import load_running_settings, open_house
from workers.cli.output import emit_json, stdout

if TYPE_CHECKING:
    from triage.fetching.report import FetchReport
    from triage.hosting.facts import HostingFacts
    from triage.jurisdiction import Routing
    from triage.locations import Location

NOT_FETCHED = "not_fetchable"


@dataclass(frozen=True, slots=True)
class File:
    """One medium. ``fingerprint``: the JSON of its hashes, as a fetch report has it."""

    url: str
    fingerprint: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Match:
    """One known hash that a file met."""

    sha256: str
    hash_list: str
    kind: str
    distance: int
    list_class: str

    def to_json(self) -> Mapping[str, object]:
        return {
            "sha256": self.sha256,
            "list": self.hash_list,
            "kind": self.kind,
            "distance": self.distance,
            "class": self.list_class,
        }


@dataclass(frozen=True, slots=True)
class Inspection:
    """What is known of one location. ``report``: None where there was nothing to fetch."""

    location: Location
    hosting: HostingFacts
    report: FetchReport | None
    media: Sequence[File]
    matches: Sequence[Match]
    routing: Routing

    def to_json(self) -> Mapping[str, object]:
        return {
            "location": self.location.to_json(),
            "hosting": {
                "kind": self.hosting.kind,
                "country": self.hosting.country,
                "asn": self.hosting.asn,
                "abuse_contact": self.hosting.abuse_contact,
                "observations": [
                    observation.to_json()
                    for observation in self.hosting.observations
                ],
            },
            "fetch": _fetch_shape(self.report),
            "media": [
                {"url": file.url, **file.fingerprint} for file in self.media
            ],
            "matches": [match.to_json() for match in self.matches],
            "routing": self.routing.to_json(),
        }


def _fetch_shape(report: FetchReport | None) -> Mapping[str, object]:
    if report is None:
        return {
            "outcome": NOT_FETCHED,
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


def register(app: typer.Typer) -> None:
    app.command("inspect")(inspect_location)


def inspect_location(
    url: str = typer.Argument(
        help="One location, as a reporter would write it."
    ),
    json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """Identity, hosting facts, fetch (or why not), hashes, matches and routes of one location."""
    from triage.locations import identify_locations

    settings = load_running_settings()
    results = [
        entry
        for entry in identify_locations(url, region=settings.country)
        # Words that only look like an address have no identity.
        if entry.key
    ]
    if not results:
        raise InvalidInput(
            f"{url[:80]!r} is no location that this service knows."
        )
    context = open_house(settings)
    try:
        result = _inspect_online(context, results[0])
    finally:
        context.close()
    if json:
        emit_json(result.to_json())
    else:
        _print_result(result)


def _inspect_online(context: Context, location: Location) -> Inspection:
    from triage.cases.examination.examine import examine_location
    from triage.fetching.process.client import Fetcher
    from triage.hosting.build import build_lookup
    from triage.items.models import Item

    # Of no session: what is looked at here is written nowhere.
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
    report = examination.report
    media = [
        File(medium.url, medium.fingerprint)
        # What could not be decoded was fetched and has no hashes.
        for medium in (report.media if report else ())
        if medium.fingerprint
    ]
    matches = _find_matches(context, media)
    return Inspection(
        location=location,
        hosting=examination.facts,
        report=report,
        media=media,
        matches=matches,
        routing=_find_routes(context, location, examination.facts, matches),
    )


def _find_matches(context: Context, media: Sequence[File]) -> list[Match]:
    from triage.hashlists.search.matcher import Matcher, Query

    matcher = Matcher(context)
    with context.database.reading() as session:
        return [
            Match(
                sha256=file.fingerprint["sha256"],
                hash_list=hit.hash_list.name,
                kind=hit.entry.kind,
                distance=hit.distance,
                list_class=hit.hash_list.class_of(hit.entry.category),
            )
            for file in media
            for hit in matcher.match(session, Query.of(file.fingerprint))
        ]


def _find_routes(
    context: Context,
    location: Location,
    hosting: HostingFacts,
    matches: Sequence[Match],
) -> Routing:
    from triage.jurisdiction import Facts, load_rules, route_facts

    facts = Facts.from_json(
        {
            "home": context.settings.country,
            "hosting_kind": hosting.kind,
            "hosting_country": hosting.country,
            "platform": location.platform,
            "known_list": matches[0].list_class if matches else None,
        }
    )
    return route_facts(facts, load_rules(context.settings.data_dir))


def _print_result(result: Inspection) -> None:
    location, hosting = result.location, result.hosting
    _print_line("location", location.canonical)
    _print_line("key", location.key)
    _print_line(
        "kind", f"{location.kind}, platform {location.platform or '-'}"
    )
    _print_line(
        "hosting",
        f"{hosting.kind}, country {hosting.country or 'unknown'}, "
        f"{hosting.asn or 'network unknown'}",
    )
    _print_line("abuse contact", hosting.abuse_contact or "unknown")
    _print_line("fetch", _fetch_in_words(result.report))
    for file in result.media:
        facts = file.fingerprint
        _print_line(
            "file",
            f"{file.url}  {facts['media_type']}  pdq {facts['pdq'] or '-'} "
            f"(quality {facts['pdq_quality']})",
        )
    for match in result.matches:
        _print_line(
            "match",
            f"{match.hash_list}  {match.kind} at {match.distance}  {match.list_class}",
        )
    if not result.matches:
        _print_line("match", "in no known list")
    for route in result.routing.routes:
        _print_line(
            "route",
            f"{route.to} {route.country or ''} {route.urgency}: {route.why}",
        )


def _fetch_in_words(report: FetchReport | None) -> str:
    if report is None:
        return NOT_FETCHED
    words = (report.outcome, report.status, report.error)
    return " ".join(str(word) for word in words if word)


def _print_line(name: str, value: object) -> None:
    stdout.print(f"{name:<14} {value}", markup=False, soft_wrap=True)
