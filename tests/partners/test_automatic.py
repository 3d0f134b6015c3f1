"""The police told by the service itself: only on a list that was switched on, once, and held."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hotline.accounts.models import Person
from hotline.accounts.signing_in import sessions
from hotline.accounts.signing_in.auth import COOKIE
from hotline.core.act import Act
from hotline.core.context import Context, utc_now
from hotline.core.errors import Conflict, Forbidden, Unavailable
from hotline.core.storage.audit import AuditEntry
from hotline.core.storage.ids import new_id
from hotline.core.storage.machine import list_history
from hotline.core.storage.outbox import OutboxEntry
from partners.plans.making import automatic
from partners.plans.making.automatic import refer_automatically
from partners.referrals import service as referrals
from partners.referrals.models import Plan, Referral
from tests.support.at_once import start_behind
from tests.support.house import House
from triage.cases.assessing.findings import decide_match
from triage.cases.examination.appraise import appraise_case
from triage.cases.models import Case
from triage.fingerprints.model import MATCHABLE_QUALITY
from triage.hashlists import police_switch
from triage.hashlists.models import HashEntryRow, HashList, MediaMatch
from triage.items.models import Item, ItemMedia
from triage.media.models import Media
from workers.app import create_app

VALUE = "ab" * 32


class Station:
    """A house with a police office, one list, and cases whose file meets its entry."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.office = house.partner()
        house.jobs["referral.automatic"] = refer_automatically
        with self.writing() as session:
            self.known = HashList(
                id=new_id(), name="Baseline", created_at=house.now
            )
            session.add(self.known)
            session.flush()
            self.entry = HashEntryRow(
                list_id=self.known.id,
                kind="pdq",
                value=VALUE,
                entry_ref="E-7",
                added_in=1,
            )
            session.add(self.entry)

    @property
    def writing(self) -> Any:
        return self.house.context.database.writing

    def change(self, table: Any, row_id: Any, **values: Any) -> None:
        with self.writing() as session:
            session.execute(
                update(table).where(table.id == row_id).values(**values)
            )

    def switch_on(self, *actors: str) -> bool:
        is_on = False
        with self.writing() as session:
            known = session.get_one(HashList, self.known.id)
            for actor in actors or ("person:drita", "person:admin"):
                is_on = police_switch.ask_for_switch(
                    Act(session, self.house.context, actor, self.house.now),
                    known,
                    second_person=self.house.context.settings.second_person,
                )
        return is_on

    def seen(self, name: str = "one", **match: Any) -> Case:
        """A new case, examined; its file meets the list's entry in the way that ``match`` says."""
        case: Case = self.house.case(name, state="waiting", outcome={})
        self.matched(case, **match)
        self.appraised(case)
        return case

    def matched(self, case: Case, **match: Any) -> None:
        with self.writing() as session:
            media_id = session.scalars(
                select(ItemMedia.media_id).where(
                    ItemMedia.item_id == case.item.id
                )
            ).one()
            session.add(
                MediaMatch(
                    **{
                        "id": new_id(),
                        "media_id": media_id,
                        "entry_id": self.entry.id,
                        "list_id": self.known.id,
                        "kind": "pdq",
                        "distance": 4,
                        "quality": 90,
                        "at": self.house.now,
                        **match,
                    }
                )
            )

    def appraised(self, case: Case) -> None:
        with self.writing() as session:
            found = session.get_one(Case, case.id)
            found.item.examined_at = self.house.now
            appraise_case(session, self.house.context, found, self.house.now)
        self.house.work()

    def told(self) -> list[Referral]:
        return self.house.all(Referral)  # type: ignore[no-any-return]

    def logged(self, action: str) -> list[AuditEntry]:
        return [
            one for one in self.house.all(AuditEntry) if one.action == action
        ]


@pytest.fixture
def station(house: House) -> Station:
    return Station(house)


class TestBothDatabases:
    @pytest.fixture
    def context(
        self, request: pytest.FixtureRequest, make_context: Callable[..., Any]
    ) -> Context:
        made: Context = make_context(request.param, rdap_enabled=False)
        return made

    @pytest.mark.services
    @pytest.mark.parametrize(
        "context", ["sqlite", "postgresql"], indirect=True
    )
    def test_it_goes_out_once_and_holds(self, station: Station) -> None:
        assert station.seen("before").state == "waiting"
        assert station.told() == []  # off, as every list is
        station.house.later(minutes=1)
        assert station.switch_on()
        case = station.seen("after")
        station.appraised(
            case
        )  # another sighting, a rematch, a decided match: all come by here
        station.appraised(case)
        (referral,) = station.told()
        assert (referral.case_id, referral.kind, referral.state) == (
            case.id,
            "police",
            "delivered",
        )
        assert station.house.hold.state == "active"
        assert station.house.hold.deadline is not None
        assert len(station.house.mail.messages) == 1
        assert station.house.only(Plan).requested_by == "system"
        with station.writing() as session:
            left = session.get_one(Case, case.id)
            assert (left.state, left.outcome) == (
                "waiting",
                {},
            )  # people decide everything else
        evidence = {
            "list": "Baseline",
            "entry": "E-7",
            "hash": "pdq",
            "distance": 4,
            "quality": 90,
        }
        assert evidence.items() <= (referral.automatic or {}).items()
        (entry,) = station.logged("referral.automatic")
        assert evidence.items() <= entry.details.items()
        assert (entry.actor, entry.entity_id) == ("system", str(case.id))

    @pytest.mark.services
    @pytest.mark.parametrize("context", ["postgresql"], indirect=True)
    @pytest.mark.parametrize("state", ["waiting", "in_progress"])
    def test_a_plan_that_is_approved_in_that_very_moment_tells_the_office_once(
        self, station: Station, monkeypatch: pytest.MonkeyPatch, state: str
    ) -> None:
        house = station.house
        case = house.case("one", danger_now=True, outcome={}, state=state)
        plan = house.request(case, "police")
        approving: list[Future[None]] = []

        def told(session: Session, of: Case) -> bool:
            known = is_told(session, of)
            begun = start_behind(
                house.context.database, partial(house.approve, plan)
            )
            approving.append(begun)
            return known

        is_told = automatic._is_told
        monkeypatch.setattr(automatic, "_is_told", told)
        station.switch_on()
        station.matched(case, distance=0)
        station.appraised(case)
        approving[0].result()
        assert len(station.told()) == 1


def test_what_the_police_read(station: Station) -> None:
    station.switch_on()
    station.seen()
    (message,) = station.house.mail.messages
    assert "MADE AUTOMATICALLY" in message.text
    assert "List: Baseline, entry E-7" in message.text
    assert (
        "Match: PDQ, 4 bits of difference, quality 90 of 100\n" in message.text
    )
    assert "nobody has assessed the case yet" in message.text
    attached, hashes = message.attachments
    assert "Category" not in json.loads(hashes.data)["value"][0]
    assert json.loads(attached.data)["automatic"]["list"] == "Baseline"


def test_nothing_of_people_is_told_that_nobody_approved(
    station: Station,
) -> None:
    station.switch_on()
    case: Case = station.house.case("one", state="waiting", outcome={})
    station.house.note_of_people(case, "police", "Not yet read by anybody.")
    station.matched(case)
    station.appraised(case)
    (message,) = station.house.mail.messages
    assert "Not yet read by anybody." not in message.text
    assert message.body["summary"] is None


@pytest.mark.parametrize(
    ("distance", "words"),
    [(0, "no difference"), (1, "1 bit of difference"), (2, "2 bits of")],
)
def test_differences_in_words(
    station: Station, distance: int, words: str
) -> None:
    station.switch_on()
    station.seen(distance=distance)
    assert f"Match: PDQ, {words}" in station.house.mail.messages[0].text


def test_the_police_read_it_in_their_language(station: Station) -> None:
    station.change(type(station.office), station.office.id, languages=["sq"])
    station.switch_on()
    station.seen()
    text = station.house.mail.messages[0].text
    assert "BËRË AUTOMATIKISHT" in text
    assert "Lista: Baseline, zëri E-7" in text
    assert "Përputhja: PDQ, 4 bit ndryshim, cilësia 90 nga 100\n" in text


@pytest.mark.parametrize(
    "match",
    [
        {"quality": MATCHABLE_QUALITY - 1},
        {"quality": None},
        {"distance": 32},
        {"kind": "phash", "distance": 0},
        {"kind": "remote", "distance": 0},
        {"share": 0.49},
        {"decision": "disconfirmed"},
    ],
)
def test_what_is_not_strong_enough(
    station: Station, match: dict[str, Any]
) -> None:
    station.switch_on()
    station.seen(**match)
    assert station.told() == []


@pytest.mark.parametrize(
    "match",
    [
        {"quality": MATCHABLE_QUALITY},
        {"distance": 31},
        {"share": 0.5},
        {"kind": "md5", "distance": 0, "quality": None},
        {"kind": "sha256", "distance": 0, "quality": None},
    ],
)
def test_what_is_just_strong_enough(
    station: Station, match: dict[str, Any]
) -> None:
    station.switch_on()
    station.seen(**match)
    assert len(station.told()) == 1


@pytest.mark.parametrize(
    ("table", "values"),
    [
        ("list", {"enabled": False}),
        ("list", {"police_since": None}),
        ("list", {"pdq_threshold": 3}),
        ("entry", {"removed_in": 2}),
        ("entry", {"quality": MATCHABLE_QUALITY - 1}),
    ],
)
def test_what_the_list_says_now_counts(
    station: Station, table: str, values: dict[str, Any]
) -> None:
    station.switch_on()
    if table == "list":
        station.change(HashList, station.known.id, **values)
    else:
        station.change(HashEntryRow, station.entry.id, **values)
    station.seen()
    assert station.told() == []


def test_an_import_sends_no_old_case(station: Station) -> None:
    """Files from before the switch stay with people, also if their hash is taken in anew."""
    case = station.seen(kind="pdq", distance=200)
    station.house.later(minutes=1)
    station.switch_on()
    with station.writing() as session:
        again = HashEntryRow(
            list_id=station.known.id, kind="sha256", value="0" * 64, added_in=2
        )
        session.add(again)
        session.flush()
        old = session.scalars(select(MediaMatch)).one()
        session.add(
            MediaMatch(
                id=new_id(),
                media_id=old.media_id,
                entry_id=again.id,
                list_id=station.known.id,
                kind="sha256",
                distance=0,
                at=station.house.now,
            )
        )
    station.appraised(case)
    assert station.told() == []


def test_a_list_that_is_switched_off_before_the_job_ran_tells_nobody(
    station: Station,
) -> None:
    station.switch_on()
    job = station.house.jobs.pop("referral.automatic")
    case = station.seen()
    with station.writing() as session:
        police_switch.stop_switch(
            Act(session, station.house.context, "x", station.house.now),
            session.get_one(HashList, station.known.id),
        )
    station.house.jobs["referral.automatic"] = job
    station.house.work()
    assert station.told() == [] and station.house.all(Plan) == []
    assert case.outcome == {}


def test_a_hash_that_somebody_disconfirmed_tells_nobody(
    station: Station,
) -> None:
    """At another file, and on another list that has the very same hash."""
    with station.writing() as session:
        other = HashList(
            id=new_id(), name="Other", created_at=station.house.now
        )
        session.add(other)
        session.flush()
        same = HashEntryRow(
            list_id=other.id, kind="pdq", value=VALUE, added_in=1
        )
        session.add(same)
    case = station.seen("first", entry_id=same.id, list_id=other.id)
    person = station.house.person()
    with station.writing() as session:
        match = session.scalars(select(MediaMatch)).one()
        act = Act(
            session, station.house.context, person.actor, station.house.now
        )
        decide_match(act, case, match, "disconfirmed")
    station.switch_on()
    station.seen("second")
    assert station.told() == [] and case.state == "waiting"


def test_the_same_file_at_another_location_is_another_case(
    station: Station,
) -> None:
    """Its match is old; that it is seen there is new."""
    station.seen("old")
    station.house.later(hours=1)
    station.switch_on()
    with station.writing() as session:
        media = session.scalars(select(Media)).one()
    again = station.house.case("new", state="waiting", outcome={})
    with station.writing() as session:
        session.execute(
            update(ItemMedia)
            .where(ItemMedia.item_id == again.item.id)
            .values(media_id=media.id)
        )
    station.appraised(again)
    assert [one.case_id for one in station.told()] == [again.id]


def test_police_who_were_told_by_people_are_not_told_again(
    station: Station,
) -> None:
    case = station.house.case("one", danger_now=True)
    station.house.decide(case, "police")
    station.switch_on()
    station.matched(case, distance=0)
    station.appraised(case)
    (referral,) = station.told()
    assert referral.automatic is None


def test_a_withdrawn_one_is_not_made_again(station: Station) -> None:
    station.change(type(station.office), station.office.id, approved_at=None)
    station.switch_on()
    case = station.seen()
    (referral,) = station.told()
    assert (referral.state, station.house.hold.state) == (
        "approved",
        "pending",
    )  # no address yet
    station.change(Referral, referral.id, state="withdrawn")
    with station.writing() as session:
        session.execute(update(MediaMatch).values(decision="confirmed"))
        session.add(
            HashEntryRow(
                list_id=station.known.id,
                kind="md5",
                value="2" * 32,
                added_in=1,
            )
        )
    station.appraised(case)
    assert len(station.told()) == 1


def test_a_plan_of_people_that_is_approved_later_does_not_tell_the_same_office_twice(
    station: Station,
) -> None:
    house = station.house
    case = house.case("one", danger_now=True, outcome={}, state="waiting")
    plan = house.request(case, "police")
    station.switch_on()
    station.matched(case, distance=0)
    station.appraised(case)
    house.approve(plan)
    house.work()
    (referral,) = station.told()
    assert referral.automatic is not None
    with station.writing() as session:
        assert referrals.list_referrals(session, case.id)[0].id == referral.id


@pytest.mark.parametrize("country", ["RS", None])
def test_where_the_rules_do_not_name_our_police_people_decide(
    station: Station, country: str | None
) -> None:
    station.switch_on()
    case = station.house.case("abroad", state="waiting", outcome={})
    station.change(Item, case.item.id, hosting_country=country)
    station.matched(case, distance=0)
    station.appraised(case)
    assert station.told() == []


@pytest.mark.parametrize(
    "state", ["not_illegal", "closed", "removed", "received"]
)
def test_a_case_that_people_are_through_with_is_theirs(
    station: Station, state: str
) -> None:
    station.switch_on()
    job = station.house.jobs.pop("referral.automatic")
    case = station.seen()
    station.change(Case, case.id, state=state)
    station.house.jobs["referral.automatic"] = job
    station.house.work()
    assert station.told() == []


def test_a_directory_without_police_says_so(station: Station) -> None:
    station.change(
        type(station.office), station.office.id, disabled_at=station.house.now
    )
    station.switch_on()
    station.seen()
    (error,) = station.house.errors
    assert isinstance(error, Unavailable) and "no police in AL" in str(error)
    with station.writing() as session:
        row = session.scalars(
            select(OutboxEntry).where(OutboxEntry.job == "referral.automatic")
        ).one()
        assert row.done_at is None and "no police in AL" in row.last_error


class TestTheSwitch:
    def test_two_persons(self, station: Station) -> None:
        assert station.switch_on("person:drita") is False
        assert police_switch.state_of(station.house.only(HashList)) == "asked"
        with pytest.raises(Forbidden):
            station.switch_on("person:drita")
        station.seen()
        assert station.told() == []  # asked for is not on
        assert station.switch_on("person:admin") is True
        with pytest.raises(Conflict):
            station.switch_on("person:admin")
        (asked,), (on,) = (
            station.logged("hashlist.police_asked"),
            station.logged("hashlist.police_on"),
        )
        assert (asked.actor, on.actor, on.details["by"]) == (
            "person:drita",
            "person:admin",
            "person:drita",
        )

    def test_one_is_enough_to_stop(self, station: Station) -> None:
        station.switch_on()
        for expected in ("on", "off"):
            known = station.house.only(HashList)
            assert police_switch.state_of(known) == expected
            with station.writing() as session:
                found = session.get_one(HashList, known.id)
                if expected == "on":
                    police_switch.stop_switch(
                        Act(
                            session,
                            station.house.context,
                            "person:x",
                            station.house.now,
                        ),
                        found,
                    )
                else:
                    with pytest.raises(Conflict):
                        police_switch.stop_switch(
                            Act(
                                session,
                                station.house.context,
                                "person:x",
                                station.house.now,
                            ),
                            found,
                        )
        assert len(station.logged("hashlist.police_off")) == 1

    def test_a_remote_list_cannot(self, station: Station) -> None:
        station.change(HashList, station.known.id, remote=True)
        with pytest.raises(Conflict, match="stays with its owner"):
            station.switch_on()

    def test_nothing_old_goes_out(self, station: Station) -> None:
        case = station.seen()
        station.house.later(minutes=5)
        station.switch_on()
        station.appraised(case)
        assert station.told() == []


class TestOnePersonIsEnough:
    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {"second_person": False}

    def test_by_setting(self, station: Station) -> None:
        assert station.switch_on("person:drita") is True
        station.seen()
        assert len(station.told()) == 1


def test_the_history_holds_the_evidence(station: Station) -> None:
    station.switch_on()
    station.seen()
    with station.writing() as session:
        plan = session.scalars(select(Plan)).one()
        approved = [
            one
            for one in list_history(session, plan.id)
            if one.event == "approved"
        ]
        assert approved[0].details["entry"] == "E-7"
        assert session.scalar(select(Person.id)) is None
    assert station.house.now - station.known.created_at < timedelta(days=1)


def test_the_case_and_the_office_see_that_no_person_decided_it(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "partners.referrals.views.utc_now", lambda: station.house.now
    )
    station.switch_on()
    case = station.seen()
    client = create_app(station.house.context).test_client()
    with station.writing() as session:
        person = session.merge(station.house.person())
        token = sessions.open_session(session, person, utc_now())
    client.set_cookie(COOKIE, token, path="/console")
    basis = "On a match with list Baseline, entry E-7: PDQ, distance 4, quality 90."
    page = client.get(f"/console/cases/{case.reference}?lang=en").text
    assert (
        "made automatically" in page
        and basis in page
        and "(by the service itself)" in page
    )
    link = re.search(r"/referral/\S+", station.house.mail.messages[0].text)
    assert link is not None
    page = client.get(f"{link[0]}?lang=en").text
    assert (
        "Made automatically" in page
        and basis in page
        and "No person decided it." in page
    )
