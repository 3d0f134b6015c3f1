"""When it was seen: asked for, kept with its doubt, and never given a zone that nobody stated."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from hotline.core.context import Context
from hotline.core.language.said_time import SaidTime
from hotline.intake import service
from hotline.intake.form.asking.typed_time import read_typed_time
from hotline.intake.models import Report
from hotline.intake.registry.vocabulary import SeenZone

TIRANA = "Europe/Tirane"
TYPED = "1.11.2026 22:15"


def seen_in(context: Context) -> tuple[SaidTime, ...]:
    with context.database.reading() as session:
        reports = session.scalars(select(Report)).all()
        return tuple(service.said_times_of(session, context, reports).values())


@pytest.mark.parametrize(
    "text",
    [
        "1.11.2026 22:15",
        " 01.11.2026, 22:15 ",
        "1. 11. 2026. u 22:15",
        "1/11/2026 22.15h",
        "2026-11-01 22:15",
        "2026-11-01T22:15:00",
    ],
)
def test_people_write_it_in_their_ways(text: str) -> None:
    said = read_typed_time(text, "unknown", TIRANA)
    assert said == SaidTime("2026-11-01T22:15:00")


@pytest.mark.parametrize(
    "text", ["yesterday", "1.11.2026", "31.2.2026 10:00", "1.11.26 22:15", "-"]
)
def test_what_is_no_day_with_a_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_typed_time(text, "home", TIRANA)


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ("home", "2026-11-01T21:15:00Z"),
        ("utc", "2026-11-01T22:15:00Z"),
        ("unknown", "2026-11-01T22:15:00"),
        ("", "2026-11-01T22:15:00"),
    ],
)
def test_the_zone_is_the_one_that_was_chosen(zone: str, said: str) -> None:
    assert read_typed_time(TYPED, zone, TIRANA) == SaidTime(said)


def test_a_zone_that_was_typed_holds() -> None:
    said = read_typed_time("2026-11-01T22:15+05:00", "home", TIRANA)
    assert said == SaidTime("2026-11-01T17:15:00Z")


@given(
    st.datetimes(datetime(1970, 1, 2), datetime(2099, 1, 1)),  # noqa: DTZ001
    st.sampled_from(SeenZone),
)
def test_only_a_chosen_zone_makes_a_moment(
    moment: datetime, zone: SeenZone
) -> None:
    said = read_typed_time(f"{moment:%Y-%m-%dT%H:%M}", zone, TIRANA)
    assert said is not None
    if zone is SeenZone.UNKNOWN:
        assert not said.is_zone_stated
    if said.is_zone_stated and zone is SeenZone.UTC:
        assert said.if_utc == moment.replace(
            second=0, microsecond=0, tzinfo=UTC
        )
    if not said.is_zone_stated and zone is SeenZone.HOME:
        assert len(said.if_local(TIRANA)) == 2


def test_one_question_a_page_asks_for_it_and_the_zone_here_is_said(
    person: Any, client: FlaskClient, context: Context
) -> None:
    person.send("/report/where", locations="203.0.113.7:4662")
    assert person.send("/report/what", kind="p2p").location == "/report/when"
    page = client.get("/report/when?lang=en").text
    assert "Europe/Tirane" in page
    assert 'value="home" checked' in page
    person.send("/report/when", seen_at=TYPED, seen_zone="home")
    person.send("/report/more", narrative="words")
    check = client.get("/report/check").text
    assert TYPED in check
    assert "The time here (Europe/Tirane)" in check
    assert person.send("/report/check").status_code == 200
    assert seen_in(context) == (SaidTime("2026-11-01T21:15:00Z"),)


def test_it_may_be_left_out(
    person: Any, client: FlaskClient, context: Context
) -> None:
    person.send("/report/where", locations="203.0.113.7:4662")
    person.send("/report/what", kind="p2p")
    answer = person.send("/report/when", seen_at="", seen_zone="home")
    assert answer.location == "/report/who"
    assert person.send("/report/check").status_code == 200
    assert seen_in(context) == ()


def test_an_unknown_zone_stays_unknown_on_the_one_page_way(
    person: Any, context: Context
) -> None:
    answer = person.send(
        "/report/all",
        locations="203.0.113.7:4662",
        kind="p2p",
        seen_at=TYPED,
        seen_zone="unknown",
    )
    assert answer.status_code == 200
    assert seen_in(context) == (SaidTime("2026-11-01T22:15:00"),)


def test_what_is_no_time_comes_back_as_it_was_typed(
    person: Any, client: FlaskClient
) -> None:
    client.get("/report/where?lang=en")
    person.send("/report/where", locations="203.0.113.7:4662")
    person.send("/report/what", kind="p2p")
    answer = person.send(
        "/report/when", seen_at="on <Monday>", seen_zone="utc"
    )
    assert answer.status_code == 422
    assert "on &lt;Monday&gt;" in answer.text
    assert "Give the day and the time" in answer.text
    assert 'value="utc" checked' in answer.text


def test_the_api_takes_it_with_and_without_a_zone(
    client: FlaskClient, context: Context
) -> None:
    def post(seen_at: str) -> int:
        body = {"locations": ["203.0.113.7:4662"], "seen_at": seen_at}
        return client.post("/api/v1/reports", json=body).status_code

    assert post("2026-11-01T22:15+01:00") == 201
    assert seen_in(context) == (SaidTime("2026-11-01T21:15:00Z"),)
    assert post("2026-11-01T22:15") == 201
    assert seen_in(context) == (
        SaidTime("2026-11-01T21:15:00Z"),
        SaidTime("2026-11-01T22:15:00"),
    )
    assert post("1.11.2026 22:15") == 422
    assert post("2026-02-30T10:00") == 422


def test_it_is_sealed_and_goes_with_the_words(
    person: Any, context: Context
) -> None:
    person.send(
        "/report/all",
        narrative="x",
        kind="p2p",
        seen_at=TYPED,
        seen_zone="utc",
    )
    with context.database.writing() as session:
        report = session.scalars(select(Report)).one()
        assert report.seen_at is not None
        assert b"2026" not in report.seen_at
        for part in report.parts:
            part.state = "closed"
    late = datetime.now(UTC) + timedelta(days=9_000)
    with context.database.writing() as session:
        service.forget_due(session, context, now=late)
    assert seen_in(context) == ()
    with context.database.reading() as session:
        assert session.scalars(select(Report.seen_at)).one() is None
