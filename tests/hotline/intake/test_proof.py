"""The proof of work: what counts, what does not, and that neither loses a report."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import altcha
import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from sqlalchemy import func, select

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.intake import service
from hotline.intake.flood import guard, proof
from hotline.intake.flood.limits import Counters, Limits
from hotline.intake.models import Report, SpentProof

KEYS = proof.Secrets(b"c" * 32, b"s" * 32)
REPORTS = "/api/v1/reports"
GOOD = {"narrative": "seen"}
ADDRESS = "203.0.113.77"


def solve(challenge: dict[str, Any]) -> str:
    """As an app's ALTCHA library would."""
    read = altcha.Challenge.from_dict(challenge)
    found = altcha.solve_challenge(read)
    assert found is not None
    return altcha.Payload(read, found).to_base64()


def altered(solution: str, change: Callable[[dict[str, Any]], None]) -> str:
    payload = json.loads(base64.b64decode(solution))
    change(payload)
    return base64.b64encode(json.dumps(payload).encode()).decode()


def challenge(now: datetime | None = None) -> dict[str, Any]:
    return proof.new_challenge(
        KEYS, rounds=1, tries=2, now=now or datetime.now(UTC)
    )


# the pure part


def test_a_right_solution_has_its_challenges_name() -> None:
    one, other = challenge(), challenge()
    assert proof.name_of(KEYS, solve(one)) == one["signature"].encode()
    assert proof.name_of(KEYS, solve(one)) != proof.name_of(KEYS, solve(other))


def test_the_work_is_bounded_on_both_sides() -> None:
    for _ in range(20):
        given = proof.new_challenge(
            KEYS, rounds=1, tries=50, now=datetime.now(UTC)
        )
        found = altcha.solve_challenge(altcha.Challenge.from_dict(given))
        assert found is not None and 50 <= found.counter < 100


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p["solution"].update(derivedKey="00" * 32),
        lambda p: p["solution"].update(derivedKey=None),
        lambda p: p["challenge"].update(signature="0" * 64),
        lambda p: p["challenge"].pop("signature"),
        lambda p: p["challenge"]["parameters"].update(expiresAt=2**40),
        lambda p: p["challenge"]["parameters"].update(cost=2),
        lambda p: p["challenge"]["parameters"].update(keySignature=None),
        lambda p: p["challenge"]["parameters"].pop("keySignature"),
        lambda p: p.pop("solution"),
        lambda p: p.update(challenge=[]),
        lambda p: p.update(challenge={"parameters": []}),
    ],
)
def test_what_was_altered_proves_nothing(
    change: Callable[[dict[str, Any]], None],
) -> None:
    solution = solve(challenge())
    assert proof.name_of(KEYS, solution)
    assert proof.name_of(KEYS, altered(solution, change)) is None


@pytest.mark.parametrize(
    "text", ["", "x", "é", "e30=", "W10=", "bnVsbA==", "A" * 3_000, "[" * 999]
)
def test_what_is_no_solution_proves_nothing(text: str) -> None:
    assert proof.name_of(KEYS, text) is None
    assert (
        proof.name_of(KEYS, base64.b64encode(text.encode()).decode()) is None
    )


def test_a_solution_is_good_for_a_day_and_for_this_instance_alone() -> None:
    now = datetime.now(UTC)
    assert proof.name_of(KEYS, solve(challenge(now - timedelta(hours=23))))
    assert (
        proof.name_of(KEYS, solve(challenge(now - timedelta(hours=25))))
        is None
    )
    stranger = proof.Secrets(b"x" * 32, b"s" * 32)
    assert proof.name_of(stranger, solve(challenge())) is None


# what it changes


@pytest.fixture
def flood(app: APIFlask) -> Iterator[None]:
    """No report, look-up or addition is within the limits."""
    limits = Limits(600, 0, 0, 0, 0, 3600, 1, 1)
    app.extensions["hotline.intake.flood.guard"] = guard.Guard(
        limits, Counters(600)
    )
    yield


def solved(client: FlaskClient) -> str:
    answer = client.get("/api/v1/challenge")
    assert (
        answer.status_code == 200
        and answer.headers["Cache-Control"] == "no-store"
    )
    return solve(answer.json)


def held(context: Context) -> list[bool]:
    with context.database.reading() as session:
        return list(
            session.scalars(select(Report.held_for_review).order_by(Report.id))
        )


def report(client: FlaskClient, solution: str | None = None) -> Any:
    headers = {} if solution is None else {"Proof-Of-Work": solution}
    answer = client.post(REPORTS, json=GOOD, headers=headers)
    assert answer.status_code == 201
    return answer


def test_the_challenge_is_what_the_document_says(client: FlaskClient) -> None:
    document = client.get("/api/v1/openapi.json").json
    shape = Draft202012Validator(
        {"$ref": "#/components/schemas/Challenge", **document}
    )
    given = client.get("/api/v1/challenge").json
    shape.validate(given)
    assert not shape.is_valid({**given, "more": 1})


@pytest.mark.usefixtures("flood")
def test_in_a_flood_a_proof_lets_one_report_through_once(
    client: FlaskClient, context: Context
) -> None:
    solution = solved(client)
    for given in (None, "", "wrong", solution, solution):
        report(client, given)
    assert held(context) == [True, True, True, False, True]


def test_without_a_flood_no_proof_is_needed_or_used_up(
    client: FlaskClient, context: Context
) -> None:
    solution = solved(client)
    report(client)
    report(client, solution)
    assert held(context) == [False, False]
    with context.database.reading() as session:
        assert (
            session.scalar(select(func.count()).select_from(SpentProof)) == 0
        )


@pytest.mark.usefixtures("flood")
def test_a_repeated_report_is_the_first_one_whatever_became_of_its_proof(
    client: FlaskClient, context: Context
) -> None:
    headers = {
        "Proof-Of-Work": solved(client),
        "Idempotency-Key": "0123456789abcdef",
    }
    first, second = (
        client.post(REPORTS, json=GOOD, headers=headers) for _ in range(2)
    )
    assert first.json == second.json and held(context) == [False]


@pytest.mark.usefixtures("flood")
def test_a_proof_lets_a_look_up_and_an_addition_through(
    client: FlaskClient,
) -> None:
    receipt = report(client).json["receipt"]
    for verb, more, code in (
        ("status", {}, 200),
        ("information", {"text": "x"}, 204),
    ):
        body = {"receipt": receipt, **more}
        assert client.post(f"{REPORTS}/{verb}", json=body).status_code == 429
        headers = {"Proof-Of-Work": solved(client)}
        assert (
            client.post(
                f"{REPORTS}/{verb}", json=body, headers=headers
            ).status_code
            == code
        )
        assert (
            client.post(
                f"{REPORTS}/{verb}", json=body, headers=headers
            ).status_code
            == 429
        )


@pytest.mark.usefixtures("flood")
def test_the_form_s_proof_travels_with_its_answers(
    person: Any, client: FlaskClient, context: Context
) -> None:
    person.send("/report/more", narrative="slow", proof=solved(client))
    assert (
        person.fields(client.get("/report/contact").text).get("proof") is None
    )
    answer = person.send(
        "/report/check"
    )  # the page has it from the answers so far
    assert answer.status_code == 200 and "Very many" not in answer.text
    assert held(context) == [False]
    person.send("/report/more", narrative="without")
    assert "mos na prisni" in person.send("/report/check").text
    assert held(context) == [False, True]


@pytest.mark.usefixtures("flood")
def test_whatever_a_trapped_robot_proves_it_is_held(
    person: Any, client: FlaskClient, context: Context
) -> None:
    person.send(
        "/report/all", narrative="x", website="y", proof=solved(client)
    )
    assert held(context) == [True]


@pytest.mark.usefixtures("flood")
def test_the_status_says_that_a_report_is_held(
    client: FlaskClient, context: Context
) -> None:
    receipt = report(client).json["receipt"]
    with context.database.writing() as session:
        found = service.find_by_receipt(session, context, receipt)
        assert found is not None
        assert service.status_of(session, context, found).held
        service.advance_part(
            Act(session, context, "t", datetime.now(UTC)),
            found.parts[0],
            "examined",
        )
        assert not service.status_of(session, context, found).held


@pytest.mark.usefixtures("flood")
def test_words_that_are_refused_for_now_come_back(
    person: Any, client: FlaskClient
) -> None:
    receipt = report(client).json["receipt"]
    page = person.send("/status", receipt=receipt, proof=solved(client)).text
    hidden = person.fields(page) | {"text": "a long story"}
    answer = client.post("/status/information", data=hidden)
    assert answer.status_code == 429 and "a long story" in answer.text
    again = person.fields(answer.text)
    sent = {
        "receipt": receipt,
        "text": "a long story",
        "proof": solved(client),
    }
    assert 'action="/status/information"' in answer.text
    assert (
        client.post("/status/information", data=again | sent).status_code
        == 200
    )


@pytest.mark.usefixtures("flood")
def test_nothing_of_the_visitor_is_kept_with_a_spent_proof(
    client: FlaskClient, context: Context
) -> None:
    solution = solved(client)
    sent = client.post(
        REPORTS,
        json=GOOD,
        headers={"Proof-Of-Work": solution},
        environ_base={"REMOTE_ADDR": ADDRESS},
    )
    assert sent.status_code == 201
    with context.database.writing() as session:
        spent = session.scalars(select(SpentProof)).one()
        assert len(spent.mac) == 32 and spent.mac.hex() not in solution
        assert {c.name for c in SpentProof.__table__.columns} == {
            "id",
            "mac",
            "expires_at",
        }
        late = spent.expires_at
        assert (
            late.minute,
            late.second,
            late.microsecond,
            spent.id.version,
        ) == (
            0,
            0,
            0,
            4,
        )
        assert (
            service.forget_due(session, context, now=late)["spent_proofs"] == 1
        )


def test_somebody_quick_is_a_robot_only_without_a_proof_or_earlier_pages(
    app: APIFlask,
    person: Any,
    client: FlaskClient,
    context: Context,
    monkeypatch: Any,
) -> None:
    limits = Limits(600, 99, 99, 99, 99, 2, 1, 1)
    app.extensions["hotline.intake.flood.guard"] = guard.Guard(
        limits, Counters(600)
    )
    person.send("/report/all", narrative="quick")
    person.send("/report/all", narrative="quick", proof=solved(client))
    assert held(context) == [True, False]
    with monkeypatch.context() as patched:
        earlier = time.time() - 30
        patched.setattr(time, "time", lambda: earlier)
        person.send("/report/more", narrative="typed half a minute ago")
    page = person.fields(
        client.get("/report/check").text
    )  # issued this very moment
    assert client.post("/report/check", data=page | GOOD).status_code == 200
    assert held(context) == [True, False, False]
