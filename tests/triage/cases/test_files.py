"""What the case page tells of a file: where else it is, what was said of its matches, why it cannot
be compared; in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import event

from hotline.core.context import Context
from hotline.core.storage.ids import new_id
from hotline.core.storage.machine import HistoryEntry
from tests.support.cases import make_case
from tests.support.items import make_item, make_media
from triage.cases.models import Case
from triage.cases.pages.evidence.files import (
    SHOWN_CASES,
    SHOWN_FILES,
    SHOWN_MATCHES,
    Elsewhere,
    File,
    count_further,
    files_of,
)
from triage.hashlists.models import HashEntryRow, HashList, MediaMatch
from triage.items.models import ItemMedia
from triage.media.models import Media

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
PDQ, POOR = "f" * 32 + "0" * 32, "0" * 63 + "1"


class World:
    """Cases with files, and lists with entries; each method gives the row that it made."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.made = 0

    def keep(self, *rows: Any) -> Any:
        with self.context.database.writing() as session:
            session.add_all(rows)
        return rows[0]

    def case(self, state: str = "waiting", history: str = "") -> Case:
        self.made += 1
        item = make_item(f"url:{self.made}", now=NOW)
        self.keep(item)
        reference = f"AL-2026-{self.made:06}"
        case = make_case(item, reference, state=state, now=NOW)
        self.keep(case)
        if history:
            self.keep(
                HistoryEntry(
                    entity="case",
                    entity_id=case.id,
                    event="x",
                    from_state="in_progress",
                    to_state=history,
                    at=NOW,
                    actor="system",
                    details={},
                )
            )
        return case

    def file(
        self, case: Case, media: Media | None = None, **values: Any
    ) -> Media:
        self.made += 1
        if media is None:
            columns = {"hashable": True, **values}
            media = self.keep(make_media(self.made, now=NOW, **columns))
        self.keep(
            ItemMedia(
                item_id=case.item.id,
                media_id=media.id,
                url="http://h.example/x",
                source="img",
                first_seen_at=NOW,
                last_seen_at=NOW,
            )
        )
        return media

    def entry(self, **values: Any) -> HashEntryRow:
        self.made += 1
        known = HashList(
            id=new_id(), name=f"list {self.made}", created_at=NOW, **values
        )
        self.keep(known)
        value = f"{self.made:032x}"
        return self.keep(
            HashEntryRow(list_id=known.id, kind="md5", value=value, added_in=1)
        )

    def match(
        self,
        media: Media,
        entry: HashEntryRow,
        decision: str = "open",
        distance: int = 0,
    ) -> None:
        self.keep(
            MediaMatch(
                media_id=media.id,
                entry_id=entry.id,
                list_id=entry.list_id,
                kind="md5",
                distance=distance,
                at=NOW,
                decision=decision,
            )
        )

    def files(self, case: Case) -> list[File]:
        with self.context.database.reading() as session:
            return files_of(session, self.context, case, now=NOW)


@contextmanager
def queries(context: Context) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(context.database.engine, "before_cursor_execute", note)
    yield seen
    event.remove(context.database.engine, "before_cursor_execute", note)


def test_the_same_picture_elsewhere(context: Context) -> None:
    world = World(context)
    here = world.case()
    media = world.file(here, pdq=PDQ, pdq_quality=90)
    assert world.files(here)[0].elsewhere == Elsewhere()
    same, removed, told = (
        world.case(),
        world.case("removed"),
        world.case("closed"),
    )
    closed = world.case("closed", "removed")
    for case in (same, removed, told):
        world.file(case, media)
    world.file(closed, pdq=PDQ, pdq_quality=60)
    world.file(
        closed, media
    )  # one location, though it holds the picture twice
    world.file(world.case(), pdq=PDQ, pdq_quality=49)
    found = world.files(here)[0].elsewhere
    assert (found.total, found.removed) == (4, 2)
    assert found.cases == (
        (closed.reference, True),
        (told.reference, False),
        (removed.reference, True),
        (same.reference, False),
    )
    for _ in range(SHOWN_CASES):
        world.file(world.case(), media)
    found = world.files(here)[0].elsewhere
    assert (found.total, len(found.cases)) == (4 + SHOWN_CASES, SHOWN_CASES)


def test_a_hash_without_meaning_links_only_the_very_same_file(
    context: Context,
) -> None:
    world = World(context)
    here = world.case()
    poor = world.file(
        here, pdq=POOR, pdq_quality=3, hashable=False, problems=["low_quality"]
    )
    world.file(world.case(), pdq=POOR, pdq_quality=3)
    assert world.files(here)[0].elsewhere.total == 0
    world.file(world.case(), poor)
    (file,) = world.files(here)
    assert file.elsewhere.total == 1
    assert file.problems == "too little detail to compare (quality 3 of 100)"


def test_what_was_said_of_an_entry_at_other_files_is_counted(
    context: Context,
) -> None:
    world = World(context)
    here = world.case()
    media, entry = world.file(here), world.entry()
    for decision in ("disconfirmed", "disconfirmed", "confirmed", "open"):
        world.match(world.file(world.case()), entry, decision)
    world.match(media, entry, "disconfirmed")
    (file,) = world.files(here)
    (match,) = file.matches
    assert (match.confirmed, match.disconfirmed) == (1, 2), (
        "its own decision stands beside it"
    )


def test_what_counts_as_listed(context: Context) -> None:
    world = World(context)
    here = world.case()
    media = world.file(here)
    off, gone = world.entry(enabled=False), world.entry()
    with context.database.writing() as session:
        session.get_one(HashEntryRow, gone.id).removed_in = 2
    for entry, decision in (
        (off, "open"),
        (gone, "open"),
        (world.entry(), "disconfirmed"),
    ):
        world.match(media, entry, decision)
    assert not world.files(here)[0].is_listed
    world.match(media, world.entry(), "open", distance=9)
    assert world.files(here)[0].is_listed


def test_the_nearest_matches_are_shown_and_the_others_counted(
    context: Context,
) -> None:
    world = World(context)
    here = world.case()
    media = world.file(here)
    for distance in range(SHOWN_MATCHES + 3):
        entry = world.entry()
        world.match(
            media, entry, "open" if distance else "disconfirmed", distance
        )
    (file,) = world.files(here)
    assert [one.found.distance for one in file.matches] == list(
        range(1, SHOWN_MATCHES + 1)
    )
    assert file.all_matches == SHOWN_MATCHES + 3


def test_the_number_of_queries_does_not_grow(make_context: Any) -> None:
    world = World(make_context())
    counts = []
    for size in (1, 6):
        here = world.case()
        for _ in range(size):
            media = world.file(here)
            world.file(world.case("removed"), media)
            for _ in range(size):
                world.match(media, world.entry())
        with queries(world.context) as seen:
            assert len(world.files(here)) == size
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 8


def test_a_known_file_is_shown_however_many_came_before_it(
    context: Context,
) -> None:
    world = World(context)
    case = world.case()
    for _ in range(SHOWN_FILES + 3):
        world.file(case)
    known = world.file(case)
    world.match(known, world.entry())
    files = world.files(case)
    assert len(files) == SHOWN_FILES
    assert files[0].seen.media_id == known.id and files[0].matches
    with context.database.reading() as session:
        assert count_further(session, case, files) == 4
        assert count_further(session, case, files[:2]) == 0
