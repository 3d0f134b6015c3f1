"""What ``/readyz`` says of the index of known hashes, and what matching does meanwhile."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.jobs.task import Task
from hotline.core.storage import outbox
from hotline.core.storage.outbox import OutboxEntry
from tests.support.items import make_media
from triage.hashlists import service, versions
from triage.hashlists.formats import HashEntry
from triage.hashlists.search import readiness
from triage.hashlists.search.index_building import rebuild_index
from triage.hashlists.search.matcher import Matcher, Query, index_path
from triage.matching import build_index
from workers.app import create_app

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
PDQ = "f" * 32 + "0" * 32


def _import(context: Context, *values: str) -> None:
    with context.database.writing() as session:
        target = service.create_list(Act(session, context, "t", NOW), "list")
        entries = (HashEntry("pdq", value) for value in values)
        digest = uuid.uuid4().hex
        versions.import_version(
            Act(session, context, "t", NOW),
            target,
            entries,
            digest=digest,
            whole=False,
        )


def _build(context: Context) -> None:
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


def _fault(context: Context) -> str:
    """As an instance asks it, over HTTP."""
    answer = create_app(context).test_client().get("/readyz")
    assert answer.status_code == 200
    told = answer.get_json()
    assert told["status"] == ("degraded" if told["faults"] else "ok")
    return str(told["faults"].get("known_hashes", ""))


def test_all_is_well_without_lists_and_with_a_built_index(
    context: Context,
) -> None:
    assert _fault(context) == ""
    _import(context, PDQ)
    _build(context)
    assert _fault(context) == ""


def test_a_missing_and_a_damaged_index_are_named(context: Context) -> None:
    _import(context, PDQ)
    assert "There is no index" in _fault(context)
    _build(context)
    path = index_path(context.settings.data_dir, "pdq")
    path.write_bytes(path.read_bytes()[:-1])
    assert "is damaged: it has" in _fault(context)


def test_an_index_of_another_database_is_not_believed(
    context: Context, tmp_path: Path
) -> None:
    """Its ids would name other entries: here the one that it calls 1 is far from the query."""
    far = "0" * 64
    _import(context, far)
    path = index_path(context.settings.data_dir, "pdq")
    path.parent.mkdir(parents=True, exist_ok=True)
    hashes = np.frombuffer(bytes.fromhex(PDQ), np.uint8).reshape(1, 32)
    build_index(path, hashes=hashes, ids=np.array([1]), bits=256, version="9")
    assert "stale" in _fault(context)
    with context.database.reading() as session:
        assert Matcher(context).match(session, Query({}, PDQ, 100)) == []
        assert len(Matcher(context).match(session, Query({}, far, 100))) == 1


def test_too_many_entries_beside_it_are_told(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "MOST_BESIDE", 2)
    _import(context, PDQ)
    _build(context)
    _import(context, "1" * 64, "2" * 64)
    assert _fault(context) == ""
    _import(context, "3" * 64)
    assert "More than 2 pdq entries" in _fault(context)


def test_a_damaged_index_is_built_anew_once_an_hour_by_whoever_notices(
    context: Context,
) -> None:
    _import(context, PDQ)
    _build(context)
    index_path(context.settings.data_dir, "pdq").write_bytes(b"not an index")
    matcher = Matcher(context)
    for number in range(2):
        with context.database.writing() as session:
            media = make_media(
                number, now=NOW, pdq=PDQ, pdq_quality=100, frames=[]
            )
            session.add(media)
            assert len(matcher.match_media(session, media, now=NOW)) == 1
    with context.database.reading() as session:
        keys = session.scalars(select(OutboxEntry.key)).all()
    assert [key for key in keys if key.startswith("index:repair")] == [
        "index:repair:2026-11-02T09"
    ]


def test_public_pages_on_a_host_of_their_own_know_nothing_of_it(
    context: Context,
) -> None:
    _import(context, PDQ)
    settings = context.settings.model_copy(update={"audiences": ("public",)})
    alone = Context(**{**vars(context), "settings": settings})
    assert _fault(alone) == ""
