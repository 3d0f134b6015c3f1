"""What a reporter learns of each place, and what is kept from whoever reads the receipt."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest
from sqlalchemy import update

from hotline.core.act import Act
from hotline.core.errors import Misconfigured
from hotline.core.storage.ids import new_id
from hotline.intake.form.receipt.place_news import (
    NEWS_OF_STATE,
    News,
    PlaceNews,
)
from hotline.intake.models import Report, ReportPart
from hotline.intake.registry.vocabulary import PartKind, PartState
from partners.referrals import holds
from partners.referrals.models import HOLDING, Hold
from partners.reporters.choosing import PlaceFacts, choose_news, find_news
from partners.reporters.place_names import PlaceToName, name_place
from partners.reporters.rules import FILE, load_rules
from partners.reporters.telling import tell_reporter
from partners.watching.models import Watch
from tests.support.clock import NOW
from tests.support.house import House
from triage.availability.model import VerdictName
from triage.cases.models import Case, CaseItem
from triage.cases.people.models import CasePerson
from triage.cases.vocabulary import PlaceEvent, PlaceState
from triage.hosting.kinds import HostingKind
from workers.app import create_app

RULES = load_rules()
ASKED = NOW - timedelta(days=3)
PASSED_ON = PlaceFacts(
    PartKind.LOCATION,
    PartState.PASSED_ON,
    NOW - timedelta(days=4),
    item_kind="url",
    hosting_kind=HostingKind.HOST,
)
POLICE_KEEP_TO_THEMSELVES = {
    News.WITH_POLICE,
    News.HOST_ASKED,
    News.STILL_THERE,
    News.SAID_GONE,
    News.NO_ANSWER,
    News.MOVED,
}
"""What shows whoever is looked for that somebody looks."""


BEFORE_ALL = NOW - timedelta(days=9)


def codes(facts: PlaceFacts) -> list[News]:
    return [said.news for said in choose_news(facts, RULES)]


def all_facts() -> list[PlaceFacts]:
    """Every meeting of states that the tables allow."""
    return [
        replace(
            PASSED_ON,
            part_state=part_state,
            place_state=place_state,
            hosting_kind=hosting_kind,
            police_have_it=police,
            asked_at=asked,
            is_unanswered=unanswered,
            verdict=VerdictName.ONLINE,
            seen_at=NOW,
        )
        for part_state, place_state, hosting_kind, police, asked, unanswered in product(
            PartState,
            PlaceState,
            HostingKind,
            (True, False),
            (ASKED, None),
            (True, False),
        )
    ]


def test_each_place_has_news_and_nothing_twice() -> None:
    for facts in all_facts():
        for changed in (
            facts,
            replace(facts, held_since=BEFORE_ALL),
            replace(facts, is_near=True),
        ):
            told = codes(changed)
            assert told
            assert len(told) == len(set(told))


def test_while_the_police_hold_a_case_nothing_of_them_or_the_host_is_told() -> (
    None
):
    open_said = set()
    for facts in all_facts():
        open_said |= set(codes(facts))
        held = set(codes(replace(facts, held_since=BEFORE_ALL)))
        assert not held & POLICE_KEEP_TO_THEMSELVES
    assert open_said >= POLICE_KEEP_TO_THEMSELVES


def test_what_could_be_read_is_not_taken_back_when_the_police_come() -> None:
    """Neither a line less nor another one tells that there is a hold."""
    for facts in all_facts():
        before = replace(
            facts,
            police_since=(facts.police_have_it and ASKED) or None,
            place_since=ASKED,
            seen_at=ASKED + timedelta(hours=1),
        )
        held = replace(before, held_since=NOW - timedelta(hours=1))
        assert codes(held) == codes(before)


def test_a_move_while_the_police_look_changes_nothing() -> None:
    asked = replace(PASSED_ON, place_state=PlaceState.NOTICED, asked_at=ASKED)
    held = replace(asked, held_since=NOW - timedelta(hours=2))
    moved = replace(held, place_state=PlaceState.MOVED, place_since=NOW)
    assert codes(moved) == codes(held) == [News.HOST_ASKED]


def test_the_police_are_not_named_where_the_reported_person_may_read_along() -> (
    None
):
    for facts in all_facts():
        assert News.WITH_POLICE not in codes(replace(facts, is_near=True))


def test_whoever_was_not_heard_yet_learns_nothing_of_what_others_reported() -> (
    None
):
    for facts in all_facts():
        if facts.part_state in (PartState.RECEIVED, PartState.SET_ASIDE):
            assert codes(facts) == [NEWS_OF_STATE[PartState(facts.part_state)]]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, [News.PASSED_ON]),
        ({"part_state": PartState.IN_REVIEW}, [News.LOOKING]),
        ({"police_have_it": True}, [News.WITH_POLICE]),
        ({"asked_at": ASKED}, [News.HOST_ASKED]),
        (
            {"police_have_it": True, "asked_at": ASKED},
            [News.WITH_POLICE, News.HOST_ASKED],
        ),
        (
            {
                "asked_at": ASKED,
                "verdict": VerdictName.ONLINE,
                "seen_at": NOW,
            },
            [News.HOST_ASKED, News.STILL_THERE],
        ),
        (
            {
                "asked_at": ASKED,
                "verdict": VerdictName.ONLINE,
                "seen_at": ASKED - timedelta(hours=1),
            },
            [News.HOST_ASKED],
        ),
        (
            {"asked_at": ASKED, "place_state": PlaceState.CLAIMED_REMOVED},
            [News.HOST_ASKED, News.SAID_GONE],
        ),
        (
            {"asked_at": ASKED, "is_unanswered": True},
            [News.HOST_ASKED, News.NO_ANSWER],
        ),
        (
            {"asked_at": ASKED, "place_state": PlaceState.VERIFIED_REMOVED},
            [News.GONE],
        ),
        ({"place_state": PlaceState.CAME_BACK}, [News.CAME_BACK]),
        ({"place_state": PlaceState.MOVED}, [News.MOVED]),
        (
            {"hosting_kind": HostingKind.ONION},
            [News.PASSED_ON, News.NO_HOST],
        ),
        ({"item_kind": "phone"}, [News.PASSED_ON, News.NOTHING_TO_REMOVE]),
        (
            {"item_kind": "narrative", "part_state": PartState.IN_REVIEW},
            [News.LOOKING, News.UNREADABLE],
        ),
        (
            {"item_kind": "narrative", "part_kind": PartKind.NARRATIVE},
            [News.PASSED_ON],
        ),
        ({"part_state": PartState.NOT_ILLEGAL}, [News.NOT_ILLEGAL]),
    ],
)
def test_what_became_of_a_place(
    changes: dict[str, object], told: list[News]
) -> None:
    assert codes(replace(PASSED_ON, **changes)) == told


def test_every_piece_of_news_has_words_for_a_child() -> None:
    for news in News:
        assert news.words.said and news.words.to_child
        assert news.words.said != news.words.to_child


def test_every_piece_of_news_can_come_about() -> None:
    words = replace(PASSED_ON, item_kind="narrative")
    number = replace(PASSED_ON, item_kind="email")
    found = {
        said.news
        for facts in [*all_facts(), words, number]
        for said in find_news(facts)
    }
    assert found == set(News)


@pytest.mark.parametrize(
    ("place", "name"),
    [
        (
            PlaceToName(
                "url",
                "https://pics.example/a/b/1234567.jpg",
                "",
                host="pics.example",
            ),
            "pics.example/…67.jpg",
        ),
        (
            PlaceToName(
                "url", "https://pics.example/", "", host="pics.example"
            ),
            "pics.example",
        ),
        (
            PlaceToName(
                "account", "@wolf_77", "@wolf_77 (Snapchat)", "snapchat"
            ),
            "Snapchat: wo…",
        ),
        (PlaceToName("account", "@ab", "@ab", None), "a…"),
        (PlaceToName("phone", "+355692123456", ""), "…123456"),
        (PlaceToName("phone", "12345", ""), "…345"),
        (
            PlaceToName(
                "ip",
                "203.0.113.7:4662 2026-11-01T22:15:00",
                "",
                host="203.0.113.7",
            ),
            "….113.7",
        ),
        (PlaceToName("email", "wolf@mail.example", ""), "w…@mail.example"),
        (PlaceToName("narrative", "", ""), ""),
    ],
)
def test_a_name_tells_who_wrote_it_and_nobody_else(
    place: PlaceToName, name: str
) -> None:
    assert name_place(place) == name
    assert not place.canonical or place.canonical not in name


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[received]\nnews_after = 8\nwhy = 'x'\n", "looking: is missing"),
        ("[recieved]\nnews_after = 8\nwhy = 'x'\n", "recieved"),
    ],
)
def test_a_faulty_file_is_named(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / FILE).write_text(text)
    with pytest.raises(Misconfigured, match=fault):
        load_rules(tmp_path)


def test_what_stands_in_place_of_a_secret_may_be_no_secret(
    tmp_path: Path,
) -> None:
    shipped = Path("partners/reporters/data") / FILE
    leaking = shipped.read_text().replace(
        'while_held = "passed_on"', 'while_held = "still_there"', 1
    )
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / FILE).write_text(leaking)
    with pytest.raises(Misconfigured, match="still_there is not told then"):
        load_rules(tmp_path)


# with the tables that it is read from


def told_of(house: House) -> list[PlaceNews]:
    report = house.only(Report)
    with house.context.database.reading() as session:
        return [*tell_reporter(session, house.context, report, house.now)]


def news_of(house: House) -> list[News]:
    (place,) = told_of(house)
    return [said.news for said in place.said]


def test_from_the_report_to_the_verified_removal(house: House) -> None:
    house.partner()
    house.partner(
        "provider:abuse@isp.example", "provider", address="abuse@isp.example"
    )
    case = house.case()
    assert news_of(house) == [News.LOOKING]
    house.decide(case, "police", "provider_notice")
    assert news_of(house) == [News.PASSED_ON]
    (held,) = told_of(house)
    assert held.next_at is not None and held.next_at > house.now
    with house.context.database.writing() as session:
        hold = session.get_one(Hold, house.hold.id)
        act = Act(session, house.context, "partner", house.now)
        holds.release_hold(act, hold)
    house.work()
    assert house.notice.state == "sent"
    assert news_of(house) == [News.WITH_POLICE, News.HOST_ASKED]
    see(house, VerdictName.ONLINE)
    assert news_of(house)[-1] is News.STILL_THERE
    with house.context.database.writing() as session:
        place = session.query(CaseItem).one()
        place.state = PlaceState.VERIFIED_REMOVED
    (gone,) = told_of(house)
    assert [said.news for said in gone.said] == [News.GONE]
    assert gone.next_at is None


@pytest.mark.parametrize(
    "state",
    [PlaceState.MOVED, PlaceState.CLAIMED_REMOVED],
)
def test_no_date_tells_what_is_kept_back_while_the_police_hold_the_case(
    house: House, state: PlaceState
) -> None:
    """Nothing on the page moves when something happens that its words do not tell."""
    house.partner()
    case = house.case()
    house.decide(case, "police")
    before = told_of(house)
    assert news_of(house) == [News.PASSED_ON]
    with house.context.database.writing() as session:
        place = session.query(CaseItem).one()
        place.state = state
        place.state_since = house.now + timedelta(days=2)
    assert told_of(house) == before


def test_what_is_gone_stays_gone_when_a_new_plan_waits_for_the_police(
    house: House,
) -> None:
    house.partner()
    house.partner(
        "provider:abuse@isp.example", "provider", address="abuse@isp.example"
    )
    case = house.case()
    with house.context.database.writing() as session:
        act = Act(session, house.context, "system", house.now)
        place = session.query(CaseItem).one()
        act.advance(place, PlaceEvent.REMOVED)
        part = session.query(ReportPart).one()
        part.state = PartState.REMOVED
    before = told_of(house)
    assert news_of(house) == [News.GONE]
    house.decide(case, "police", "provider_notice")
    assert house.hold.state in HOLDING
    with house.context.database.reading() as session:
        place = session.query(CaseItem).one()
        assert place.state == PlaceState.AWAITING_RELEASE
    assert told_of(house) == before


def see(house: House, verdict: str) -> None:
    with house.context.database.writing() as session:
        watch = session.query(Watch).one_or_none()
        if watch is None:
            item_id = session.query(CaseItem).one().item_id
            watch = Watch(
                id=new_id(),
                item_id=item_id,
                case_id=session.query(Case).one().id,
                policy="test",
                baseline={},
                state="watching",
                state_since=house.now,
            )
            session.add(watch)
        watch.last_verdict = verdict
        watch.last_at = house.now + timedelta(hours=1)


def test_a_reported_person_in_the_case_keeps_the_police_unnamed(
    house: House,
) -> None:
    house.partner()
    case = house.case()
    house.decide(case, "police")
    with house.context.database.writing() as session:
        hold = session.get_one(Hold, house.hold.id)
        act = Act(session, house.context, "partner", house.now)
        holds.release_hold(act, hold)
    assert news_of(house) == [News.WITH_POLICE]
    with house.context.database.writing() as session:
        session.add(
            CasePerson(
                id=new_id(), case_id=case.id, role="reported_person", number=1
            )
        )
    assert news_of(house) == [News.PASSED_ON]


def status_page(house: House, role: str, language: str) -> str:
    client = create_app(house.context).test_client()
    sent = {
        "locations": ["https://pics.example/gallery/1234567.jpg"],
        "reporter_role": role,
    }
    receipt = client.post("/api/v1/reports", json=sent).json["receipt"]
    page = client.get("/status", query_string={"lang": language}).text
    hidden = dict(
        re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page)
    )
    answer = client.post("/status", data={**hidden, "receipt": receipt})
    assert answer.status_code == 200
    return answer.text


@pytest.mark.parametrize(
    ("role", "language", "sentence"),
    [
        ("public", "en", "Nobody has looked at it yet."),
        ("child_self", "en", "Somebody will look at it soon."),
        ("child_friend", "sq", "Së shpejti dikush do ta shohë."),
    ],
)
def test_the_page_speaks_to_a_child_as_to_a_child(
    house: House, role: str, language: str, sentence: str
) -> None:
    page = status_page(house, role, language)
    assert sentence in page
    assert "gallery" not in page


def test_it_says_when_to_look_again(house: House) -> None:
    assert "There can be news from" in status_page(house, "public", "en")


@pytest.mark.parametrize(
    "urgent",
    [
        {"danger_now": True},
        {"time_presses": True},
        {"reporter_role": "child_self"},
    ],
)
def test_a_child_is_not_promised_news_in_working_hours(
    house: House, urgent: dict[str, object]
) -> None:
    """Reported on a Friday evening, the next news of others is due after the weekend."""
    house.case()
    house.now = house.now.replace(
        day=27, hour=17
    )  # a Friday, and holidays follow
    with house.context.database.writing() as session:
        session.execute(update(ReportPart).values(state_since=house.now))
        session.execute(update(CaseItem).values(state_since=house.now))
    usual = told_of(house)[0].next_at
    with house.context.database.writing() as session:
        session.execute(update(Report).values(**urgent))
    soon = told_of(house)[0].next_at
    assert usual is not None and soon is not None
    assert usual - house.now > timedelta(days=3)
    assert soon - house.now <= timedelta(days=2)
