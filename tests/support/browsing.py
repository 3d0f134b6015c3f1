"""Going from page to page in a real browser, without reading the page that is left."""

from __future__ import annotations

from playwright.sync_api import Locator, Page

from hotline.intake.flood.limits import load_limits


def follow(page: Page, target: str | Locator) -> None:
    """Click what leads to another page, and wait until that page has come.

    A click alone returns before the answer is here: a form that first works out
    its proof is sent later, and what asks the page at once reads the old one.
    """
    with page.expect_navigation():
        if isinstance(target, str):
            page.click(target)
        else:
            target.click()


def go_on_to(page: Page, question: str) -> None:
    """Go on through the form, leaving its pages as they are, until ``question`` is there."""
    while not page.locator(question).count():
        follow(page, "main form >> nth=0 >> button.button >> nth=0")


def send_report(page: Page) -> str:
    """Leave what is left of the form as it is, and send it; returns the receipt's code.

    As slowly as a person: what comes back sooner is held as a machine's, and told so.
    """
    page.wait_for_timeout(1000 * load_limits().form_seconds)
    go_on_to(page, "#receipt")
    return page.inner_text("#receipt")
