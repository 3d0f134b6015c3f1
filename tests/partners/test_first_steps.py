"""The administrator's way to the first notice, read from what is stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hotline.accounts.signing_in import sessions
from hotline.accounts.signing_in.auth import COOKIE
from hotline.core.context import Context, utc_now
from hotline.core.setting_parts.placeholders import list_placeholders
from tests.support.house import House
from workers.app import create_app


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"audiences": ("console",)}


@pytest.fixture
def landing(house: House) -> Callable[[], str]:
    return administrator_of(house)


def administrator_of(house: House) -> Callable[[], str]:
    """What an administrator sees who opens the console."""
    client = create_app(house.context).test_client()
    client.set_cookie("lang", "en")
    person = house.person("admin", "administrator")
    with house.context.database.writing() as session:
        token = sessions.open_session(session, person, utc_now())
    client.set_cookie(COOKIE, token, path="/console")
    return lambda: client.get("/console/", follow_redirects=True).text


def test_an_empty_installation_has_everything_before_it(
    landing: Callable[[], str],
) -> None:
    page = landing()
    assert "<h1>First steps</h1>" in page
    assert "1 person" in page and "1 people" not in page
    assert page.count("not yet") == 3
    assert "0 lists in use" in page


def test_what_only_the_machine_can_set_is_said_with_how(
    make_context: Callable[..., Context],
) -> None:
    """Nobody reads in the log of the start that no letter can leave."""
    given = {
        "audiences": ("console",),
        "contact_email": "hotline@example.org",
        "public_url": "http://127.0.0.1:8000",
        "smtp_host": "",
    }
    house = House(make_context(**given))
    page = administrator_of(house)()
    examples = list_placeholders(house.context.settings)
    assert {"contact_email", "public_url"} <= set(examples)
    assert f"{len(examples)} settings are examples" in page
    assert f"while these are examples: {', '.join(examples)}" in page
    assert "hotline setup asks for the mail server (smtp_host)" in page
    # It is the first thing to do, as nothing leaves before it.
    assert "Give the service its own names" in page.partition("<table")[0]


def test_what_is_done_is_read_from_what_is_stored(
    house: House, landing: Callable[[], str]
) -> None:
    house.partner()
    house.partner(
        "provider:abuse@isp.example", "provider", address="abuse@isp.example"
    )
    assert "2 offices are confirmed" in landing()
    house.decide(house.case(), "provider_notice-XK")
    page = landing()
    assert "not yet" not in page
    assert "3 people" in page


def test_what_can_be_done_next_comes_before_what_follows_from_it(
    house: House, landing: Callable[[], str]
) -> None:
    """A letter leaves after a report: the report is the step that somebody can take."""
    page = landing()
    order = ("Bring in a list", "Send a report", "A letter by e-mail")
    places = [page.index(step) for step in order]
    assert places == sorted(places)
