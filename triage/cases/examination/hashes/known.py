"""What hash lists and watched fingerprints say of items: asked once for all that a case has.

A report may name hundreds of places, and each that is looked at has its whole case appraised
anew: a question for each item would be asked as often as there are pairs of them.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Exists, Select, exists, func, select
from sqlalchemy.orm import Session

from triage.hashlists.kinds import MatchDecision
from triage.hashlists.models import HashEntryRow, HashList, MediaMatch
from triage.items.models import ItemMedia
from triage.media.models import Media
from triage.prints.models import (
    PrintListing,
    PrintSighting,
    WatchedPrint,
)
from triage.priority import ListClass

ItemIds = Select[uuid.UUID] | Collection[uuid.UUID]


@dataclass(frozen=True, slots=True)
class KnownFiles:
    """Of one item: the gravest class that counts, whether any file can be compared at all, and
    whether one of those is on no list; ``places``: where the fingerprint that it is was met."""

    list_class: ListClass = ListClass.NONE
    is_hashed: bool = False
    has_unlisted: bool = False
    places: int = 0

    @property
    def known_list(self) -> str | bool | None:
        """The class; False for material that is on no list; None where nothing could be hashed."""
        if self.list_class is not ListClass.NONE:
            return str(self.list_class)
        return False if self.is_hashed else None


def find_known(
    session: Session, item_ids: ItemIds
) -> Mapping[uuid.UUID, KnownFiles]:
    """By the item's id; nothing is known of an item that is not asked about."""
    classes = known_classes(session, item_ids)
    hashed = set(session.scalars(_with_files(item_ids)))
    unlisted = set(session.scalars(_with_files(item_ids).where(~_listed())))
    places = dict(session.execute(_places_of_prints(item_ids)).all())
    return {
        item_id: KnownFiles(
            classes.get(item_id, ListClass.NONE),
            item_id in hashed,
            item_id in unlisted,
            places.get(item_id, 0),
        )
        for item_id in {*classes, *hashed, *places}
    }


def known_classes(
    session: Session, item_ids: ItemIds
) -> Mapping[uuid.UUID, ListClass]:
    """The most severe class that a known-hash list gives to a file seen at an item, or to the
    fingerprint that the item is.

    A match that an analyst disconfirmed counts no more, here or elsewhere.
    """
    # A file may be on several lists, and an item has several files: the
    # gravest counts.
    classes: dict[uuid.UUID, ListClass] = defaultdict(lambda: ListClass.NONE)
    for item_id, list_class in _classes_found(session, item_ids):
        if list_class.severity > classes[item_id].severity:
            classes[item_id] = list_class
    return classes


def _classes_found(
    session: Session, item_ids: ItemIds
) -> Iterator[tuple[uuid.UUID, ListClass]]:
    columns = (
        HashList.default_class,
        HashList.category_map,
        HashEntryRow.category,
    )
    # What its owner took off a list was a mistake, or is no longer theirs to
    # say.
    is_current = (HashList.enabled, HashEntryRow.removed_in.is_(None))
    of_files = (
        select(ItemMedia.item_id, *columns)
        .join(MediaMatch, MediaMatch.media_id == ItemMedia.media_id)
        .join(HashEntryRow, HashEntryRow.id == MediaMatch.entry_id)
        .join(HashList, HashList.id == MediaMatch.list_id)
        .where(
            ItemMedia.item_id.in_(item_ids),
            *is_current,
            # Two pictures may share a near hash; an analyst who saw that has
            # spoken for all cases.
            MediaMatch.decision != MatchDecision.DISCONFIRMED,
        )
        .distinct()
    )
    of_fingerprint = (
        select(WatchedPrint.item_id, *columns)
        .join(PrintListing, PrintListing.print_id == WatchedPrint.id)
        .join(HashEntryRow, HashEntryRow.id == PrintListing.entry_id)
        .join(HashList, HashList.id == HashEntryRow.list_id)
        .where(WatchedPrint.item_id.in_(item_ids), *is_current)
        .distinct()
    )
    for item_id, default, mapping, category in (
        *session.execute(of_files),
        *session.execute(of_fingerprint),
    ):
        yield item_id, _named_class(mapping.get(category or "", default))


def _named_class(name: str) -> ListClass:
    """A list may map its categories to classes of its own: then it is just listed."""
    if name in (ListClass.BASELINE, ListClass.NATIONAL):
        return ListClass(name)
    return ListClass.LISTED


def _with_files(item_ids: ItemIds) -> Select[uuid.UUID]:
    """Items at which a file was seen that can be compared."""
    return (
        select(ItemMedia.item_id)
        .join(Media, Media.id == ItemMedia.media_id)
        .where(ItemMedia.item_id.in_(item_ids), Media.hashable)
        .distinct()
    )


def _listed() -> Exists:
    """A list that is in use knows the file."""
    return (
        exists()
        .where(
            MediaMatch.media_id == ItemMedia.media_id,
            MediaMatch.decision != MatchDecision.DISCONFIRMED,
            HashEntryRow.id == MediaMatch.entry_id,
            HashEntryRow.removed_in.is_(None),
            HashList.id == MediaMatch.list_id,
            HashList.enabled,
        )
        .correlate(ItemMedia)
    )


def _places_of_prints(item_ids: ItemIds) -> Select[uuid.UUID, int]:
    """At how many places the fingerprint that an item is was met."""
    return (
        select(
            WatchedPrint.item_id,
            func.count(PrintSighting.item_id.distinct()),
        )
        .join(PrintSighting, PrintSighting.print_id == WatchedPrint.id)
        .where(WatchedPrint.item_id.in_(item_ids))
        .group_by(WatchedPrint.item_id)
    )
