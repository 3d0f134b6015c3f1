"""The console in each language: offered to everybody, and every page of it can be made."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.triage.console.conftest import Browser

LANGUAGES = {
    "en": "There is no such case.",
    "sq": "Nuk ka rast të tillë.",
    "sr-Latn": "Takav predmet ne postoji.",
    "sr-Cyrl": "Такав предмет не постоји.",
    "mk": "Таков предмет не постои.",
}


@pytest.mark.parametrize("code", LANGUAGES)
def test_pages_are_offered_and_made_in_each_language(
    code: str,
    browse: Callable[[str], Browser],
    make_case: Callable[..., str],
) -> None:
    reference = make_case()
    analyst = browse("analyst")
    for path in ("/console/queue", f"/console/cases/{reference}"):
        answer = analyst.get(path, lang=code)
        assert answer.status_code == 200
        assert f'<html lang="{code}"' in answer.text
        assert all(f'hreflang="{other}"' in answer.text for other in LANGUAGES)


@pytest.mark.parametrize(("code", "said"), LANGUAGES.items())
def test_an_error_is_said_in_the_language_of_the_page(
    code: str, said: str, browse: Callable[[str], Browser]
) -> None:
    page = browse("analyst").get("/console/cases/2026-99999", lang=code)
    assert page.status_code == 404
    marked = ' lang="en"' if code == "en" else ""
    assert f"<p{marked}>{said}</p>" in page.text
