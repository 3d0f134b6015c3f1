"""A web host that can be switched, our way to it, and a case under watch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from partners.watching.check import check_item
from tests.support.house import House
from triage.fetching.report import (
    FetchReport,
    FetchRequest,
    MediaFound,
    PageFacts,
    report_failure,
)
from triage.hosting.facts import HostingFacts, Observation
from triage.items.models import Visit

URL = "http://one.test/p/1"
CONTROL = "http://control.test/ok"
PICTURE = {
    "kind": "image",
    "media_type": "image/jpeg",
    "size": 900,
    "md5": "3" * 32,
    "sha1": "4" * 40,
    "sha256": "5" * 64,
    "width": 64,
    "height": 64,
    "pdq": "cd" * 32,
    "pdq_quality": 95,
    "duration": None,
    "phash": None,
    "dhash": None,
    "frames": [],
    "hashable": True,
    "problems": [],
}
TEXT = PageFacts("a" * 64, "0123456789abcdef", 400, 3, False)
MISSING = PageFacts("b" * 64, "fedcba9876543210", 30, 1, False)
FRONT = PageFacts("c" * 64, "00ff00ff00ff00ff", 900, 20, False)


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"control_url": CONTROL}


def page(url: str, facts: PageFacts, *media: MediaFound) -> FetchReport:
    return FetchReport(
        url, url, "ok", 200, page=facts, media=media, media_type="text/html"
    )


def status(url: str, code: int) -> FetchReport:
    return FetchReport(
        url, url, "http_error", code, page=MISSING, media_type="text/html"
    )


class World:
    """A web host and our way to it; ``up``/``network`` are switched by the test."""

    def __init__(self) -> None:
        self.item = "online"
        self.network = True
        self.second: str | None = (
            None  # what a second vantage point sees, if it differs
        )
        self.asked: list[FetchRequest] = []

    def fetch(self, request: FetchRequest) -> FetchReport:
        self.asked.append(request)
        if not self.network:
            return report_failure(request, "connect_timeout")
        parts = urlsplit(request.url)
        if request.url == CONTROL:
            return page(CONTROL, FRONT)
        if parts.path == "/":
            return page(request.url, FRONT)
        if request.url != URL:
            return status(request.url, 404)
        proxied = request.http_proxy or request.socks_proxy
        return self._item(
            self.second if proxied and self.second else self.item
        )

    def _item(self, state: str) -> FetchReport:
        found = MediaFound(f"{URL}.jpg", "img", 200, None, PICTURE)
        answers: dict[str, Callable[[], FetchReport]] = {
            "online": lambda: page(URL, TEXT, found),
            "gone": lambda: status(URL, 404),
            "forbidden": lambda: status(URL, 403),
            "broken": lambda: status(URL, 502),
        }
        return answers[state]()


class SameHost:
    """A look-up that says what is known already."""

    country = "AL"

    def observe(
        self, host: Any, *, kind: str, headers: Any, now: Any
    ) -> HostingFacts:
        said = {
            "country": self.country,
            "asn": "AS64500",
            "address": "192.0.2.7",
            "abuse_contact": "abuse@isp.example",
        }
        seen = [
            Observation(
                fact,
                value,
                "test",
                now,
                0.9,
                "192.0.2.7" if fact != "address" else None,
            )
            for fact, value in said.items()
        ]
        return HostingFacts(host, tuple(seen), now, kind)


class NoLists:
    def match_media(self, session: Any, media: Any, *, now: Any) -> list[Any]:
        return []


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def watched(house: House, world: World) -> House:
    return _watch(house, world)


@pytest.fixture
def under_watch() -> Callable[[House, World], House]:
    """For a house of one's own."""
    return _watch


def _watch(house: House, world: World) -> House:
    """A case in progress whose host has a notice; looks happen by ``look``."""
    house.partner(
        "provider:abuse@isp.example", "provider", address="abuse@isp.example"
    )
    case = house.case()
    with house.context.database.writing() as session:
        visit = session.scalars(select(Visit)).one()
        visit.report = world._item("online").to_json()
    house.decide(case, "provider_notice-XK")
    lookup = SameHost()
    house.lookup = lookup
    house.jobs["watch.check"] = lambda task: check_item(
        task, fetcher=world, lookup=lookup, matcher=NoLists()
    )
    return house
