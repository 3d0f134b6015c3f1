"""The directory in the database: seeded once, edited by people, never written to unapproved."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, get_args

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from hotline.core.context import Context
from hotline.core.datafiles.vocabulary import country_codes
from hotline.core.errors import InvalidInput, NotFound, phrase
from hotline.core.storage import audit
from hotline.core.storage.database import insert_once
from hotline.core.storage.ids import new_id
from hotline.intake.submission import clean
from partners.directory.models import Partner
from partners.directory.seed import Kind, PartnerSeed, load_seed
from partners.directory.territory import Office, propose_office
from triage.items.models import Item
from triage.jurisdiction import Route

CHANNELS = ("email", "http", "none")
KINDS: tuple[str, ...] = get_args(Kind)
CODE_LENGTH = 80
NAME_LENGTH = 200
ADDRESS_LENGTH = 500
# One address without display name, quotes or comments: it goes into an envelope as it is.
EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"
)
# Which kind of partner a route of the jurisdiction rules is told through.
KIND_OF_ROUTE = {
    "police": "police",
    "interpol_ncb": "ncb",
    "hotline": "hotline",
    "ncmec": "hotline",
    "helpline": "helpline",
    "child_protection_unit": "child_protection_unit",
    "platform": "platform",
    "provider_notice": "provider",
    "cdn_notice": "provider",
    "preservation_request": "provider",
    "regulator": "regulator",
}


def plant(session: Session, context: Context, now: datetime) -> int:
    """Add the seed's partners that are not there yet; returns how many. Nobody's edit is undone."""
    added = 0
    for seed in load_seed(context.settings.data_dir):
        added += insert_once(session, Partner, ["code"], **_row(seed, now))
    if added:
        audit.record(
            session,
            actor=audit.SYSTEM,
            action="directory.planted",
            entity="partner",
            entity_id="seed",
            now=now,
            added=added,
        )
    return added


def _row(seed: PartnerSeed, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "code": seed.code,
        "kind": seed.kind,
        "country": seed.country,
        "name": seed.name,
        "languages": list(seed.languages),
        "channel": "none",
        "address": "",
        "details": {
            "territory": list(seed.territory),
            "reached_by": list(seed.channels),
        },
        "source": f"{seed.source} ({seed.dated})",
        "created_at": now,
        "approved_by": "",
    }


def search(
    session: Session,
    *,
    kind: str = "",
    country: str = "",
    words: str = "",
    limit: int = 200,
) -> Sequence[Partner]:
    """Partners for the directory page, by kind, country and name."""
    query = (
        select(Partner)
        .order_by(Partner.kind, Partner.country, Partner.name)
        .limit(limit)
    )
    if kind:
        query = query.where(Partner.kind == kind)
    if country:
        query = query.where(Partner.country == country)
    if words:
        query = query.where(
            or_(
                *(
                    c.icontains(words, autoescape=True)
                    for c in (Partner.name, Partner.code, Partner.address)
                )
            )
        )
    return session.scalars(query).all()


def partner(session: Session, partner_id: uuid.UUID) -> Partner:
    found = session.get(Partner, partner_id)
    if found is None:
        raise NotFound("There is no such partner.")
    return found


def usable(session: Session, kind: str, country: str | None) -> Sequence[Partner]:
    """Partners of that kind and country whose address a person confirmed, by their code."""
    return session.scalars(
        select(Partner)
        .where(
            Partner.kind == kind,
            Partner.country == country if country else Partner.country.is_(None),
            Partner.approved_at.is_not(None),
            Partner.disabled_at.is_(None),
            Partner.channel != "none",
        )
        .order_by(Partner.code)
    ).all()


def candidates(session: Session, route: Route) -> Sequence[Partner]:
    """Whom a route can be sent to, by name. Their order is no proposal: see ``proposed``."""
    kind = KIND_OF_ROUTE.get(route.to)
    if kind is None or kind == "provider":
        return []
    query = select(Partner).where(Partner.kind == kind, Partner.disabled_at.is_(None))
    if kind != "platform":
        query = query.where(Partner.country == route.country)
    rows = session.scalars(query.order_by(Partner.name, Partner.code)).all()
    if kind == "platform":
        return [row for row in rows if row.name == route.name]
    return rows


def proposed(partners: Sequence[Partner], municipality: str | None) -> Partner | None:
    """The only one among them that fits the place; None where a person has to choose."""
    office = propose_office([office_of(partner) for partner in partners], municipality)
    if office is None:
        return None
    return next(partner for partner in partners if partner.code == office.code)


def office_of(partner: Partner) -> Office:
    return Office(
        code=partner.code,
        kind=partner.kind,
        territory=tuple(partner.details.get("territory") or ()),
        is_confirmed=partner.approved_at is not None,
    )


def provider_of(session: Session, item: Item, now: datetime) -> Partner | None:
    """The abuse desk of the item's host, made from its published contact; None if none is known.

    A desk that is new to us has to be confirmed by a person before the first notice leaves.
    """
    if not item.abuse_contact:
        return None
    address = item.abuse_contact.strip().lower()
    if not EMAIL.fullmatch(address):
        return None
    code = _provider_code(address)
    insert_once(
        session,
        Partner,
        ["code"],
        id=new_id(),
        code=code,
        kind="provider",
        country=item.hosting_country,
        name=f"Abuse desk {address}",
        languages=[],
        channel="email",
        address=address,
        details={"asn": item.asn},
        source="published abuse contact of the network",
        created_at=now,
        approved_by="",
    )
    return session.scalars(select(Partner).where(Partner.code == code)).one()


def _provider_code(address: str) -> str:
    """The address itself while it fits; two long ones must not become one."""
    code = f"provider:{address}"
    if len(code) <= CODE_LENGTH:
        return code
    return f"provider:{hashlib.sha256(address.encode()).hexdigest()}"


def named_provider(
    session: Session, address: str, *, actor: str, now: datetime
) -> Partner:
    """The contact that a person names for a host of which none is known; confirmed by naming it."""
    address = address.strip().lower()
    fault = address_fault("email", address)
    if fault:
        raise InvalidInput(fault, fields={"/address": fault})
    code = _provider_code(address)
    insert_once(
        session,
        Partner,
        ["code"],
        id=new_id(),
        code=code,
        kind="provider",
        country=None,
        name=f"Abuse desk {address}",
        languages=[],
        channel="email",
        address=address,
        details={},
        source=f"named by {actor}",
        created_at=now,
        approved_by="",
    )
    found = session.scalars(select(Partner).where(Partner.code == code)).one()
    found.disabled_at = None
    approve(session, found, actor=actor, now=now)
    return found


def add_partner(
    session: Session,
    *,
    kind: str,
    country: str,
    name: str,
    languages: Sequence[str],
    actor: str,
    now: datetime,
) -> Partner:
    """A partner that the seed does not know; its address is entered and confirmed afterwards."""
    name, country = " ".join(str(clean(name)).split()), country.strip().upper()
    faults = {}
    if kind not in KINDS:
        faults["/kind"] = "Choose one."
    if country and country not in country_codes():
        faults["/country"] = "Give the two letters of a country, or nothing."
    if not 1 <= len(name) <= NAME_LENGTH:
        faults["/name"] = f"Give a name of at most {NAME_LENGTH} characters."
    if faults:
        raise InvalidInput("The partner was not added.", fields=faults)
    found = Partner(
        id=new_id(),
        code=f"own:{new_id()}",
        kind=kind,
        country=country or None,
        name=name,
        languages=[one for one in languages if re.fullmatch("[a-z]{2}", one)],
        channel="none",
        address="",
        details={},
        source=f"added by {actor}",
        created_at=now,
    )
    session.add(found)
    audit.record(
        session,
        actor=actor,
        action="partner.added",
        entity="partner",
        entity_id=found.id,
        now=now,
        kind=kind,
        name=name,
    )
    return found


def set_enabled(
    session: Session, found: Partner, *, enabled: bool, actor: str, now: datetime
) -> None:
    """A disabled partner is offered for nothing new; what was sent to it stays as it is."""
    found.disabled_at = None if enabled else now
    audit.record(
        session,
        actor=actor,
        action="partner.enabled" if enabled else "partner.disabled",
        entity="partner",
        entity_id=found.id,
        now=now,
    )


def set_contact(
    session: Session,
    found: Partner,
    *,
    channel: str,
    address: str,
    actor: str,
    now: datetime,
) -> None:
    """Change how a partner is reached; a changed address needs a new confirmation."""
    address = address.strip() if channel != "none" else ""
    fault = address_fault(channel, address)
    if fault:
        raise InvalidInput(fault, fields={"/address": fault})
    found.channel, found.address = channel, address
    found.approved_at, found.approved_by = None, ""
    audit.record(
        session,
        actor=actor,
        action="partner.contact_changed",
        entity="partner",
        entity_id=found.id,
        now=now,
        channel=channel,
    )


def address_fault(channel: str, address: str) -> str:
    """What is wrong with an address; empty when it is good."""
    if channel not in CHANNELS:
        return "Choose a channel."
    if len(address) > ADDRESS_LENGTH or not address.isprintable():
        return "This is not an address."
    if channel == "email" and not EMAIL.fullmatch(address):
        return "This is not an e-mail address."
    if channel == "http" and not re.fullmatch(r"https?://[^\s/]+(/\S*)?", address):
        return "This is not an http(s) address."
    return ""


def approve(session: Session, found: Partner, *, actor: str, now: datetime) -> None:
    """Confirm a partner's address: from now on it may be written to."""
    if found.channel == "none" or not found.address:
        raise InvalidInput(
            phrase("There is no address to confirm."), hint=phrase("Enter one first.")
        )
    found.approved_at, found.approved_by = now, actor
    audit.record(
        session,
        actor=actor,
        action="partner.approved",
        entity="partner",
        entity_id=found.id,
        now=now,
        address=found.address,
    )
