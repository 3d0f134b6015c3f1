"""What belongs to one case is nothing in the URL of another, whichever button it is."""

from __future__ import annotations

import uuid
from typing import Any

from hotline.accounts.signing_in import sessions
from hotline.accounts.signing_in.auth import COOKIE
from hotline.core.context import utc_now
from partners.notices.models import Notice
from partners.referrals.models import Hold, Plan, Referral
from partners.sending.models import Delivery
from tests.support.house import House
from workers.app import create_app

KINDS = {
    "plan_id": Plan,
    "hold_id": Hold,
    "referral_id": Referral,
    "notice_id": Notice,
    "delivery_id": Delivery,
}
FORM = {
    "reason": "r",
    "confirm": "yes",
    "note": "n",
    "text": "t",
    "verb": "acknowledge",
    "address": "other@isp.example",
    "deadline": "2099-01-01T10:00",
    "officer_reference": "1",
}


def test_no_button_of_a_case_acts_on_another_case(house: House) -> None:
    house.partner()
    house.decide(house.case("one"), "police", "provider_notice")
    other = house.case("two")
    app = create_app(house.context)
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    person = house.person("sara", "supervisor")
    with house.context.database.writing() as session:
        token = sessions.open_session(
            session, session.merge(person), utc_now()
        )
    client.set_cookie(COOKIE, token, path="/console")
    walked = set()
    for rule in app.url_map.iter_rules():
        name = next((one for one in KINDS if one in rule.arguments), None)
        if name is None or "reference" not in rule.arguments:
            continue
        before = states(house)
        thing_id = house.all(KINDS[name])[0].id
        with app.test_request_context():
            values: dict[str, str | uuid.UUID] = {
                "reference": other.reference,
                name: thing_id,
            }
            path = app.url_for(rule.endpoint, _external=False, **values)
        ask = client.post if "POST" in (rule.methods or ()) else client.get
        answer = ask(path, data=FORM) if ask == client.post else ask(path)
        assert answer.status_code == 404, rule
        assert states(house) == before, rule
        walked.add(name)
    assert walked == set(KINDS)


def states(house: House) -> list[tuple[str, Any, Any]]:
    return [
        (name, row.id, row.state)
        for name, kind in KINDS.items()
        for row in house.all(kind)
    ]
