"""Examining an item: what its files met is shown at once, whatever the registries do."""

from __future__ import annotations

import io
import threading
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.jobs.task import Task
from hotline.core.network.tls import TlsFacts
from hotline.core.storage.outbox import OutboxEntry
from hotline.intake import service as intake
from hotline.intake.submission import read_submission
from triage.cases.examination import examine, second_look
from triage.cases.examination.examine import examine_item
from triage.cases.examination.register import register_report
from triage.cases.models import Case
from triage.fetching.report import FetchReport, FetchRequest, Hop, MediaFound
from triage.fingerprints.media import fingerprint_media
from triage.hashlists import formats, service, versions
from triage.hashlists.models import MediaMatch
from triage.hashlists.search.matcher import Matcher
from triage.hosting.facts import HostingFacts, Observation
from triage.items.models import Item, Visit
from triage.media.models import Media
from workers.demo.pictures import alter_picture, draw_picture, encode_jpeg

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


class Host:
    """Answers every fetch with one picture."""

    def fetch(self, request: FetchRequest) -> FetchReport:
        found = fingerprint_media(
            encode_jpeg(draw_picture("lantern"))
        ).to_json()
        return FetchReport(
            request.url,
            request.url,
            "ok",
            200,
            seconds=0.3,
            hash_seconds=0.1,
            media=(MediaFound(request.url, "direct", 200, fingerprint=found),),
        )


@dataclass
class Registries:
    """Answer when they are let."""

    let: threading.Event = field(default_factory=threading.Event)
    asked: threading.Event = field(default_factory=threading.Event)

    def observe(
        self, host: str | None, *, kind: str, now: datetime, **_: Any
    ) -> HostingFacts:
        self.asked.set()
        assert self.let.wait(30)
        country = Observation(
            "country", "AL", "a registry", now, 1.0, "192.0.2.7"
        )
        address = Observation("address", "192.0.2.7", "DNS", now, 1.0)
        return HostingFacts(host, (address, country), now, kind)


def _known(context: Context) -> None:
    seen = fingerprint_media(
        encode_jpeg(alter_picture(draw_picture("lantern")))
    )
    with context.database.writing() as session:
        target = service.create_list(Act(session, context, "t", NOW), "known")
        lines = io.BytesIO(
            f"md5,pdq,category\n{seen.md5},{seen.pdq},baseline".encode()
        )
        versions.import_version(
            Act(session, context, "t", NOW),
            target,
            formats.parse_entries("csv", lines),
            digest="d",
            whole=True,
        )


def _reported(context: Context) -> Task:
    """One report; its item waits to be examined."""
    with context.database.writing() as session:
        submission = read_submission(
            {
                "locations": ["http://photos.example/1.jpg"],
                "kind": "csam_image",
            }
        )
        intake.receive_report(
            session, context, submission, channel="form", now=NOW
        )
    register_report(_task(context, "report.received"))
    return _task(context, "item.examine")


def _task(context: Context, job: str) -> Task:
    with context.database.reading() as session:
        row = session.scalars(
            select(OutboxEntry).where(OutboxEntry.job == job)
        ).one()
        return Task(context, row.id, row.payload, 1, NOW)


def _case(context: Context) -> Case:
    with context.database.reading() as session:
        return session.scalars(select(Case)).one()


def _all(context: Context, kind: type[Any]) -> list[Any]:
    with context.database.reading() as session:
        return list(session.scalars(select(kind)))


def test_a_known_file_is_proposed_while_the_registries_are_silent(
    context: Context,
) -> None:
    _known(context)
    task, registries = _reported(context), Registries()
    job = threading.Thread(
        target=examine_item,
        args=(task,),
        kwargs={
            "fetcher": Host(),
            "lookup": registries,
            "matcher": Matcher(context),
        },
    )
    job.start()
    try:
        pause = threading.Event()
        while job.is_alive() and not _case(context).proposed_class:
            pause.wait(0.02)
        early = _case(context)
        assert registries.asked.is_set() and job.is_alive()
        assert (early.proposed_class, early.state) == ("baseline", "received")
        assert _all(context, Visit) == []
    finally:
        registries.let.set()
        job.join(30)
    late = _case(context)
    assert (late.proposed_class, late.state) == ("baseline", "waiting")
    assert late.item.hosting_country == "AL"
    assert len(_all(context, Visit)) == len(_all(context, MediaMatch)) == 1


def _priority_parts(context: Context) -> set[str]:
    return {part["slug"] for part in _case(context).priority_parts}


def test_one_new_file_among_known_ones_ranks_the_case_up(
    context: Context,
) -> None:
    """Both count: the class that a list knows, and the picture that none knows."""
    _known(context)

    class Gallery(Host):
        names = ("lantern",)

        def fetch(self, request: FetchRequest) -> FetchReport:
            media = tuple(
                MediaFound(
                    f"{request.url}#{name}",
                    "img",
                    200,
                    fingerprint=fingerprint_media(
                        encode_jpeg(draw_picture(name))
                    ).to_json(),
                )
                for name in self.names
            )
            return FetchReport(
                request.url, request.url, "ok", 200, media=media
            )

    task, registries, gallery = _reported(context), Registries(), Gallery()
    registries.let.set()
    tools: Any = {
        "fetcher": gallery,
        "lookup": registries,
        "matcher": Matcher(context),
    }
    examine_item(task, **tools)
    assert _priority_parts(context) >= {"baseline"}
    assert "new_material" not in _priority_parts(context)
    known = _case(context).priority
    gallery.names = ("lantern", "meadow")
    with context.database.writing() as session:
        session.get_one(OutboxEntry, task.entry_id).done_at = None
    examine_item(task, **tools)
    assert _priority_parts(context) >= {"baseline", "new_material"}
    assert (
        _case(context).priority > known
        and _case(context).proposed_class == "baseline"
    )


def test_registries_that_answer_at_once_cost_no_second_transaction(
    context: Context, monkeypatch: Any
) -> None:
    _known(context)
    task, registries = _reported(context), Registries()
    registries.let.set()

    def refuse(*_: object) -> None:
        raise AssertionError("stored twice")

    monkeypatch.setattr(examine, "PATIENCE_SECONDS", 30.0)
    monkeypatch.setattr(examine, "_show_what_matched", refuse)
    examine_item(
        task, fetcher=Host(), lookup=registries, matcher=Matcher(context)
    )
    assert (_case(context).proposed_class, _case(context).state) == (
        "baseline",
        "waiting",
    )
    assert set(task.steps.seconds) == {
        "fetch",
        "hash",
        "hosting",
        "match",
        "store",
    }
    assert task.steps.seconds["hash"] == 0.1
    assert uuid.UUID(task.payload["item_id"]) == _case(context).item.id


def test_a_faulty_certificate_is_a_fact() -> None:
    """What the fetch met stands among the facts of hosting, with its source."""
    item = Item(
        kind="url",
        host="a.example",
        canonical="https://a.example/",
        fetchable=True,
    )
    registries = Registries()
    registries.let.set()
    tls = TlsFacts(False, 10, "expired")
    report = FetchReport(
        item.canonical,
        item.canonical,
        "failed",
        error="tls_invalid",
        hops=(Hop(item.canonical, tls=tls),),
    )
    facts = examine.locate_hosting(item, report, registries, NOW)
    (seen,) = facts.observations_of("tls")
    assert (seen.value, seen.source, seen.subject) == (
        "expired",
        "the fetch",
        "a.example",
    )
    assert (
        examine.locate_hosting(item, None, registries, NOW).observations_of(
            "tls"
        )
        == ()
    )


class SlowHost:
    """Runs out of time over its film, unless it is given more."""

    def __init__(self) -> None:
        self.requests: list[FetchRequest] = []

    def fetch(self, request: FetchRequest) -> FetchReport:
        self.requests.append(request)
        found = fingerprint_media(
            encode_jpeg(draw_picture("lantern"))
        ).to_json()
        if request.limits.decode_seconds <= 20:
            found |= {"problems": ["out_of_time"], "pdq": None}
        medium = MediaFound(request.url, "direct", 200, fingerprint=found)
        return FetchReport(
            request.url, request.url, "ok", 200, media=(medium,)
        )


def test_what_ran_out_of_time_is_looked_at_again_once(
    context: Context,
) -> None:
    task, registries, host = _reported(context), Registries(), SlowHost()
    registries.let.set()
    tools = {
        "fetcher": host,
        "lookup": registries,
        "matcher": Matcher(context),
    }
    examine_item(task, **tools)
    (media,) = _all(context, Media)
    assert media.problems == ["out_of_time"]
    again = [
        row
        for row in _all(context, OutboxEntry)
        if row.key.startswith("look-again:")
    ]
    (row,) = again
    assert row.due_at == NOW + second_look.DELAY
    with context.database.reading() as session:
        visits = session.scalars(select(Visit)).all()
        item = session.get_one(Item, visits[0].item_id)
        found = second_look.find_second_looks(session, [item.id]).get(item.id)
        assert found is not None and found.done_at is None
    examine_item(Task(context, row.id, row.payload, 1, NOW), **tools)
    (media,) = _all(context, Media)
    assert media.problems == []
    assert media.pdq is not None
    assert host.requests[1].limits == second_look.PATIENT
    keys = [row.key for row in _all(context, OutboxEntry)]
    assert sum(key.startswith("look-again:") for key in keys) == 1
