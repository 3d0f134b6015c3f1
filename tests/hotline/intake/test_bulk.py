"""Bulk: each line answered for itself, keys with scopes and quotas, stored once."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import (
    Conflict,
    HotlineError,
    InvalidInput,
    NotFound,
    TooMany,
)
from hotline.intake import service
from hotline.intake.api import bulk, keys
from hotline.intake.models import ApiKey, Report
from hotline.intake.strict_json import Malformed
from hotline.intake.submission import Submission

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
URL = "/api/v1/reports/bulk"


def make_key(
    context: Context, name: str = "app", quota: int = 100, *scopes: str
) -> str:
    with context.database.writing() as session:
        return keys.create_key(
            Act(session, context, "person:x", NOW),
            name,
            scopes=scopes or keys.SCOPES,
            daily_quota=quota,
        )


def send(
    client: FlaskClient,
    key: str | None,
    body: bytes,
    kind: str = bulk.NDJSON,
    **headers: str,
) -> TestResponse:
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    return client.post(URL, data=body, content_type=kind, headers=headers)


def answers(response: TestResponse) -> list[dict[str, object]]:
    assert response.status_code == 200, response.text
    return [json.loads(line) for line in response.text.splitlines()]


def count(context: Context) -> int:
    with context.database.reading() as session:
        return session.scalar(select(func.count()).select_from(Report)) or 0


def test_each_line_is_answered(client: FlaskClient, context: Context) -> None:
    key = make_key(context)
    body = (
        b'{"narrative":"one"}\n{"narrative":5}\n\nnot json\n'
        b'{"locations":["x"],"danger_now":true}'
    )
    first, second, third, fourth = answers(send(client, key, body))
    assert second["problem"]["errors"][0]["pointer"] == "/narrative"  # type: ignore[index]
    assert third["problem"]["status"] == 400  # type: ignore[index]
    assert [line["line"] for line in (first, second, third, fourth)] == [
        1,
        2,
        3,
        4,
    ]
    with context.database.reading() as session:
        for line, urgent in ((first, False), (fourth, True)):
            found = service.find_by_receipt(
                session, context, str(line["receipt"])
            )
            assert found is not None
            assert (found.source, found.channel, found.danger_now) == (
                "app",
                "api",
                urgent,
            )


def test_sent_twice_with_a_key_of_its_own_is_stored_once(
    client: FlaskClient, context: Context
) -> None:
    key = make_key(context)
    headers = {"Idempotency-Key": "9a1b0c4e-1111-2222-3333-444455556666"}
    first = send(client, key, b'{"narrative":"one"}', **headers)
    assert (
        send(client, key, b'{"narrative":"one"}', **headers).data == first.data
    )
    assert (
        send(client, key, b'{"narrative":"two"}', **headers).status_code == 409
    )
    assert count(context) == 1


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{}\n", "application/json", 415),
        (b"\n", bulk.NDJSON, 400),
        (b"\xff\n", bulk.CSV, 400),
        (b"", bulk.CSV, 411),
        (b"nonsense,url\n1,2", bulk.CSV, 422),
        (b"url,url\n1,2", bulk.CSV, 422),
        (b"kind\np2p", bulk.CSV, 422),
        (b'url,narrative\n"a', bulk.CSV, 400),
        (b'{"narrative":"x"}\n' * 10_001, bulk.NDJSON, 422),
    ],
)
def test_bodies_that_cannot_be_read(
    client: FlaskClient, context: Context, body: bytes, kind: str, status: int
) -> None:
    assert send(client, make_key(context), body, kind).status_code == status
    assert count(context) == 0


def test_a_key_is_needed_and_its_scope_counts(
    client: FlaskClient, context: Context
) -> None:
    body = b'{"narrative":"x"}'
    refused = [
        send(client, None, body),
        send(client, "hotline_wrong", body),
        send(client, "", body),
        client.post(
            URL,
            data=body,
            content_type=bulk.NDJSON,
            headers={"Authorization": "Basic x"},
        ),
    ]
    for response in refused:
        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"] == "Bearer"
    assert len({response.data for response in refused}) == 1
    assert (
        send(client, make_key(context, "one", 5, "reports"), body).status_code
        == 403
    )
    revoked = make_key(context, "two")
    with context.database.writing() as session:
        keys.revoke_key(Act(session, context, "person:x", NOW), "two")
        with pytest.raises(NotFound):
            keys.revoke_key(Act(session, context, "person:x", NOW), "three")
    assert send(client, revoked, body).status_code == 401
    assert count(context) == 0


def test_a_quota_is_all_or_nothing_and_begins_anew_each_day(
    client: FlaskClient, context: Context
) -> None:
    key = make_key(context, "app", 3)
    assert send(client, key, b'{"narrative":"x"}\n' * 4).status_code == 429
    assert len(answers(send(client, key, b'{"narrative":"x"}\n' * 2))) == 2
    report = {
        "json": {"narrative": "x"},
        "headers": {"Authorization": f"Bearer {key}"},
    }
    assert client.post("/api/v1/reports", **report).status_code == 201  # type: ignore[arg-type]
    refused = client.post("/api/v1/reports", **report)  # type: ignore[arg-type]
    assert (
        refused.status_code == 429
        and 0 < int(refused.headers["Retry-After"]) <= 86_401
    )
    assert count(context) == 3
    quotas, sender = keys.Quotas(), sender_of(context, key)
    with context.database.writing() as session:
        later = datetime.now(UTC)
        with pytest.raises(TooMany):
            quotas.spend(session, sender, 1, later)
        quotas.spend(session, sender, 3, later + timedelta(days=1))


def test_a_second_try_costs_no_quota(
    client: FlaskClient, context: Context
) -> None:
    key, body = make_key(context, "app", 3), b'{"narrative":"x"}\n' * 2
    tries = {"Idempotency_Key": "0123456789abcdef-bulk"}
    first, second = (send(client, key, body, **tries) for _ in range(2))
    assert (
        first.status_code == second.status_code == 200
        and first.data == second.data
    )
    single = {
        "json": {"narrative": "x"},
        "headers": {
            "Authorization": f"Bearer {key}",
            "Idempotency-Key": "0123456789abcdef-one",
        },
    }
    answered = [client.post("/api/v1/reports", **single) for _ in range(3)]  # type: ignore[arg-type]
    assert [each.status_code for each in answered] == [201, 201, 201]
    assert len({each.data for each in answered}) == 1
    assert send(client, key, body).status_code == 429 and count(context) == 3


def sender_of(context: Context, key: str) -> keys.Sender:
    return keys.authenticate_sender(context, f"Bearer {key}", "bulk")


def used(context: Context) -> int:
    with context.database.reading() as session:
        return session.scalars(select(ApiKey)).one().used


def test_of_a_large_quota_a_thousandth_is_taken_in_advance(
    context: Context,
) -> None:
    sender = sender_of(context, make_key(context, "app", 2_000))
    quotas, of_another_process = keys.Quotas(), keys.Quotas()

    def spend(whose: keys.Quotas, reports: int) -> None:
        with context.database.writing() as session:
            whose.spend(session, sender, reports, NOW)

    spend(quotas, 1)
    assert used(context) == 3, "one, and two in advance"
    spend(quotas, 1)
    spend(quotas, 1)
    assert used(context) == 3, "paid from the advance"
    spend(quotas, 10)
    assert used(context) == 15
    spend(of_another_process, 1_985)
    assert used(context) == 2_000, (
        "nothing in advance where that would be too much"
    )
    spend(quotas, 2)
    for whose in (quotas, of_another_process):
        with pytest.raises(TooMany):
            spend(whose, 1)
    with context.database.writing() as session:
        quotas.spend(session, sender, 2_000, NOW + timedelta(days=1))


def test_what_stores_nothing_new_is_not_paid_from_the_advance(
    client: FlaskClient, context: Context
) -> None:
    key = make_key(context, "app", 2_000)

    def post(idempotency_key: str, narrative: str = "x") -> int:
        headers = {
            "Authorization": f"Bearer {key}",
            "Idempotency-Key": idempotency_key,
        }
        body = {"narrative": narrative}
        return client.post(
            "/api/v1/reports", json=body, headers=headers
        ).status_code

    one = "0123456789abcdef-one"
    assert post(one) == 201 and used(context) == 3, "one, and two in advance"
    assert [post(one) for _ in range(4)] == [201] * 4
    assert [post(one, "another") for _ in range(4)] == [409] * 4
    assert [post("short") for _ in range(4)] == [422] * 4
    assert [post(f"{one}-{n}") for n in range(2)] == [201, 201] and used(
        context
    ) == 3
    assert (
        post(f"{one}-3") == 201 and used(context) == 6 and count(context) == 4
    )


def test_what_was_not_stored_was_not_taken_in_advance(
    context: Context,
) -> None:
    sender, quotas = (
        sender_of(context, make_key(context, "app", 5_000)),
        keys.Quotas(),
    )
    with pytest.raises(RuntimeError), context.database.writing() as session:
        quotas.spend(session, sender, 1, NOW)
        raise RuntimeError
    assert used(context) == 0
    with context.database.writing() as session:
        quotas.spend(session, sender, 1, NOW)
    assert used(context) == 6, (
        "the failed transaction left no advance to spend from"
    )


def test_keys_are_named_once_and_not_kept(context: Context) -> None:
    key = make_key(context)
    with pytest.raises(Conflict):
        make_key(context)
    with pytest.raises(InvalidInput):
        make_key(context, "other", 5, "everything")
    with context.database.reading() as session:
        (stored,) = keys.list_keys(session)
        assert key.encode() not in stored.mac and stored.name == "app"


def texts(body: str) -> list[Submission | HotlineError]:
    return [line for _, line in bulk.read_lines(body.encode(), bulk.CSV)]


def test_csv_with_our_columns() -> None:
    first, second, third, fourth = texts(
        "location,narrative,danger_now,kind\n"
        'https://a.example/x,"two\nlines, ""quoted""",yes,csam_video\n'
        ",only words,,\n"
        ",,,\n"
        "a,b,maybe,\n"
        "a,b\n"
    )
    assert isinstance(first, Submission) and isinstance(second, Submission)
    assert first.locations == ["https://a.example/x"]
    assert first.narrative == 'two\nlines, "quoted"'
    assert (first.danger_now, first.kind) == (True, "csam_video")
    assert (second.locations, second.narrative) == ([], "only words")
    assert isinstance(third, InvalidInput) and "/danger_now" in third.fields
    assert isinstance(fourth, Malformed)


def test_csv_with_the_columns_of_scart() -> None:
    (line,) = texts(
        "\ufeffurl;referer;workuser-email;reference;source;type\r\n"
        "https://a.example/1.jpg;https://b.example/;desk@h.test;R-17;police;website\r\n"
    )
    assert isinstance(line, Submission)
    assert line.locations == ["https://a.example/1.jpg"]
    assert line.contact == "desk@h.test"
    assert line.narrative == (
        "referer: https://b.example/\nreference: R-17\nsource: police\ntype: website"
    )
