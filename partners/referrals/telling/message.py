"""A referral as a message: a letter, and one versioned document for machines.

The document holds facts, hashes, what was decided, and of the people concerned what the addressee
may get (``offices.toml``) and a second person approved. It never holds media or a reporter's words.
Of who reported it holds a contact alone, and that only with consent, or in danger to the police.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.accounts.staff.staff_codes import code_of_actor
from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.language.languages import letter_language, load_languages
from hotline.core.storage.keys.links import present_link
from hotline.intake.registry.kinds import ReportKind
from partners.channels.base import Attachment, Message
from partners.letters import findings, wording
from partners.letters.clock import format_stamp
from partners.letters.stated_times import describe_time, describe_use
from partners.letters.wording import sender_name
from partners.referrals.following_up.thread import list_messages
from partners.referrals.models import HOLDING, Hold, Plan, Referral
from partners.referrals.routes import PlannedRoute
from partners.referrals.telling import evidence, hash_set
from partners.referrals.telling.item_shapes import describe_item
from partners.referrals.telling.offices import Disclosure, load_offices
from partners.referrals.telling.others import list_earlier, list_others
from partners.referrals.telling.planned_route import planned_route_of
from partners.referrals.telling.sent_letters import keep_letter
from partners.referrals.telling.told import ToldPeople, open_told
from partners.sending.models import Delivery
from triage.cases.assessing.assessment import in_language, load_schema
from triage.cases.models import Case
from triage.cases.people.times import time_of_fact
from triage.cases.reports import when_reported

SCHEMA = "hotline-referral/1"
PRESERVATION = {
    "suggested": True,
    "basis": "Budapest Convention on Cybercrime Arts. 16 and 29",
    "what": "traffic data, subscriber data and content of the upload and the account",
}

PRESERVABLE = ("upload", "account", "phone", "email", "ip")
"""Sorts of things of which a provider holds data that are soon deleted."""
# What the letter says just as the referral has it.
TOLD = ("reference", "kind", "urgency", "due_at", "automatic")


@dataclass(frozen=True, slots=True)
class _Basis:
    """What the letter and the document of a referral are both made of.

    ``gets``: what such an office may get; ``told``: what it is told of people, opened; ``planned``:
    the route of the plan.
    """

    language: str
    gets: Collection[Disclosure]
    told: ToldPeople
    planned: PlannedRoute | None


def referral_message(
    act: Act, referral: Referral, delivery: Delivery
) -> Message:
    """The message of ``delivery``, kept as it leaves; its content is that of this moment."""
    session, context = act.session, act.context
    basis = _look_up(session, context, referral, delivery)
    body = _write_document(
        session, context, referral, delivery, basis, act.now
    )
    hashes = (
        hash_set.hash_set(session, referral, basis.planned)
        if Disclosure.FILES in basis.gets
        else []
    )
    hash_set_name = hash_set.NAME if hashes else ""
    letter = _write_letter(
        session, context, referral, delivery, basis, body, hash_set_name
    )
    data = json.dumps(body, ensure_ascii=False, indent=2).encode()
    message = Message(
        message_id=delivery.message_id,
        address=delivery.address,
        subject=letter.subject,
        text=letter.text,
        body=body,
        attachments=(
            Attachment("referral.json", "application/json", data),
            *hashes,
        ),
        language=basis.language,
        urgent=referral.urgency == "immediate",
    )
    return keep_letter(act, referral, delivery, message)


def _look_up(
    session: Session, context: Context, referral: Referral, delivery: Delivery
) -> _Basis:
    data_dir = context.settings.data_dir
    return _Basis(
        # The partner's language where we can write it, else English.
        letter_language(delivery.partner.languages, data_dir),
        load_offices(data_dir)[referral.kind].gets,
        open_told(session, context, referral),
        planned_route_of(session, referral),
    )


def _write_letter(
    session: Session,
    context: Context,
    referral: Referral,
    delivery: Delivery,
    basis: _Basis,
    body: Mapping[str, Any],
    hash_set_name: str,
) -> wording.Letter:
    """The document ``body`` in words, in the office's language."""
    case, settings = referral.case, context.settings
    language = basis.language
    route = basis.planned.route if basis.planned else None
    assessment = _assessment_in_words(context, case, language)
    reason = findings.explain_route(session, context, case, route, language)
    messages = list_messages(session, context, [referral.id])[referral.id]
    return wording.write_letter(
        "referral",
        language,
        settings.data_dir,
        case_reference=case.reference,
        kind_of_report=kind_in_words(context, case, language),
        **wording.address_letter(context, delivery.partner, language),
        handled_by=body["handled_by"],
        danger_now=case.danger_now,
        reasons=[reason] if reason.why else [],
        assessment=assessment if Disclosure.ASSESSMENT in basis.gets else [],
        is_assessed=bool(case.outcome),
        items=body["items"],
        told=basis.told,
        people=body["persons"],
        answers=[message.text for message in messages if message.is_ours],
        reported=body["reported"],
        holds=_names_host(body["items"]) and _has_hold(session, referral),
        identifiers=body["identifiers"],
        preservable=_list_preservable(body["items"], basis.told),
        also_told=list_others(session, referral),
        further_to=body["further_to"],
        further_reason=body["further_reason"],
        hold_hours=f"{settings.hold_hours:g}",
        link=answer_link(context, referral),
        schema=SCHEMA,
        **{name: getattr(referral, name) for name in TOLD},
        hash_set=hash_set_name,
    )


def answer_link(context: Context, referral: Referral) -> str:
    """The no-login page of the referral."""
    token = present_link(context.keyring, "referral", referral).token
    return f"{context.settings.provider_url}/referral/{token}"


def _write_document(
    session: Session,
    context: Context,
    referral: Referral,
    delivery: Delivery,
    basis: _Basis,
    now: datetime,
) -> dict[str, Any]:
    """The document of schema ``hotline-referral/1`` (data/referral.schema.json)."""
    case, gets, planned = referral.case, basis.gets, basis.planned
    earlier = list_earlier(session, referral)
    items = (
        [
            describe_item(session, context, place)
            for place in evidence.items_told(case, planned)
        ]
        if Disclosure.LOCATIONS in gets
        else []
    )
    return {
        "schema": SCHEMA,
        "reference": referral.reference,
        "case_reference": case.reference,
        "further_to": earlier,
        "further_reason": planned.again_reason if planned and earlier else "",
        "created_at": format_stamp(delivery.created_at),
        "as_of": format_stamp(now),
        "sender": _describe_sender(context),
        "addressee": {"kind": referral.kind, "name": delivery.partner.name},
        "urgency": referral.urgency,
        "child_in_danger": case.danger_now,
        "deadline": format_stamp(referral.due_at) if referral.due_at else None,
        "reasons": [_explain_in_english(session, context, case, planned)],
        "jurisdiction": _list_grounds(case),
        "kind": case.kind,
        "reported": _say_when_reported(session, case),
        "assessment": (dict(case.outcome) or None)
        if Disclosure.ASSESSMENT in gets
        else None,
        "handled_by": _code_of_staff(session, referral),
        "automatic": referral.automatic,
        "people": _rules_facts(case, gets),
        **_people_shape(context, basis.told),
        "items": items,
        "preservation": PRESERVATION
        if _list_preservable(items, basis.told)
        else None,
        "answer_url": answer_link(context, referral),
    }


def _code_of_staff(session: Session, referral: Referral) -> str:
    """Whom the office may ask for; "" where the service decided. Never a name."""
    approved_by = session.scalar(
        select(Plan.approved_by).where(Plan.id == referral.plan_id)
    )
    return code_of_actor(session, approved_by)


def _explain_in_english(
    session: Session,
    context: Context,
    case: Case,
    planned: PlannedRoute | None,
) -> dict[str, str]:
    route = planned.route if planned else None
    reason = findings.explain_route(session, context, case, route, "en")
    return reason.to_json()


def _say_when_reported(session: Session, case: Case) -> dict[str, object]:
    reported = when_reported(session, case)
    return {
        "count": reported.count,
        "first_at": format_stamp(reported.first_at),
        "last_at": format_stamp(reported.last_at),
    }


def _describe_sender(context: Context) -> dict[str, str]:
    settings = context.settings
    return {
        "name": sender_name(context),
        "country": settings.country,
        "domain": settings.hotline_domain,
        "contact": settings.contact_email,
        "phone": settings.contact_phone,
    }


def _rules_facts(
    case: Case, gets: Collection[Disclosure]
) -> dict[str, object]:
    """What was noted of people for the routing rules, as far as this addressee may get it."""
    allowed = {
        "victim": Disclosure.CHILD in gets,
        "suspect": Disclosure.REPORTED_PERSON in gets,
        "generated_in": Disclosure.LOCATIONS in gets,
    }
    return {
        name: value
        for name, value in case.facts.items()
        if allowed.get(name, False)
    }


def _list_preservable(
    items: Collection[Mapping[str, Any]], told: ToldPeople
) -> list[str]:
    """Of which sorts some provider holds data: of a place, an account, a number, an address."""
    kinds = {entry.kind for entry in told.identifiers}
    kinds |= {"ip" for item in items if item["used"]}
    # Of what people share among themselves no provider keeps a log.
    kinds |= {"upload" for item in items if item["hosting"]["has_host"]}
    return [sort for sort in PRESERVABLE if sort in kinds]


def _people_shape(context: Context, told: ToldPeople) -> dict[str, Any]:
    """What is told of people; beside each time, of an address or a fact, what it may mean."""
    shape = told.to_json()
    zone = context.country.time_zone
    for person in shape["persons"]:
        for fact in person["facts"]:
            said = time_of_fact(fact["name"], fact["value"])
            fact["time"] = describe_time(said, zone) if said else None
    for entry in shape["identifiers"]:
        entry["used"] = describe_use(entry["kind"], entry["value"], zone)
    return shape


def _names_host(items: Collection[Mapping[str, Any]]) -> bool:
    """Whether the office reads of a place that somebody hosts: else it has nothing to release."""
    return any(item["hosting"]["has_host"] for item in items)


def _has_hold(session: Session, referral: Referral) -> bool:
    """Whether something may wait for the release of this office."""
    waiting = select(Hold.id).where(
        Hold.referral_id == referral.id, Hold.state.in_(HOLDING)
    )
    return session.scalar(waiting) is not None


def kind_in_words(context: Context, case: Case, language: str) -> str:
    """What it is about, in the letter's language; the code of a kind that is no more."""
    if case.kind not in set(ReportKind):
        return case.kind
    english = ReportKind(case.kind).row.console
    speaker = load_languages(context.settings.data_dir).get(language)
    return speaker.translate(english) if speaker is not None else english


def _list_grounds(case: Case) -> list[dict[str, Any]]:
    """The grounds of jurisdiction that hold or may hold; those that do not are of no use here."""
    names = ("country", "ground", "basis", "status", "why")
    return [
        {name: ground[name] for name in names}
        for ground in case.routing.get("jurisdiction", [])
        if ground["status"] != "no"
    ]


def _assessment_in_words(
    context: Context, case: Case, language: str
) -> list[tuple[str, str]]:
    """The agreed answers as (question, answer) in the reader's language."""
    schema = load_schema(context.settings.data_dir)
    outcome: Mapping[str, Any] = case.outcome
    words = []
    for name, value in outcome.items():
        question = schema.question(name)
        # "Not determined" ten times over hides what was determined.
        if question is not None and value and value != question.undetermined:
            label = in_language(question.label, language)
            words.append((label, question.label_of(value, language)))
    return words
