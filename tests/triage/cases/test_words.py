"""None, one, two and many, in words."""

from __future__ import annotations

import pytest
from flask import Flask
from flask_babel import Babel

from triage.cases.pages.words import said_before, seen_elsewhere


@pytest.fixture(autouse=True)
def english() -> object:
    app = Flask("words")
    Babel(app, default_locale="en")
    with app.test_request_context():
        yield


@pytest.mark.parametrize(
    ("confirmed", "disconfirmed", "words"),
    [
        (0, 0, ""),
        (1, 0, "confirmed once"),
        (2, 0, "confirmed twice"),
        (3, 0, "confirmed 3 times"),
        (0, 1, "disconfirmed once"),
        (0, 2, "disconfirmed twice"),
        (1, 12, "confirmed once, disconfirmed 12 times"),
    ],
)
def test_what_people_said(
    confirmed: int, disconfirmed: int, words: str
) -> None:
    assert said_before(confirmed, disconfirmed) == words


@pytest.mark.parametrize(
    ("total", "removed", "words"),
    [
        (1, 0, "Seen at one other location, not removed there"),
        (1, 1, "Seen at one other location, removed there"),
        (2, 0, "Seen at 2 other locations, none removed"),
        (2, 1, "Seen at 2 other locations, 1 removed"),
        (2, 2, "Seen at 2 other locations, all removed"),
        (14, 9, "Seen at 14 other locations, 9 removed"),
    ],
)
def test_where_else_it_is(total: int, removed: int, words: str) -> None:
    assert seen_elsewhere(total, removed) == words
