"""Forget a place when the case in which it was decided is forgotten, and files seen nowhere else.

A later report of the same place begins anew: nothing leads from it to what was.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.context import Context
from triage.hashlists.models import MediaMatch
from triage.items.access import clear_access
from triage.items.models import (
    HostingHop,
    HostingObservation,
    Item,
    ItemMedia,
    Visit,
)
from triage.media.models import Media
from triage.prints.models import PrintListing, PrintSighting, WatchedPrint

BATCH = 500


def forget_place(act: Act, item_id: uuid.UUID) -> None:
    """Its address and all that was seen there; sort, platform and country of hosting stay."""
    session = act.session
    item = session.get_one(Item, item_id, with_for_update=True)
    clear_access(act, item_id)
    _forget_print(session, item_id)
    for row in (Visit, HostingObservation, ItemMedia, PrintSighting):
        session.execute(delete(row).where(row.item_id == item_id))
    session.execute(
        update(HostingHop)
        .where(HostingHop.item_id == item_id)
        .values(abuse_contact=None)
    )
    # A key is unique, and no report of the same address may ever come to this
    # one.
    item.key = f"forgotten:{item.id}"
    item.canonical = item.display = ""
    item.content_id = item.host = item.registrable_domain = None
    item.abuse_contact = None
    item.fetchable = False


def _forget_print(session: Session, item_id: uuid.UUID) -> None:
    prints = select(WatchedPrint.id).where(WatchedPrint.item_id == item_id)
    for row in (PrintSighting, PrintListing):
        session.execute(delete(row).where(row.print_id.in_(prints)))
    session.execute(
        delete(WatchedPrint).where(WatchedPrint.item_id == item_id)
    )


def forget_files(
    session: Session,
    context: Context,  # noqa: ARG001
    *,
    now: datetime,  # noqa: ARG001
) -> int:
    """Some of the files of which no place is kept any more; returns how many."""
    due = session.scalars(
        select(Media.id)
        .where(
            ~exists().where(ItemMedia.media_id == Media.id),
            ~exists().where(PrintSighting.media_id == Media.id),
        )
        .order_by(Media.id)
        .limit(BATCH)
        .with_for_update(of=Media, skip_locked=True)
    ).all()
    if due:
        session.execute(delete(MediaMatch).where(MediaMatch.media_id.in_(due)))
        session.execute(delete(Media).where(Media.id.in_(due)))
    return len(due)
