"""One medium never costs the others: not a slow one, not a heavy one, not one that kills."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from triage.fetching.process.client import Fetcher
from triage.fetching.report import FetchLimits, FetchReport

KILLER = """
import os, sys, signal, time
from triage.fingerprints import media
whole = media.fingerprint_media
def fingerprint_media(data, **options):
    if b"kill" in bytes(data[-40:]):
        os.abort()
    if b"loop" in bytes(data[-40:]):
        while True:
            sum(range(1000))
    if b"hang" in bytes(data[-40:]):
        time.sleep(600)
    return whole(data, **options)
media.fingerprint_media = fingerprint_media
from triage.fetching.process import child
sys.exit(child.main())
"""


@pytest.fixture
def fetcher(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fetcher]:
    """Its children have a decoder that some files kill, as a fault in one of C would."""
    from triage.fetching.process import client

    started = client.subprocess.Popen

    def start(command: list[str], **options: Any) -> Any:
        at = command.index("-m")
        return started([*command[:at], "-c", KILLER], **options)

    monkeypatch.setattr(client.subprocess, "Popen", start)
    with Fetcher(deadline_margin=1.0) as own:
        yield own


def serve(lab: Any, world: Any, ends: list[bytes]) -> None:
    """A page with one picture for each of ``ends``, which it ends in."""
    images = "".join(f"<img src={n}.jpg>" for n in range(len(ends)))
    world.routes["/"] = lab.answer(images.encode())
    for number, end in enumerate(ends):
        world.routes[f"/{number}.jpg"] = lab.answer(
            lab.picture(number, size=128) + end, content_type="image/jpeg"
        )


def errors(report: FetchReport) -> list[str | None]:
    assert all(
        (medium.fingerprint is None) == (medium.error is not None)
        for medium in report.media
    )
    return [medium.error for medium in report.media]


def test_a_picture_that_kills_its_decoder_is_the_only_one_lost(
    lab: Any, world: Any, fetcher: Fetcher
) -> None:
    serve(lab, world, [b"", b"kill", b"", b"kill", b""])
    report = fetcher.fetch(lab.ask(world.url()))
    assert report.outcome == "ok"
    assert errors(report) == [
        None,
        "decoder_crashed",
        None,
        "decoder_crashed",
        None,
    ]
    assert fetcher.fetch(lab.ask(world.url())).outcome == "ok"


def test_more_killers_than_there_are_children_lose_what_stands_behind_them(
    lab: Any, world: Any, fetcher: Fetcher
) -> None:
    """And the report says so: these are not reached, not absent."""
    serve(lab, world, [b"", *[b"kill"] * 6, b""])
    report = fetcher.fetch(lab.ask(world.url()))
    found = errors(report)
    assert found[0] is None
    assert found.count("decoder_crashed") == 4
    assert found[-1] == "not_reached"
    assert report.error == "fetcher_crashed"


def test_a_decoder_that_ignores_its_time_is_ended_by_the_kernel(
    lab: Any, world: Any, fetcher: Fetcher
) -> None:
    serve(lab, world, [b"", b"loop", b""])
    limits = FetchLimits(total_seconds=10, decode_seconds=0.5)
    report = fetcher.fetch(lab.ask(world.url(), limits=limits))
    assert errors(report) == [None, "out_of_time", None]
    assert report.media[1].is_worth_another_look


def test_a_decoder_that_waits_for_ever_keeps_what_was_found(
    lab: Any, world: Any, fetcher: Fetcher
) -> None:
    serve(lab, world, [b"", b"hang", b""])
    limits = FetchLimits(total_seconds=3, wall_seconds=3)
    fetcher.start_child()
    report = fetcher.fetch(lab.ask(world.url(), limits=limits))
    assert errors(report) == [None, "out_of_time", "not_reached"]
    assert (report.outcome, report.error) == ("ok", "timeout")


def test_slow_hosts_wait_until_all_others_had_their_turn(
    lab: Any, world: Any
) -> None:
    serve(lab, world, [b""] * 8)

    def stall(handler: Any) -> None:
        time.sleep(8)

    for number in (0, 1, 2):
        world.routes[f"/{number}.jpg"] = stall
    limits = FetchLimits(total_seconds=9)
    report = lab.look(lab.ask(world.url(), limits=limits))
    assert errors(report)[3:] == [None] * 5
    assert set(errors(report)[:3]) <= {"timeout", "not_reached"}


def test_what_takes_its_time_on_the_wall_costs_no_time_to_decode(
    lab: Any, world: Any
) -> None:
    """A busy machine is slow, and hashes what an idle one does."""
    from triage.fetching.fetch import fetch_location

    given = []

    def hasher(data: bytes, label: str | None, seconds: float) -> Any:
        given.append(seconds)
        time.sleep(0.7)  # another process has the processor
        return lab.fake_hash(data, label)

    serve(lab, world, [b""] * 4)
    limits = FetchLimits(
        total_seconds=1.5, hash_seconds=1.0, decode_seconds=0.9
    )
    report = fetch_location(lab.ask(world.url(), limits=limits), hasher)
    assert errors(report) == [None] * 4
    assert min(given) > 0.5


def test_each_decode_gets_no_more_than_is_left(lab: Any, world: Any) -> None:
    from triage.fetching.fetch import fetch_location

    given = []

    def hasher(data: bytes, label: str | None, seconds: float) -> Any:
        given.append(seconds)
        until = time.process_time() + 0.4
        while time.process_time() < until:
            sum(range(1000))
        return lab.fake_hash(data, label)

    serve(lab, world, [b""] * 4)
    limits = FetchLimits(hash_seconds=1.0, decode_seconds=0.7)
    report = fetch_location(lab.ask(world.url(), limits=limits), hasher)
    assert errors(report) == [None, None, None, "out_of_time"]
    assert [round(seconds, 1) for seconds in given] == [0.7, 0.6, 0.2]


def test_the_report_counts_what_a_page_names_beyond_the_limit(
    lab: Any, world: Any
) -> None:
    serve(lab, world, [b""] * 7)
    limits = FetchLimits(max_media=3)
    report = lab.look(lab.ask(world.url(), limits=limits))
    assert (len(report.media), report.left_out) == (3, 4)


def test_a_page_that_soon_leads_on_shows_both(lab: Any, world: Any) -> None:
    """A picture beside the refresh would otherwise hide all of the page that visitors get."""
    serve(lab, world, [b""])
    world.routes["/start"] = lab.answer(
        b"<img src=pixel.jpg><meta http-equiv=refresh content='0;url=/'>"
    )
    world.routes["/pixel.jpg"] = lab.answer(lab.picture(9, size=16))
    report = lab.look(lab.ask(world.url("/start")))
    assert [medium.url for medium in report.media] == [
        world.url("/pixel.jpg"),
        world.url("/0.jpg"),
    ]


def test_a_stream_with_an_address_that_is_none_costs_that_stream_alone(
    lab: Any, world: Any
) -> None:
    world.routes = {
        "/": lab.answer(b"<video src=a.m3u8></video><img src=b.jpg>"),
        "/a.m3u8": lab.answer(
            b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nhttp://[\n",
            content_type="application/vnd.apple.mpegurl",
        ),
        "/b.jpg": lab.answer(lab.picture()),
    }
    report = lab.look(lab.ask(world.url()))
    assert errors(report) == ["bad_url", None]
