"""Somebody is woken when a child is in danger: one person after another, until one takes it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from hotline.accounts.models import Person
from hotline.accounts.signing_in import sessions
from hotline.accounts.signing_in.auth import COOKIE
from hotline.core.act import Act
from hotline.core.context import utc_now
from hotline.core.datafiles.countries import WEEK
from hotline.core.errors import InvalidInput, Unavailable
from hotline.core.storage.audit import AuditEntry
from hotline.core.storage.outbox import OutboxEntry
from partners.duty import alerts, rota
from partners.duty.forget import forget_contacts
from partners.duty.models import Alert, AlertCall, DutyContact, DutyTurn
from tests.support.house import House
from tests.support.reports import receive_report
from triage.cases.examination.danger import post_held_danger
from triage.cases.examination.register import raise_alarm, register_report
from triage.cases.models import Case
from workers.app import create_app
from workers.queues.pools import POOL_OF_JOB, Pool

EVERY_DAY = [str(day) for day in WEEK]
AL = "+355690000001"


@pytest.fixture
def settings() -> dict[str, Any]:
    return {
        "smtp_host": "127.0.0.1",
        "sms_url": "https://sms.example/send",
        "duty_minutes": 10,
        "audiences": ("console",),
    }


def edit(house: House) -> Any:
    return house.context.database.writing()


def put_on_duty(
    house: House, name: str, place: int, role: str = "analyst", **turn: Any
) -> Person:
    """A person who is reached by e-mail, on the rota at every hour unless ``turn`` says else."""
    person = house.person(name, role)
    with edit(house) as session:
        act = Act(session, house.context, "person:drita", house.now)
        rota.set_contact(
            act, person.id, email=f"{name}@home.example", phone="", topic=""
        )
        hours = {"days": EVERY_DAY, "starts": "00:00", "ends": "00:00", **turn}
        rota.add_turn(act, person.id, place=place, **hours)
    return person


def note_way(house: House, name: str, role: str, phone: str = "") -> Person:
    person = house.person(name, role)
    with edit(house) as session:
        act = Act(session, house.context, "person:drita", house.now)
        rota.set_contact(
            act,
            person.id,
            email=f"{name}@home.example",
            phone=phone,
            topic="",
        )
    return person


def alarm(house: House, case: Case) -> None:
    with edit(house) as session:
        raise_alarm(
            session, house.context, session.get_one(Case, case.id), house.now
        )
    house.work()


def called(house: House) -> list[str]:
    return [message.address.split("@")[0] for message in house.mail.messages]


def take(house: House, name: str = "arta") -> bool:
    with edit(house) as session:
        alert = session.scalars(select(Alert)).one()
        return alerts.acknowledge(
            Act(session, house.context, f"person:{name}", house.now), alert
        )


def test_people_are_called_in_turn_then_everybody(house: House) -> None:
    put_on_duty(house, "arta", 1)
    put_on_duty(house, "besnik", 2)
    note_way(house, "drita", "supervisor")
    alarm(house, house.case(danger_now=True))
    assert called(house) == ["arta"]
    house.later(minutes=9)
    house.work()
    assert called(house) == ["arta"]
    house.later(minutes=1)
    house.work()
    assert called(house) == ["arta", "besnik"]
    house.later(minutes=10)
    house.work()
    assert sorted(called(house)[2:]) == ["arta", "besnik", "drita"]


def test_whoever_takes_it_ends_the_calls(house: House) -> None:
    put_on_duty(house, "arta", 1)
    put_on_duty(house, "besnik", 2)
    alarm(house, house.case(danger_now=True))
    assert take(house)
    assert not take(house, "besnik"), "somebody was quicker"
    house.later(hours=3)
    house.work()
    assert called(house) == ["arta"]
    assert house.only(Alert).acknowledged_by == "person:arta"
    assert house.only(AlertCall).address == "", "not needed any more"


def test_everybody_is_called_again_and_again_but_more_slowly(
    house: House,
) -> None:
    put_on_duty(house, "arta", 1)
    alarm(house, house.case(danger_now=True))
    for _ in range(12 * 6):
        house.later(minutes=10)
        house.work()
    quick = 1 + alerts.QUICK_ROUNDS
    assert quick + 8 <= len(called(house)) <= quick + 13


def test_nothing_of_the_report_is_in_the_message(house: House) -> None:
    put_on_duty(house, "arta", 1)
    case = house.case(danger_now=True)
    alarm(house, case)
    (message,) = house.mail.messages
    alert = house.only(Alert)
    base = house.context.settings.console_url
    assert case.reference in message.subject
    assert f"{base}/console/duty/alerts/{alert.id}" in message.text
    words = set(re.findall(r"[a-z.]{4,}", message.text.lower()))
    (item,) = [place.item for place in case.places]
    assert not words & {item.host, item.canonical, "child", "csam", "danger"}
    assert (message.body, message.attachments) == ({}, ())


def test_a_further_report_wakes_nobody_while_somebody_looks(
    house: House,
) -> None:
    put_on_duty(house, "arta", 1)
    case = house.case(danger_now=True)
    alarm(house, case)
    alarm(house, case)
    assert take(house)
    house.later(minutes=29)
    alarm(house, case)
    assert called(house) == ["arta"]
    house.later(minutes=2)
    alarm(house, case)
    assert called(house) == ["arta", "arta"]


def test_a_flood_s_danger_wakes_people_once_an_hour(house: House) -> None:
    put_on_duty(house, "arta", 1)
    cases = [house.case(name) for name in ("one", "two", "three")]
    for minutes in (0, 5, 60):
        with edit(house) as session:
            for case in cases:
                post_held_danger(session, case, house.now)
        house.work()
        house.later(minutes=minutes)
    assert len(house.all(Alert)) == 1
    house.later(minutes=60)
    with edit(house) as session:
        post_held_danger(session, cases[1], house.now)
    house.work()
    assert len(house.all(Alert)) == 2


@pytest.mark.parametrize("held", [False, True])
def test_a_report_of_danger_opens_an_alert(house: House, held: bool) -> None:
    """From the form to the message, through the jobs that stand between."""
    put_on_duty(house, "arta", 1)
    house.jobs["report.received"] = register_report
    with edit(house) as session:
        receive_report(
            session,
            house.context,
            "https://site.example/a",
            kind="grooming",
            danger_now=True,
            held=held,
            now=house.now,
        )
    house.work()
    assert called(house) == ["arta"]


def test_each_try_is_written_down(house: House) -> None:
    put_on_duty(house, "arta", 1)
    house.mail.faults = [Unavailable("The mail server failed: timeout.")]
    alarm(house, house.case(danger_now=True))
    call = house.only(AlertCall)
    assert (call.tries, call.sent_at) == (1, None)
    assert "timeout" in call.last_error
    house.later(minutes=1)
    house.work()
    call = house.only(AlertCall)
    assert (call.tries, call.last_error) == (2, "")
    assert call.sent_at is not None
    with house.context.database.reading() as session:
        logged = session.scalars(
            select(AuditEntry).where(AuditEntry.action == "duty.called")
        ).all()
    assert [entry.details["attempt"] for entry in logged] == [1, 2]


def test_what_leaves_the_house_waits_apart_from_intake() -> None:
    assert POOL_OF_JOB["duty.call"] is Pool.WAKING
    assert POOL_OF_JOB["danger.raised"] is Pool.INTAKE
    assert POOL_OF_JOB["duty.pass_on"] is Pool.INTAKE
    waking = [job for job, pool in POOL_OF_JOB.items() if pool is Pool.WAKING]
    assert waking == ["duty.call"]


def test_a_way_that_is_not_set_up_is_not_tried(house: House) -> None:
    person = note_way(house, "arta", "analyst", phone=AL)
    with edit(house) as session:
        act = Act(session, house.context, "person:drita", house.now)
        rota.set_contact(
            act, person.id, email="", phone=AL, topic="topic-of-arta"
        )
    alarm(house, house.case(danger_now=True))
    assert [call.way for call in house.all(AlertCall)] == ["sms"]
    assert [message.address for message in house.sms.messages] == [AL]


# Monday 23 November 2026, 10:00 in Tirana.
MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "starts", "ends", "hours", "on_duty"),
    [
        (["mon"], "08:00", "16:00", 0, True),
        (["mon"], "08:00", "10:00", 0, False),
        (["tue"], "08:00", "16:00", 0, False),
        (["mon"], "16:00", "08:00", 6, True),
        (["mon"], "16:00", "08:00", 21, True),  # Tuesday, 07:00
        (["mon"], "16:00", "08:00", 22, False),  # Tuesday, 08:00
        (["tue"], "16:00", "08:00", 21, False),
        (["sun"], "16:00", "11:00", 0, True),  # since yesterday
        (["mon"], "00:00", "00:00", 13, True),
    ],
)
def test_turns_follow_the_country_s_clock(
    house: House,
    days: list[str],
    starts: str,
    ends: str,
    hours: int,
    on_duty: bool,
) -> None:
    put_on_duty(house, "arta", 1, days=days, starts=starts, ends=ends)
    house.now = MONDAY
    at = house.later(hours=hours)
    with house.context.database.reading() as session:
        names = [
            contact.person.username
            for contact in rota.find_on_duty(session, house.context, at)
        ]
    assert names == (["arta"] if on_duty else [])


def test_somebody_who_left_is_called_no_more(house: House) -> None:
    person = put_on_duty(house, "arta", 1)
    put_on_duty(house, "besnik", 2)
    with edit(house) as session:
        session.get_one(Person, person.id).disabled_at = house.now
    alarm(house, house.case(danger_now=True))
    assert called(house) == ["besnik"]


def test_how_somebody_who_left_was_reached_is_forgotten(
    house: House,
) -> None:
    person = put_on_duty(house, "arta", 1)
    put_on_duty(house, "besnik", 2)
    with edit(house) as session:
        session.get_one(Person, person.id).disabled_at = house.now
    for left in (2, 0):
        with edit(house) as session:
            assert left == forget_contacts(
                session, house.context, now=house.now
            )
    assert [turn.place for turn in house.all(DutyTurn)] == [2]
    assert len(house.all(DutyContact)) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "a@b\nBcc: c@d.example"),
        ("phone", "069 123"),
        ("topic", "../admin"),
    ],
)
def test_a_way_that_cannot_be_one_is_refused(
    house: House, field: str, value: str
) -> None:
    person = house.person()
    ways = {"email": "", "phone": "", "topic": "", field: value}
    with edit(house) as session, pytest.raises(InvalidInput):
        rota.set_contact(
            Act(session, house.context, "person:drita", house.now),
            person.id,
            **ways,
        )


# the pages


def browse(house: House, name: str, role: str) -> Any:
    person = house.person(name, role)
    with edit(house) as session:
        token = sessions.open_session(session, person, utc_now())
    client = create_app(house.context).test_client()
    client.set_cookie(COOKIE, token, path="/console")
    client.set_cookie("lang", "en")
    return client


def post(client: Any, path: str, **form: Any) -> Any:
    page = client.get("/console/duty").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    return client.post(path, data={"csrf_token": token[1], **form})


def test_the_rota_is_kept_on_the_page(house: House) -> None:
    chief = browse(house, "drita", "supervisor")
    person = house.person("arta")
    stored = post(
        chief,
        "/console/duty/contacts",
        person=person.id,
        email="arta@home.example",
        phone="+355 69 000 0001",
    )
    assert stored.status_code == 303
    post(
        chief,
        "/console/duty/turns",
        person=person.id,
        place="1",
        day=["sat", "sun"],
        starts="00:00",
        ends="00:00",
    )
    page = chief.get("/console/duty").text
    assert "Sat, Sun" in page
    assert AL in page
    (way_off,) = re.findall(r'action="(/console/duty/turns/[^"]+)"', page)
    post(chief, way_off)
    assert "Nobody is on the rota." in chief.get("/console/duty").text


def test_an_analyst_sees_the_rota_but_nobody_s_number(house: House) -> None:
    note_way(house, "arta", "analyst", phone=AL)
    analyst = browse(house, "besnik", "analyst")
    page = analyst.get("/console/duty").text
    assert AL not in page
    assert "Put on the rota" not in page
    refused = post(analyst, "/console/duty/turns", person=house.person().id)
    assert refused.status_code == 403


def test_the_link_asks_to_sign_in_and_looking_takes_nothing(
    house: House,
) -> None:
    put_on_duty(house, "arta", 1)
    alarm(house, house.case(danger_now=True))
    path = f"/console/duty/alerts/{house.only(Alert).id}"
    stranger = create_app(house.context).test_client()
    answer = stranger.get(path)
    assert answer.status_code == 302
    assert "/console/sign-in?next=" in answer.headers["Location"]
    analyst = browse(house, "arta", "analyst")
    assert "I take it" in analyst.get(path).text
    assert house.only(Alert).acknowledged_at is None
    taken = post(analyst, f"{path}/acknowledge")
    assert taken.headers["Location"].endswith("/console/cases/AL-2026-one")
    assert house.only(Alert).acknowledged_by == "person:arta"
    assert "taken by arta" in analyst.get(path).text


def test_open_alerts_stand_first(house: House) -> None:
    put_on_duty(house, "arta", 1)
    house.case("one")
    alarm(house, house.case("two", danger_now=True))
    analyst = browse(house, "arta", "analyst")
    page = analyst.get("/console/to-decide").text
    assert "nobody has taken it yet" in page
    duty = analyst.get("/console/duty").text
    assert duty.index("AL-2026-two") < duty.index("Rota")
    assert "arta@" not in duty
    assert house.all(OutboxEntry)
