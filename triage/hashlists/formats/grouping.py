"""Entries of one medium, brought together for formats that write a medium as one record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from triage.hashlists.formats.entry import HashEntry


def group_by_medium(
    entries: Iterable[HashEntry],
) -> Iterator[dict[str, HashEntry]]:
    """Neighbouring entries that share reference, category, source and date, by their kind.

    Tombstones are left out. An entry without a reference is a medium of its own.
    """
    medium: dict[str, HashEntry] = {}
    for entry in entries:
        if entry.deleted or not entry.kind:
            continue
        if medium and not _belongs_to(medium, entry):
            yield medium
            medium = {}
        medium[entry.kind] = entry
    if medium:
        yield medium


def _belongs_to(medium: dict[str, HashEntry], entry: HashEntry) -> bool:
    # Two hashes of one kind are two media, whatever reference they share.
    if entry.entry_ref is None or entry.kind in medium:
        return False
    neighbour = next(iter(medium.values()))
    # Category, source, reference and date: a medium has one of each.
    return entry[2:6] == neighbour[2:6]
