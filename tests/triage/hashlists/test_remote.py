"""A list that stays with its owner: what is asked, what is kept, and that nobody waits for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    Misconfigured,
    Unavailable,
)
from hotline.core.jobs.task import Task
from hotline.core.network.resolve import Reach
from hotline.core.storage.outbox import OutboxEntry
from tests.support.items import make_item, make_media, make_sight
from triage.cases.examination.hashes.ask_owner import ask_owner, not_asked
from triage.hashlists import service, versions
from triage.hashlists.formats import HashEntry
from triage.hashlists.models import HashEntryRow, HashList, MediaMatch
from triage.hashlists.owners.remote import (
    Answer,
    RemoteList,
    Sent,
    load_remote_lists,
)
from triage.hashlists.search.matcher import Matcher
from triage.media.models import Media

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
PDQ, POOR = "f" * 32 + "0" * 32, "0" * 63 + "1"
FILE = """
[[list]]
name = "Police list"
url = "{url}/match"
kinds = ["sha256", "pdq"]
token_file = "police.token"
timeout_seconds = 2
default_class = "national"
"""


@pytest.fixture
def owner(hash_service: Any, tmp_path: Path) -> Any:
    """A police list that knows our picture; its configuration is in the data directory."""
    folder = tmp_path / "var" / "data"
    folder.mkdir(parents=True)
    (folder / "remote_lists.toml").write_text(
        FILE.format(url=hash_service.url)
    )
    (tmp_path / "var" / "secrets").mkdir(exist_ok=True)
    (tmp_path / "var" / "secrets" / "police.token").write_text("let-me-in\n")
    hash_service.sent = []

    def answer(
        method: str, _path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, bytes]:
        if (method, headers.get("authorization")) != (
            "POST",
            "Bearer let-me-in",
        ):
            return 401, b""
        hash_service.sent.append(json.loads(body))
        found = {
            "kind": "pdq",
            "value": PDQ,
            "reference": "2026/17",
            "distance": 4,
        }
        return 200, json.dumps(
            {"matches": [{**found, "category": "A1"}]}
        ).encode()

    hash_service.answer = answer
    return hash_service


def _seen(context: Context, matcher: Matcher, **values: Any) -> Media:
    """A picture that was seen at one item, matched as the examination does."""
    with context.database.writing() as session:
        columns = {
            "sha256": "a" * 64,
            "md5": "c" * 32,
            "pdq": PDQ,
            "pdq_quality": 90,
            "hashable": True,
            **values,
        }
        media = make_media(now=NOW, **columns)
        item = make_item(now=NOW)
        session.add_all([media, item])
        session.flush()
        session.add(make_sight(item, media, now=NOW))
        matcher.match_media(session, media, now=NOW)
    return media


def _task(context: Context) -> Task:
    with context.database.reading() as session:
        entry = session.scalars(
            select(OutboxEntry).where(OutboxEntry.job == "hashlist.remote")
        ).one()
    return Task(context, entry.id, entry.payload, 1, NOW)


def _waiting(context: Context, media: Media, now: datetime = NOW) -> list[str]:
    lists = load_remote_lists(context.settings.data_dir)
    with context.database.reading() as session:
        return not_asked(session, lists, [media.id], now).get(media.id, [])


def test_an_owner_is_asked_and_its_reference_is_kept(
    context: Context, owner: Any
) -> None:
    matcher = Matcher(context)
    media = _seen(context, matcher)
    assert owner.sent == [], "the examination does not wait for an owner"
    assert _waiting(context, media) == ["Police list"]
    assert _waiting(context, media, NOW + timedelta(days=30)) == [
        "Police list"
    ]
    ask_owner(_task(context))
    assert owner.sent == [
        {
            "hashes": [
                {"kind": "sha256", "value": "a" * 64},
                {"kind": "pdq", "value": PDQ},
            ]
        }
    ]
    assert _waiting(context, media) == []
    with context.database.reading() as session:
        (match,) = session.scalars(select(MediaMatch))
        assert (match.kind, match.distance, match.quality) == ("pdq", 4, 90)
        assert (match.entry.kind, match.entry.value, match.entry.category) == (
            "remote",
            "2026/17",
            "A1",
        )
        assert (match.hash_list.name, match.hash_list.remote) == (
            "Police list",
            True,
        )
        assert match.hash_list.default_class == "national"
        jobs = list(session.scalars(select(OutboxEntry.job)))
        assert "item.appraise" in jobs
    with context.database.writing() as session:
        again = matcher.match_media(
            session, session.get_one(Media, media.id), now=NOW
        )
        assert again == [], (
            "what stands for the owner's entry is no hash of ours"
        )
        assert len(session.scalars(select(MediaMatch)).all()) == 1
        assert list(session.scalars(select(OutboxEntry.job))) == jobs, (
            "asked once a month"
        )


def test_nothing_poor_and_no_kind_that_the_owner_cannot_compare_is_told(
    make_context: Callable[..., Context], owner: Any
) -> None:
    context = make_context()
    _seen(
        context,
        Matcher(context),
        pdq=POOR,
        pdq_quality=10,
        phash="8" * 16,
        hashable=False,
    )
    with pytest.raises(Unavailable, match="not asked"):
        ask_owner(
            _task(context)
        )  # this owner speaks of a PDQ that we did not send
    assert owner.sent == [{"hashes": [{"kind": "sha256", "value": "a" * 64}]}]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((503, b""), Unavailable),
        ((401, b""), Forbidden),
        ((404, b""), InvalidInput),
        ((200, b"<html>"), Unavailable),
        ((200, b'{"matches": [{"kind": "pdq"}]}'), Unavailable),
        ((200, b" " * (2 << 20)), InvalidInput),
    ],
)
def test_a_failure_is_kept_as_not_asked(
    make_context: Callable[..., Context],
    owner: Any,
    answer: tuple[int, bytes],
    error: type[Exception],
) -> None:
    context = make_context()
    good, owner.answer = owner.answer, lambda *_: answer
    media = _seen(context, Matcher(context))
    with pytest.raises(error):
        ask_owner(_task(context))
    assert _waiting(context, media) == ["Police list"]
    owner.answer = good
    ask_owner(_task(context))
    assert _waiting(context, media) == []


def test_an_owner_that_is_switched_off_is_asked_no_more(
    make_context: Callable[..., Context], owner: Any
) -> None:
    context = make_context()
    with context.database.writing() as session:
        known = service.create_list(
            Act(session, context, "t", NOW), "Police list", remote=True
        )
        service.set_enabled(Act(session, context, "t", NOW), known, False)
        with pytest.raises(Conflict, match="stays with its owner"):
            entries = iter([HashEntry("md5", "d" * 32)])
            versions.import_version(
                Act(session, context, "t", NOW),
                known,
                entries,
                digest="e",
                whole=False,
            )
    _seen(context, Matcher(context))
    ask_owner(_task(context))
    assert owner.sent == []


def test_a_list_of_our_own_keeps_its_name(
    make_context: Callable[..., Context], owner: Any
) -> None:
    context = make_context()
    with context.database.writing() as session:
        service.create_list(Act(session, context, "t", NOW), "Police list")
    _seen(context, Matcher(context))
    with pytest.raises(Conflict, match="our own"):
        ask_owner(_task(context))
    assert owner.sent == []


class Stranger:
    """An owner who knows much: one near, one too far, one picture under two references."""

    def __init__(self, _remote: RemoteList, token: str, _reach: Reach) -> None:
        assert token == "let-me-in"

    def match(self, hashes: Sequence[Sent]) -> Sequence[Answer]:
        kind, value = hashes[-1]
        return [
            Answer(
                kind="pdq", value=value, reference=reference, distance=distance
            )
            for reference, distance in (
                ("far", 31),
                ("near", 9),
                ("same", 3),
                ("near", 2),
            )
            if kind == "pdq"
        ]


@pytest.mark.usefixtures("owner")
def test_the_lists_own_threshold_holds(
    make_context: Callable[..., Context],
) -> None:
    context = make_context()
    with context.database.writing() as session:
        service.create_list(
            Act(session, context, "t", NOW),
            "Police list",
            remote=True,
            pdq_threshold=20,
        )
    _seen(context, Matcher(context))
    ask_owner(_task(context), connect=Stranger)
    with context.database.reading() as session:
        found = session.execute(
            select(HashEntryRow.value, MediaMatch.distance)
            .join(MediaMatch, MediaMatch.entry_id == HashEntryRow.id)
            .order_by(MediaMatch.distance)
        )
        assert [tuple(row) for row in found] == [("near", 2), ("same", 3)]
        assert session.scalars(select(HashList.version)).one() == 0


def test_no_list_is_shipped() -> None:
    assert load_remote_lists() == ()


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("{url}/match", "http://police.example/match", "HTTPS"),
        ('"sha256", "pdq"', '"sha256", "crc"', "list.0.kinds.1"),
        ("police.token", "../police.token", "token_file"),
        ("timeout_seconds = 2", "timeout = 2", "did you mean"),
        ('name = "Police list"', 'name = ""', "name"),
    ],
)
def test_a_faulty_file_is_refused(
    tmp_path: Path, old: str, new: str, reason: str
) -> None:
    (tmp_path / "data").mkdir()
    file = tmp_path / "data" / "remote_lists.toml"
    file.write_text(
        FILE.replace(old, new).replace("{url}", "https://police.example")
    )
    with pytest.raises(Misconfigured, match=reason):
        load_remote_lists(tmp_path)
    file.write_text(2 * FILE.replace("{url}", "https://police.example"))
    with pytest.raises(Misconfigured, match="one name"):
        load_remote_lists(tmp_path)
