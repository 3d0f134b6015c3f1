"""Answers get to the police: proposed on the page, noted by a person, told in the letter."""

from __future__ import annotations

import html
import re

from hotline.accounts.signing_in import sessions
from hotline.accounts.signing_in.auth import COOKIE
from hotline.core.context import utc_now
from tests.support.house import House
from tests.support.reports import receive_report
from triage.cases.models import Case
from triage.items.models import Sighting
from workers.app import create_app

ANSWERS = {
    "child_municipality": "Shkodër",
    "child_age": "13",
    "meets": "soon",
    "next_meeting": "Saturday at the stadium",
    "asked_for": "money",
    "their_platform": "Snapchat",
    "their_name": "wolf_of_tests",
}


def reported(house: House) -> Case:
    case = house.case()
    with house.context.database.writing() as session:
        case = session.get_one(Case, case.id)
        report = receive_report(
            session,
            house.context,
            case.item.canonical,
            now=house.now,
            answers=ANSWERS,
        )
        part_id = report.parts[0].id
        session.add(
            Sighting(item_id=case.item.id, part_id=part_id, at=house.now)
        )
    return case  # type: ignore[no-any-return]


def test_answers_are_proposed_noted_and_told(house: House) -> None:
    case = reported(house)
    app = create_app(house.context)
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    person = house.person("arta", "analyst")
    with house.context.database.writing() as session:
        token = sessions.open_session(
            session, session.merge(person), utc_now()
        )
    client.set_cookie(COOKIE, token, path="/console")
    address = f"/console/cases/{case.reference}/people"
    page = client.get(f"{address}?lang=en").text
    assert "Answers to the questions of the form" in page
    assert "yes, soon" in page
    forms = re.findall(r'<form class="act".*?</form>', page, re.DOTALL)
    facts = [form for form in forms if "Note these facts" in form]
    assert len(facts) == 2  # of the child, and of the reported person
    for form in facts:
        assert client.post(address, data=hidden(form)).status_code == 303
    (account,) = [form for form in forms if "wolf_of_tests" in form]
    noted = client.post(
        f"{address}/identifiers",
        data=hidden(account) | {"whose": "reported_person"},
    )
    assert noted.status_code == 303
    assert "Note these facts" not in client.get(address).text
    house.partner()
    house.decide(case, "police")
    (message,) = house.mail.messages
    words = " ".join(message.text.split())
    for said in (
        "Municipality: Shkodër (said by the reporter)",
        "Age: 13 (said by the reporter)",
        "Next meeting: Saturday at the stadium",
        "Asks for: money (said by the reporter)",
        "Account of the reported person: @wolf_of_tests (Snapchat)",
    ):
        assert said in words, words


def hidden(form: str) -> dict[str, str]:
    pairs = re.findall(
        r'<input type="hidden"\s+name="([\w.]+)"\s+value="([^"]*)"', form
    )
    return {name: html.unescape(value) for name, value in pairs}
