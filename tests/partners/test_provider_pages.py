"""The pages behind links, as a browser without scripts and as a machine use them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from hotline.core.act import Act
from hotline.core.storage.audit import AuditEntry
from hotline.core.storage.ids import new_id
from hotline.core.storage.keys.links import new_link
from partners.notices.models import Notice, ProviderAnswer
from partners.referrals.following_up.reminders import chase_referrals
from partners.referrals.models import Hold, Referral
from tests.support.house import House
from triage.items.models import HostingObservation
from workers.app import create_app


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"audiences": ("provider",)}


URL = "http://one.test/p/1"


@pytest.fixture
def client(house: House) -> FlaskClient:
    return create_app(house.context).test_client()


@pytest.fixture
def told(house: House, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Host and police have their messages; pages use the house's clock."""
    for module in ("partners.notices.views", "partners.referrals.views"):
        monkeypatch.setattr(f"{module}.utc_now", lambda: house.now)
    house.partner()
    house.partner(
        "provider:abuse@isp.example", "provider", address="abuse@isp.example"
    )
    house.decide(house.case(), "police")
    house.approve(
        house.request(house.only(Hold).referral.case, "provider_notice-XK")
    )
    with house.context.database.writing() as session:
        from partners.referrals.holds import release_hold

        release_hold(
            Act(session, house.context, "t", house.now),
            session.get_one(Hold, house.hold.id),
        )
    house.work()
    assert house.notice.state == "sent"
    return house


def link_in(house: House, kind: str) -> str:
    """The path of the link as it stands in the letter."""
    texts = [m.text for m in house.mail.messages if f"/{kind}/" in m.text]
    found = re.search(
        rf"http://127\.0\.0\.1:8000(/{kind}/[A-Za-z0-9_-]+)", texts[-1]
    )
    assert found, texts
    return found[1]


def csrf(page: str) -> dict[str, str]:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    return {"csrf_token": found[1]}


def post(client: FlaskClient, page: str, path: str, **form: str) -> Any:
    return client.post(path, data={**csrf(client.get(page).text), **form})


# the host's page


def test_the_index_explains_and_shows_nothing(client: FlaskClient) -> None:
    page = client.get("/provider/?lang=en")
    assert page.status_code == 200
    assert "nothing to show without a link" in page.text


def test_the_page_shows_what_is_asked_but_not_where(
    told: Any, client: FlaskClient
) -> None:
    page = client.get(link_in(told, "provider"))
    assert page.status_code == 200
    assert told.notice.reference in page.text
    assert "2026-11-24 10:00 CET (09:00 UTC)" in page.text
    assert "one.test" in page.text
    assert URL not in page.text
    assert "<script" not in page.text
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"


def test_the_exact_address_comes_after_a_click_that_is_logged(
    told: Any, client: FlaskClient
) -> None:
    link = link_in(told, "provider")
    assert URL in post(client, link, f"{link}/show").text
    with told.context.database.reading() as session:
        rows = session.scalars(
            select(AuditEntry).where(
                AuditEntry.action == "notice.locations_shown"
            )
        ).all()
    assert [(row.actor, row.entity_id) for row in rows] == [
        ("provider", str(told.notice.id))
    ]


@pytest.mark.parametrize(
    ("verb", "text", "state"),
    [
        ("acknowledge", "", "acknowledged"),
        ("removed", "just now, by hand", "claimed_removed"),
        ("preserved", "", "preserved"),
        ("not_ours", "AS64501", "disputed"),
        ("not_illegal", "a drawing class", "disputed"),
        ("question", "Which page?", "sent"),
    ],
)
def test_every_answer_is_kept_and_shown(
    told: Any, client: FlaskClient, verb: str, text: str, state: str
) -> None:
    link = link_in(told, "provider")
    answer = post(client, link, f"{link}/answer", verb=verb, text=text)
    assert (answer.status_code, answer.location) == (303, link)
    assert told.notice.state == state
    page = client.get(link).text
    assert text in page
    assert "Your answer is stored" in page
    kept = told.only(ProviderAnswer)
    assert (kept.verb, kept.text) == (verb, text)


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ({}, "Choose one of the answers."),
        ({"verb": "delete"}, "Choose one of the answers."),
        ({"verb": "not_ours", "text": " \x00 "}, "Please say more"),
        ({"verb": "removed", "text": "x" * 4001}, "Please say more"),
        ({"verb": "question", "text": ""}, "Please say more"),
    ],
)
def test_a_bad_answer_is_told_next_to_the_field(
    told: Any, client: FlaskClient, form: dict[str, str], says: str
) -> None:
    link = link_in(told, "provider")
    answer = post(client, link, f"{link}/answer", **form)
    assert answer.status_code == 422
    assert says in answer.text
    assert told.all(ProviderAnswer) == []
    assert told.notice.state == "sent"


def test_what_was_typed_stays_and_is_escaped(
    told: Any, client: FlaskClient
) -> None:
    link = link_in(told, "provider")
    words = "</textarea><b>&" + "x" * 4000
    page = post(
        client, link, f"{link}/answer", verb="removed", text=words
    ).text
    assert "&lt;/textarea&gt;&lt;b&gt;&amp;" in page
    assert re.search(r'value="removed" checked', page)


def test_saying_it_twice_is_no_error(told: Any, client: FlaskClient) -> None:
    link = link_in(told, "provider")
    for _ in range(2):
        assert (
            post(
                client, link, f"{link}/answer", verb="acknowledge"
            ).status_code
            == 303
        )
    assert told.notice.state == "acknowledged"
    assert len(told.all(ProviderAnswer)) == 2


def test_answers_without_the_form_s_token_are_refused(
    told: Any, client: FlaskClient
) -> None:
    link = link_in(told, "provider")
    answer = client.post(f"{link}/answer", data={"verb": "removed"})
    assert answer.status_code == 400
    assert told.notice.state == "sent"


def test_forged_and_expired_links_look_the_same(
    told: Any, client: FlaskClient
) -> None:
    link = link_in(told, "provider")
    pages = [client.get("/provider/" + "A" * 32)]
    pages.append(client.get(link[:-1] + ("A" if link[-1] != "A" else "B")))
    # a referral's token opens no notice, whatever its id
    pages.append(
        client.get(
            "/provider/"
            + new_link(told.context.keyring, "referral", told.notice.id).token
        )
    )
    told.later(days=told.context.settings.notice_link_days)
    pages.append(client.get(link))
    assert {page.status_code for page in pages} == {404}
    assert len({page.text for page in pages}) == 1


def test_guessing_is_slowed_down(told: Any, client: FlaskClient) -> None:
    codes = [
        client.get(f"/provider/guess{number}").status_code
        for number in range(125)
    ]
    assert codes[0] == 404
    assert codes[-1] == 429


@pytest.mark.parametrize("token", ["x" * 5000, "%00", "..", "%ff%fe", "ë"])
def test_odd_tokens_are_just_unknown(client: FlaskClient, token: str) -> None:
    assert client.get(f"/provider/{token}").status_code == 404


def test_the_page_speaks_the_letter_s_language_until_another_is_chosen(
    told: Any, client: FlaskClient
) -> None:
    link = link_in(told, "provider")
    assert '<html lang="en">' in client.get(link).text
    with told.context.database.writing() as session:
        session.get_one(Notice, told.notice.id).language = "sq"
    page = client.get(link).text
    assert '<html lang="sq">' in page
    assert "Përgjigjja juaj" in page
    assert '<html lang="en">' in client.get(f"{link}?lang=en").text


# the same for machines


def test_the_json_tells_state_and_verbs_but_no_address(
    told: Any, client: FlaskClient
) -> None:
    answer = client.get(link_in(told, "provider") + ".json")
    assert answer.status_code == 200
    assert answer.json["reference"] == told.notice.reference
    assert answer.json["state"] == "sent"
    assert answer.json["deadline"] == "2026-11-24T09:00:00Z"
    assert "removed" in answer.json["verbs"]
    assert URL not in answer.text


def test_a_machine_answers_with_the_same_verbs(
    told: Any, client: FlaskClient
) -> None:
    link = link_in(told, "provider")
    answer = client.post(
        f"{link}/answers", json={"verb": "removed", "text": "purged"}
    )
    assert answer.status_code == 201
    assert answer.json["state"] == "claimed_removed"
    assert answer.json["answers"][0]["text"] == "purged"


@pytest.mark.parametrize(
    ("body", "kind", "status", "pointer"),
    [
        (b'{"verb": "burn"}', "application/json", 422, "/verb"),
        (b'{"verb": "question"}', "application/json", 422, "/text"),
        (b'{"verb": 1}', "application/json", 422, "/verb"),
        (
            b'{"verb": "removed", "extra": 1}',
            "application/json",
            422,
            "/extra",
        ),
        (b"[]", "application/json", 422, None),
        (b"{", "application/json", 400, None),
        (b"\xff", "application/json", 400, None),
        (b"verb=removed", "application/x-www-form-urlencoded", 415, None),
    ],
)
def test_bad_bodies_get_a_problem(
    told: Any,
    client: FlaskClient,
    body: bytes,
    kind: str,
    status: int,
    pointer: str | None,
) -> None:
    answer = client.post(
        f"{link_in(told, 'provider')}/answers", data=body, content_type=kind
    )
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    if pointer is not None:
        assert pointer in [fault["pointer"] for fault in answer.json["errors"]]
    assert told.all(ProviderAnswer) == []


def test_an_unknown_link_is_a_problem_for_machines(
    client: FlaskClient,
) -> None:
    for answer in (
        client.get("/provider/nothing.json"),
        client.post("/provider/nothing/answers", json={"verb": "removed"}),
    ):
        assert answer.status_code == 404
        assert answer.content_type == "application/problem+json"


def test_answers_without_end_are_bounded(
    told: Any, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("partners.notices.answers.MAX_ANSWERS", 2)
    link = link_in(told, "provider")
    codes = [
        client.post(f"{link}/answers", json={"verb": "removed"}).status_code
        for _ in range(3)
    ]
    assert codes == [201, 201, 429]


# the office's page


@pytest.fixture
def police(house: House, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The police have a referral and hold."""
    monkeypatch.setattr("partners.referrals.views.utc_now", lambda: house.now)
    house.partner()
    house.partner(
        "provider:abuse@isp.example", "provider", address="abuse@isp.example"
    )
    house.decide(house.case(), "police", "provider_notice")
    return house


def test_the_office_sees_the_case_and_its_hold(
    police: Any, client: FlaskClient
) -> None:
    page = client.get(link_in(police, "referral"))
    assert page.status_code == 200
    for words in (
        police.referral.reference,
        "AL-2026-one",
        "Held by the police",
        "one.test",
        "2026-11-25 10:00 CET",
    ):
        assert words in page.text
    assert URL not in page.text
    assert "<script" not in page.text


def test_the_office_reads_what_the_country_of_a_place_rests_on(
    police: Any, client: FlaskClient
) -> None:
    address = link_in(police, "referral")
    page = " ".join(client.get(address).text.split())
    assert "one.test, AL, Host" in page
    with police.context.database.writing() as session:
        item_id = police.referral.case.places[0].item_id
        for source, country in (("registry", "AL"), ("other", "XK")):
            session.add(
                HostingObservation(
                    id=new_id(),
                    item_id=item_id,
                    at=police.now,
                    fact="country",
                    value=country,
                    subject="192.0.2.7",
                    source=source,
                    confidence=0.9,
                )
            )
    page = " ".join(client.get(address).text.split())
    assert "one.test, AL (by its address: registry), Host" in page


@pytest.mark.parametrize(
    ("verb", "state"),
    [
        ("acknowledge", "acknowledged"),
        ("take_up", "taken_up"),
        ("no_action", "no_action"),
        ("want_more", "more_wanted"),
        ("close", "closed"),
    ],
)
def test_the_office_answers(
    police: Any, client: FlaskClient, verb: str, state: str
) -> None:
    link = link_in(police, "referral")
    answer = post(
        client,
        link,
        f"{link}/answer",
        verb=verb,
        their_reference=" 12/26\x00 ",
        note="By\tpost",
    )
    assert answer.status_code == 303
    assert (police.referral.state, police.referral.their_reference) == (
        state,
        "12/26",
    )
    assert "By\tpost" in client.get(link).text


def test_an_answer_that_is_not_possible_now_is_told_on_the_page(
    police: Any, client: FlaskClient
) -> None:
    link = link_in(police, "referral")
    assert (
        post(client, link, f"{link}/answer", verb="close").status_code == 303
    )
    again = post(client, link, f"{link}/answer", verb="acknowledge")
    assert again.status_code == 409
    assert "it was done already" in again.text
    assert post(client, link, f"{link}/answer").status_code == 422


def test_the_office_extends_the_hold_in_local_time(
    police: Any, client: FlaskClient
) -> None:
    link = link_in(police, "referral")
    form = {
        "deadline": "2026-12-01T12:00",
        "reason": "Search",
        "officer_reference": "77/26",
    }
    wrong = post(
        client,
        link,
        f"{link}/hold/extend",
        **{**form, "reason": "", "deadline": "?"},
    )
    assert wrong.status_code == 422
    assert wrong.text.count('class="error"') == 2
    assert 'value="77/26"' in wrong.text
    assert post(client, link, f"{link}/hold/extend", **form).status_code == 303
    assert (
        police.hold.deadline.isoformat() == "2026-12-01T11:00:00+00:00"
    )  # Tirana is UTC+1
    assert police.hold.officer_reference == "77/26"
    assert police.referral.state == "acknowledged"


def test_the_office_releases_with_a_second_thought(
    police: Any, client: FlaskClient
) -> None:
    link = link_in(police, "referral")
    assert post(client, link, f"{link}/hold/release").status_code == 422
    assert police.hold.state == "active"
    assert (
        post(client, link, f"{link}/hold/release", confirm="yes").status_code
        == 303
    )
    police.work()
    assert (police.hold.state, police.notice.state) == ("released", "sent")
    assert "Release the hold" not in client.get(link).text


def test_whoever_releases_the_hold_is_not_asked_for_an_answer(
    police: Any, client: FlaskClient
) -> None:
    """Nor does the head of the office read that nobody there said anything."""
    link = link_in(police, "referral")
    post(client, link, f"{link}/hold/release", confirm="yes")
    assert police.referral.state == "acknowledged"
    police.later(days=30)
    with police.context.database.writing() as session:
        assert chase_referrals(session, police.context, police.now) == 0


def test_a_hotline_s_page_has_no_hold(
    house: House, client: FlaskClient, monkeypatch: Any
) -> None:
    monkeypatch.setattr("partners.referrals.views.utc_now", lambda: house.now)
    house.partner("hotline-rs", "hotline", country="RS")
    house.decide(house.case(), "hotline")
    link = link_in(house, "referral")
    assert "Release the hold" not in client.get(link).text
    assert (
        post(client, link, f"{link}/hold/release", confirm="yes").status_code
        == 404
    )


def test_links_of_referrals_expire_and_cannot_be_forged(
    police: Any, client: FlaskClient
) -> None:
    link = link_in(police, "referral")
    token = new_link(
        police.context.keyring, "notice", police.referral.id
    ).token
    assert client.get(f"/referral/{token}").status_code == 404
    with police.context.database.writing() as session:
        session.get_one(
            Referral, police.referral.id
        ).link_expires_at = police.now
    assert client.get(link).status_code == 404
