"""Of a case with many locations a part becomes a case of its own by the numbers of these."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select

from hotline.accounts.signing_in import sessions
from hotline.accounts.signing_in.auth import COOKIE
from tests.support.house import House
from tests.support.items import make_item
from triage.cases.models import Case
from triage.cases.pages.page_content import SHOWN_PLACES
from workers.app import create_app

MANY = SHOWN_PLACES + 5


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"audiences": ("console",)}


def test_locations_are_split_off_by_numbers(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("auth", "standing"):
        name = f"hotline.accounts.signing_in.{module}.utc_now"
        monkeypatch.setattr(name, lambda: house.now)
    path = f"/console/cases/{house.case().reference}"
    person = house.person("arta")
    with house.context.database.writing() as session:
        token = sessions.open_session(session, person, house.now)
        case = session.scalars(select(Case)).one()
        for number in range(2, MANY + 1):
            item = make_item(f"url:further{number}", now=house.now)
            session.add_all((item, case.add_item(item, house.now)))
    client = create_app(house.context).test_client()
    client.set_cookie(COOKIE, token, path="/console")
    client.set_cookie("lang", "en")
    page = client.get(path).text
    assert 'name="numbers"' in page and 'name="item"' not in page
    token = re.findall(r'name="csrf_token" value="([^"]+)"', page)[0]
    for numbers, parts in (("28-99", [MANY]), (f"28-{MANY}", [27, MANY - 27])):
        form = {"csrf_token": token, "numbers": numbers, "why": "Another one"}
        assert client.post(f"{path}/split", data=form).status_code == 303
        with house.context.database.reading() as session:
            cases = session.scalars(select(Case)).all()
            counts = sorted(len(each.places) for each in cases)
        assert counts == sorted(parts)
