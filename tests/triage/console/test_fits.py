"""In each language a page of one's own is no wider than a telephone, with all of it unfolded."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.triage.console.test_keyboard import base, page

__all__ = ["base", "page"]
pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
LANGUAGES = ("en", "sq", "sr-Latn", "sr-Cyrl", "mk")
PAGES = ("queue", "account", "break", "password", "keys")
UNFOLD = """() => {
  for (const part of document.querySelectorAll("main details")) part.open = true
}"""
STICKS_OUT = """() => {
  const names = document.documentElement.scrollWidth > innerWidth ? ["the page"] : []
  const tabs = [...document.querySelectorAll(".tabs")]
  const isWide = innerWidth > 1000
  for (const row of tabs) if (isWide && row.scrollWidth > row.clientWidth) names.push("tabs")
  return names
}"""


@pytest.mark.parametrize("width", [360, 1366])
def test_nothing_sticks_out(page: Page, base: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 768})
    faults = []
    for language in LANGUAGES:
        for name in PAGES:
            page.goto(f"{base}/console/{name}?lang={language}")
            page.evaluate(UNFOLD)
            faults += [
                f"{name} in {language}: {what}"
                for what in page.evaluate(STICKS_OUT)
            ]
    assert faults == []
