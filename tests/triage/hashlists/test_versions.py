"""Hash lists in the database: versions are all or nothing, roll-backs lose nothing, matching heeds
thresholds, switches and removals, with and without an index file."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from hotline.core.jobs.task import Task
from hotline.core.storage import outbox
from hotline.core.storage.outbox import OutboxEntry
from tests.support.items import make_item, make_media, make_sight
from triage.cases.examination.hashes.rematch import rematch_media
from triage.hashlists import exports, formats, service, versions
from triage.hashlists.formats import HashEntry, Problem
from triage.hashlists.models import HashEntryRow, HashList, MediaMatch
from triage.hashlists.search.index_building import rebuild_index
from triage.hashlists.search.matcher import Matcher, Query, index_path
from workers.migrations import run

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
PDQ = "f" * 32 + "0" * 32


def _near(distance: int) -> str:
    """``PDQ`` with ``distance`` bits turned."""
    return f"{int(PDQ, 16) ^ ((1 << distance) - 1):064x}"


def _entries(
    *values: str, kind: str = "md5", deleted: bool = False
) -> Iterator[HashEntry]:
    for value in values:
        yield HashEntry(kind=kind, value=value, deleted=deleted)


def _md5(number: int) -> str:
    return f"{number:032x}"


def _import(
    context: Context,
    entries: Iterator[HashEntry | Problem],
    *,
    whole: bool = True,
    name: str = "list",
    digest: str = "",
    **properties: object,
) -> versions.Import:
    with context.database.writing() as session:
        target = service.create_list(
            Act(session, context, "t", NOW), name, **properties
        )
        return versions.import_version(
            Act(session, context, "t", NOW),
            target,
            entries,
            digest=digest or uuid.uuid4().hex,
            whole=whole,
        )


def _current(context: Context) -> set[str]:
    with context.database.reading() as session:
        rows = select(HashEntryRow.value).where(
            HashEntryRow.removed_in.is_(None)
        )
        return set(session.scalars(rows))


def test_a_whole_file_adds_and_takes_off(context: Context) -> None:
    first = _import(context, _entries(_md5(1), _md5(2), _md5(2)))
    assert (first.version, first.added, first.removed) == (1, 2, 0)
    second = _import(context, _entries(_md5(2), _md5(3)))
    assert (second.version, second.added, second.removed) == (2, 1, 1)
    assert _current(context) == {_md5(2), _md5(3)}


def test_an_entry_that_stays_keeps_its_id(context: Context) -> None:
    """What analysts said about a match hangs on the id."""
    _import(context, _entries(_md5(1)))
    with context.database.reading() as session:
        before = session.scalars(select(HashEntryRow.id)).all()
    _import(context, _entries(_md5(1), _md5(2)))
    with context.database.reading() as session:
        assert set(before) <= set(session.scalars(select(HashEntryRow.id)))


def test_an_addition_takes_off_only_what_it_marks(context: Context) -> None:
    _import(context, _entries(_md5(1), _md5(2)))

    def delta() -> Iterator[HashEntry]:
        yield from _entries(_md5(3))
        yield from _entries(_md5(1), deleted=True)

    done = _import(context, delta(), whole=False)
    assert (done.added, done.removed) == (1, 1)
    assert _current(context) == {_md5(2), _md5(3)}


def test_a_tombstone_without_a_hash_takes_off_all_of_its_medium(
    context: Context,
) -> None:
    both = [HashEntry("md5", _md5(n), entry_ref="7:a") for n in (1, 2)]
    _import(context, iter([*both, HashEntry("md5", _md5(3), entry_ref="7:b")]))
    done = _import(
        context,
        iter([HashEntry("", "", entry_ref="7:a", deleted=True)]),
        whole=False,
    )
    assert (done.added, done.removed) == (0, 2)
    assert _current(context) == {_md5(3)}


def test_rolling_back_and_forth_loses_nothing(context: Context) -> None:
    _import(context, _entries(_md5(1), _md5(2)))
    _import(context, _entries(_md5(2), _md5(3)))
    _import(context, _entries(_md5(4)))
    with context.database.writing() as session:
        done = versions.roll_back(
            Act(session, context, "t", NOW),
            service.find_list(session, "list"),
            1,
        )
    assert (done.version, done.added, done.removed) == (4, 2, 1)
    assert _current(context) == {_md5(1), _md5(2)}
    with context.database.writing() as session:
        versions.roll_back(
            Act(session, context, "t", NOW),
            service.find_list(session, "list"),
            2,
        )
    assert _current(context) == {_md5(2), _md5(3)}


@pytest.mark.parametrize("to", [0, 1, 7])
def test_a_version_that_is_not_there_is_refused(
    context: Context, to: int
) -> None:
    _import(context, _entries(_md5(1)))
    with pytest.raises(InvalidInput), context.database.writing() as session:
        versions.roll_back(
            Act(session, context, "t", NOW),
            service.find_list(session, "list"),
            to,
        )


def test_a_file_that_breaks_off_leaves_the_list_as_it_was(
    context: Context,
) -> None:
    _import(context, _entries(_md5(1)))

    def broken() -> Iterator[HashEntry]:
        yield from _entries(*(_md5(n) for n in range(100, 50_000)))
        raise InvalidInput("The file ends too early.")

    with pytest.raises(InvalidInput, match="too early"):
        _import(context, broken())
    assert _current(context) == {_md5(1)}
    assert _import(context, _entries(_md5(2))).version == 2


def test_the_same_file_twice_is_refused(context: Context) -> None:
    _import(context, _entries(_md5(1)), digest="d" * 64)
    with pytest.raises(Conflict, match="this very file"):
        _import(context, _entries(_md5(1)), digest="d" * 64)


def test_bad_lines_are_counted_and_named_and_the_rest_is_taken(
    context: Context,
) -> None:
    text = (
        b"md5\n"
        + _md5(1).encode()
        + b"\nnonsense\n"
        + _md5(2).encode()
        + b"\n"
    )
    done = _import(context, formats.parse_entries("csv", io.BytesIO(text)))
    assert (done.added, done.rejected) == (2, 1)
    assert "line 3" in done.problems[0]


def test_a_file_without_a_single_hash_never_empties_a_list(
    context: Context,
) -> None:
    _import(context, _entries(_md5(1)))
    with pytest.raises(InvalidInput, match="empty the list"):
        _import(context, iter(()))
    with pytest.raises(InvalidInput, match="No line"):
        _import(
            context, formats.parse_entries("lines", io.BytesIO(b"nonsense\n"))
        )
    assert _current(context) == {_md5(1)}


def test_export_asks_its_owner(context: Context) -> None:
    _import(context, _entries(_md5(1)), name="closed")
    _import(context, _entries(_md5(1), _md5(2)), name="open", exportable=True)
    with context.database.writing() as session:
        with pytest.raises(Forbidden):
            exports.open_for_export(Act(session, context, "t", NOW), "closed")
        with pytest.raises(NotFound):
            exports.open_for_export(Act(session, context, "t", NOW), "none")
        target = exports.open_for_export(
            Act(session, context, "t", NOW), "open"
        )
        values = [
            entry.value for entry in exports.stream_entries(session, target)
        ]
    assert values == [_md5(1), _md5(2)]


def _match(
    context: Context, matcher: Matcher, query: Query
) -> list[tuple[str, int]]:
    with context.database.reading() as session:
        return [
            (hit.hash_list.name, hit.distance)
            for hit in matcher.match(session, query)
        ]


def _index(context: Context) -> None:
    """Run the queued index job, as a worker would."""
    with context.database.writing() as session:
        outbox.post_work(
            session,
            "hashlist.index",
            key=uuid.uuid4().hex,
            payload={},
            now=NOW,
        )
        entry = session.scalars(
            select(OutboxEntry.id).order_by(OutboxEntry.id.desc())
        ).first()
    assert entry is not None
    rebuild_index(Task(context, entry, {}, 1, NOW))


@pytest.mark.parametrize("indexed", [False, True])
def test_near_matches_heed_each_lists_threshold(
    context: Context, indexed: bool
) -> None:
    _import(context, _entries(PDQ, kind="pdq"), name="wide")
    _import(
        context, _entries(PDQ, kind="pdq"), name="narrow", pdq_threshold=10
    )
    if indexed:
        _index(context)
        assert index_path(context.settings.data_dir, "pdq").is_file()
    matcher = Matcher(context)

    def found(distance: int) -> list[tuple[str, int]]:
        return sorted(
            _match(context, matcher, Query({}, _near(distance), 100))
        )

    assert found(0) == [("narrow", 0), ("wide", 0)]
    assert found(10) == [("narrow", 10), ("wide", 10)]
    assert found(11) == [("wide", 11)]
    assert found(31) == [("wide", 31)]
    assert found(32) == []


@pytest.mark.parametrize("indexed", [False, True])
def test_removed_switched_off_and_later_entries(
    context: Context, indexed: bool
) -> None:
    _import(context, _entries(PDQ, _near(200), kind="pdq"))
    if indexed:
        _index(context)
    matcher = Matcher(context)
    assert _match(context, matcher, Query({}, PDQ, 100)) == [("list", 0)]
    _import(context, _entries(_near(200), _near(100), kind="pdq"))
    assert _match(context, matcher, Query({}, PDQ, 100)) == [], (
        "taken off the list"
    )
    assert _match(context, matcher, Query({}, _near(100), 100)) == [
        ("list", 0)
    ], "came since"
    with context.database.writing() as session:
        service.set_enabled(
            Act(session, context, "t", NOW),
            service.find_list(session, "list"),
            False,
        )
    assert _match(context, matcher, Query({}, _near(100), 100)) == []


def test_a_hash_of_low_quality_never_matches(context: Context) -> None:
    _import(context, _entries(PDQ, kind="pdq"))
    assert _match(context, Matcher(context), Query({}, PDQ, 49)) == []
    assert _match(context, Matcher(context), Query({}, PDQ, 50)) == [
        ("list", 0)
    ]


def test_exact_hashes_match_exactly(context: Context) -> None:
    _import(context, _entries(_md5(7)))
    matcher = Matcher(context)
    assert _match(context, matcher, Query({"md5": _md5(7)})) == [("list", 0)]
    assert _match(context, matcher, Query({"md5": _md5(6)})) == []
    assert _match(context, matcher, Query({"sha1": _md5(7)})) == []
    assert _match(context, matcher, Query({})) == []


def test_a_damaged_index_file_costs_time_and_no_match(
    context: Context,
) -> None:
    _import(context, _entries(PDQ, kind="pdq"))
    _index(context)
    index_path(context.settings.data_dir, "pdq").write_bytes(b"not an index")
    assert _match(context, Matcher(context), Query({}, _near(5), 100)) == [
        ("list", 5)
    ]


def test_a_video_matches_by_its_frames(context: Context) -> None:
    _import(context, _entries(PDQ, kind="pdq"))
    frames = ((_near(3), 90), (_near(2), 90), (_near(150), 90), (_near(1), 20))
    with context.database.reading() as session:
        (hit,) = Matcher(context).match(
            session, Query({}, frames=frames, is_video=True)
        )
    assert (hit.distance, hit.share) == (2, 0.6667)


def test_an_animation_matches_by_a_later_frame_and_never_by_a_poor_one(
    context: Context,
) -> None:
    """Its first frame is black: the hash of that one is of no quality, and so is its pHash."""
    _import(context, _entries(_near(2), "0" * 63 + "1", kind="pdq"))
    _import(context, _entries("8" * 16, kind="phash"), name="second")
    seen = {
        "kind": "image",
        "md5": "c" * 32,
        "sha1": "b" * 40,
        "sha256": "a" * 64,
        "pdq": "0" * 63 + "1",
        "pdq_quality": 0,
        "phash": "8" * 16,
        "frames": [
            {"at": 0.5, "pdq": _near(5), "quality": 80},
            {"at": 0.9, "pdq": _near(4), "quality": 60},
        ],
    }
    with context.database.reading() as session:
        (hit,) = Matcher(context).match(session, Query.of(seen))
        assert (hit.distance, hit.quality, hit.share) == (2, 60, None)
        seen |= {"pdq_quality": 50}
        found = Matcher(context).match(session, Query.of(seen))
    assert sorted((one.entry.kind, one.distance) for one in found) == [
        ("pdq", 0),
        ("pdq", 2),
        ("phash", 0),
    ]


def test_a_match_is_kept_once_and_its_decision_stays(
    make_context: Callable[..., Context],
) -> None:
    context = make_context()
    _import(context, _entries(PDQ, kind="pdq"))
    matcher = Matcher(context)
    with context.database.writing() as session:
        media = make_media(
            now=NOW, pdq=_near(4), pdq_quality=90, hashable=True
        )
        session.add(media)
        session.flush()
        matcher.match_media(session, media, now=NOW)
        session.scalars(select(MediaMatch)).one().decision = "disconfirmed"
        matcher.match_media(session, media, now=NOW)
        assert (
            session.scalar(select(func.count()).select_from(MediaMatch)) == 1
        )
        assert (
            session.scalars(select(MediaMatch)).one().decision
            == "disconfirmed"
        )


def test_an_import_posts_index_and_rematch(context: Context) -> None:
    _import(context, _entries(PDQ, kind="pdq"))
    with context.database.reading() as session:
        assert sorted(session.scalars(select(OutboxEntry.job))) == [
            "hashlist.index",
            "hashlist.rematch",
        ]


def test_a_known_file_on_a_new_list_gives_its_cases_a_new_proposal(
    make_context: Callable[..., Context],
) -> None:
    context = make_context()
    with context.database.writing() as session:
        media, item = make_media(now=NOW, md5=_md5(1)), make_item(now=NOW)
        session.add_all([media, item])
        session.flush()
        session.add(make_sight(item, media, now=NOW))
    _import(context, _entries(_md5(1)))
    _import(context, _entries(_md5(1), _md5(2)))
    with context.database.reading() as session:
        rematches = session.scalars(
            select(OutboxEntry)
            .where(OutboxEntry.job == "hashlist.rematch")
            .order_by(OutboxEntry.id)
        ).all()
    for entry in rematches:
        rematch_media(
            Task(context, entry.id, entry.payload, 1, NOW),
            matcher=Matcher(context),
        )
    with context.database.reading() as session:
        found = session.scalars(
            select(OutboxEntry).where(OutboxEntry.job == "item.appraise")
        )
        assert [one.payload for one in found] == [{"item_id": str(item.id)}], (
            "once, when it is new"
        )


def test_lists_survive_a_step_down_and_up_again(context: Context) -> None:
    """The step adds columns to a table that others refer to."""
    _import(context, _entries(_md5(1)), checkpoint="2026-10-20T08:00:00Z")
    run.downgrade_schema(context.database, "0001")
    run.upgrade_schema(context.database)
    with context.database.reading() as session:
        found = service.find_list(session, "list")
        assert (found.version, found.checkpoint, found.remote) == (
            1,
            "",
            False,
        )
    assert _current(context) == {_md5(1)}


@pytest.mark.parametrize("name", ["", " ", "x" * 81])
def test_a_lists_name_is_checked(
    make_context: Callable[..., Context], name: str
) -> None:
    context = make_context()
    with pytest.raises(InvalidInput), context.database.writing() as session:
        service.create_list(Act(session, context, "t", NOW), name)
    with context.database.reading() as session:
        assert session.scalars(select(HashList)).all() == []
