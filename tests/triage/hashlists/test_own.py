"""Which hashes leave as confirmed by this hotline: what people decided on and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from hotline.core.context import Context
from hotline.core.storage.ids import new_id
from tests.support.cases import make_case
from tests.support.items import make_item, make_media, make_sight
from triage.cases.examination.hashes.confirmed import own_entries
from triage.hashlists.models import HashEntryRow, HashList, MediaMatch
from triage.media.models import Media

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
PDQ = "f" * 32 + "0" * 32


class World:
    def __init__(self, context: Context) -> None:
        self.context = context
        self.made = 0

    def media(self, **values: Any) -> Media:
        self.made += 1
        columns = {"pdq": PDQ, "pdq_quality": 90, "hashable": True, **values}
        media = make_media(self.made, now=NOW, **columns)
        with self.context.database.writing() as session:
            session.add(media)
        return media

    def seen(
        self,
        media: Media,
        state: str,
        label: str | None,
        *,
        source: str = "direct",
        round_: int = 1,
    ) -> None:
        self.made += 1
        item = make_item(f"url:{self.made}", now=NOW)
        case = make_case(
            item,
            f"AL-2026-{self.made:06}",
            state=state,
            now=NOW,
            outcome={"class": label} if label else {},
            round=round_,
        )
        link = make_sight(item, media, now=NOW, source=source)
        with self.context.database.writing() as session:
            session.add(item)
            session.flush()
            session.add_all([case, link])

    def listed(
        self, media: Media, decision: str = "open", **values: Any
    ) -> None:
        self.made += 1
        known = HashList(
            id=new_id(), name=f"list {self.made}", created_at=NOW, **values
        )
        with self.context.database.writing() as session:
            session.add(known)
            session.flush()
            entry = HashEntryRow(
                list_id=known.id, kind="md5", value=media.md5, added_in=1
            )
            session.add(entry)
            session.flush()
            session.add(
                MediaMatch(
                    media_id=media.id,
                    entry_id=entry.id,
                    list_id=known.id,
                    kind="md5",
                    distance=0,
                    at=NOW,
                    decision=decision,
                )
            )

    def told(self) -> dict[str, str | None]:
        """SHA-256 -> class."""
        with self.context.database.reading() as session:
            entries = list(own_entries(session, source="hotline.example"))
        return {
            one.value: one.category for one in entries if one.kind == "sha256"
        }


@pytest.mark.parametrize(
    ("state", "label", "source", "expected"),
    [
        ("in_progress", "baseline", "direct", True),
        ("removed", "national", "direct", True),
        ("closed", "baseline", "direct", True),
        ("assessed", "baseline", "direct", False),
        ("second_assessment", None, "direct", False),
        ("waiting", None, "direct", False),
        ("not_illegal", "not_illegal", "direct", False),
        ("closed", "cannot_determine", "direct", False),
        ("in_progress", "baseline", "img", False),
    ],
)
def test_what_people_decided_on(
    make_context: Any,
    state: str,
    label: str | None,
    source: str,
    expected: bool,
) -> None:
    world = World(make_context())
    media = world.media()
    world.seen(media, state, label, source=source)
    assert world.told() == ({media.sha256: label} if expected else {})


def test_lists_doubts_and_differences(context: Context) -> None:
    world = World(context)
    on_list, once, off, denied = (world.media() for _ in range(4))
    doubted, again, graver, both = (world.media() for _ in range(4))
    for media in (on_list, once, off, denied, doubted, again, graver, both):
        world.seen(media, "in_progress", "national")
    world.listed(on_list, "confirmed")
    world.listed(once)
    world.listed(off, enabled=False)
    world.listed(denied, "disconfirmed")
    world.seen(doubted, "not_illegal", "not_illegal")
    world.seen(again, "waiting", None, round_=2)
    world.seen(graver, "removed", "baseline")
    world.seen(both, "waiting", None)
    assert world.told() == {
        off.sha256: "national",
        denied.sha256: "national",
        graver.sha256: "baseline",
        both.sha256: "national",
    }


def test_what_is_told_of_a_file(make_context: Any) -> None:
    world = World(make_context())
    good, poor = world.media(), world.media(pdq_quality=20)
    for media in (good, poor):
        world.seen(media, "closed", "baseline")
    with world.context.database.reading() as session:
        entries = list(own_entries(session, source="hotline.example"))
    assert [(one.entry_ref, one.kind) for one in entries] == [
        *((good.id.hex, kind) for kind in ("md5", "sha1", "sha256", "pdq")),
        *((poor.id.hex, kind) for kind in ("md5", "sha1", "sha256")),
    ]
    assert {one.source for one in entries} == {"hotline.example"}
    assert entries[3].quality == 90
