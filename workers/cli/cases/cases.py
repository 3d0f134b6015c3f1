"""``hotline case`` and ``hotline referral``: what is known, and what left the house.

Both read personal data, so both are written into the audit log. Sealed words of reporters are not
shown here: the console shows them, to people who sign in.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.context import Context, utc_now
from hotline.core.errors import NotFound
from partners.notices.models import Notice
from partners.referrals.following_up.outcomes import list_outcomes
from partners.referrals.models import Referral, ReferralOutcome
from partners.referrals.service import list_referrals
from partners.referrals.telling.message import referral_message
from partners.sending.models import Delivery
from triage.cases.listing.queue import by_reference
from triage.cases.models import Case, CaseItem
from triage.cases.people.service import (
    KnownIdentifier,
    KnownPerson,
    list_identifiers,
    list_people,
)
from triage.jurisdiction import Routing
from workers.cli.opening import opened_house
from workers.cli.output import emit_each, emit_json, stdout
from workers.cli.people.user import operator_name

cases_app = typer.Typer(
    no_args_is_help=True, help="Cases: what is known, and what was done."
)
referrals_app = typer.Typer(
    no_args_is_help=True, help="Referrals: what an office was told."
)
MOST_LISTED = 1_000

Reference = Annotated[str, typer.Argument(help="As in AL-2026-000012.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON.")]


def register(root: typer.Typer) -> None:
    root.add_typer(cases_app, name="case")
    root.add_typer(referrals_app, name="referral")


@dataclass(frozen=True, slots=True)
class CaseView:
    """One case with its people, opened; read in one transaction."""

    case: Case
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
            "items": [_item_shape(place) for place in case.places],
            "people": [_person_shape(person) for person in self.people],
            "identifiers": [_identifier_shape(e) for e in self.identifiers],
            "routes": _route_shapes(case),
            "referrals": [
                _referral_shape(referral, self.outcomes[referral.id])
                for referral in self.referrals
            ],
            "notices": [_notice_shape(notice) for notice in self.notices],
        }


def _item_shape(place: CaseItem) -> dict[str, object]:
    item = place.item
    return {
        "number": place.number,
        "removal": place.state,
        "assessed_class": place.assessed_class or None,
        "location": item.canonical,
        "kind": item.kind,
        "hosting_kind": item.hosting_kind,
        "hosting_country": item.hosting_country,
        "reports": item.sighting_count,
    }


def _identifier_shape(entry: KnownIdentifier) -> dict[str, object]:
    return {
        "kind": entry.kind,
        "value": entry.display,
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
        "outcomes": [_outcome_shape(outcome) for outcome in outcomes],
    }


def _outcome_shape(outcome: ReferralOutcome) -> dict[str, str]:
    return {"outcome": outcome.outcome, "at": outcome.at.isoformat()}


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
    state: Annotated[str, typer.Option(help="Only cases in this state.")] = "",
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
            _case_shape,
            _case_line,
            empty="There is no such case.",
        )


def _case_shape(case: Case) -> Mapping[str, object]:
    return {
        "reference": case.reference,
        "state": case.state,
        "kind": case.kind,
        "priority": case.priority,
        "danger_now": case.danger_now,
        "locations": [place.item.canonical for place in case.located],
    }


def _case_line(case: Case) -> str:
    danger = "  DANGER" if case.danger_now else ""
    if not case.places:
        return f"{case.reference}  {case.state}"
    place = case.item.display or "words only"
    if len(case.located) > 1:
        place += f" and {len(case.located) - 1} more"
    return (
        f"{case.reference}  {case.state:<18} {case.priority:>5}  {case.kind}"
        f"  {place}{danger}"
    )


@cases_app.command("show")
def show_case(reference: Reference, as_json: AsJson = False) -> None:
    """One case: places, people, what leads to them, routes, referrals, notices. Logged."""
    with opened_house() as context, context.database.writing() as session:
        act = Act(session, context, operator_name(), utc_now())
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
        list_people(session, context, case),
        list_identifiers(session, context, case),
        referrals,
        list_outcomes(session, [referral.id for referral in referrals]),
        notices,
    )


def _print_case(view: CaseView) -> None:
    _say(_case_line(view.case))
    for person in view.people:
        _say(f"{_plain(person.role)} {person.number}")
        for fact in person.facts:
            _say(f"  {_plain(fact.name)}: {fact.value} ({fact.source})")
    for entry in view.identifiers:
        owner = _plain(entry.whose)
        _say(f"{entry.kind}: {entry.display} ({owner}; {entry.source})")
    if not view.people and not view.identifiers:
        _say("Nobody is noted yet.")
    if view.case.routing:
        for route in Routing.from_json(view.case.routing).routes:
            _say(f"route {route.id}: {route.name}, {route.urgency}")
    for referral in view.referrals:
        name = referral.partner.name
        _say(f"referral {referral.reference}: {name}, {referral.state}")
    for notice in view.notices:
        _say(f"notice {notice.reference}: {notice.kind}, {notice.state}")


@referrals_app.command("show")
def show_referral(
    reference: Annotated[str, typer.Argument(help="As in AL-R-2026-000004.")],
    letter: Annotated[
        bool, typer.Option("--letter", help="The letter's text.")
    ] = False,
    json_package: Annotated[
        bool,
        typer.Option("--json-package", help="The document for machines."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """What an office is told: people as approved, places as they are known now. Logged."""
    with opened_house() as context, context.database.writing() as session:
        act = Act(session, context, operator_name(), utc_now())
        referral = session.scalar(
            select(Referral).where(Referral.reference == reference)
        )
        if referral is None:
            raise NotFound(f"There is no referral {reference}.")
        act.record("referral.read", "referral", referral.id)
        if not (letter or json_package):
            outcomes = list_outcomes(session, [referral.id])[referral.id]
            _print_referral(referral, outcomes, as_json)
            return
        message = referral_message(
            session, context, referral, _delivery_of(act, referral), act.now
        )
        if json_package:
            emit_json(message.body)
        if letter:
            _say(message.text)


def _delivery_of(act: Act, referral: Referral) -> Delivery:
    """The newest one; before there is one, what it would be."""
    delivery = act.session.scalar(
        select(Delivery)
        .where(Delivery.subject_id == referral.id)
        .order_by(Delivery.id.desc())
        .limit(1)
    )
    if delivery is None:
        raise NotFound(
            f"{referral.reference} was not sent yet: its addressee's address is not confirmed."
        )
    return delivery


def _print_referral(
    referral: Referral, outcomes: Sequence[ReferralOutcome], as_json: bool
) -> None:
    shape: dict[str, object] = {
        "reference": referral.reference,
        "case": referral.case.reference,
        "to": referral.partner.name,
        "kind": referral.kind,
        "urgency": referral.urgency,
        "state": referral.state,
        "their_reference": referral.their_reference,
    }
    if as_json:
        said = [_outcome_shape(outcome) for outcome in outcomes]
        emit_json({**shape, "outcomes": said})
        return
    for name, value in shape.items():
        _say(f"{_plain(name)}: {value or '-'}")
    for outcome in outcomes:
        _say(f"outcome: {_plain(outcome.outcome)} ({outcome.at:%Y-%m-%d})")


def _plain(slug: str) -> str:
    return str(slug).replace("_", " ")


def _say(line: str) -> None:
    stdout.print(line, markup=False, soft_wrap=True)
