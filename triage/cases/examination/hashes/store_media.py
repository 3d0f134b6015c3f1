"""The hashes of what was found at an item, stored and matched; a better look replaces a poorer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.storage.database import insert_once
from hotline.core.storage.ids import new_id
from triage.fetching.report import FetchReport, MediumError
from triage.items.models import Item, ItemMedia
from triage.media.models import Media
from triage.prints.watch import note_media

# The index of hashes is arrays: who only names the type of a search loads none.
if TYPE_CHECKING:
    from triage.hashlists.search.matcher import Matcher


def store_media(
    session: Session,
    item: Item,
    report: FetchReport,
    *,
    matcher: Matcher,
    now: datetime,
) -> Sequence[Media]:
    """Keep the hashes of what was found at the item, match the files that are new to us, and let
    those cases know of it whose reporters gave a fingerprint of one of them."""
    kept = []
    for medium in report.media:
        # It could not be read in full; what is known of why stands in the
        # visit.
        if medium.fingerprint is None:
            continue
        media = _media_of(session, medium.fingerprint, now)
        kept.append(media)
        is_new = insert_once(
            session,
            ItemMedia,
            ["item_id", "media_id"],
            id=new_id(),
            item_id=item.id,
            media_id=media.id,
            url=medium.url,
            source=medium.source,
            first_seen_at=now,
            last_seen_at=now,
        )
        if not is_new:
            link = session.scalars(
                select(ItemMedia).where(
                    ItemMedia.item_id == item.id,
                    ItemMedia.media_id == media.id,
                )
            ).one()
            link.last_seen_at = now
        # Also for a file that is known: since it was seen last, lists may have
        # grown.
        matcher.match_media(session, media, now=now)
    note_media(session, item, kept, now)
    return kept


_COLUMNS = (
    "kind",
    "media_type",
    "size",
    "md5",
    "sha1",
    "sha256",
    "width",
    "height",
    "duration",
    "pdq",
    "pdq_quality",
    "phash",
    "dhash",
    "frames",
    "hashable",
    "problems",
)


def _media_of(
    session: Session, fingerprint: dict[str, Any], now: datetime
) -> Media:
    values = {name: fingerprint[name] for name in _COLUMNS}
    # By SHA-256: two processes that meet the same file at once make one row.
    is_new = insert_once(
        session, Media, ["sha256"], id=new_id(), first_seen_at=now, **values
    )
    media = session.scalars(
        select(Media).where(Media.sha256 == fingerprint["sha256"])
    ).one()
    if not is_new and _is_better_look(media, fingerprint):
        for name, value in values.items():
            setattr(media, name, value)
    return media


def _is_better_look(media: Media, fingerprint: dict[str, Any]) -> bool:
    """Whether the same file was looked at for longer now than when it ran out of time."""
    if MediumError.OUT_OF_TIME not in media.problems:
        return False
    is_whole = MediumError.OUT_OF_TIME not in fingerprint["problems"]
    return is_whole or len(fingerprint["frames"]) > len(media.frames)
