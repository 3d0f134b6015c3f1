"""The directory in the database: seeded once, edited by people, never written to unapproved."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.datafiles.vocabulary import country_codes
from hotline.core.errors import InvalidInput, phrase
from hotline.core.language.languages import CODE, write_code
from hotline.core.second_person import is_own_request, require_another
from hotline.core.storage.database import insert_once
from hotline.core.storage.ids import new_id
from hotline.intake.values import clean_line
from partners.channels import mail
from partners.channels.base import NO_CHANNEL, address_fault, channel_names
from partners.directory.kinds import PartnerKind
from partners.directory.models import Partner
from partners.directory.seed import PartnerSeed, load_seed

CODE_LENGTH = 80
NAME_LENGTH = 200
ADDRESS_LENGTH = 500


@dataclass(frozen=True, slots=True)
class PublishedContact:
    """The abuse contact that a host's network publishes ("" for none), and the network's facts."""

    address: str
    country: str | None
    asn: str | None


def seed_directory(act: Act) -> int:
    """Add the seed's partners that are not there yet; returns how many. Nobody's edit is undone."""
    added = 0
    for seed in load_seed(act.context.settings.data_dir):
        added += insert_once(
            act.session, Partner, ["code"], **_row_of(seed, act.now)
        )
    if added:
        act.record("directory.planted", "partner", "seed", added=added)
    return added


def _row_of(seed: PartnerSeed, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "code": seed.code,
        "kind": seed.kind.value,
        "country": seed.country,
        "name": seed.name,
        "languages": list(seed.languages),
        "channel": NO_CHANNEL,
        "address": "",
        "details": {
            "territory": list(seed.territory),
            "reached_by": list(seed.channels),
        },
        "source": f"{seed.source} ({seed.dated})",
        "created_at": now,
        "approved_by": "",
    }


def add_published_desk(
    session: Session, contact: PublishedContact, now: datetime
) -> Partner | None:
    """The abuse desk behind a published contact; None where the contact is no mail address.

    A desk that is new to us has to be confirmed by a person before the first notice leaves.
    """
    address = contact.address.strip().lower()
    if not mail.is_mail_address(address):
        return None
    return _add_desk(
        session,
        address,
        country=contact.country,
        details={"asn": contact.asn},
        source="published abuse contact of the network",
        now=now,
    )


def name_desk(act: Act, address: str) -> Partner:
    """The contact that a person names for a host of which none is known.

    One that is new waits for a second person; one that is confirmed already can be used at once.
    """
    address = address.strip().lower()
    fault = _fault_of(mail.NAME, address, act)
    if fault:
        raise InvalidInput(fault, fields={"/address": fault})
    desk = _add_desk(
        act.session,
        address,
        country=None,
        details={},
        source=f"named by {act.actor}",
        entered_by=act.actor,
        now=act.now,
    )
    # A desk that was switched off once would keep this notice waiting for
    # good.
    desk.disabled_at = None
    if desk.approved_at is None:
        act.record("partner.named", "partner", desk.id, address=address)
        # Two then name the same address: this person, and another one or the
        # network that publishes it.
        if not is_own_request(act, desk.entered_by):
            confirm_address(act, desk)
    return desk


def _add_desk(
    session: Session,
    address: str,
    *,
    country: str | None,
    details: dict[str, Any],
    source: str,
    now: datetime,
    entered_by: str = "",
) -> Partner:
    code = _desk_code(address)
    insert_once(
        session,
        Partner,
        ["code"],
        id=new_id(),
        code=code,
        kind=PartnerKind.PROVIDER.value,
        country=country,
        name=f"Abuse desk {address}",
        languages=[],
        channel=mail.NAME,
        address=address,
        details=details,
        source=source,
        created_at=now,
        entered_by=entered_by,
        approved_by="",
    )
    # Another job may have written the same desk just before: whoever was
    # first, it is one row.
    return session.scalars(select(Partner).where(Partner.code == code)).one()


def _desk_code(address: str) -> str:
    """The address itself while it fits; two long ones must not become one."""
    code = f"provider:{address}"
    if len(code) <= CODE_LENGTH:
        return code
    return f"provider:{hashlib.sha256(address.encode()).hexdigest()}"


def add_partner(
    act: Act, *, kind: str, country: str, name: str, languages: Sequence[str]
) -> Partner:
    """A partner that the seed does not know; its address is entered and confirmed afterwards."""
    name, country = (
        clean_line(name),
        country.strip().upper(),
    )
    faults = {}
    if kind not in list(PartnerKind):
        faults["/kind"] = "Choose one."
    if country and country not in country_codes():
        faults["/country"] = "Give the two letters of a country, or nothing."
    if not 1 <= len(name) <= NAME_LENGTH:
        faults["/name"] = f"Give a name of at most {NAME_LENGTH} characters."
    if faults:
        raise InvalidInput(phrase("The partner was not added."), fields=faults)
    partner = Partner(
        id=new_id(),
        # Two offices may have the same name; a code is one partner's.
        code=f"own:{new_id()}",
        kind=kind,
        country=country or None,
        name=name,
        languages=[
            code for code in map(write_code, languages) if CODE.fullmatch(code)
        ],
        channel=NO_CHANNEL,
        address="",
        details={},
        source=f"added by {act.actor}",
        created_at=act.now,
    )
    act.session.add(partner)
    act.record("partner.added", "partner", partner.id, kind=kind, name=name)
    return partner


def set_enabled(act: Act, partner: Partner, *, enabled: bool) -> None:
    """A disabled partner is offered for nothing new; what was sent to it stays as it is."""
    partner.disabled_at = None if enabled else act.now
    event = "partner.enabled" if enabled else "partner.disabled"
    act.record(event, "partner", partner.id)


def set_contact(
    act: Act, partner: Partner, *, channel: str, address: str
) -> bool:
    """Change how a partner is reached; a changed address needs another person's confirmation.

    Returns whether it is another one than before.
    """
    address = address.strip() if channel != NO_CHANNEL else ""
    fault = _fault_of(channel, address, act)
    if fault:
        raise InvalidInput(fault, fields={"/address": fault})
    # Saving the form unchanged must not stop letters until somebody confirms
    # it anew.
    if (partner.channel, partner.address) == (channel, address):
        return False
    partner.channel, partner.address = channel, address
    partner.entered_by = act.actor
    partner.approved_at, partner.approved_by = None, ""
    act.record(
        "partner.contact_changed", "partner", partner.id, channel=channel
    )
    return True


def _fault_of(channel: str, address: str, act: Act) -> str:
    """What is wrong with an address; empty when it is good."""
    if channel not in channel_names():
        return "Choose a channel."
    if len(address) > ADDRESS_LENGTH or not address.isprintable():
        return "This is not an address."
    return address_fault(channel, address, act.context.settings)


def confirm_address(act: Act, partner: Partner) -> None:
    """Confirm a partner's address: from now on it may be written to.

    An address opens everything: its mail carries the link that releases a hold. So whoever entered
    it cannot confirm it.
    """
    if partner.channel == NO_CHANNEL or not partner.address:
        raise InvalidInput(
            phrase("There is no address to confirm."),
            hint=phrase("Enter one first."),
        )
    authors = {partner.entered_by, partner.head_entered_by}
    # An address opens everything: its mail carries the link that releases a
    # hold.
    for author in authors:
        require_another(act, author)
    partner.entered_by, partner.head_entered_by = "", ""
    partner.approved_at, partner.approved_by = act.now, act.actor
    act.record(
        "partner.approved",
        "partner",
        partner.id,
        address=partner.address,
        head_address=partner.head_address,
        entered_by=sorted(authors - {""}),
    )
