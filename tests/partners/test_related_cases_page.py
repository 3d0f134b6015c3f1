"""What other cases share with one: a part that its page asks for, and a page without a script."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from hotline.accounts.signing_in.auth import COOKIE
from tests.support.house import House
from triage.media.models import Media

HERE, OTHER = "AL-2026-one", "AL-2026-two"
ADDRESS = f"/console/cases/{HERE}/related"


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"audiences": ("console",)}


@pytest.fixture
def client(house: House, analyst: FlaskClient) -> FlaskClient:
    """A browser of an analyst, beside two cases of nearly one picture."""
    for name in ("one", "two"):
        house.case(name)
    return analyst


def test_the_page_of_a_case_names_the_part_and_links_to_it(
    client: FlaskClient,
) -> None:
    page = client.get(f"/console/cases/{HERE}").text
    (asked_for,) = re.findall(r'data-part="([^"]+)"', page)
    assert asked_for == ADDRESS
    # Without a script the link leads there.
    assert f'href="{ADDRESS}"' in page
    assert "What they share" not in page


def test_the_part_is_what_others_share_and_nothing_around_it(
    client: FlaskClient,
) -> None:
    part = client.get(ADDRESS, headers={"X-Part": "1"})
    assert part.status_code == 200
    assert "<html" not in part.text
    assert f'href="/console/cases/{OTHER}"' in part.text
    assert "nearly the same picture" in unescape(part.text)
    # What the field that merges offers comes with it.
    offered = re.search(
        r'<datalist id="related-cases">(.*?)</datalist>', part.text, re.S
    )
    assert offered
    assert f'value="{OTHER}"' in offered[1]
    assert 'list="related-cases"' in client.get(f"/console/cases/{HERE}").text


def test_without_a_script_it_is_a_page_with_the_way_back(
    client: FlaskClient,
) -> None:
    page = client.get(ADDRESS).text
    assert "<html" in page
    assert f"Related cases: {HERE}" in page
    assert f'href="/console/cases/{OTHER}"' in page
    assert f'href="/console/cases/{HERE}#related"' in page


def test_a_case_that_shares_nothing_says_so(
    house: House, client: FlaskClient
) -> None:
    with house.context.database.writing() as session:
        for seen in session.scalars(select(Media)):
            # A flat picture is no picture to be compared.
            seen.pdq_quality = 0
    part = client.get(ADDRESS, headers={"X-Part": "1"})
    assert "No other case shares" in part.text


def test_of_a_case_that_is_not_there_nothing_is_told(
    client: FlaskClient,
) -> None:
    assert client.get("/console/cases/AL-0000-none/related").status_code == 404
    client.delete_cookie(COOKIE, path="/console")
    answer = client.get(ADDRESS)
    assert answer.status_code in (302, 303)
    assert OTHER not in answer.text
