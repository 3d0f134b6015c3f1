"""A notice as a message: the letter, XARF and CSV for systems, one document for an HTTP channel."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.context import Context
from hotline.core.storage import machine
from hotline.core.storage.keys.links import present_link
from partners.channels.base import Attachment, Message
from partners.letters import findings, wording
from partners.letters.clock import format_stamp
from partners.letters.stated_times import describe_use
from partners.letters.wording import sender_name
from partners.notices.models import Notice, NoticeItem
from partners.notices.telling.locations import csv_of
from partners.notices.telling.xarf import Located, Sender, write_document
from partners.referrals.models import Plan
from partners.sending.models import Delivery
from partners.sending.service import first_message_id
from partners.states import NoticeEvent, Purpose
from triage.cases.assessing.assessment import industry_class
from triage.jurisdiction import Route
from triage.locations.others.address_use import IP_ADDRESS, show_place

SCHEMA = "hotline-notice/1"
LETTERS = {Purpose.LINK.value: Purpose.FIRST.value}
"""Letters that say the same as another one: with a new link the whole notice goes out again."""


def notice_message(
    session: Session, context: Context, notice: Notice, delivery: Delivery
) -> Message:
    """The message of ``delivery``: the first one, a reminder or a withdrawal, by its purpose."""
    located = _list_located(session, context, notice)
    route = _route_of(session, notice)
    reason = findings.explain_route(
        session, context, notice.case, route, notice.language
    )
    link = answer_link(context, notice)
    # A machine would open another ticket for the very thing that is taken
    # back.
    documents = (
        []
        if delivery.purpose == Purpose.WITHDRAWAL
        else _write_documents(context, notice, located)
    )
    letter = wording.write_letter(
        f"notice_{LETTERS.get(delivery.purpose, delivery.purpose)}",
        notice.language,
        context.settings.data_dir,
        reference=notice.reference,
        kind=notice.kind,
        **wording.address_letter(context, delivery.partner, notice.language),
        due_at=notice.due_at,
        host=next((place.host for place in located if place.host), ""),
        urls=[place.url for place in located if not place.used],
        uses=[place.used for place in located if place.used],
        assessed_class=notice.case.outcome.get("class", ""),
        basis=reason.basis,
        known=any(place.hash_match for place in located),
        link=link,
        first_at=_first_sent_at(session, notice) or delivery.created_at,
        reason=_withdrawal_reason(session, notice),
    )
    return Message(
        message_id=delivery.message_id,
        address=delivery.address,
        subject=letter.subject,
        text=letter.text,
        body=_write_body(
            context, notice, delivery, documents, reason.basis, link
        ),
        attachments=_make_attachments(documents, located),
        language=notice.language,
        thread=first_message_id(session, notice.id)
        if delivery.purpose != Purpose.FIRST
        else None,
        urgent=notice.case.danger_now,
    )


def _route_of(session: Session, notice: Notice) -> Route | None:
    """The route that the notice follows: of several of its kind, the one about its items."""
    item_ids = {entry.item_id for entry in notice.items}
    plan = session.get_one(Plan, notice.plan_id)
    of_kind = [
        planned for planned in plan.planned_routes if planned.to == notice.kind
    ]
    for planned in of_kind:
        if item_ids & set(planned.item_ids):
            return planned.route
    return of_kind[0].route if of_kind else None


def answer_link(context: Context, notice: Notice) -> str:
    """The no-login page of the notice; the same link in every message about it."""
    token = present_link(context.keyring, "notice", notice).token
    return f"{context.settings.provider_url}/provider/{token}"


def _list_located(
    session: Session, context: Context, notice: Notice
) -> list[Located]:
    zone = context.country.time_zone
    return [
        _locate_item(session, notice, entry, zone) for entry in notice.items
    ]


def _locate_item(
    session: Session, notice: Notice, entry: NoticeItem, home_zone: str
) -> Located:
    item = entry.item
    known_media = [
        file.seen.media
        for file in findings.find_files(session, item.id)
        if file.matches
    ]
    # Hashes tell a host which file is meant; with several known ones, none stands for the address.
    only = known_media[0] if len(known_media) == 1 else None
    return Located(
        id=entry.id,
        url=item.canonical,
        used=describe_use(item.kind, item.canonical, home_zone),
        host=item.host or "",
        at=item.last_reported_at,
        address=findings.address_of(session, item.id),
        seen_at=findings.seen_at(session, item),
        asn=item.asn,
        country=item.hosting_country,
        assessed_class=_class_of(notice, entry),
        industry_class=industry_class(
            {**notice.case.outcome, "class": _class_of(notice, entry)}
        ),
        kind=notice.case.kind,
        hash_match=bool(known_media),
        hashes={n: getattr(only, n) for n in ("md5", "sha1", "sha256")}
        if only
        else {},
    )


def _class_of(notice: Notice, entry: NoticeItem) -> str:
    """The class that people agreed on for this very item; empty where they have not."""
    place = notice.case.place_of(entry.item_id)
    own = place.assessed_class if place is not None else ""
    return own or str(notice.case.outcome.get("class", ""))


def _write_documents(
    context: Context, notice: Notice, located: Sequence[Located]
) -> list[dict[str, object]]:
    settings = context.settings
    sender = Sender(
        sender_name(context), settings.contact_email, settings.hotline_domain
    )
    link = answer_link(context, notice)
    description = (
        f"Notice {notice.reference}. Answer without an account: {link}"
    )
    return [
        write_document(
            place,
            sender,
            reference=notice.reference,
            description=f"{description}{_describe_use_of(place)}",
        )
        for place in located
    ]


def _describe_use_of(place: Located) -> str:
    """In words: the format has no field for a time whose zone nobody stated."""
    if not place.used:
        return ""
    return f" Used by somebody: {show_place(IP_ADDRESS, place.url)}."


def _make_attachments(
    documents: Sequence[dict[str, object]], located: Sequence[Located]
) -> tuple[Attachment, ...]:
    if not documents:
        return ()
    names = (
        ["xarf.json"]
        if len(documents) == 1
        else [f"xarf-{number}.json" for number in range(1, len(documents) + 1)]
    )
    pages = [
        Attachment(
            name,
            "application/json",
            json.dumps(document, ensure_ascii=False, indent=2).encode(),
        )
        for name, document in zip(names, documents, strict=True)
    ]
    return (*pages, Attachment("locations.csv", "text/csv", csv_of(located)))


def _write_body(
    context: Context,
    notice: Notice,
    delivery: Delivery,
    documents: list[dict[str, object]],
    basis: str,
    link: str,
) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "purpose": delivery.purpose,
        "kind": notice.kind,
        "reference": notice.reference,
        "created_at": format_stamp(notice.created_at),
        "deadline": format_stamp(notice.due_at) if notice.due_at else None,
        "language": notice.language,
        "sender": {
            "name": sender_name(context),
            "contact": context.settings.contact_email,
        },
        "legal_basis": basis,
        "good_faith": True,
        "answer_url": link,
        "xarf": documents,
    }


def _first_sent_at(session: Session, notice: Notice) -> Any:
    return session.scalar(
        select(Delivery.sent_at)
        .where(
            Delivery.subject_id == notice.id,
            Delivery.purpose == Purpose.FIRST,
            Delivery.sent_at.is_not(None),
        )
        .order_by(Delivery.id)
        .limit(1)
    )


def _withdrawal_reason(session: Session, notice: Notice) -> str:
    entries = machine.list_history(session, notice.id)
    return next(
        (
            str(e.details["reason"])
            for e in entries
            if e.event == NoticeEvent.WITHDRAWN
        ),
        "",
    )
