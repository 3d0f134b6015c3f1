"""An office or a host that writes for years: every word can be read, and the page stays light."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from hotline.core.act import Act
from hotline.core.storage.ids import new_id
from partners.notices.models import Notice, ProviderAnswer
from partners.referrals.following_up.thread import (
    LONGEST_MESSAGE,
    write_message,
)
from partners.referrals.models import Referral
from tests.support.house import House
from triage.cases.models import Case

WRITTEN = 60
LIGHT = 150_000
OLDER = re.compile(r'href="([^"]*part=said-[^"]*)"[^>]*>Older')


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"audiences": ("console",)}


def words_of(number: int) -> str:
    return f"word {number:03} ".ljust(LONGEST_MESSAGE, "ж")


def answer_police(house: House) -> None:
    house.partner()
    house.decide(house.case(), "police")
    referral_id = house.only(Referral).id
    with house.context.database.writing() as session:
        referral = session.get_one(Referral, referral_id)
        for number in range(WRITTEN):
            at = house.now + timedelta(minutes=number)
            act = Act(session, house.context, "person:arta", at)
            write_message(act, referral, words_of(number), is_ours=True)


def hear_of_host(house: House) -> None:
    house.partner()
    desk = "abuse@isp.example"
    house.partner(f"provider:{desk}", "provider", address=desk)
    house.decide(house.case(), "police", "provider_notice")
    notice_id = house.only(Notice).id
    with house.context.database.writing() as session:
        for number in range(WRITTEN):
            session.add(
                ProviderAnswer(
                    id=new_id(),
                    notice_id=notice_id,
                    at=house.now + timedelta(minutes=number),
                    verb="question",
                    text=words_of(number),
                )
            )


@pytest.mark.parametrize("write", [answer_police, hear_of_host])
def test_every_word_is_behind_a_link_and_no_page_is_heavy(
    house: House, analyst: FlaskClient, write: Any
) -> None:
    write(house)
    address = f"/console/cases/{house.only(Case).reference}"
    read: list[int] = []
    while address:
        page = analyst.get(address)
        assert len(page.data) < LIGHT
        here = [int(at) for at in re.findall(r"word (\d{3})", page.text)]
        assert here == sorted(here)
        read = here + read
        older = OLDER.search(page.text)
        address = html.unescape(older[1]) if older else ""
    assert read == list(range(WRITTEN))
