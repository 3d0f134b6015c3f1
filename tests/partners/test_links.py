"""A link that reached the wrong reader opens nothing any more, and says whom to ask."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from hotline.core.act import Act
from hotline.core.errors import Conflict, InvalidInput
from hotline.core.storage.audit import AuditEntry
from partners.directory.models import Partner
from partners.directory.service import name_desk
from partners.notices.contacts import use_contact
from partners.notices.models import Notice
from partners.notices.service import withdraw_notice
from partners.plans.links import change_contact, replace_by_hand
from partners.referrals.following_up import withdrawal
from partners.referrals.models import Referral
from tests.support.house import House
from workers.app import create_app

LINK = re.compile(
    r"http://127\.0\.0\.1:8000(/(?:provider|referral)/[\w-]{20,})"
)
KINDS = (Referral, Notice)


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"audiences": ("provider", "console"), "contact_email": "us@h.test"}


@pytest.fixture
def told(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """The police and a host have their letters."""
    for module in ("partners.notices.views", "partners.referrals.views"):
        monkeypatch.setattr(f"{module}.utc_now", lambda: house.now)
    house.partner()
    house.partner(
        "provider:abuse@isp.example", "provider", address="abuse@isp.example"
    )
    house.decide(house.case(), "provider_notice-XK")
    house.decide(house.case("two"), "police")
    return house


@pytest.fixture
def client(house: House) -> FlaskClient:
    return create_app(house.context).test_client()


def newest_link(house: House, kind: type[Referral] | type[Notice]) -> str:
    wanted = "/referral/" if kind is Referral else "/provider/"
    links = [
        found
        for message in house.mail.messages
        for found in LINK.findall(message.text)
        if found.startswith(wanted)
    ]
    return links[-1]


def act_of(house: House, session: Any, by: str = "drita") -> Act:
    return Act(session, house.context, f"person:{by}", house.now)


def requests_of(link: str) -> list[tuple[str, str]]:
    """Everything that can be done by a link."""
    scope = link.split("/")[1]
    acts = {
        "provider": ["answer", "show", "answers"],
        "referral": ["answer", "hold/extend", "hold/release"],
    }
    looks = ["", ".json"] if scope == "provider" else [""]
    return [("GET", f"{link}{end}") for end in looks] + [
        ("POST", f"{link}/{end}") for end in acts[scope]
    ]


def assert_ended(client: FlaskClient, link: str, says: str) -> None:
    """Neither page nor act; nothing of the case is told, but whom to ask."""
    form = {"confirm": "yes", "verb": "acknowledge"}
    token = re.search(
        r'name="csrf_token" value="([^"]+)"',
        client.get("/console/sign-in").text,
    )
    assert token
    form["csrf_token"] = token[1]
    for method, path in requests_of(link):
        body = (
            {"json": {"verb": "removed"}}
            if path.endswith("answers")
            else {"data": form}
        )
        answer = client.open(path, method=method, **body)
        assert answer.status_code == 410, (method, path, answer.text)
        assert "one.test" not in answer.text and "AL-2026" not in (
            answer.text if says == "replaced" else ""
        )
    page = client.get(f"{link}?lang=en").text
    assert says in page and "us@h.test" in page


@pytest.mark.parametrize("kind", KINDS)
def test_a_changed_address_ends_the_links_that_went_to_the_old_one(
    told: House, client: FlaskClient, kind: type[Any]
) -> None:
    link = newest_link(told, kind)
    assert client.get(link).status_code == 200
    partner = told.only(kind).partner
    with told.context.database.writing() as session:
        row = session.get_one(Partner, partner.id)
        assert change_contact(
            act_of(told, session), row, channel="email", address="x@y.example"
        )
    assert_ended(client, link, "replaced")
    assert told.hold.state == "active"


@pytest.mark.parametrize("kind", KINDS)
def test_a_link_is_replaced_by_hand_with_a_reason_that_is_logged(
    told: House, client: FlaskClient, kind: type[Any]
) -> None:
    old = newest_link(told, kind)
    with told.context.database.writing() as session:
        letter = session.get_one(kind, told.only(kind).id)
        with pytest.raises(InvalidInput):
            replace_by_hand(
                act_of(told, session), letter, reason=" ", sends=True
            )
        replace_by_hand(
            act_of(told, session), letter, reason="Wrong town", sends=True
        )
    told.work()
    assert told.errors == []
    assert_ended(client, old, "replaced")
    new = newest_link(told, kind)
    assert new != old
    assert client.get(new).status_code == 200
    with told.context.database.reading() as session:
        row = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "link.replaced")
        ).one()
    assert (row.actor, row.details["reason"]) == ("person:drita", "Wrong town")


@pytest.mark.parametrize("kind", KINDS)
def test_every_link_of_before_stays_dead(
    told: House, client: FlaskClient, kind: type[Any]
) -> None:
    links = []
    for number in range(3):
        links.append(newest_link(told, kind))
        with told.context.database.writing() as session:
            letter = session.get_one(kind, told.only(kind).id)
            replace_by_hand(
                act_of(told, session), letter, reason=str(number), sends=True
            )
        told.work()
    assert len({*links, newest_link(told, kind)}) == 4
    for link in links:
        assert_ended(client, link, "replaced")


def test_a_letter_without_a_confirmed_address_is_not_sent_anew(
    told: House,
) -> None:
    partner = told.only(Referral).partner
    with told.context.database.writing() as session:
        row = session.get_one(Partner, partner.id)
        change_contact(
            act_of(told, session), row, channel="email", address="x@y.example"
        )
    with (
        pytest.raises(Conflict),
        told.context.database.writing() as session,
    ):
        letter = session.get_one(Referral, told.only(Referral).id)
        replace_by_hand(act_of(told, session), letter, reason="x", sends=True)


def test_the_host_that_it_went_to_before_has_no_link_any_more(
    told: House, client: FlaskClient
) -> None:
    """A notice that could not be delivered goes to a contact that a person names."""
    old = newest_link(told, Notice)
    with told.context.database.writing() as session:
        notice = session.get_one(Notice, told.only(Notice).id)
        act = act_of(told, session)
        notice.state = "failed"
        use_contact(act, notice, name_desk(act, "real@host.example"))
    assert_ended(client, old, "replaced")
    told.confirm(told.only(Notice).partner, by="admir")
    told.work()
    assert client.get(newest_link(told, Notice)).status_code == 200


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_withdrawn_says_so_on_its_page(
    told: House, client: FlaskClient, kind: type[Any]
) -> None:
    link = newest_link(told, kind)
    with told.context.database.writing() as session:
        letter = session.get_one(kind, told.only(kind).id)
        act = act_of(told, session)
        if isinstance(letter, Notice):
            withdraw_notice(
                Act(session, told.context, act.actor, told.now),
                letter,
                reason="wrong",
            )
        else:
            withdrawal.withdraw_referral(act, letter, "wrong")
            withdrawal.agree_to_withdrawal(
                act_of(told, session, "admir"), letter
            )
    assert_ended(client, link, "withdrawn")
    assert told.only(kind).reference in client.get(link).text
