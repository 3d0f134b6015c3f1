"""Unknown, expired and mistyped receipts: the same answer for the same work, so in the same time.

Time itself is not measured, since a busy machine would decide such a test: what is compared is the
work, every statement that the database gets and every keyed hash that is computed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.storage.crypto import Vault
from hotline.core.storage.keys.keyring import Keyring
from hotline.intake import service
from hotline.intake.submission import read_submission

NOW = datetime.now(UTC)
WRONG = {
    "unknown": "0000-0000-0000-0000-0000",
    "mistyped": "0000-0000-0000-0000-000",
    "not a code at all": "§ nonsense",
    "empty": "",
    "much too long": "0" * 99,
}
Ask = Callable[[str], tuple[int, bytes, dict[str, str]]]


@pytest.fixture
def expired(context: Context) -> str:
    """The receipt of a report whose time is over, as retention leaves it."""
    with context.database.writing() as session:
        received = service.receive_report(
            session,
            context,
            read_submission({"narrative": "x"}),
            channel="form",
            now=NOW,
        )
        report = service.find_by_receipt(session, context, received.receipt)
        assert report is not None
        for step in ("examined", "closed"):
            assert service.advance_part(
                Act(session, context, "t", NOW), report.parts[0], step
            )
    later = NOW + timedelta(days=context.settings.retention_report_days)
    with context.database.writing() as session:
        assert service.forget_due(session, context, now=later)["reports"] == 1
    return received.receipt


@pytest.fixture
def living(context: Context) -> str:
    with context.database.writing() as session:
        return service.receive_report(
            session,
            context,
            read_submission({"narrative": "x"}),
            channel="form",
            now=NOW,
        ).receipt


@contextmanager
def work(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[str]]:
    """What is done meanwhile, one line for each statement, keyed hash and opened value."""
    done: list[str] = []

    def noted(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        done.append(statement)

    with monkeypatch.context() as patched:
        for owner, name in (
            (Keyring, "macs"),
            (Vault, "open"),
            (Vault, "key_of"),
        ):
            original = getattr(owner, name)

            def counted(
                *args: Any, _original: Any = original, _name: str = name
            ) -> Any:
                done.append(_name)
                return _original(*args)

            patched.setattr(
                owner,
                name,
                staticmethod(counted) if name == "open" else counted,
            )
        event.listen(context.database.engine, "before_cursor_execute", noted)
        yield done
        event.remove(context.database.engine, "before_cursor_execute", noted)


def by_page(client: FlaskClient, url: str, **more: str) -> Ask:
    hidden = re.findall(
        r'<input type="hidden" name="(csrf_token)" value="([^"]*)"',
        client.get("/status").text,
    )

    def ask(receipt: str) -> tuple[int, bytes, dict[str, str]]:
        answer = client.post(
            url, data={**dict(hidden), "receipt": receipt, **more}
        )
        # What was typed stands in its field again, and each page has a token of its own.
        page = re.sub(rb'value="[^"]*"', b"", answer.data)
        return answer.status_code, page, headers_of(answer)

    return ask


def by_api(client: FlaskClient, url: str, **more: str) -> Ask:
    def ask(receipt: str) -> tuple[int, bytes, dict[str, str]]:
        answer = client.post(url, json={"receipt": receipt, **more})
        return answer.status_code, answer.data, headers_of(answer)

    return ask


def headers_of(answer: Any) -> dict[str, str]:
    return {
        k: v
        for k, v in answer.headers.items()
        if k not in ("Content-Length", "Set-Cookie")
    }


@pytest.mark.parametrize(
    ("way", "url", "more"),
    [
        (by_page, "/status", {}),
        (by_page, "/status/information", {"text": "words"}),
        (by_api, "/api/v1/reports/status", {}),
        (by_api, "/api/v1/reports/information", {"text": "words"}),
    ],
)
def test_the_same_answer_for_the_same_work(
    client: FlaskClient,
    context: Context,
    monkeypatch: pytest.MonkeyPatch,
    expired: str,
    living: str,
    way: Callable[..., Ask],
    url: str,
    more: dict[str, str],
) -> None:
    ask = way(client, url, **more)
    ask(WRONG["unknown"])  # what is done once a process is done now
    seen = {}
    for name, receipt in {**WRONG, "expired": expired}.items():
        with work(context, monkeypatch) as done:
            seen[name] = (*ask(receipt), tuple(done))
    assert seen["unknown"][0] == 404 and "macs" in seen["unknown"][3]
    assert any("receipt_mac" in line for line in seen["unknown"][3])
    for name, answer in seen.items():
        assert answer == seen["unknown"], name
    with work(context, monkeypatch) as done:
        status, *_ = ask(living)
    assert status in (200, 204)
    assert (
        tuple(done) != seen["unknown"][3]
    )  # this test can tell work from work
