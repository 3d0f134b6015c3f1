"""The rota: who is on duty when, in which order, and how each person is reached."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.datafiles.countries import WEEK
from hotline.core.errors import InvalidInput, NotFound, phrase
from hotline.core.storage.ids import new_id
from partners.channels.mail import is_mail_address
from partners.duty.models import DutyContact, DutyTurn

MAY_TAKE = "duty.acknowledge"
"""Whoever is woken has to be able to take the case."""
LAST_PLACE = 20
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_PHONE = re.compile(r"\+[1-9]\d{6,14}")
_TOPIC = re.compile(r"[A-Za-z0-9_-]{1,64}")


def list_candidates(session: Session) -> Sequence[Person]:
    """Whom a supervisor may put on the rota."""
    people = session.scalars(select(Person).order_by(Person.username))
    return [person for person in people if person.may(MAY_TAKE)]


def list_contacts(session: Session) -> Sequence[DutyContact]:
    """Of everybody who can be reached and may take a case."""
    # A role may have been taken away since somebody was put on the rota.
    allowed = {person.id for person in list_candidates(session)}
    contacts = session.scalars(select(DutyContact).order_by(DutyContact.id))
    return [
        contact
        for contact in contacts
        if contact.person_id in allowed and contact.addresses
    ]


def list_turns(session: Session) -> Sequence[DutyTurn]:
    """The whole list, in the order in which people are called."""
    query = select(DutyTurn).order_by(DutyTurn.place, DutyTurn.id)
    return session.scalars(query).all()


def find_on_duty(
    session: Session, context: Context, now: datetime
) -> list[DutyContact]:
    """Whoever is on duty now and can be reached, in the order of the list."""
    contacts = {
        contact.person_id: contact for contact in list_contacts(session)
    }
    local = now.astimezone(ZoneInfo(context.country.time_zone))
    people = [
        turn.person_id
        for turn in list_turns(session)
        if _is_running(turn, local)
    ]
    return [
        contacts[person_id]
        # Whoever has two turns at this hour is called once, at the earlier
        # place.
        for person_id in dict.fromkeys(people)
        if person_id in contacts
    ]


def _is_running(turn: DutyTurn, local: datetime) -> bool:
    clock = local.strftime("%H:%M")
    today = WEEK[local.weekday()]
    yesterday = WEEK[(local - timedelta(days=1)).weekday()]
    # "HH:MM" sorts as the clock does.
    if turn.starts < turn.ends:
        return today in turn.days and turn.starts <= clock < turn.ends
    begun_today = today in turn.days and turn.starts <= clock
    return begun_today or (yesterday in turn.days and clock < turn.ends)


def set_contact(
    act: Act, person_id: uuid.UUID, *, email: str, phone: str, topic: str
) -> None:
    """Write down how a person is reached; nothing at all takes them off."""
    person = _find_candidate(act.session, person_id)
    email, phone, topic = email.strip(), phone.strip(), topic.strip()
    phone = re.sub(r"[ ()/-]", "", phone)
    faults = {}
    if email and not is_mail_address(email):
        faults["/email"] = phrase("This is not an e-mail address.")
    if phone and not _PHONE.fullmatch(phone):
        faults["/phone"] = phrase(
            "Give the number with its country code, such as +355 69 000 0000."
        )
    if topic and not _TOPIC.fullmatch(topic):
        faults["/topic"] = phrase(
            "A topic has letters, digits, hyphens and underscores only."
        )
    if faults:
        raise InvalidInput(
            phrase("The way was not stored."),
            fields=faults,
        )
    contact = act.session.scalar(
        select(DutyContact).where(DutyContact.person_id == person.id)
    )
    if contact is None:
        contact = DutyContact(id=new_id(), person_id=person.id)
        act.session.add(contact)
    contact.email, contact.phone, contact.topic = email, phone, topic
    act.record(
        "duty.contact_set",
        "person",
        person.id,
        username=person.username,
        ways=[str(way) for way in contact.addresses],
    )


def add_turn(
    act: Act,
    person_id: uuid.UUID,
    *,
    place: int,
    days: Iterable[str],
    starts: str,
    ends: str,
) -> None:
    """Put a person on duty at some days and hours of every week."""
    person = _find_candidate(act.session, person_id)
    wanted = set(days)
    chosen = [str(day) for day in WEEK if day in wanted]
    faults = {}
    if not chosen:
        faults["/days"] = phrase("Choose at least one day.")
    if not (_CLOCK.fullmatch(starts) and _CLOCK.fullmatch(ends)):
        faults["/hours"] = phrase("Give both hours, such as 16:00 and 08:00.")
    if not 1 <= place <= LAST_PLACE:
        faults["/place"] = phrase("The place in the list is 1 to 20.")
    if faults:
        raise InvalidInput(phrase("The turn was not added."), fields=faults)
    turn = DutyTurn(
        id=new_id(),
        person_id=person.id,
        place=place,
        days=chosen,
        starts=starts,
        ends=ends,
    )
    act.session.add(turn)
    act.record(
        "duty.turn_added",
        "person",
        person.id,
        username=person.username,
        days=chosen,
        hours=f"{starts}-{ends}",
        place=place,
    )


def remove_turn(act: Act, turn_id: uuid.UUID) -> None:
    turn = act.session.get(DutyTurn, turn_id)
    if turn is None:
        raise NotFound(phrase("There is no such turn."))
    act.session.delete(turn)
    act.record(
        "duty.turn_removed",
        "person",
        turn.person_id,
        username=turn.person.username,
    )


def _find_candidate(session: Session, person_id: uuid.UUID) -> Person:
    people = {person.id: person for person in list_candidates(session)}
    if person_id not in people:
        raise NotFound(phrase("Nobody of this name can be on duty."))
    return people[person_id]
