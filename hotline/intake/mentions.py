"""Reports that name the receipt of another one: "I wrote to you before, my code is …".

The code is a secret, and is kept nowhere: what is stored is that one report names another. Whoever
wrote it learns nothing of it, so that no form tells which codes are right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from hotline.core.context import Context
from hotline.core.storage.database import insert_once
from hotline.core.storage.ids import new_id, normalise_receipt
from hotline.intake.models import Report, ReportMention

MOST_CODES = 50
"""So many of what may be codes are looked up for one report."""
# At each word's beginning, also within what looked like another code: any
# five words of four letters do.
_CODE = re.compile(
    r"(?<![0-9A-Za-z])(?=([0-9A-Za-z]{4}(?:[\s.–-]{0,3}[0-9A-Za-z]{4}){4})"
    r"(?![0-9A-Za-z]))"
)


def find_codes(text: str) -> Iterator[str]:
    """Everything in the words that may be a receipt code, as codes are looked up."""
    for match in _CODE.finditer(text):
        code = normalise_receipt(match[1])
        if code is not None:
            yield code


def may_name_receipt(text: str) -> bool:
    """Whether something in the words looks like a receipt code."""
    return next(find_codes(text), None) is not None


def store_mentions(
    session: Session, context: Context, report: Report, text: str
) -> None:
    """Note which other reports' receipts the words name. Done twice, it changes nothing."""
    codes = list(dict.fromkeys(find_codes(text)))[:MOST_CODES]
    macs = [
        mac
        for code in codes
        for mac in context.keyring.macs("receipts", code.encode())
    ]
    if not macs:
        return
    named = select(Report.id).where(
        Report.receipt_mac.in_(macs), Report.id != report.id
    )
    for named_id in session.scalars(named).all():
        insert_once(
            session,
            ReportMention,
            ["report_id", "named_id"],
            id=new_id(),
            report_id=report.id,
            named_id=named_id,
        )


def forget_mentions(session: Session, report: Report) -> None:
    """Neither what the report names nor who names it."""
    session.execute(
        delete(ReportMention).where(
            or_(
                ReportMention.report_id == report.id,
                ReportMention.named_id == report.id,
            )
        )
    )
