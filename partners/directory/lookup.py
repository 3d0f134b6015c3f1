"""Questions to the directory: who is in it, and to whom something can be sent."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from hotline.core.errors import NotFound, phrase
from partners.channels.base import NO_CHANNEL
from partners.directory.kinds import KIND_OF_ROUTE, PartnerKind
from partners.directory.models import Partner
from partners.directory.territory import Office, propose_office
from triage.jurisdiction import Route


def find_partners(
    session: Session,
    *,
    kind: str = "",
    country: str = "",
    words: str = "",
    also_named: Sequence[str] = (),
    is_waiting: bool = False,
    limit: int = 200,
    skipped: int = 0,
) -> Sequence[Partner]:
    """Partners for the directory page, by kind, country and name.

    ``also_named``: whole names that fit the words in another language. ``is_waiting``: only
    those whose address waits for somebody to confirm it. ``skipped``: as many, in that order,
    stand on the pages before.
    """
    query = (
        select(Partner)
        .order_by(Partner.kind, Partner.country, Partner.name, Partner.id)
        .offset(skipped)
        .limit(limit)
    )
    if kind:
        query = query.where(Partner.kind == kind)
    if country:
        query = query.where(Partner.country == country)
    if is_waiting:
        query = query.where(*_waits_for_confirmation())
    if words:
        columns = (Partner.name, Partner.code, Partner.address)
        holds_words = [
            column.icontains(words, autoescape=True) for column in columns
        ]
        query = query.where(or_(*holds_words, Partner.name.in_(also_named)))
    return session.scalars(query).all()


def count_waiting(session: Session) -> int:
    """How many addresses wait for somebody to confirm them."""
    query = select(func.count(Partner.id)).where(*_waits_for_confirmation())
    return session.scalar(query) or 0


def _waits_for_confirmation() -> tuple[ColumnElement[bool], ...]:
    return (
        Partner.address != "",
        Partner.approved_at.is_(None),
        Partner.disabled_at.is_(None),
    )


def get_partner(session: Session, partner_id: uuid.UUID) -> Partner:
    partner = session.get(Partner, partner_id)
    if partner is None:
        raise NotFound(phrase("There is no such partner."))
    return partner


def find_usable_partners(
    session: Session, kind: str, country: str | None
) -> Sequence[Partner]:
    """Partners of that kind and country whose address a person confirmed, by their code."""
    return session.scalars(
        select(Partner)
        .where(
            Partner.kind == kind,
            Partner.country == country
            if country
            # An international desk has no country.
            else Partner.country.is_(None),
            Partner.approved_at.is_not(None),
            Partner.disabled_at.is_(None),
            Partner.channel != NO_CHANNEL,
        )
        .order_by(Partner.code)
    ).all()


def find_candidates(
    session: Session, route_to: str, country: str | None, name: str
) -> Sequence[Partner]:
    """Whom a route can be sent to, by name. Their order is no proposal: see ``propose_partner``.

    ``route_to``, ``country`` and ``name`` are the route's addressee; platforms are known by name.
    """
    wanted = _Addressee.of(route_to, country, name)
    return _find_all(session, [wanted])[wanted] if wanted else []


def list_candidates(
    session: Session, routes: Iterable[Route]
) -> dict[str, Sequence[Partner]]:
    """By ``Route.id``, as ``find_candidates`` says of each; one question for all of them."""
    wanted = {
        route.id: _Addressee.of(route.to, route.country, route.name)
        for route in routes
    }
    offices = _find_all(session, set(filter(None, wanted.values())))
    return {
        route_id: offices[addressee] if addressee else []
        for route_id, addressee in wanted.items()
    }


@dataclass(frozen=True, slots=True)
class _Addressee:
    """Whom a route names. A platform is one firm wherever it has its seat; all others are known by
    their country."""

    kind: str
    country: str | None
    name: str

    @classmethod
    def of(cls, to: str, country: str | None, name: str) -> Self | None:
        kind = KIND_OF_ROUTE.get(to)
        # A host's desk is nobody's choice: it follows from where the location
        # lies.
        if kind is None or kind == PartnerKind.PROVIDER:
            return None
        if kind == PartnerKind.PLATFORM:
            return cls(kind, None, name)
        return cls(kind, country, "")

    @classmethod
    def named_by(cls, partner: Partner) -> Self:
        """By which a route would name this partner."""
        if partner.kind == PartnerKind.PLATFORM:
            return cls(partner.kind, None, partner.name)
        return cls(partner.kind, partner.country, "")

    def in_query(self) -> ColumnElement[bool]:
        place = (
            Partner.name == self.name
            if self.kind == PartnerKind.PLATFORM
            else Partner.country == self.country
        )
        return and_(Partner.kind == self.kind, place)


def _find_all(
    session: Session, wanted: Collection[_Addressee]
) -> dict[_Addressee, list[Partner]]:
    offices: dict[_Addressee, list[Partner]] = {
        addressee: [] for addressee in wanted
    }
    if not offices:
        return offices
    rows = session.scalars(
        select(Partner)
        .where(
            Partner.disabled_at.is_(None),
            or_(*(addressee.in_query() for addressee in offices)),
        )
        .order_by(Partner.name, Partner.code)
    )
    for partner in rows:
        offices[_Addressee.named_by(partner)].append(partner)
    return offices


def propose_partner(
    partners: Sequence[Partner], municipality: str | None
) -> Partner | None:
    """The only one among them that fits the place; None where a person has to choose."""
    office = propose_office(
        [office_of(partner) for partner in partners], municipality
    )
    if office is None:
        return None
    return next(partner for partner in partners if partner.code == office.code)


def office_of(partner: Partner) -> Office:
    """What the choice of an office needs to know of a partner."""
    return Office(
        code=partner.code,
        kind=partner.kind,
        territory=tuple(partner.details.get("territory") or ()),
        is_confirmed=partner.approved_at is not None,
    )
