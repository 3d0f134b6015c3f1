"""Made-up values for every letter: everything that can stand in one, in marks of no language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from itertools import cycle
from typing import Any

from hotline.intake.registry.vocabulary import ContactWay, Deadline, Meeting
from partners.letters.clock import Clock
from partners.letters.findings import Reason
from partners.referrals.telling.message import PRESERVABLE
from partners.referrals.telling.offices import REFERRAL_ROUTES
from partners.referrals.telling.others import OtherReferral
from partners.referrals.telling.told import (
    AFFECTED_ADULT,
    ToldContact,
    ToldFact,
    ToldIdentifier,
    ToldPeople,
    ToldPerson,
)
from triage.cases.assessing.assessment import CLASSES
from triage.cases.people.contacts import ContactBasis
from triage.cases.people.vocabulary import (
    CHOICES,
    FactName,
    FactSource,
    IdentifierKind,
    PersonRole,
    Whose,
)
from triage.cases.vocabulary import PlaceState
from triage.hosting.kinds import HostingKind

WHEN = datetime(2026, 11, 1, 22, 15, tzinfo=UTC)
STAMP = "2026-11-01 22:15"
"""On a clock that stands at UTC."""
MARK = "¤1¤"
"""Stands for what people wrote and what is the same in every language."""
ZONED = {"as_stated": f"{STAMP}Z", "zone_stated": True}
BARE = {
    "as_stated": STAMP,
    "zone_stated": False,
    "if_utc": STAMP,
    "local_zone": MARK,
    "if_local": [STAMP, STAMP],
}
OTHERS = (
    "referral_package",
    "referral_reminder",
    "referral_head",
    "referral_withdrawal",
    "duty_alert",
    "duty_test",
    "mail_test",
    "invitation",
)
RULES_PLACES = ("nationality", "residence")
NEXT_DATES = (Meeting.SOON, Meeting.SOMETIME, Deadline.TODAY, Deadline.DAYS)


def common_values() -> dict[str, Any]:
    return {
        "reference": MARK,
        "partner": MARK,
        "hotline": MARK,
        "contact": MARK,
        "link": MARK,
        "due_at": WHEN,
        "clock": Clock("UTC", with_utc=False),
    }


def every_notice() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each letter to a host, by its name, for each kind of notice; with and without the rest."""
    for kind in ("provider_notice", "cdn_notice", "preservation_request"):
        for is_full in (True, False):
            values = common_values() | {
                "kind": kind,
                "host": MARK if is_full else "",
                "urls": [MARK, MARK] if is_full else [MARK],
                "uses": [],
                "assessed_class": "baseline" if is_full else "national",
                "basis": MARK if is_full else "",
                "known": is_full,
                "first_at": WHEN,
                "reason": MARK if is_full else "",
                "due_at": WHEN if is_full else None,
            }
            for purpose in ("first", "reminder", "withdrawal"):
                yield f"notice_{purpose}", values
                if kind == "preservation_request":
                    of_people = {"urls": [], "uses": list(every_use())}
                    yield f"notice_{purpose}", values | of_people


def every_referral() -> Iterator[dict[str, Any]]:
    """For each kind of office: an urgent letter with everything in it, and a bare one."""
    for kind in sorted(REFERRAL_ROUTES):
        yield full_referral(kind)
        yield full_referral(kind) | {
            "danger_now": False,
            "urgency": "normal",
            "due_at": None,
            "automatic": None,
            "answers": [],
            "assessment": [],
            "is_assessed": False,
            "told": ToldPeople(),
            "people": [],
            "items": [],
            "holds": False,
            "identifiers": [],
            "reasons": [],
            "preservable": [],
            "also_told": [],
            "hash_set": "",
        }
        yield full_referral(kind) | {"danger_now": False, "urgency": "high"}


def every_other() -> Iterator[tuple[str, dict[str, Any]]]:
    """The short letters: of a day's referrals, to chase an answer, to take back, to call people."""
    for is_urgent in (True, False):
        referral = {
            "reference": MARK,
            "case_reference": MARK,
            "kind_of_report": MARK,
            "danger_now": is_urgent,
            "urgency": "immediate" if is_urgent else "normal",
            "due_at": WHEN if is_urgent else None,
            "link": MARK,
        }
        values = common_values() | {
            "danger_now": is_urgent,
            "referrals": [referral] * (2 if is_urgent else 1),
            "case_reference": MARK,
            "reason": MARK if is_urgent else "",
            "is_police": is_urgent,
            "minutes": 10 if is_urgent else 1,
            "username": MARK,
            "expires_at": MARK,
        }
        for name in OTHERS:
            yield name, values


def full_referral(kind: str) -> dict[str, Any]:
    return common_values() | {
        "kind": kind,
        "case_reference": MARK,
        "kind_of_report": MARK,
        "reported": {"count": 2, "first_at": STAMP, "last_at": STAMP},
        "handled_by": MARK,
        "danger_now": True,
        "urgency": "immediate",
        "automatic": {
            "list": MARK,
            "entry": MARK,
            "hash": "PDQ",
            "distance": 4,
            "quality": 90,
            "share": 0.5,
        },
        "reasons": [Reason(MARK, MARK)],
        "assessment": [(MARK, MARK)],
        "is_assessed": True,
        "items": list(every_item()),
        "told": told_of_everybody(),
        "people": list(every_person()),
        "answers": [MARK],
        "holds": True,
        "identifiers": list(every_identifier()),
        "preservable": list(PRESERVABLE),
        "also_told": [
            OtherReferral(other, MARK, is_sent)
            for other in sorted(REFERRAL_ROUTES)
            for is_sent in (True, False)
        ],
        "further_to": [MARK],
        "further_reason": MARK,
        "hold_hours": "72",
        "schema": MARK,
        "hash_set": MARK,
    }


def every_item() -> Iterator[Mapping[str, Any]]:
    """Pages in each state of their removal and class, and addresses that somebody used."""
    hosting: Mapping[str, Any] = {
        "kind": HostingKind.HOST,
        "has_host": True,
        "country": "",
        "asn": MARK,
        "addresses": [MARK],
    }
    page = {
        "used": None,
        "canonical": MARK,
        "hosting": hosting,
        "shared_file": {"name": MARK, "size": 7},
        "said_times": [ZONED, BARE],
        "report_count": 3,
        "first_reported_at": STAMP,
        "last_reported_at": STAMP,
        "files": [{"matches": [MARK]}],
    }
    classes = cycle([*CLASSES, None])
    for state in (*PlaceState, *PlaceState):
        yield page | {"removal": state, "assessed_class": next(classes)}
    for kind in HostingKind:
        unhosted = {**hosting, "kind": kind, "has_host": False}
        yield page | {
            "removal": PlaceState.NOTHING,
            "assessed_class": None,
            "hosting": unhosted,
        }
    for used in every_use():
        yield page | {"used": used}
        yield page | {"used": used, "said_times": []}


def every_use() -> Iterator[Mapping[str, Any]]:
    for time in (ZONED, BARE, None):
        yield {"address": MARK, "port": 1, "client": MARK, "time": time}


def every_identifier() -> Iterator[Mapping[str, Any]]:
    """As the document has them: of addresses that somebody used with what was stated of them."""
    times = cycle([ZONED, BARE, None])
    for entry in told_of_everybody().to_json()["identifiers"]:
        used = None
        if entry["kind"] == "ip":
            time = next(times)
            used = {"address": MARK, "port": 1, "client": MARK, "time": time}
        yield entry | {"used": used}


def every_person() -> Iterator[Mapping[str, Any]]:
    """As the document has them: beside a fact that is a time what it may mean; adults, too."""
    times = cycle([ZONED, BARE, None])
    for person in told_of_everybody().to_json()["persons"]:
        facts = [fact | {"time": next(times)} for fact in person["facts"]]
        yield person | {"facts": facts}
    yield {"described_as": AFFECTED_ADULT, "number": 1, "facts": []}


def told_of_everybody() -> ToldPeople:
    sources = cycle(FactSource)
    facts = tuple(
        ToldFact(name, value, str(next(sources)))
        for name, value in every_fact()
    )
    identifiers = tuple(
        ToldIdentifier(str(kind), MARK, MARK, str(whose), str(next(sources)))
        for kind in IdentifierKind
        for whose in Whose
    )
    contacts = tuple(
        ToldContact(MARK, str(way), MARK, str(basis))
        for way in ContactWay
        for basis in ContactBasis
    )
    people = tuple(
        ToldPerson(str(role), number, facts)
        for role in PersonRole
        for number in (1, 2)
    )
    told = ToldPeople(people, identifiers, MARK)
    return replace(told, contacts=contacts)


def every_fact() -> Iterator[tuple[str, str]]:
    for name in FactName:
        choices = CHOICES.get(name)
        if name is FactName.NEXT_MEETING:
            for date in NEXT_DATES:
                yield str(name), str(date)
        for value in choices or (MARK,):
            yield str(name), str(value)
    for place in RULES_PLACES:
        yield place, MARK
