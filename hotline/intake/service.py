"""The verbs of intake: receive, find by receipt, tell the state, add, open, erase.

A receipt holds 100 random bits. It is stored only as an HMAC under the key ``receipts``: a slow key
derivation protects secrets that can be guessed, and 2**100 codes cannot, so it would add nothing
but a way to keep the server busy.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import Conflict
from hotline.core.jobs.names import JobName
from hotline.core.language.said_time import SaidTime
from hotline.core.storage.crypto import Vault
from hotline.core.storage.ids import new_id, normalise_receipt
from hotline.intake import retention
from hotline.intake.api import webhooks
from hotline.intake.batch import (
    ANSWERS,
    CONTACT,
    CONTACT_TERMS,
    NARRATIVE,
    PART_TEXT,
    SEEN_AT,
    Arrival,
    Received,
    store_reports,
)
from hotline.intake.mentions import may_name_receipt
from hotline.intake.models import (
    PART_MACHINE,
    Report,
    ReportMessage,
    ReportPart,
)
from hotline.intake.registry.contact_terms import (
    NO_TERMS,
    ContactTerms,
    read_terms,
)
from hotline.intake.registry.questions import Answers, read_answers
from hotline.intake.registry.vocabulary import (
    Channel,
    MessageAuthor,
    PartKind,
    PartState,
)
from hotline.intake.submission import Submission

__all__ = [
    "Contact",
    "OpenedReport",
    "Received",
    "ReportStatus",
    "add_information",
    "advance_part",
    "ask_reporter",
    "contacts_of",
    "find_by_receipt",
    "forget_due",
    "is_held",
    "open_contact",
    "open_on_arrival",
    "open_texts",
    "receive_report",
    "said_times_of",
    "status_of",
]
MESSAGE_TEXT = "report_message.text"
MAX_MESSAGES = 200
ADDED_JOB = JobName.REPORT_ADDED
_FINGERPRINT = re.compile(r"(?i)[0-9a-f]{32}")
"""What may be one; whether it is, is worked out above this layer."""
# Never a receipt; what a malformed code is looked up as.
_NO_RECEIPT = "-" * 20


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
class Contact:
    """How a reporter may be reached, and what was allowed of it."""

    contact: str
    terms: ContactTerms


@dataclass(frozen=True, slots=True)
class OpenedReport:
    """``parts``: part id -> text; the narrative of a report without any location is a part too.

    The contact stays sealed (``open_contact``); ``terms`` say who may get it, and how its owner is
    reached. ``answers``: to the questions of its kind. ``seen``: when it was seen or used; None
    where nobody said so.
    """

    narrative: str
    parts: dict[uuid.UUID, str]
    seen: SaidTime | None = None
    terms: ContactTerms = NO_TERMS
    answers: Answers = field(default_factory=dict)


def receive_report(
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
    store_reports(session, context, [(received, submission)], arrival)
    return received


def find_by_receipt(
    session: Session, context: Context, typed: str
) -> Report | None:
    """The report of a receipt as it was typed. Unknown, erased and malformed do the same work."""
    # A malformed code takes the same look-up, so that the time taken says
    # nothing.
    code = normalise_receipt(typed) or _NO_RECEIPT
    macs = context.keyring.macs("receipts", code.encode())
    return session.scalar(select(Report).where(Report.receipt_mac.in_(macs)))


def status_of(
    session: Session, context: Context, report: Report
) -> ReportStatus:
    """What the reporter may know."""
    rows = session.execute(
        select(ReportPart.position, ReportPart.state, ReportPart.state_since)
        .where(ReportPart.report_id == report.id)
        .order_by(ReportPart.position)
    )
    parts = tuple(PartStatus(*row) for row in rows)
    # A report that a person has moved on is held no more, whatever it came in.
    nobody_looked = any(part.state == PartState.RECEIVED for part in parts)
    return ReportStatus(
        received_at=report.received_at,
        held=report.held_for_review and nobody_looked,
        parts=parts,
        messages=_messages_of(session, context, report),
    )


def _messages_of(
    session: Session, context: Context, report: Report
) -> tuple[Message, ...]:
    """The messages of a report, oldest first; none once its texts are erased."""
    rows = session.scalars(
        select(ReportMessage)
        .where(ReportMessage.report_id == report.id)
        .order_by(ReportMessage.at, ReportMessage.id)
    ).all()
    # Most reports have no messages: no query for a key that opens nothing.
    key = context.vault.key_of(session, report.id) if rows else None
    if key is None:
        return ()
    messages = []
    for row in rows:
        text = Vault.open(key, MESSAGE_TEXT, row.id, row.text)
        messages.append(Message(row.at, row.author, text))
    return tuple(messages)


def is_held(session: Session, report_id: uuid.UUID) -> bool:
    """Whether the report came in a flood."""
    held = select(Report.held_for_review).where(Report.id == report_id)
    return bool(session.scalar(held))


def add_information(act: Act, report: Report, text: str) -> None:
    """A later word of the reporter's; also the answer to a question."""
    message_id = _write_message(
        act, report, text, author=MessageAuthor.REPORTER
    )
    # The page offers to make a picture's fingerprint for it: one that is sent
    # here is looked for like one in the report; so is the code of another.
    if _FINGERPRINT.search(text) or may_name_receipt(text):
        act.post(
            ADDED_JOB,
            key=f"added:{message_id}",
            payload={"report_id": str(report.id)},
        )


def ask_reporter(act: Act, report: Report, text: str) -> None:
    """A word of the hotline's to the reporter, who reads it with the receipt alone."""
    _write_message(act, report, text, author=MessageAuthor.HOTLINE)


def _write_message(
    act: Act, report: Report, text: str, *, author: MessageAuthor
) -> uuid.UUID:
    session, context = act.session, act.context
    # Retention locks it, too: what is added either keeps the report, or is refused here.
    session.refresh(report, ["erased_at"], with_for_update=True)
    key = context.vault.key_of(session, report.id)
    if key is None:
        raise Conflict(
            "This report's texts were erased; nothing can be added to it."
        )
    earlier = session.scalars(
        select(ReportMessage.id).where(ReportMessage.report_id == report.id)
    )
    if len(earlier.all()) >= MAX_MESSAGES:
        raise Conflict(
            "There are too many messages on this report.",
            hint="Make a new report.",
        )
    message = ReportMessage(
        id=new_id(),
        report_id=report.id,
        at=act.now,
        author=author,
        actor=act.actor,
    )
    message.text = Vault.seal(key, MESSAGE_TEXT, message.id, text)
    session.add(message)
    act.record("report.message", "report", report.id, author=author)
    return message.id


def open_texts(act: Act, report: Report, *, why: str) -> OpenedReport:
    """Open what is sealed, and write down who read it and why. Erased texts come back empty."""
    # Before the opening: nothing is read of which the log does not know.
    act.record("personal.read", "report", report.id, why=why)
    return _open_sealed(act, report)


def open_on_arrival(act: Act, report: Report) -> OpenedReport:
    """As ``open_texts``, for the service itself, which reads each report once as it registers it.

    No row of the log says so: it would stand beside every report's own and tell nothing. Whoever
    reads later, the service included, comes through ``open_texts``.
    """
    return _open_sealed(act, report)


def _open_sealed(act: Act, report: Report) -> OpenedReport:
    key = act.context.vault.key_of(act.session, report.id)
    if key is None:
        return OpenedReport("", {part.id: "" for part in report.parts})

    def open_text(column: str, row_id: uuid.UUID, sealed: bytes | None) -> str:
        return (
            "" if sealed is None else Vault.open(key, column, row_id, sealed)
        )

    narrative = open_text(NARRATIVE, report.id, report.narrative)
    parts = {}
    for part in report.parts:
        # A narrative part has no text of its own: the report's narrative is its text.
        if part.kind == PartKind.NARRATIVE:
            parts[part.id] = narrative
        else:
            parts[part.id] = open_text(PART_TEXT, part.id, part.text)
    return OpenedReport(
        narrative,
        parts,
        _said_time(key, report),
        _open_contact(key, report).terms,
        read_answers(open_text(ANSWERS, report.id, report.answers)),
    )


def contacts_of(
    session: Session, context: Context, reports: Sequence[Report]
) -> dict[uuid.UUID, Contact]:
    """How the reporters may be reached, by report; nothing of those whose keys are erased.

    Whoever shows them logs it.
    """
    stated = [report for report in reports if report.contact]
    keys = context.vault.keys_of(session, [report.id for report in stated])
    return {
        report.id: _open_contact(keys[report.id], report)
        for report in stated
        if report.id in keys
    }


def open_contact(
    session: Session, context: Context, report: Report
) -> Contact:
    """How one reporter may be reached; empty where nothing was left, or it was erased."""
    key = context.vault.key_of(session, report.id)
    return _open_contact(key, report) if key else Contact("", NO_TERMS)


def _open_contact(key: bytes, report: Report) -> Contact:
    """The contact with its terms; both empty where there is none."""
    contact, terms = (
        Vault.open(key, column, report.id, sealed) if sealed else ""
        for column, sealed in (
            (CONTACT, report.contact),
            (CONTACT_TERMS, report.contact_terms),
        )
    )
    return Contact(contact, read_terms(terms))


def said_times_of(
    session: Session, context: Context, reports: Iterable[Report]
) -> dict[uuid.UUID, SaidTime]:
    """When it was seen or used, by the id of the report that says so.

    A fact of the case, and no word of a person's; it is sealed with the words, and goes with them.
    """
    stated = {report.id: report for report in reports if report.seen_at}
    if not stated:
        return {}
    keys = context.vault.keys_of(session, stated)
    times = {
        report_id: _said_time(key, stated[report_id])
        for report_id, key in keys.items()
    }
    return {at: time for at, time in times.items() if time is not None}


def _said_time(key: bytes, report: Report) -> SaidTime | None:
    if report.seen_at is None:
        return None
    return SaidTime(Vault.open(key, SEEN_AT, report.id, report.seen_at))


def advance_part(act: Act, part: ReportPart, event: str) -> bool:
    """Move a part on if its table has such a step from where it is; False if it has none."""
    if not PART_MACHINE.allows(part.state, event):
        return False
    try:
        act.advance(part, event)
    except Conflict:  # somebody else moved it on in the meantime
        return False
    webhooks.announce_state(act.session, part, act.now)
    return True


def forget_due(
    session: Session, context: Context, *, now: datetime
) -> dict[str, int]:
    """Forget what is due; returns how many of what. Meant to be called again until all are 0."""
    return retention.forget_due(session, context, now=now)
