"""The list of fingerprints that are looked for: what goes on it, what it met, what is forgotten."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import delete, exists, func, select
from sqlalchemy.orm import Session

from hotline.core.context import Context
from hotline.core.jobs.names import JobName
from hotline.core.storage import audit, outbox
from hotline.core.storage.database import insert_once
from hotline.core.storage.ids import new_id
from hotline.intake.models import Report, ReportPart
from triage.items.models import Item, ItemMedia, Sighting
from triage.media.models import Media
from triage.prints.kinds import Distances, PrintKind
from triage.prints.models import PrintListing, PrintSighting, WatchedPrint

SEARCH_JOB = JobName.PRINT_SEARCH
SEEN_JOB = JobName.PRINT_SEEN
FINGERPRINT_ITEM = "hash"
BATCH = 100
LATER = timedelta(minutes=15)
"""A page that was being stored while a fingerprint came in saw nothing of it, nor did the search
of the page; a second search does."""


def watch_item(
    session: Session, item: Item, now: datetime
) -> WatchedPrint | None:
    """Look for the item's fingerprint from now on, and have what was seen before compared with it.

    None where the item is no fingerprint, or one of a sort that is not kept of files.
    """
    kind, _, value = item.canonical.partition(":")
    if item.kind != FINGERPRINT_ITEM or kind not in tuple(PrintKind):
        return None
    is_new = insert_once(
        session,
        WatchedPrint,
        ["item_id"],
        id=new_id(),
        item_id=item.id,
        kind=kind,
        value=value,
        since=now,
    )
    # Also where it was there before: whoever asks wants the row.
    watched = find_print(session, item.id)
    # Reported again, the same item is already being looked for.
    if is_new:
        post_search(session, item.id, why="first", now=now)
        post_search(session, item.id, why="again", now=now, delay=LATER)
    return watched


def find_print(session: Session, item_id: uuid.UUID) -> WatchedPrint | None:
    """What is looked for because of the item."""
    query = select(WatchedPrint).where(WatchedPrint.item_id == item_id)
    return session.scalar(query)


def post_search(
    session: Session,
    item_id: uuid.UUID,
    *,
    why: str,
    now: datetime,
    delay: timedelta = timedelta(),
) -> None:
    """Every file that was ever seen is read: that is a job of its own."""
    outbox.post_work(
        session,
        SEARCH_JOB,
        key=f"print:{item_id}:{why}",
        payload={"item_id": str(item_id)},
        now=now,
        queue="checks",
        delay=delay,
    )


def note_media(
    session: Session, item: Item, media: Iterable[Media], now: datetime
) -> None:
    """Files were seen at ``item``: the cases of those who look for one of them are to know it."""
    # Comparing costs tens of megabytes in a process: only where files are seen.
    from triage.prints.search import find_watched

    met = {
        print_id
        for medium in media
        for print_id, distance in find_watched(session, medium).items()
        if _keep_sighting(session, print_id, item.id, medium, distance, now)
    }
    # In one order, so that two jobs never post in opposite ones.
    for print_id in sorted(met):
        outbox.post_work(
            session,
            SEEN_JOB,
            key=f"print:{print_id}:{item.id}:{now.isoformat()}",
            payload={"print_id": str(print_id)},
            now=now,
        )


def keep_places(
    session: Session, watched: WatchedPrint, met: Distances, now: datetime
) -> int:
    """Keep where each of the files was seen; returns how many places are new."""
    places = session.execute(
        select(ItemMedia.item_id, Media)
        .join(Media, Media.id == ItemMedia.media_id)
        .where(ItemMedia.media_id.in_(met))
    ).all()
    return sum(
        _keep_sighting(session, watched.id, item_id, media, met[media.id], now)
        for item_id, media in places
    )


def _keep_sighting(
    session: Session,
    print_id: uuid.UUID,
    item_id: uuid.UUID,
    media: Media,
    distance: int,
    now: datetime,
) -> bool:
    return insert_once(
        session,
        PrintSighting,
        ["print_id", "item_id", "media_id"],
        id=new_id(),
        print_id=print_id,
        item_id=item_id,
        media_id=media.id,
        distance=distance,
        at=now,
    )


def count_places(session: Session, item_id: uuid.UUID) -> int:
    """At how many places the fingerprint of the item was met."""
    query = (
        select(func.count(PrintSighting.item_id.distinct()))
        .join(WatchedPrint, WatchedPrint.id == PrintSighting.print_id)
        .where(WatchedPrint.item_id == item_id)
    )
    return session.scalar(query) or 0


def forget_prints(
    session: Session,
    context: Context,  # noqa: ARG001
    *,
    now: datetime,
) -> int:
    """Forget the fingerprints that no report which is kept has named; returns how many.

    The item stays, as of any other place, so that counts stay true; what it was does not.
    """
    report_is_left = exists().where(
        Sighting.item_id == WatchedPrint.item_id,
        ReportPart.id == Sighting.part_id,
        Report.id == ReportPart.report_id,
        Report.erased_at.is_(None),
    )
    due = session.scalars(
        select(WatchedPrint)
        .where(~report_is_left)
        .order_by(WatchedPrint.id)
        .limit(BATCH)
    ).all()
    for watched in due:
        # The item before what belongs to it, as everybody locks.
        item = session.get_one(Item, watched.item_id, with_for_update=True)
        # The key held the fingerprint. It stays unique, and nobody can come to
        # it again.
        item.key = f"forgotten:{item.id}"
        item.canonical = item.display = ""
        item.content_id = None
        # These refer to the fingerprint, so they have to go before it.
        for row in (PrintSighting, PrintListing):
            session.execute(delete(row).where(row.print_id == watched.id))
        session.delete(watched)
        audit.record_entry(
            session,
            actor=audit.SYSTEM,
            action="print.forgotten",
            entity="item",
            entity_id=item.id,
            now=now,
        )
    return len(due)
