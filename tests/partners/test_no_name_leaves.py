"""No name of a member of staff leaves the house: in no letter, document, page or web hook."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any

import pytest
from flask.testing import FlaskClient

from hotline.accounts.staff.staff_codes import list_codes
from hotline.core.act import Act
from hotline.core.storage.audit import AuditEntry
from partners.referrals.following_up import withdrawal
from partners.referrals.holds import release_hold
from partners.referrals.models import Hold, Referral
from tests.support.house import House
from workers.app import create_app

NAMES = ("zamiraq", "besnikq", "dritanq", "elonaq")


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"audiences": ("provider",), "contact_email": "us@h.test"}


@pytest.fixture
def told(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """Four people did everything that leads to letters, each under a name found nowhere else."""
    asking, agreeing, deciding, confirming = NAMES
    for module in ("partners.notices.views", "partners.referrals.views"):
        monkeypatch.setattr(f"{module}.utc_now", lambda: house.now)
    for name in NAMES:
        house.person(name, "supervisor")
    house.partner()
    desk = house.partner(
        "provider:abuse@isp.example",
        "provider",
        address="abuse@isp.example",
        approved=False,
        entered_by=f"person:{asking}",
    )
    case = house.case()
    house.approve(
        house.request(case, "police", "provider_notice", by=asking), agreeing
    )
    house.work()
    with house.context.database.writing() as session:
        act = Act(session, house.context, f"person:{deciding}", house.now)
        hold = session.get_one(Hold, house.hold.id)
        release_hold(act, hold, reason="They have what they need.")
    house.work()
    house.confirm(desk, confirming)
    house.work()
    return house


def take_back(house: House) -> None:
    """Two of them withdraw what the police have, and the police are told."""
    for name, verb in (
        (NAMES[2], withdrawal.withdraw_referral),
        (NAMES[1], withdrawal.agree_to_withdrawal),
    ):
        with house.context.database.writing() as session:
            act = Act(session, house.context, f"person:{name}", house.now)
            referral = session.get_one(Referral, house.referral.id)
            more = ("Not theirs",) if name == NAMES[2] else ()
            verb(act, referral, *more)
    house.work()


def whatever_left(told: House, client: FlaskClient) -> list[str]:
    """Everything that was sent, and every page that a link in it opens."""
    sent = [
        repr(asdict(message))
        for message in (*told.mail.messages, *told.http.messages)
    ]
    links = set(re.findall(r"/(?:provider|referral)/[\w-]+", " ".join(sent)))
    assert len(links) == 2, links
    for link in links:
        page = client.get(link, query_string={"lang": "en"})
        assert page.status_code == 200, link
        sent.append(page.text)
    return sent


def test_no_name_of_anybody_leaves(told: House) -> None:
    client = create_app(told.context).test_client()
    left = whatever_left(told, client)
    take_back(told)
    left += [repr(asdict(message)) for message in told.mail.messages]
    assert len(left) >= 7
    for text in left:
        for name in NAMES:
            assert name not in text.lower()


def test_an_office_is_told_the_code_of_whom_it_may_ask_for(
    told: House,
) -> None:
    with told.context.database.reading() as session:
        code = list_codes(session)[NAMES[1]]
    letter, *_ = (
        message
        for message in told.mail.messages
        if message.body.get("schema") == "hotline-referral/1"
    )
    assert (
        letter.body["handled_by"] == code and f"Ask for: {code}" in letter.text
    )


def test_they_did_act_under_these_names(told: House) -> None:
    """The test above looks for what is there."""
    actors = {entry.actor for entry in told.all(AuditEntry)}
    assert {f"person:{name}" for name in NAMES} <= actors
