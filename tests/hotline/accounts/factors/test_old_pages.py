"""A page that was opened before another person acted is answered in the reader's words."""

from __future__ import annotations

import re

import pytest

from tests.hotline.accounts.factors.conftest import House

ASKED = re.compile(r"/console/people/asked/[0-9a-f-]{36}")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Somebody was quicker, or it was done already."),
        ("sq", "Dikush ishte më i shpejtë"),
        ("sr-Latn", "Neko je bio brži"),
        ("mk", "Некој беше побрз"),
    ],
)
def test_taking_back_what_was_done_already(
    house: House, language: str, words: str
) -> None:
    first, second = house.enrolled("first"), house.enrolled("second")
    first.post("/console/people/ana/disable", why="She leaves.")
    found = ASKED.search(first.get("/console/people").text)
    assert found
    assert second.post(f"{found[0]}/approve").status_code == 303
    first.get("/console/people", lang=language)
    assert first.post(f"{found[0]}/refuse").status_code == 303
    page = first.client.get("/console/people").text
    assert words in page and "person_request" not in page


def test_whoever_asked_is_told_so_in_their_language(house: House) -> None:
    first = house.enrolled("first")
    first.post("/console/people/ana/disable", why="She leaves.")
    found = ASKED.search(first.get("/console/people", lang="sq").text)
    assert found
    refused = first.post(f"{found[0]}/approve")
    assert refused.status_code == 403
    assert "Kush e ka kërkuar këtë, nuk mund ta miratojë." in refused.text
