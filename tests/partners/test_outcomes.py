"""What came of a referral: said by the office, shown, counted, and taken back if it was wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from hotline.accounts.signing_in import sessions
from hotline.accounts.signing_in.auth import COOKIE
from hotline.core.act import Act
from hotline.core.context import utc_now
from hotline.core.errors import Conflict, InvalidInput, Misconfigured
from hotline.core.storage.audit import AuditEntry
from hotline.core.storage.keys.links import new_link
from partners.referrals import service as referrals
from partners.referrals.following_up.outcomes import (
    SAID_IN,
    offered_outcomes,
    store_outcomes,
)
from partners.referrals.models import Referral, ReferralOutcome
from partners.referrals.telling.offices import FILE, load_offices
from partners.referrals.vocabulary import BY_ANSWER, OfficeOutcome
from partners.states import ReferralState
from tests.support.house import House
from triage.priority import WORD_SLUGS
from workers.app import create_app
from workers.statistics.figures import collect_figures


def delivered(house: House, *answers: str) -> None:
    house.partner()
    house.decide(house.case(), "police")
    for verb in answers:
        answer(house, verb)


def answer(house: House, verb: str) -> None:
    with house.context.database.writing() as session:
        act = Act(session, house.context, "partner", house.now)
        referral = session.get_one(Referral, house.referral.id)
        referrals.store_answer(act, referral, verb)


def say(house: House, *said: str) -> None:
    with house.context.database.writing() as session:
        act = Act(session, house.context, "partner", house.now)
        store_outcomes(act, session.get_one(Referral, house.referral.id), said)


def stored(house: House) -> set[str]:
    return {row.outcome for row in house.all(ReferralOutcome)}


def client_of(house: House) -> FlaskClient:
    app = create_app(house.context)
    app.config["WTF_CSRF_ENABLED"] = False
    return app.test_client()


def link_of(house: House) -> str:
    referral = house.referral
    keyring = house.context.keyring
    link = new_link(keyring, "referral", referral.id, referral.link_number)
    return f"/referral/{link.token}"


def test_an_answer_that_is_an_outcome_is_kept_whatever_follows(
    house: House,
) -> None:
    delivered(house, "take_up", "close")
    assert house.referral.state == "closed"
    assert stored(house) == {"taken_up"}
    say(house, "prosecuted")
    assert stored(house) == {"taken_up", "prosecuted"}


def test_what_is_said_twice_is_stored_once_and_a_mistake_is_taken_back(
    house: House,
) -> None:
    delivered(house, "take_up")
    say(house, "child_found", "person_identified")
    say(house, "child_found")
    say(house, "child_found")
    assert stored(house) == {"taken_up", "child_found"}
    with house.context.database.reading() as session:
        entries = session.scalars(
            select(AuditEntry)
            .where(AuditEntry.action == "referral.outcomes")
            .order_by(AuditEntry.at, AuditEntry.id)
        ).all()
    assert [entry.details["taken_back"] for entry in entries] == [
        [],
        ["person_identified"],
    ]


@pytest.mark.parametrize("said", ["plan_made", "taken_up", "nonsense"])
def test_an_office_says_only_what_its_kind_can(
    house: House, said: str
) -> None:
    delivered(house, "take_up")
    with pytest.raises(InvalidInput):
        say(house, said)
    assert stored(house) == {"taken_up"}


def test_nothing_came_of_what_was_not_taken_up(house: House) -> None:
    delivered(house, "acknowledge")
    with pytest.raises(Conflict):
        say(house, "child_found")


@pytest.mark.parametrize("state", list(ReferralState))
def test_it_is_asked_for_in_those_states_alone(
    house: House, state: ReferralState
) -> None:
    delivered(house)
    with house.context.database.writing() as session:
        referral = session.get_one(Referral, house.referral.id)
        referral.state = state
        offered = offered_outcomes(house.context, referral)
    assert bool(offered) is (state in SAID_IN)


def test_every_outcome_can_be_said_by_some_office() -> None:
    offered = {
        outcome
        for office in load_offices().values()
        for outcome in office.outcomes
    }
    assert offered | BY_ANSWER == set(OfficeOutcome)


def test_the_page_asks_after_taking_up_and_remembers(house: House) -> None:
    delivered(house, "acknowledge")
    client, link = client_of(house), link_of(house)
    assert "The child was found" not in client.get(link).text
    answer(house, "take_up")
    assert not ticked(client, link)
    sent = client.post(
        f"{link}/outcomes", data={"outcome": ["child_found", "child_safe"]}
    )
    assert sent.status_code == 303
    assert "Thank you. It is stored." in client.get(link).text
    assert ticked(client, link) == {"child_found", "child_safe"}
    refused = client.post(f"{link}/outcomes", data={"outcome": "plan_made"})
    assert refused.status_code == 422
    assert "Choose from the list." in refused.text
    assert ticked(client, link) == {"child_found", "child_safe"}


def ticked(client: FlaskClient, link: str) -> set[str]:
    page = " ".join(client.get(link).text.split())
    boxes = r'name="outcome" value="(\w+)"( checked)?'
    found: Mapping[str, str] = dict(re.findall(boxes, page))
    assert found.keys() == set(load_offices()["police"].outcomes)
    return {name for name, checked in found.items() if checked}


def test_a_person_notes_it_from_the_telephone_and_the_case_shows_it(
    house: House,
) -> None:
    delivered(house, "take_up")
    client = client_of(house)
    person = house.person("drita", "supervisor")
    with house.context.database.writing() as session:
        token = sessions.open_session(
            session, session.merge(person), utc_now()
        )
    client.set_cookie(COOKIE, token, path="/console")
    reference = house.referral.case.reference
    address = f"/console/cases/{reference}"
    outcomes = f"{address}/referrals/{house.referral.id}/outcomes"
    sent = client.post(f"{outcomes}?lang=en", data={"outcome": "prosecuted"})
    assert sent.status_code == 303
    page = " ".join(client.get(f"{address}?lang=en").text.split())
    assert "What came of it is stored." in page
    assert "It was brought to court <span" in page


def test_outcomes_are_counted_by_kind_of_office(house: House) -> None:
    delivered(house, "take_up")
    say(house, "child_found")
    with house.context.database.reading() as session:
        told = collect_figures(session, house.now).told
    assert told.outcomes_by_office == {
        "police": {"child_found": 1, "taken_up": 1}
    }


def test_a_file_that_asks_for_an_answer_again_is_refused(
    tmp_path: Path,
) -> None:
    shipped = Path("partners/referrals/data") / FILE
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / FILE).write_text(
        shipped.read_text().replace('["child_found', '["taken_up', 1)
    )
    with pytest.raises(Misconfigured, match="an answer says already"):
        load_offices(tmp_path)


def test_no_office_is_told_what_words_of_a_report_point_to(
    house: House,
) -> None:
    house.partner()
    case = house.case(
        word_themes=[str(theme) for theme in WORD_SLUGS],
        priority_parts=[
            {"slug": str(theme), "points": 8, "why": "It speaks of a threat."}
            for theme in WORD_SLUGS
        ],
    )
    house.decide(case, "police")
    (message,) = house.mail.messages
    told = message.text + json.dumps(message.body, default=str)
    assert "speaks of" not in told
    assert not any(theme in told for theme in WORD_SLUGS)
