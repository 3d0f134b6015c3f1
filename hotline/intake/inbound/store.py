"""Inbound reports into the database, each of them once, for good.

A report that came by mail or in a file has an id that follows from what it is: the same mail or
file again finds its report, years later as well, without a table of what was seen.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.context import Context
from hotline.core.errors import InvalidInput
from hotline.intake import service
from hotline.intake.batch import Received
from hotline.intake.inbound.findings import Inbound
from hotline.intake.models import Report
from hotline.intake.registry.vocabulary import Channel
from hotline.intake.submission import MAX_LOCATIONS, Submission

MAX_SOURCE = 80
_IN_WORDS = {"seen_at", "contact_terms", "answers"}


@dataclass(frozen=True, slots=True)
class Stored:
    """``new`` is False for a report that had come before."""

    report_id: uuid.UUID
    reference: str
    new: bool


def store_inbound(
    session: Session,
    context: Context,
    found: Sequence[Inbound],
    *,
    channel: Channel,
    source: str,
    message_id: str = "",
    now: datetime,
) -> list[Stored]:
    """Receive each report through ``service.receive_report``, unless it is there.

    ``message_id`` tells mails apart; without it (a file) the report's own words do.
    """
    if not 0 < len(source.strip()) <= MAX_SOURCE:
        raise InvalidInput(
            f"The source's name must have 1 to {MAX_SOURCE} characters."
        )
    stored = []
    for number, inbound in enumerate(found):
        # By its place in the mail: readers of formats improve, and other words
        # would make it a new report.
        what = (
            f"{message_id}\0{number}"
            if message_id
            else _words_of(inbound.submission)
        )
        sent_by = f"{channel}\0{source}\0"
        report_ids = _keyed_ids(context, sent_by + what)
        stored_id = _find_stored(session, report_ids)
        if stored_id is None and not message_id:
            stored_id = _find_in_parts(session, context, inbound, sent_by)
        report_id = stored_id or report_ids[0]
        if stored_id is None:
            service.receive_report(
                session,
                context,
                inbound.submission,
                channel=channel,
                source=source,
                now=now,
                received=Received(report_id),
            )
        stored.append(Stored(report_id, inbound.reference, stored_id is None))
    return stored


def _find_stored(
    session: Session, report_ids: Sequence[uuid.UUID]
) -> uuid.UUID | None:
    # An erased report keeps its row, so it does not come back either.
    return session.scalar(select(Report.id).where(Report.id.in_(report_ids)))


def _find_in_parts(
    session: Session, context: Context, inbound: Inbound, sent_by: str
) -> uuid.UUID | None:
    """The first of the reports that a file with many locations was once stored as, if all are
    there: such a file does not come in a second time as one report."""
    submission = inbound.submission
    if len(submission.locations) <= MAX_LOCATIONS:
        return None
    stored = [
        _find_stored(session, _keyed_ids(context, sent_by + _words_of(part)))
        for part in _split_as_once(submission)
    ]
    return stored[0] if None not in stored else None


def _split_as_once(submission: Submission) -> list[Submission]:
    places = submission.locations
    return [
        submission.model_copy(
            update={"locations": places[at : at + MAX_LOCATIONS]}
        )
        for at in range(0, len(places), MAX_LOCATIONS)
    ]


def _words_of(submission: Submission) -> str:
    """What stands in the words as well is left out, so that a file from before there was a field
    for it finds its report."""
    return submission.model_dump_json(exclude=_IN_WORDS)


def _keyed_ids(context: Context, what: str) -> list[uuid.UUID]:
    """The id that a report gets, and those that it may have got under older keys."""
    macs = context.keyring.macs(
        "receipts", b"inbound report:" + hashlib.sha256(what.encode()).digest()
    )
    return [_id_from_mac(mac) for mac in macs]


def _id_from_mac(mac: bytes) -> uuid.UUID:
    """A version 8 UUID (RFC 9562) of a keyed digest: nobody else can work one out."""
    value = int.from_bytes(mac[:16])
    value = value & ~(0xF << 76) | 0x8 << 76
    return uuid.UUID(int=value & ~(0x3 << 62) | 0x2 << 62)
