"""By which numbers the police of the country can be reached."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from hotline.core.context import Context
from partners.directory.kinds import PartnerKind
from partners.directory.lookup import find_candidates, propose_partner


@dataclass(frozen=True, slots=True)
class PoliceNumber:
    """``name`` is empty for the country's emergency number."""

    name: str
    number: str


def list_police_numbers(
    session: Session, context: Context, municipality: str | None
) -> list[PoliceNumber]:
    """The office of the child's own place first; the emergency number is always among them."""
    country = context.country
    offices = find_candidates(session, PartnerKind.POLICE, country.code, "")
    own = propose_partner(offices, municipality)
    in_order = sorted(offices, key=lambda office: office is not own)
    numbers = [
        PoliceNumber(office.name, office.telephone)
        for office in in_order
        if office.telephone
    ]
    return [*numbers, PoliceNumber("", country.police_emergency)]
