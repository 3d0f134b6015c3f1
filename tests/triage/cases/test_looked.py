"""What the case page says of a look: a failure is never told as a finding."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask_babel import Babel

from hotline.core.network import curl_errors
from triage.availability import rules
from triage.cases.pages.evidence.looked import (
    FAILURES,
    MISSED,
    describe_finding,
    list_left_out,
)
from triage.cases.pages.people.read_as import CUTS, list_cuts, read_line
from triage.fetching.report import MediumError
from triage.items.models import Visit
from triage.locations import identify_one
from triage.locations.location import PROBLEMS

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
NOT_A_FAILURE = "names no picture or video"


@pytest.fixture(autouse=True)
def words() -> Iterator[None]:
    app = Flask(__name__)
    Babel(app)
    with app.test_request_context():
        yield


def visit(outcome: str, error: str | None = None, **report: Any) -> Visit:
    return Visit(
        id=uuid.uuid4(),
        at=NOW,
        outcome=outcome,
        status=report.pop("status", None),
        error=error,
        report=report,
    )


def medium(error: str | None, *, hashed: bool = False) -> dict[str, Any]:
    return {"error": error, "fingerprint": {} if hashed else None}


ERRORS = [*FAILURES, None]


def test_every_failure_of_a_visit_has_its_words() -> None:
    named = {
        *curl_errors._SLUGS.values(),
        *curl_errors._PROXY_ANSWERS.values(),
        *rules._OWN_FAILURES,
        *rules._NOT_REACHED,
        *rules._DNS,
        "bad_response",
    }
    assert len(named) > 15
    assert not named - set(FAILURES)


@pytest.mark.parametrize(
    ("outcome", "error"),
    list(itertools.product(["failed", "refused"], ERRORS)),
)
def test_a_visit_that_saw_nothing_says_nothing_of_what_is_there(
    outcome: str, error: str | None
) -> None:
    said = describe_finding(visit(outcome, error))
    assert "could not be looked at" in said
    assert "says nothing about what is there" in said
    assert NOT_A_FAILURE not in said


def test_each_finding_names_what_it_rests_on() -> None:
    assert "status 404" in describe_finding(visit("http_error", status=404))
    assert NOT_A_FAILURE in describe_finding(visit("ok"))
    lost = visit("ok", media=[medium("timeout"), medium("http_error")])
    assert "none of which could be compared" in describe_finding(lost)
    seen = visit(
        "ok", media=[medium(None, hashed=True) | {"fingerprint": {"a": 1}}]
    )
    assert "One picture or video was read" in describe_finding(seen)


def test_what_was_not_looked_at_is_listed_with_its_reason() -> None:
    page = {"styles": 2, "scripts": 1}
    said = list_left_out(
        visit(
            "ok",
            "too_large",
            media=[medium("timeout"), medium("timeout"), medium("drawing")],
            left_out=7,
            page=page,
        )
    )
    assert said == [
        "the page was read in part: it is too large",
        "1 × a drawing (SVG), which has no pixels",
        "2 × its host was too slow",
        "7 more addresses than one visit looks at",
        "2 style sheets were not opened",
        "scripts were not run, nor what only they show looked at",
    ]
    assert list_left_out(visit("ok")) == []


def test_every_reason_of_ours_has_words() -> None:
    assert set(MediumError) - {MediumError.SKIPPED} <= set(MISSED)


def test_every_cut_that_is_told_is_one_that_is_made() -> None:
    assert set(CUTS) <= set(PROBLEMS)


@pytest.mark.parametrize(
    "text",
    [
        "https://a.example/x?utm_source=y",
        "https://user:secret@a.example/x",
        "https://a.example/x\u200by",
        "https://a.example/x;jsessionid=ABCDEF0123456789",
    ],
)
def test_a_cut_in_an_address_is_told(text: str) -> None:
    assert list_cuts(identify_one(text))


def test_a_line_is_told_as_it_was_read(make_context: Any) -> None:
    settings = make_context().settings
    told = read_line("see https://a.example/x?utm_source=y tonight", settings)
    assert told.is_told
    assert told.places == [
        ("https://a.example/x", ["Tracking parameters were removed."])
    ]
    assert told.left_aside == "see tonight"
    assert not read_line("https://a.example/x", settings).is_told
    nothing = read_line("somewhere", settings)
    assert nothing.is_told and nothing.places == []
    with_secret = read_line("https://u:secret@a.example/x", settings)
    assert "secret" not in repr(with_secret)
