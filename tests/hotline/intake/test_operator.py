"""The form for a caller: who may use it, what it stores, and that the receipt is shown once."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from argon2 import PasswordHasher
from flask.testing import FlaskClient
from sqlalchemy import func, select

from hotline.accounts import service as accounts
from hotline.accounts.permissions import Role, role_allows
from hotline.accounts.signing_in import auth, passwords, sessions
from hotline.core.act import Act
from hotline.core.context import Context, utc_now
from hotline.core.storage.machine import HistoryEntry
from hotline.intake import service
from hotline.intake.models import Report
from hotline.intake.registry.questions import Answer
from tests.support.said import ANSWERED
from workers.app import create_app

PAGE = "/console/report"
SignIn = Callable[[str], FlaskClient]


@pytest.fixture
def context(
    make_context: Callable[..., Context], monkeypatch: pytest.MonkeyPatch
) -> Context:
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(1, 64, 1))
    built = make_context(audiences=("console",), country="AL")
    with built.database.writing() as session:
        for role in Role:
            accounts.add_person(
                Act(session, built, actor="test", now=utc_now()),
                username=role,
                display_name=f"Name of {role}",
                role=role,
                password="a long enough one",
            )
    return built


@pytest.fixture
def sign_in(context: Context) -> SignIn:
    app = create_app(context)

    def client_of(username: str) -> FlaskClient:
        client = app.test_client()
        client.set_cookie("lang", "en", domain="localhost")
        with context.database.writing() as session:
            person = accounts.find_person(session, username)
            token = sessions.open_session(session, person, utc_now())
        client.set_cookie(
            auth.COOKIE, token, domain="localhost", path="/console"
        )
        return client

    return client_of


def hidden(page: str) -> dict[str, str]:
    form = page[page.index(f'action="{PAGE}"') :]
    return dict(
        re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)
    )


def receipt_of(page: str) -> str:
    found = re.search(r'id="receipt">([^<]+)<', page)
    assert found is not None
    return found[1]


def reports(context: Context) -> int:
    with context.database.reading() as session:
        return session.scalar(select(func.count()).select_from(Report)) or 0


@pytest.mark.parametrize("role", Role)
def test_only_whoever_may_enter_reports_sees_the_form(
    sign_in: SignIn, role: str
) -> None:
    client = sign_in(role)
    may = role_allows(role, "report.enter")
    assert client.get(PAGE).status_code == (200 if may else 403)
    assert (f'href="{PAGE}"' in client.get("/console/password").text) is may


def test_an_operator_starts_with_the_form(sign_in: SignIn) -> None:
    assert sign_in("operator").get("/console/").location == PAGE


def test_every_page_of_the_whole_console_names_its_permission(
    context: Context,
) -> None:
    app = create_app(context)
    bare = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/console")
        and not hasattr(app.view_functions[rule.endpoint], "__permission__")
    }
    assert bare == {
        "accounts.sign_in",
        "accounts.accept",
        # The way by an identity provider, before anybody is known.
        "oidc.leave",
        "oidc.come_back",
        "oidc.finish",
        "oidc.sign_out_there",
        # The provider itself, by a token that it has signed.
        "oidc.be_signed_out",
    }


@pytest.mark.parametrize("danger", ["yes", "unknown", "no"])
def test_in_danger_whom_to_call_stands_above_the_receipt(
    context: Context, sign_in: SignIn, danger: str
) -> None:
    """Whoever answers the telephone has the caller there now, and no case yet."""
    client = sign_in("operator")
    typed = hidden(client.get(PAGE).text) | {
        "narrative": "He is at the door.",
        "danger_now": danger,
    }
    page = client.post(PAGE, data=typed).text
    number = context.country.police_emergency
    assert (f"Call the police: {number}" in page) is (danger == "yes")
    assert receipt_of(page)


def test_a_caller_s_report_is_stored_under_the_operator_s_name(
    context: Context, sign_in: SignIn
) -> None:
    client = sign_in("operator")
    typed = hidden(client.get(PAGE).text) | {
        "locations": "https://example.test/a\nhttps://example.test/b",
        "narrative": "Seen in a group.",
        "kind": "csam_image",
        "reporter_role": "parent",
        "danger_now": "yes",
        "seen_at": "1.11.2026 22:15",
        "seen_zone": "home",
        "caller_language": "sr-Latn"
        if "sr-Latn" in context.country.languages
        else "sq",
    }
    answer = client.post(PAGE, data=typed)
    assert answer.status_code == 200
    receipt = receipt_of(answer.text)
    with context.database.reading() as session:
        report = service.find_by_receipt(session, context, receipt)
        assert report is not None
        assert (report.channel, report.source) == ("operator", "operator")
        assert (report.kind, report.reporter_role) == ("csam_image", "parent")
        assert report.danger_now and len(report.parts) == 2
        (seen,) = service.said_times_of(session, context, [report]).values()
        assert seen.text == "2026-11-01T21:15:00Z"
        assert report.language == typed["caller_language"]
        begun = session.scalars(
            select(HistoryEntry).where(
                HistoryEntry.entity_id == report.parts[0].id
            )
        ).one()
        assert begun.actor == accounts.find_person(session, "operator").actor
    assert (
        receipt_of(client.post(PAGE, data=typed).text) == receipt
    )  # sent twice: one report
    assert reports(context) == 1
    assert receipt not in client.get(PAGE).text


def test_what_cannot_be_stored_comes_back_with_all_that_was_typed(
    context: Context, sign_in: SignIn
) -> None:
    client = sign_in("analyst")
    given = hidden(client.get(PAGE).text)
    nothing = client.post(PAGE, data=given | {"contact": "call-back wish"})
    assert nothing.status_code == 422
    assert (
        "call-back wish" in nothing.text
        and 'id="locations-error"' in nothing.text
    )
    stale = client.post(
        PAGE, data=given | {"form_id": "forged", "narrative": "kept words"}
    )
    assert stale.status_code == 422 and "kept words" in stale.text
    assert reports(context) == 0
    assert (
        client.post(
            PAGE, data=hidden(stale.text) | {"narrative": "x"}
        ).status_code
        == 200
    )


def test_without_a_form_token_or_with_a_file_nothing_is_stored(
    context: Context, sign_in: SignIn
) -> None:
    client = sign_in("operator")
    given = hidden(client.get(PAGE).text) | {"narrative": "x"}
    assert (
        client.post(PAGE, data=given | {"csrf_token": "x"}).status_code == 400
    )
    sent = client.post(PAGE, data=given, content_type="multipart/form-data")
    assert sent.status_code == 415
    assert reports(context) == 0


def test_the_form_speaks_albanian(sign_in: SignIn) -> None:
    page = sign_in("operator").get(PAGE, query_string={"lang": "sq"}).text
    assert "Raportim me telefon" in page and "Kush po telefonon?" in page


def test_a_call_is_asked_every_question_and_each_answer_is_kept(
    context: Context, sign_in: SignIn
) -> None:
    client = sign_in("operator")
    page = client.get(PAGE).text
    for answer in Answer:
        assert f'name="{answer}"' in page, answer
    for asked in ("seen_at", "seen_zone", "contact_way", "safe_time"):
        assert f'name="{asked}"' in page, asked
    said = {answer.value: text for answer, text in ANSWERED.items()}
    form = {**hidden(page), "narrative": "x", **said}
    assert "receipt" in client.post(PAGE, data=form).text
    with context.database.writing() as session:
        report = session.scalars(select(Report)).one()
        act = Act(session, context, "test", utc_now())
        opened = service.open_texts(act, report, why="test")
    assert opened.answers == ANSWERED
