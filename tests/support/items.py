"""Items, files and where a file was seen: rows that a test stores itself.

Columns that a test says something about are named; all others are what a page has on the day
it is first reported.
"""

from __future__ import annotations

from datetime import datetime

from hotline.core.storage.ids import new_id
from tests.support.clock import NOW
from triage.items.models import Item, ItemMedia
from triage.media.models import Media


def make_item(
    key: str = "url:x", *, now: datetime = NOW, **columns: object
) -> Item:
    """``key`` begins with the item's kind."""
    kind, _, name = key.partition(":")
    url = f"http://{name}.example/"
    given: dict[str, object] = {
        "id": new_id(),
        "kind": kind,
        "canonical": url,
        "display": url,
        "first_reported_at": now,
        "last_reported_at": now,
        **columns,
    }
    return Item(key=key, **given)


def make_media(
    number: int = 1, *, now: datetime = NOW, **columns: object
) -> Media:
    """A picture with hashes of its own; it has a PDQ hash only where a test gives one."""
    given: dict[str, object] = {
        "id": new_id(),
        "sha256": f"{number:064x}",
        "sha1": f"{number:040x}",
        "md5": f"{number:032x}",
        "kind": "image",
        "media_type": "image/png",
        "size": 1,
        "first_seen_at": now,
        **columns,
    }
    return Media(**given)


def make_sight(
    item: Item, media: Media, *, now: datetime = NOW, **columns: object
) -> ItemMedia:
    """The file was seen at the item, which it is itself where a test says no more."""
    given: dict[str, object] = {
        "url": item.canonical,
        "source": "direct",
        "first_seen_at": now,
        "last_seen_at": now,
        **columns,
    }
    return ItemMedia(item_id=item.id, media_id=media.id, **given)
