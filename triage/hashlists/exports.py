"""What leaves a list as a file: only where its owner allows it, and never unnoticed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from flask_babel import lazy_gettext
from sqlalchemy import literal, select
from sqlalchemy.orm import Session

from hotline.accounts.approvals.kinds import Kind
from hotline.accounts.approvals.service import Question, settle_by_two
from hotline.core.act import Act
from hotline.core.errors import Forbidden
from triage.hashlists.formats import HashEntry
from triage.hashlists.models import HashEntryRow, HashList
from triage.hashlists.service import find_list

LIST_EXPORT = Kind(
    "list_export",
    lazy_gettext("Export a list of hashes"),
    lazy_gettext("Two people at the machine write the list to a file."),
    asking="export.ask",
    granting="export.grant",
    lasts=timedelta(hours=1),
)
OWN = "own"


def agree_to_export(
    act: Act, name: str, *, why: str, first: str, second: str
) -> None:
    """Both people have just shown who they are; ``name`` is a list's, or ``OWN``."""
    question = Question(
        LIST_EXPORT,
        # With the moment: each export is an agreement of its own, and none is
        # of use for a second one.
        subject=f"{name[:40]} {act.now.isoformat()}",
        about=name,
        why=why,
    )
    settle_by_two(act, question, first, second)


def open_for_export(act: Act, name: str) -> HashList:
    """The list, if its owner lets it leave; the export is logged."""
    hash_list = find_list(act.session, name)
    # Lists are shared on terms; the default is that they stay.
    if not hash_list.exportable:
        raise Forbidden(
            f"{name} may not be exported.",
            hint="Its owner did not allow that.",
        )
    act.record(
        "hashlist.exported",
        "hash_list",
        hash_list.id,
        version=hash_list.version,
    )
    return hash_list


def stream_entries(
    session: Session, hash_list: HashList
) -> Iterator[HashEntry]:
    """The list's current entries, streamed; the hashes of one medium one after the other."""
    row = HashEntryRow
    # By columns: a million mapped objects take four times as long.
    rows = session.execute(
        select(
            row.kind,
            row.value,
            row.category,
            row.source,
            row.entry_ref,
            row.dated,
            literal(False),
            row.quality,
        )
        .where(row.list_id == hash_list.id, row.removed_in.is_(None))
        .order_by(row.id)
        .execution_options(yield_per=10_000)
    )
    return (HashEntry(*columns) for columns in rows)
