"""The verbs of intake: receive, find by receipt, tell the state, add, open, erase.

A receipt holds 100 random bits. It is stored only as an HMAC under the key ``receipts``: a slow key
derivation protects secrets that can be guessed, and 2**100 codes cannot, so it would add nothing
but a way to keep the server busy.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.context import Context
from hotline.core.errors import Conflict
from hotline.core.storage import audit, machine
from hotline.core.storage.crypto import Vault
from hotline.core.storage.ids import new_id, normalise_receipt
from hotline.intake import retention as _retention
from hotline.intake.api import webhooks
from hotline.intake.batch import CONTACT, NARRATIVE, PART_TEXT, Arrival, Received, store
from hotline.intake.models import PART_MACHINE, Report, ReportMessage, ReportPart
from hotline.intake.submission import Submission
from hotline.intake.vocabulary import Channel, MessageAuthor, PartKind

__all__ = [
    "OpenedReport",
    "Received",
    "ReportStatus",
    "add_information",
    "ask",
    "find_by_receipt",
    "is_held",
    "open_texts",
    "progress",
    "receive",
    "retention",
    "status_of",
]
MESSAGE_TEXT = "report_message.text"
MAX_MESSAGES = 200
_NO_RECEIPT = "-" * 20  # never a receipt; what a malformed code is looked up as


@dataclass(frozen=True, slots=True)
class PartStatus:
    position: int
    state: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """``author`` is "reporter" or "hotline": a reporter never learns which person wrote."""

    at: datetime
    author: str
    text: str


@dataclass(frozen=True, slots=True)
class ReportStatus:
    """``held``: it came in a flood, and no person has let it through yet."""

    received_at: datetime
    held: bool
    parts: tuple[PartStatus, ...]
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class OpenedReport:
    """``parts``: part id -> text; the narrative of a report without any location is a part too."""

    narrative: str
    contact: str
    parts: dict[uuid.UUID, str]


def receive(
    session: Session,
    context: Context,
    submission: Submission,
    *,
    channel: Channel,
    source: str = "",
    held: bool = False,
    now: datetime,
    received: Received | None = None,
) -> Received:
    """Store a report with the work that follows from it; nothing else happens in the request.

    ``held``: it came in a flood; it takes the same way, but never jumps the queue.
    """
    received = received or Received()
    arrival = Arrival(channel=channel, source=source, held=held, now=now)
    store(session, context, [(received, submission)], arrival)
    return received


def find_by_receipt(session: Session, context: Context, typed: str) -> Report | None:
    """The report of a receipt as it was typed. Unknown, erased and malformed do the same work."""
    code = normalise_receipt(typed) or _NO_RECEIPT
    mac = context.keyring.mac("receipts", code.encode())
    return session.scalar(select(Report).where(Report.receipt_mac == mac))


def status_of(session: Session, context: Context, report: Report) -> ReportStatus:
    """What the reporter may know."""
    rows = select(ReportPart.position, ReportPart.state, ReportPart.state_since)
    parts = [
        PartStatus(*row)
        for row in session.execute(
            rows.where(ReportPart.report_id == report.id).order_by(ReportPart.position)
        )
    ]
    messages = session.scalars(
        select(ReportMessage)
        .where(ReportMessage.report_id == report.id)
        .order_by(ReportMessage.at, ReportMessage.id)
    ).all()
    key = context.vault.key_of(session, report.id) if messages else None
    return ReportStatus(
        report.received_at,
        report.held_for_review
        and any(part.state == PART_MACHINE.initial for part in parts),
        tuple(parts),
        tuple(
            Message(m.at, m.author, Vault.open(key, MESSAGE_TEXT, m.id, m.text))
            for m in messages
            if key is not None
        ),
    )


def is_held(session: Session, report_id: uuid.UUID) -> bool:
    """Whether the report came in a flood."""
    held = select(Report.held_for_review).where(Report.id == report_id)
    return bool(session.scalar(held))


def add_information(
    session: Session, context: Context, report: Report, text: str, now: datetime
) -> None:
    """A later word of the reporter's; also the answer to a question."""
    _write_message(
        session,
        context,
        report,
        text=text,
        author=MessageAuthor.REPORTER,
        actor=audit.PUBLIC,
        now=now,
    )


def ask(
    session: Session,
    context: Context,
    report: Report,
    text: str,
    *,
    actor: str,
    now: datetime,
) -> None:
    """A word of the hotline's to the reporter, who reads it with the receipt alone."""
    _write_message(
        session,
        context,
        report,
        text=text,
        author=MessageAuthor.HOTLINE,
        actor=actor,
        now=now,
    )


def _write_message(
    session: Session,
    context: Context,
    report: Report,
    *,
    text: str,
    author: MessageAuthor,
    actor: str,
    now: datetime,
) -> None:
    key = context.vault.key_of(session, report.id)
    if key is None:
        raise Conflict("This report's texts were erased; nothing can be added to it.")
    known = session.scalars(
        select(ReportMessage.id).where(ReportMessage.report_id == report.id)
    )
    if len(known.all()) >= MAX_MESSAGES:
        raise Conflict(
            "There are too many messages on this report.", hint="Make a new report."
        )
    message = ReportMessage(
        id=new_id(), report_id=report.id, at=now, author=author, actor=actor
    )
    message.text = Vault.seal(key, MESSAGE_TEXT, message.id, text)
    session.add(message)
    audit.record(
        session,
        actor=actor,
        action="report.message",
        entity="report",
        entity_id=report.id,
        now=now,
        author=author,
    )


def open_texts(
    session: Session,
    context: Context,
    report: Report,
    *,
    actor: str,
    why: str,
    now: datetime,
) -> OpenedReport:
    """Open what is sealed, and write down who read it and why. Erased texts come back empty."""
    audit.record(
        session,
        actor=actor,
        action="personal.read",
        entity="report",
        entity_id=report.id,
        now=now,
        why=why,
    )
    key = context.vault.key_of(session, report.id)
    if key is None:
        return OpenedReport("", "", {part.id: "" for part in report.parts})

    def opened(where: str, row_id: uuid.UUID, sealed: bytes | None) -> str:
        return "" if sealed is None else Vault.open(key, where, row_id, sealed)

    narrative = opened(NARRATIVE, report.id, report.narrative)
    return OpenedReport(
        narrative,
        opened(CONTACT, report.id, report.contact),
        {
            part.id: narrative
            if part.kind == PartKind.NARRATIVE
            else opened(PART_TEXT, part.id, part.text)
            for part in report.parts
        },
    )


def progress(
    session: Session, part: ReportPart, event: str, *, actor: str, now: datetime
) -> bool:
    """Move a part on if its table has such a step from where it is; False if it has none."""
    if not PART_MACHINE.allows(part.state, event):
        return False
    try:
        machine.advance(session, part, event, actor=actor, now=now)
    except Conflict:  # somebody else moved it on in the meantime
        return False
    webhooks.announce(session, part, now)
    return True


def retention(session: Session, context: Context, *, now: datetime) -> dict[str, int]:
    """Forget what is due; returns how many of what. Meant to be called again until all are 0."""
    return _retention.run(session, context, now=now)
