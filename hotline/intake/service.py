"""The verbs of intake: receive, find by receipt, tell the state, add, open, erase.

A receipt holds 100 random bits. It is stored only as an HMAC under the key ``receipts``: a slow key
derivation protects secrets that can be guessed, and 2**100 codes cannot, so it would add nothing
but a way to keep the server busy.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core import audit, machine, outbox
from hotline.core.context import Context
from hotline.core.crypto import Vault
from hotline.core.errors import Conflict
from hotline.core.ids import new_id, new_receipt, normalise_receipt
from hotline.intake import retention as _retention
from hotline.intake.models import PART_MACHINE, Report, ReportMessage, ReportPart
from hotline.intake.submission import Submission

NARRATIVE, CONTACT = "report.narrative", "report.contact"
PART_TEXT, MESSAGE_TEXT = "report_part.text", "report_message.text"
MAX_MESSAGES = 200
_NO_RECEIPT = "-" * 20  # never a receipt; what a malformed code is looked up as


@dataclass(frozen=True, slots=True)
class Received:
    report_id: uuid.UUID
    receipt: str


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
    received_at: datetime
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
    channel: str,
    source: str = "",
    held: bool = False,
    now: datetime,
    received: Received | None = None,
) -> Received:
    """Store a report with the work that follows from it; nothing else happens in the request.

    ``held``: it came in a flood; it takes the same way, but never jumps the queue.
    """
    received = received or Received(new_id(), new_receipt())
    key = context.vault.new_record(session, received.report_id)
    report = Report(
        id=received.report_id,
        received_at=now,
        channel=channel,
        source=source,
        language=submission.language or context.country.default_language,
        kind=submission.kind,
        reporter_role=submission.reporter_role,
        danger_now=submission.danger_now,
        own_material=submission.own_material,
        receipt_mac=_receipt_mac(context, received.receipt),
        narrative=_seal(key, NARRATIVE, received.report_id, submission.narrative),
        contact=_seal(key, CONTACT, received.report_id, submission.contact),
        held_for_review=held,
    )
    session.add(report)
    _add_parts(session, report, key, submission, now)
    outbox.post(
        session,
        "report.received",
        key=f"report:{report.id}",
        payload={"report_id": str(report.id)},
        queue="urgent" if submission.danger_now and not held else "default",
        now=now,
    )
    return received


def _add_parts(
    session: Session, report: Report, key: bytes, submission: Submission, now: datetime
) -> None:
    # A narrative part has no text of its own: the report's narrative is its text.
    texts: Sequence[str | None] = submission.distinct_locations or [None]
    for position, text in enumerate(texts, start=1):
        part = ReportPart(
            id=new_id(),
            report_id=report.id,
            position=position,
            kind="narrative" if text is None else "location",
        )
        part.text = _seal(key, PART_TEXT, part.id, text or "")
        machine.begin(
            session,
            part,
            actor=audit.PUBLIC,
            now=now,
            report=str(report.id),
            channel=report.channel,
        )


def find_by_receipt(session: Session, context: Context, typed: str) -> Report | None:
    """The report of a receipt as it was typed. Unknown, erased and malformed do the same work."""
    code = normalise_receipt(typed) or _NO_RECEIPT
    mac = context.keyring.mac("receipts", code.encode())
    return session.scalar(select(Report).where(Report.receipt_mac == mac))


def status_of(session: Session, context: Context, report: Report) -> ReportStatus:
    """What the reporter may know."""
    rows = select(ReportPart.position, ReportPart.state, ReportPart.state_since)
    parts = session.execute(
        rows.where(ReportPart.report_id == report.id).order_by(ReportPart.position)
    )
    messages = session.scalars(
        select(ReportMessage)
        .where(ReportMessage.report_id == report.id)
        .order_by(ReportMessage.at, ReportMessage.id)
    ).all()
    key = context.vault.key_of(session, report.id) if messages else None
    return ReportStatus(
        report.received_at,
        tuple(PartStatus(*row) for row in parts),
        tuple(
            Message(m.at, m.author, Vault.open(key, MESSAGE_TEXT, m.id, m.text))
            for m in messages
            if key is not None
        ),
    )


def add_information(
    session: Session, context: Context, report: Report, text: str, now: datetime
) -> None:
    """A later word of the reporter's; also the answer to a question."""
    _write_message(
        session, context, report, text=text, author="reporter", actor=audit.PUBLIC, now=now
    )


def ask(
    session: Session, context: Context, report: Report, text: str, *, actor: str, now: datetime
) -> None:
    """A word of the hotline's to the reporter, who reads it with the receipt alone."""
    _write_message(session, context, report, text=text, author="hotline", actor=actor, now=now)


def _write_message(
    session: Session,
    context: Context,
    report: Report,
    *,
    text: str,
    author: str,
    actor: str,
    now: datetime,
) -> None:
    key = context.vault.key_of(session, report.id)
    if key is None:
        raise Conflict("This report's texts were erased; nothing can be added to it.")
    known = session.scalars(select(ReportMessage.id).where(ReportMessage.report_id == report.id))
    if len(known.all()) >= MAX_MESSAGES:
        raise Conflict("There are too many messages on this report.", hint="Make a new report.")
    message = ReportMessage(id=new_id(), report_id=report.id, at=now, author=author, actor=actor)
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
    session: Session, context: Context, report: Report, *, actor: str, why: str, now: datetime
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
            if part.kind == "narrative"
            else opened(PART_TEXT, part.id, part.text)
            for part in report.parts
        },
    )


def progress(session: Session, part: ReportPart, event: str, *, actor: str, now: datetime) -> bool:
    """Move a part on if its table has such a step from where it is; False if it has none."""
    if not PART_MACHINE.allows(part.state, event):
        return False
    try:
        machine.advance(session, part, event, actor=actor, now=now)
    except Conflict:  # somebody else moved it on in the meantime
        return False
    return True


def retention(session: Session, context: Context, *, now: datetime) -> dict[str, int]:
    """Forget what is due; returns how many of what. Meant to be called again until all are 0."""
    return _retention.run(session, context, now=now)


def _receipt_mac(context: Context, receipt: str) -> bytes:
    code = normalise_receipt(receipt)
    assert code is not None
    return context.keyring.mac("receipts", code.encode())


def _seal(key: bytes, where: str, row_id: uuid.UUID, text: str) -> bytes | None:
    return Vault.seal(key, where, row_id, text) if text else None
