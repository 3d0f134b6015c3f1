"""``hotline case``: what is known of a case.

It reads personal data, so it is written into the audit log. Sealed words of reporters are not shown
here: the console shows them, to people who sign in.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated

import typer
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.context import Context
from partners.letters.stated_times import describe_use
from partners.notices.models import Notice
from partners.referrals.following_up.outcomes import list_outcomes
from partners.referrals.models import Referral, ReferralOutcome
from partners.referrals.service import list_referrals
from triage.cases.listing.queue import by_reference
from triage.cases.models import Case, CaseItem
from triage.cases.people.service import (
    KnownIdentifier,
    KnownPerson,
    list_identifiers,
    list_people,
)
from triage.cases.vocabulary import CaseState
from triage.items.models import Item
from triage.jurisdiction import Routing
from triage.locations.others.address_use import show_place
from workers.cli.cases.referrals import outcome_shape
from workers.cli.opening import acting, opened_house
from workers.cli.output import emit_each, emit_json, plain, say

cases_app = typer.Typer(
    no_args_is_help=True, help="Cases: what is known, and what was done."
)
MOST_LISTED = 1_000

Reference = Annotated[str, typer.Argument(help="As in AL-2026-000012.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON.")]


def register(root: typer.Typer) -> None:
    root.add_typer(cases_app, name="case")


@dataclass(frozen=True, slots=True)
class CaseView:
    """One case with its people, opened; read in one transaction."""

    case: Case
    home_zone: str
    people: Sequence[KnownPerson]
    identifiers: Sequence[KnownIdentifier]
    referrals: Sequence[Referral]
    outcomes: Mapping[uuid.UUID, Sequence[ReferralOutcome]]
    notices: Sequence[Notice]

    def to_json(self) -> dict[str, object]:
        case = self.case
        return {
            "reference": case.reference,
            "kind": case.kind,
            "state": case.state,
            "danger_now": case.danger_now,
            "priority": case.priority,
            "items": [
                _item_shape(place, self.home_zone) for place in case.places
            ],
            "people": [_person_shape(person) for person in self.people],
            "identifiers": [
                _identifier_shape(entry, self.home_zone)
                for entry in self.identifiers
            ],
            "routes": _route_shapes(case),
            "referrals": [
                _referral_shape(referral, self.outcomes[referral.id])
                for referral in self.referrals
            ],
            "notices": [_notice_shape(notice) for notice in self.notices],
        }


def _item_shape(place: CaseItem, home_zone: str) -> dict[str, object]:
    item = place.item
    return {
        "number": place.number,
        "removal": place.state,
        "assessed_class": place.assessed_class or None,
        "location": item.canonical,
        "kind": item.kind,
        "used": describe_use(item.kind, item.canonical, home_zone),
        "hosting_kind": place.hosting_kind,
        "hosting_country": item.hosting_country,
        "reports": item.sighting_count,
    }


def _identifier_shape(
    entry: KnownIdentifier, home_zone: str
) -> dict[str, object]:
    return {
        "kind": entry.kind,
        "value": entry.display,
        "used": describe_use(entry.kind, entry.display, home_zone),
        "platform": entry.platform,
        "whose": entry.whose,
        "source": entry.source,
    }


def _route_shapes(case: Case) -> list[dict[str, object]]:
    """None yet for a case that the rules have not been asked about."""
    if not case.routing:
        return []
    return [
        {"id": route.id, "name": route.name, "urgency": route.urgency}
        for route in Routing.from_json(case.routing).routes
    ]


def _referral_shape(
    referral: Referral, outcomes: Sequence[ReferralOutcome]
) -> dict[str, object]:
    return {
        "reference": referral.reference,
        "to": referral.partner.name,
        "state": referral.state,
        "outcomes": [outcome_shape(outcome) for outcome in outcomes],
    }


def _notice_shape(notice: Notice) -> dict[str, object]:
    return {
        "reference": notice.reference,
        "kind": notice.kind,
        "state": notice.state,
    }


def _person_shape(person: KnownPerson) -> dict[str, object]:
    return {
        "role": person.role,
        "number": person.number,
        "facts": {
            str(fact.name): {"value": fact.value, "source": fact.source}
            for fact in person.facts
        },
    }


@cases_app.command("list")
def list_cases(
    state: Annotated[
        CaseState | None, typer.Option(help="Only cases in this state.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Cases by priority, the most urgent first; no people and no words."""
    query = select(Case).order_by(Case.priority.desc(), Case.id)
    if state:
        query = query.where(Case.state == state)
    with opened_house() as context, context.database.reading() as session:
        rows = session.scalars(query.limit(MOST_LISTED)).all()
        emit_each(
            rows,
            as_json,
            partial(_case_shape, context.country.time_zone),
            _case_line,
            empty="There is no such case.",
        )


def _case_shape(home_zone: str, case: Case) -> Mapping[str, object]:
    return {
        "reference": case.reference,
        "state": case.state,
        "kind": case.kind,
        "priority": case.priority,
        "danger_now": case.danger_now,
        "locations": [
            _location_shape(place.item, home_zone) for place in case.located
        ],
    }


def _location_shape(item: Item, home_zone: str) -> Mapping[str, object]:
    """Of an address that somebody used with the doubt about its time."""
    return {
        "location": item.canonical,
        "used": describe_use(item.kind, item.canonical, home_zone),
    }


def _case_line(case: Case) -> str:
    danger = "  DANGER" if case.danger_now else ""
    # It became a part of another case, and has no place of its own any more.
    if not case.places:
        return f"{case.reference}  {case.state}"
    place = show_place(case.item.kind, case.item.display) or "words only"
    if len(case.located) > 1:
        place += f" and {len(case.located) - 1} more"
    return (
        f"{case.reference}  {case.state:<18} {case.priority:>5}  {case.kind}"
        f"  {place}{danger}"
    )


@cases_app.command("show")
def show_case(reference: Reference, as_json: AsJson = False) -> None:
    """One case: places, people, what leads to them, routes, referrals, notices. Logged."""
    with acting() as act:
        session, context = act.session, act.context
        case = by_reference(session, reference)
        # Before anything is shown: what was read without an entry was never
        # read.
        act.record("case.people_read", "case", case.id)
        view = _view_of(session, context, case)
        if as_json:
            emit_json(view.to_json())
        else:
            _print_case(view)


def _view_of(session: Session, context: Context, case: Case) -> CaseView:
    notices = session.scalars(
        select(Notice).where(Notice.case_id == case.id).order_by(Notice.id)
    ).all()
    referrals = list_referrals(session, case.id)
    return CaseView(
        case,
        context.country.time_zone,
        list_people(session, context, case),
        list_identifiers(session, context, case),
        referrals,
        list_outcomes(session, [referral.id for referral in referrals]),
        notices,
    )


def _print_case(view: CaseView) -> None:
    say(_case_line(view.case))
    for place in view.case.places:
        say(_item_line(place))
    for person in view.people:
        say(f"{plain(person.role)} {person.number}")
        for fact in person.facts:
            say(f"  {plain(fact.name)}: {fact.value} ({fact.source})")
    for entry in view.identifiers:
        value = show_place(entry.kind, entry.display)
        owner = plain(entry.whose)
        say(f"{entry.kind}: {value} ({owner}; {entry.source})")
    if not view.people and not view.identifiers:
        say("Nobody is noted yet.")
    if view.case.routing:
        for route in Routing.from_json(view.case.routing).routes:
            say(f"route {route.id}: {route.name}, {route.urgency}")
    for referral in view.referrals:
        name = referral.partner.name
        say(f"referral {referral.reference}: {name}, {referral.state}")
    for notice in view.notices:
        say(f"notice {notice.reference}: {notice.kind}, {notice.state}")


def _item_line(place: CaseItem) -> str:
    """ "item 2: https://… (hosting: cdn, NO; removal: claimed removed; reports: 3)"."""
    item = place.item
    country = item.hosting_country or "country not known"
    facts = [
        f"hosting: {place.hosting_kind}, {country}",
        f"removal: {plain(place.state)}",
    ]
    if place.assessed_class:
        facts.append(f"class: {plain(place.assessed_class)}")
    facts.append(f"reports: {item.sighting_count}")
    where = show_place(item.kind, item.canonical) or "words only"
    return f"item {place.number}: {where} ({'; '.join(facts)})"
