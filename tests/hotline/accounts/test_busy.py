"""Sign-ins beyond what a process checks at once are sent away, and hold no thread."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from hotline.accounts.signing_in import passwords
from hotline.core.context import Context
from hotline.core.errors import Busy
from workers.app import create_app


def test_who_finds_no_place_is_told_at_once() -> None:
    with passwords._place(), passwords._place():
        with pytest.raises(Busy):
            passwords.password_matches(None, "whatever it is")
        with pytest.raises(Busy):
            passwords.hash_password("whatever it is")
    assert not passwords.password_matches(None, "whatever it is")


def test_the_page_says_when_to_come_back_and_shows_no_password(
    make_context: Callable[..., Context],
) -> None:
    client = create_app(make_context()).test_client()
    page = client.get("/console/sign-in").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    form = {
        "csrf_token": token[1],
        "username": "arta",
        "password": "what nobody else may see",
    }
    with passwords._place(), passwords._place():
        answer = client.post("/console/sign-in", data=form)
        assert client.get("/report/all").status_code == 200
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "2"
    assert "what nobody else may see" not in answer.text
