"""A case of several items: one letter an office, one notice a desk, a removal for each item."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from hotline.core.act import Act
from hotline.core.errors import Conflict
from hotline.core.storage.ids import new_id
from partners.notices.models import Notice, NoticeItem
from partners.notices.service import withdraw_notice
from partners.plans import merging
from partners.referrals.holds import release_hold
from partners.referrals.models import Hold, Referral
from partners.referrals.telling.message import referral_message
from partners.sending.models import Delivery
from partners.watching import check
from partners.watching.models import Watch
from tests.support.house import House
from tests.support.pages import store_page
from tests.support.reports import sight_item
from tests.support.routing import HOST, POLICE, ROUTING
from triage.cases.models import Case, CaseItem
from triage.items.models import Item

ABROAD: Mapping[str, Any] = {**HOST, "country": "NL", "after": None}


def open_large_case(house: House, **desks: str) -> Case:
    """A case of the page "one" and of one more for each name, which lies with that desk."""
    house.partner()
    for desk in {"abuse@isp.example", *desks.values()}:
        house.partner(f"provider:{desk}", "provider", address=desk)
    case = house.case("one")
    with house.context.database.writing() as session:
        case = session.get_one(Case, case.id)
        routes = {"routes": [POLICE, HOST]}
        case.routing = house.by_rules_of_now({**ROUTING, **routes})
        case.places[0].routing = {**routes, "jurisdiction": []}
        for name, desk in desks.items():
            item = store_page(session, name, abuse_contact=desk, now=house.now)
            sight_item(session, house.context, item, now=house.now)
            place = case.add_item(item, house.now)
            place.routing = {**routes, "jurisdiction": []}
            session.add(place)
    return house.only(Case)


def places(house: House) -> dict[str, str]:
    """By the item's host, how far its removal is."""
    with house.context.database.reading() as session:
        rows = session.query(CaseItem).order_by(CaseItem.number).all()
        return {row.item.host or "": row.state for row in rows}


def test_a_desk_gets_one_notice_of_all_that_lies_with_it(house: House) -> None:
    case = open_large_case(
        house, two="abuse@isp.example", three="desk@other.example"
    )
    house.approve(house.request(case, "police", "provider_notice"))
    hosts = [
        sorted(entry.item.host or "" for entry in notice.items)
        for notice in house.all(Notice)
    ]
    assert hosts == [["one.test", "two.test"], ["three.test"]]
    assert set(places(house).values()) == {"awaiting_release"}


def test_the_police_get_one_letter_of_the_whole_case(house: House) -> None:
    case = open_large_case(house, two="abuse@isp.example")
    house.decide(case, "police")
    assert len(house.all(Referral)) == 1
    (message,) = house.mail.messages
    assert [item["canonical"] for item in message.body["items"]] == [
        "http://one.test/p/1",
        "http://two.test/p/1",
    ]
    for number, host in ((1, "one"), (2, "two")):
        assert f"No. {number}/2" in message.text
        assert f"http://{host}.test/p/1" in message.text


def test_a_hotline_abroad_is_told_of_what_lies_there_only(
    house: House,
) -> None:
    case = open_large_case(house, two="abuse@isp.example")
    house.partner("hotline-rs", "hotline", country="RS")
    with house.context.database.writing() as session:
        stored = session.get_one(Case, case.id)
        abroad = next(r for r in ROUTING["routes"] if r["to"] == "hotline")
        stored.routing = house.by_rules_of_now(
            {**stored.routing, "routes": [POLICE, HOST, abroad]}
        )
        stored.places[1].routing = {"routes": [abroad], "jurisdiction": []}
    plan = house.request(house.only(Case), "hotline")
    house.approve(plan)
    house.work()
    (message,) = house.mail.messages
    assert [item["host"] for item in message.body["items"]] == ["two.test"]
    assert "one.test" not in message.text


def test_each_item_has_its_own_removal_and_the_case_goes_with_the_last(
    house: House,
) -> None:
    case = open_large_case(house, two="abuse@isp.example")
    house.decide(case, "police", "provider_notice")
    release(house)
    assert set(places(house).values()) == {"noticed"}
    watches = house.all(Watch)
    assert len(watches) == 2
    conclusion = check.Conclusion(
        "removed", True, house.now, ("gone",), house.now
    )
    for number, watch in enumerate(watches, 1):
        with house.context.database.writing() as session:
            act = Act(session, house.context, "checks", house.now)
            check._note_removal(
                act,
                session.get_one(Watch, watch.id),
                session.get_one(Case, case.id),
                conclusion,
            )
        is_last = number == len(watches)
        states = list(places(house).values())
        assert states.count("verified_removed") == number
        expected = (
            ("removed", "verified_removed")
            if is_last
            else (
                "in_progress",
                "sent",
            )
        )
        assert (house.only(Case).state, house.notice.state) == expected


def release(house: House) -> None:
    with house.context.database.writing() as session:
        hold = session.query(Hold).one()
        release_hold(Act(session, house.context, "police", house.now), hold)
    house.work()


def test_what_moved_before_the_notice_left_is_told_to_nobody_else(
    house: House,
) -> None:
    """The desk of the first item must not read of one that lies with another by now."""
    case = open_large_case(house, two="abuse@isp.example")
    house.decide(case, "police", "provider_notice")
    house.partner(
        "provider:x@new.example", "provider", address="x@new.example"
    )
    with house.context.database.writing() as session:
        item = session.query(Item).filter_by(host="two.test").one()
        item.abuse_contact = "x@new.example"
    release(house)
    letters = [m for m in house.mail.messages if "-N-" in m.subject]
    assert [m.address for m in letters] == ["abuse@isp.example"]
    assert "one.test" in letters[0].text and "two.test" not in letters[0].text


def test_a_further_plan_tells_only_of_what_no_notice_is_about(
    house: House,
) -> None:
    case = open_large_case(house)
    house.decide(case, "police", "provider_notice")
    with house.context.database.writing() as session:
        item = store_page(
            session, "late", abuse_contact="abuse@isp.example", now=house.now
        )
        stored = session.get_one(Case, case.id)
        place = stored.add_item(item, house.now)
        place.routing = dict(stored.places[0].routing)
        session.add(place)
    house.approve(house.request(house.only(Case), "provider_notice"))
    first, second = house.all(Notice)
    assert [entry.item.host for entry in first.items] == ["one.test"]
    assert [entry.item.host for entry in second.items] == ["late.test"]
    with pytest.raises(Conflict, match="under way"):
        house.request(house.only(Case), "provider_notice")


def test_a_case_with_a_plan_is_neither_merged_nor_split(house: House) -> None:
    case = open_large_case(house, two="abuse@isp.example")
    other = house.case("other")
    house.request(case, "police")
    person = house.person()
    with (
        pytest.raises(Conflict, match="told"),
        house.context.database.writing() as session,
    ):
        act = Act(session, house.context, person.actor, house.now)
        merging.merge_cases(
            act,
            session.get_one(Case, other.id),
            session.get_one(Case, case.id),
            person,
            "the same child",
        )
    with (
        pytest.raises(Conflict, match="told"),
        house.context.database.writing() as session,
    ):
        stored = session.get_one(Case, case.id)
        act = Act(session, house.context, person.actor, house.now)
        merging.split_case(
            act, stored, [stored.places[1].item_id], person, "another child"
        )


def test_the_document_says_what_is_removed_and_of_another_class(
    house: House,
) -> None:
    case = open_large_case(house, two="abuse@isp.example")
    with house.context.database.writing() as session:
        stored = session.get_one(Case, case.id)
        stored.places[1].assessed_class = "not_illegal"
    house.decide(house.only(Case), "police")
    with house.context.database.reading() as session:
        referral = session.query(Referral).one()
        delivery = session.query(Delivery).first()
        assert delivery is not None
        act = Act(session, house.context, "person:arta", house.now)
        items = referral_message(act, referral, delivery).body["items"]
    assert [item["assessed_class"] for item in items] == [None, "not_illegal"]
    assert {item["removal"] for item in items} == {"nothing"}


def test_an_item_that_came_home_waits_for_the_police_whatever_the_others_do(
    house: House,
) -> None:
    """Two desks abroad may be told; before the letters leave, one item lies at home."""
    free = {**HOST, "country": "NL", "after": None}
    case = open_large_case(house, two="desk@other.example")
    with house.context.database.writing() as session:
        stored = session.get_one(Case, case.id)
        routes = {"routes": [POLICE, free]}
        stored.routing = house.by_rules_of_now({**ROUTING, **routes})
        for place in stored.places:
            place.routing = {**routes, "jurisdiction": []}
    plan = house.request(house.only(Case), "provider_notice-NL")
    house.approve(plan)
    with house.context.database.writing() as session:
        stored = session.get_one(Case, case.id)
        routes = {"routes": [POLICE, HOST, free]}
        stored.routing = house.by_rules_of_now({**ROUTING, **routes})
        stored.places[0].routing = {"routes": [POLICE, HOST]}
    house.work()
    states = {
        notice.items[0].item.host: notice.state for notice in house.all(Notice)
    }
    assert states == {"one.test": "awaiting_release", "two.test": "sent"}


def test_taking_one_of_two_notices_back_leaves_the_item_noticed(
    house: House,
) -> None:
    """The host's notice is taken back; the request to keep its data stands."""
    case = open_large_case(house)
    house.decide(case, "police", "provider_notice")
    release(house)
    assert places(house) == {"one.test": "noticed"}
    with house.context.database.writing() as session:
        first = session.query(Notice).one()
        second = Notice(
            id=new_id(),
            reference="AL-N-2",
            case=session.get_one(Case, case.id),
            plan_id=first.plan_id,
            kind="preservation_request",
            created_at=house.now,
            state="sent",
            state_since=house.now,
        )
        second.items.append(NoticeItem(item=first.items[0].item))
        session.add(second)
    take_back(house, "AL-N-2")
    assert places(house) == {"one.test": "noticed"}
    (first,) = (n for n in house.all(Notice) if n.reference != "AL-N-2")
    take_back(house, first.reference)
    assert places(house) == {"one.test": "nothing"}


def take_back(house: House, reference: str) -> None:
    with house.context.database.writing() as session:
        withdraw_notice(
            Act(session, house.context, "x", house.now),
            session.query(Notice).filter_by(reference=reference).one(),
            reason="wrong",
        )
