"""The API: bad input gets a problem that points at the fault, and nothing is half written."""

import html
import json

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from sqlalchemy import func, select

from hotline.core.context import Context
from hotline.intake.models import Report

REPORTS = "/api/v1/reports"
GOOD = {"locations": ["https://a.example/x"]}


def count(context: Context) -> int:
    with context.database.reading() as session:
        return session.scalar(select(func.count()).select_from(Report)) or 0


def test_report_status_information(
    client: FlaskClient, context: Context
) -> None:
    answer = client.post(
        REPORTS, json={**GOOD, "kind": "p2p", "contact": "a@b.test"}
    )
    assert answer.status_code == 201
    receipt = answer.json["receipt"]
    added = client.post(
        f"{REPORTS}/information", json={"receipt": receipt, "text": "more"}
    )
    assert (added.status_code, added.data) == (204, b"")
    status = client.post(
        f"{REPORTS}/status", json={"receipt": receipt.lower()}
    )
    assert status.status_code == 200
    assert [part["state"] for part in status.json["parts"]] == ["received"]
    assert [(m["author"], m["text"]) for m in status.json["messages"]] == [
        ("reporter", "more")
    ]
    assert status.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("role", ["public", "child_self"])
@pytest.mark.parametrize("language", ["sq", "en"])
def test_the_status_has_the_words_of_the_page(
    client: FlaskClient, role: str, language: str
) -> None:
    answer = client.post(REPORTS, json={**GOOD, "reporter_role": role})
    receipt = answer.json["receipt"]
    status = client.post(
        f"{REPORTS}/status", json={"receipt": receipt, "language": language}
    )
    (place,) = status.json["places"]
    page = client.post(f"/status?lang={language}", data={"receipt": receipt})
    assert [saying["code"] for saying in place["says"]] == ["received"]
    for saying in place["says"]:
        assert saying["text"] in html.unescape(page.text)
    assert place["news_from"] is None or place["news_from"] > place["since"]


def test_the_status_is_told_in_the_hotline_s_first_language_unless_asked(
    client: FlaskClient, context: Context
) -> None:
    receipt = client.post(REPORTS, json=GOOD).json["receipt"]
    bodies = (
        {"receipt": receipt},
        {"receipt": receipt, "language": context.country.languages[0]},
        {"receipt": receipt, "language": "en"},
    )
    unasked, first, english = (
        client.post(f"{REPORTS}/status", json=body).json["places"]
        for body in bodies
    )
    assert unasked == first != english


def test_in_a_language_that_the_hotline_has_not_its_first_one_is_told(
    client: FlaskClient,
) -> None:
    receipt = client.post(REPORTS, json=GOOD).json["receipt"]
    answers = [
        client.post(
            f"{REPORTS}/status", json={"receipt": receipt, "language": code}
        )
        for code in ("xx", "")
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json == answers[1].json


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b'{"locations": ["x"]}', "text/plain", 415),
        (b'{"locations": ["x"]}', "multipart/form-data; boundary=x", 415),
        (b"locations=x", "application/x-www-form-urlencoded", 415),
        (b" ", "application/json", 400),
        (b"{", "application/json", 400),
        (b'{"narrative": "\xff"}', "application/json", 400),
        ('{"narrative": "x"}'.encode("utf-16"), "application/json", 400),
        (b'{"narrative": "x", "narrative": "y"}', "application/json", 400),
        (b'{"narrative": NaN}', "application/json", 400),
        (b'{"narrative": -Infinity}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"a":' * 50_000, "application/json", 400),
        (b"1" * 10_000, "application/json", 400),
        (b"null", "application/json", 422),
        (b'"text"', "application/json", 422),
        (b'{"narrative": "\\ud800"}', "application/json", 422),
        (b'{"narrative": 5}', "application/json", 422),
        (b'{"narrative": "x", "unknown": 1}', "application/json", 422),
        (
            json.dumps({"narrative": "x" * 1_000_000}).encode(),
            "application/json",
            422,
        ),
        (b" " * 2_100_000, "application/json", 413),
    ],
)
def test_bad_bodies(
    client: FlaskClient,
    context: Context,
    body: bytes,
    content_type: str,
    status: int,
) -> None:
    answer = client.post(REPORTS, data=body, content_type=content_type)
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert answer.json["status"] == status
    assert count(context) == 0


def test_every_fault_has_a_pointer(client: FlaskClient) -> None:
    answer = client.post(
        REPORTS, json={"locations": ["ok", ""], "kind": "x", "extra": 1}
    )
    assert {fault["pointer"] for fault in answer.json["errors"]} == {
        "/locations/1",
        "/kind",
        "/extra",
    }


def test_a_chunked_body_is_refused(
    client: FlaskClient, context: Context
) -> None:
    answer = client.post(
        REPORTS,
        headers={
            "Transfer-Encoding": "chunked",
            "Content-Type": "application/json",
        },
        input_stream=None,
    )
    assert answer.status_code == 411
    assert count(context) == 0


def test_unknown_mistyped_and_malformed_receipts_look_the_same(
    client: FlaskClient,
) -> None:
    answers = {
        client.post(
            f"{REPORTS}/{verb}", json={"receipt": receipt, **more}
        ).data
        for receipt in (
            "0000-0000-0000-0000-0000",
            "nonsense",
            "",
            "-" * 20,
            "\u0000",
        )
        for verb, more in (("status", {}), ("information", {"text": "x"}))
    }
    assert len(answers) == 1
    assert b"404" in answers.pop()


def test_idempotency(client: FlaskClient, context: Context) -> None:
    headers = {"Idempotency-Key": "0b2f8c1e-6d44-4e0f-b7be-1f2a3b4c5d6e"}
    first = client.post(REPORTS, json=GOOD, headers=headers)
    second = client.post(REPORTS, json=GOOD, headers=headers)
    assert first.json == second.json and count(context) == 1
    other = client.post(REPORTS, json={"narrative": "other"}, headers=headers)
    assert other.status_code == 409
    assert (
        client.post(
            REPORTS, json=GOOD, headers={"Idempotency-Key": "1"}
        ).status_code
        == 422
    )
    assert count(context) == 1


def test_wrong_methods_say_what_is_allowed(client: FlaskClient) -> None:
    answer = client.get(REPORTS)
    assert answer.status_code == 405 and "POST" in answer.headers["Allow"]
    assert answer.content_type == "application/problem+json"


def test_a_flood_of_reports_is_held_and_a_flood_of_lookups_waits(
    client: FlaskClient, context: Context
) -> None:
    (context.settings.data_dir / "data").mkdir()
    (context.settings.data_dir / "data" / "limits.toml").write_text(
        "window_seconds = 600\nreports_of_one = 2\nreports_of_all = 4\n"
        "lookups_of_one = 1\nadditions_of_one = 1\nform_seconds = 0\n"
        "proof_rounds = 1\nproof_tries = 1\n"
    )
    for address in (
        "192.0.2.1",
        "192.0.2.1",
        "192.0.2.1",
        "192.0.2.2",
        "192.0.2.3",
    ):
        answer = client.post(
            REPORTS, json=GOOD, environ_base={"REMOTE_ADDR": address}
        )
        assert answer.status_code == 201
    with context.database.reading() as session:
        held = session.scalars(
            select(Report.held_for_review).order_by(Report.id)
        ).all()
    assert held == [False, False, True, False, True]
    for verb, more in (("status", {}), ("information", {"text": "x"})):
        body = {"receipt": "0" * 20, **more}
        assert client.post(f"{REPORTS}/{verb}", json=body).status_code == 404
        again = client.post(f"{REPORTS}/{verb}", json=body)
        assert (
            again.status_code == 429 and int(again.headers["Retry-After"]) >= 1
        )


def test_behind_proxies_the_address_they_saw_is_counted(
    context: Context,
) -> None:
    from dataclasses import replace

    from hotline.core.settings import Settings
    from hotline.intake.flood import guard
    from workers.app import create_app

    settings = Settings(
        data_dir=context.settings.data_dir,
        trusted_proxies=1,
        audiences=("public",),
    )
    app = create_app(replace(context, settings=settings))
    for header, seen in (
        ("203.0.113.9, 192.0.2.7", "192.0.2.7"),
        ("", ""),
        ("198.51.100.1", "198.51.100.1"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
        ("2001:db8:0:7::1", "20010db800000007"),
        ("2001:db8:0:7:ffff::2%eth0", "20010db800000007"),
        ("unknown", "unknown"),
    ):
        with app.test_request_context(headers={"X-Forwarded-For": header}):
            assert guard._client_address() == seen


def test_the_document_describes_every_route(
    app: APIFlask, client: FlaskClient
) -> None:
    document = client.get("/api/v1/openapi.json").json
    assert document["openapi"].startswith("3.1")
    routes = {
        (rule.rule, method.lower())
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("api.")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    described = {
        (path, method)
        for path, methods in document["paths"].items()
        for method in methods
    }
    assert described == routes
    schemas = document["components"]["schemas"]
    Draft202012Validator.check_schema(schemas["Submission"])
    answer = client.post(REPORTS, json={"bad": 1})
    problem = Draft202012Validator(
        {"$ref": "#/components/schemas/Problem", **document}
    )
    problem.validate(answer.json)
