"""Which numbers the police of a case's country can be reached by."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from hotline.core.context import Context
from partners.directory.kinds import PartnerKind
from partners.directory.lookup import find_candidates, propose_partner
from partners.plans.places import municipality_of
from triage.cases.models import Case


@dataclass(frozen=True, slots=True)
class PoliceNumber:
    """``name`` is empty for the country's emergency number."""

    name: str
    number: str


def list_police_numbers(
    session: Session, context: Context, case: Case
) -> list[PoliceNumber]:
    """The office of the child's own place first; the emergency number is always among them."""
    country = context.country
    offices = find_candidates(session, PartnerKind.POLICE, country.code, "")
    own = propose_partner(offices, municipality_of(case))
    in_order = sorted(offices, key=lambda office: office is not own)
    numbers = [
        PoliceNumber(office.name, office.telephone)
        for office in in_order
        if office.telephone
    ]
    return [*numbers, PoliceNumber("", country.police_emergency)]
