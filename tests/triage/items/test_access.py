"""The request that an item's own settings make, and what never leaves for elsewhere."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import InvalidInput, Misconfigured
from hotline.core.jobs.task import Task
from hotline.core.settings import Settings, load_settings
from hotline.core.storage.outbox import OutboxEntry
from hotline.intake import service as intake
from hotline.intake.submission import read_submission
from tests.support.clock import NOW
from tests.support.items import make_item
from triage.cases.examination.register import register_report
from triage.cases.keeping.forget import forget_idle
from triage.cases.models import Case
from triage.items.access import (
    Access,
    access_of,
    fetch_request,
    routes_of,
    set_access,
)
from triage.items.models import Item, ItemAccess

TOR, RS = "socks5h://127.0.0.1:9050", "http://me:pw@proxy.example:3128"


def item(kind: str = "url") -> Item:
    return make_item(f"{kind}:1", canonical="https://a.example/x")


@pytest.fixture
def settings() -> Settings:
    return load_settings(
        tor_proxy=TOR,
        fetch_routes={"rs": RS, "through-tor": "socks5h://10.9.9.9:1080"},
    )


def test_nothing_set_is_the_ordinary_way(settings: Settings) -> None:
    request = fetch_request(item(), settings)
    assert (request.cookies, request.referrer, request.userinfo) == (
        None,
        None,
        None,
    )
    assert (request.http_proxy, request.socks_proxy) == (None, None)
    assert request.user_agent == settings.user_agent


def test_routes_by_name(settings: Settings) -> None:
    assert routes_of(settings) == ("tor", "rs", "through-tor")
    by = {
        name: fetch_request(item(), settings, Access(route=name))
        for name in routes_of(settings)
    }
    assert (by["tor"].socks_proxy, by["tor"].http_proxy) == (TOR, None)
    assert (by["rs"].http_proxy, by["rs"].socks_proxy) == (RS, None)
    assert by["through-tor"].socks_proxy == "socks5h://10.9.9.9:1080"


@pytest.mark.parametrize(
    "proxy", ["", "http://198.51.100.9:8080", "socks5h://198.51.100.9:1080"]
)
def test_an_onion_service_is_asked_by_tor_alone(
    settings: Settings, proxy: str
) -> None:
    request = fetch_request(
        item("onion"), settings, Access(route="rs"), proxy=proxy
    )
    assert (request.socks_proxy, request.http_proxy) == (TOR, None)


def test_a_second_vantage_takes_the_place_of_the_route(
    settings: Settings,
) -> None:
    request = fetch_request(
        item(),
        settings,
        Access(route="rs", cookies="a=1"),
        proxy="http://198.51.100.9:8080",
    )
    assert (request.http_proxy, request.cookies) == (
        "http://198.51.100.9:8080",
        "a=1",
    )


def test_a_route_that_is_gone_is_not_replaced_by_another(
    settings: Settings,
) -> None:
    for route in ("mk", "tor"):
        with pytest.raises(Misconfigured, match=route):
            fetch_request(item(), load_settings(), Access(route=route))


@pytest.mark.parametrize(
    "routes",
    [
        {"tor": RS},
        {"UPPER": RS},
        {"": RS},
        {"a b": RS},
        {"rs": "ftp://x"},
        {"rs": "socks5://x"},
    ],
)
def test_routes_that_cannot_be(routes: dict[str, str]) -> None:
    with pytest.raises(Misconfigured):
        load_settings(fetch_routes=routes)


def test_a_route_may_be_chosen_and_a_foreign_one_not(
    make_context: Callable[..., Context],
) -> None:
    context = make_context(fetch_routes={"rs": RS})
    with context.database.writing() as session:
        one = item()
        session.add(one)
        session.flush()
        set_access(Act(session, context, "x", NOW), one, Access(route="rs"))
        assert access_of(session, context, one.id).route == "rs"
        with pytest.raises(InvalidInput) as refused:
            set_access(
                Act(session, context, "x", NOW),
                one,
                Access(route="mk", referrer="no", cookies="x"),
            )
        assert set(refused.value.fields) == {"/route", "/referrer", "/cookies"}


def test_a_sign_in_of_the_reported_address_is_kept_sealed(
    context: Context,
) -> None:
    """It opens the item's host and nothing else; no row and no log holds it in the clear."""
    with context.database.writing() as session:
        submission = read_submission(
            {"locations": ["https://me:s%40cret@a.example/x"]}
        )
        intake.receive_report(
            session, context, submission, channel="form", now=NOW
        )
    with context.database.reading() as session:
        entry = session.scalars(
            select(OutboxEntry).where(OutboxEntry.job == "report.received")
        ).one()
    register_report(Task(context, entry.id, entry.payload, 1, NOW))
    with context.database.reading() as session:
        row = session.scalars(select(ItemAccess)).one()
        found = session.get_one(Item, row.item_id)
        access = access_of(session, context, found.id)
    assert b"cret" not in row.userinfo
    assert "cret" not in found.canonical
    assert access.userinfo == "me:s%40cret"
    request = fetch_request(found, context.settings, access)
    assert (request.url, request.userinfo) == (
        "https://a.example/x",
        "me:s%40cret",
    )
    assert "cret" not in repr(request) + repr(
        access
    )  # as an exception would quote them


def test_a_flood_does_not_change_how_a_known_item_is_fetched(
    context: Context,
) -> None:
    """With a sign-in of somebody's choosing no check would find anything gone."""
    _reported(context, "https://a.example/x", held=False)
    _reported(context, "https://false:one@a.example/x", held=True)
    with context.database.reading() as session:
        assert session.scalars(select(ItemAccess)).all() == []
    _reported(
        context, "https://me:pw@b.example/y", held=True
    )  # opens a case: nobody looked yet
    with context.database.reading() as session:
        assert session.scalars(select(ItemAccess)).one().userinfo


@pytest.mark.parametrize(
    ("state", "left"), [("closed", 0), ("not_illegal", 0), ("waiting", 1)]
)
def test_what_opens_an_item_is_forgotten_with_its_case(
    context: Context, state: str, left: int
) -> None:
    _reported(context, "https://me:pw@a.example/x", held=False)
    with context.database.writing() as session:
        session.scalars(select(Case)).one().state = state
        assert forget_idle(session, context, now=NOW) == 1 - left
    with context.database.reading() as session:
        rows = session.scalars(select(ItemAccess.id)).all()
        assert len(rows) == left


def _reported(context: Context, url: str, *, held: bool) -> None:
    with context.database.writing() as session:
        received = intake.receive_report(
            session,
            context,
            read_submission({"locations": [url]}),
            channel="form",
            held=held,
            now=NOW,
        )
        key = f"report:{received.report_id}"
        entry = session.scalars(
            select(OutboxEntry).where(OutboxEntry.key == key)
        ).one()
        task = Task(context, entry.id, entry.payload, 1, NOW)
    register_report(task)
