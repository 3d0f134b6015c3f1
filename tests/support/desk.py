"""What people at the desk do in a browser: sign in, note people, assess, ask and approve."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from playwright.sync_api import Page

from tests.support.browsing import follow


def sign_in(page: Page, demo: Any, username: str) -> None:
    page.context.clear_cookies()
    page.goto(f"{demo.url}/console/?lang=en")
    page.fill("#username", username)
    page.fill("#password", demo.password(username))
    follow(page, page.get_by_role("button", name="Sign in"))


def list_cases(page: Page, demo: Any, kind: str) -> set[str]:
    """The references of the queue's cases of a kind."""
    page.goto(f"{demo.url}/console/queue?kind={kind}&lang=en")
    return set(page.locator("tbody a[data-row]").all_inner_texts())


def find_new_case(
    page: Page, demo: Any, kind: str, known: Collection[str]
) -> str:
    """The one case that was not among those ``known``, as soon as it is there."""
    (case,) = demo.wait(lambda: list_cases(page, demo, kind) - set(known))
    return str(case)


def open_people(page: Page, demo: Any, case: str) -> None:
    page.goto(f"{demo.url}/console/cases/{case}")
    follow(
        page, page.get_by_role("link", name="People and what leads to them")
    )


def note_found(page: Page, shown: str) -> None:
    """One key at what was found in the words."""
    row = page.locator("article li", has_text=shown)
    follow(page, row.get_by_role("button", name="the reported person"))


def note_facts(page: Page, role: str, facts: Mapping[str, str]) -> None:
    form = page.locator(
        f"form:has([name=role][value={role}]):has([name='fact.when'])"
    ).first
    for name, value in facts.items():
        field = form.locator(f"[name='fact.{name}']")
        if field.evaluate("e => e.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    follow(page, form.get_by_role("button"))


def write_summary(page: Page, office: str, words: str) -> None:
    page.fill(f"#summary-{office}", words)
    form = page.locator(f"form:has(#summary-{office})")
    follow(page, form.get_by_role("button"))


def assess(
    page: Page, demo: Any, case: str, username: str, kind: str, **answers: str
) -> None:
    sign_in(page, demo, username)
    page.goto(f"{demo.url}/console/cases/{case}")
    follow(page, page.get_by_role("button", name="Take this case"))
    page.check("[name=class][value=national]")
    page.select_option("#q-kind", kind)
    for question, answer in answers.items():
        page.check(f"[name={question}][value={answer}]")
    follow(page, page.get_by_role("button", name="Store the assessment"))
    page.locator(".flash", has_text="Your assessment is stored").wait_for()


def ask_for_plan(page: Page, demo: Any, case: str, *labels: str) -> None:
    """``labels``: the beginnings of the names of the routes."""
    sign_in(page, demo, "arta")
    page.goto(f"{demo.url}/console/cases/{case}")
    panel = page.locator("section[aria-labelledby=plan]")
    for label in labels:
        panel.get_by_label(label, exact=False).first.check()
    follow(page, page.get_by_role("button", name="Ask for approval"))


def approve_what_was_read(page: Page, demo: Any, case: str) -> str:
    """The second person reads what each office would be told; returns that."""
    sign_in(page, demo, "besnik")
    page.goto(f"{demo.url}/console/cases/{case}")
    follow(page, page.get_by_role("link", name="Read what would be told"))
    told = page.inner_text("main")
    follow(page, page.get_by_role("button", name="Approve: send it"))
    page.locator("section[aria-labelledby=referrals] article").wait_for()
    return told


def give_address(page: Page, demo: Any, office: str, address: str) -> None:
    """One person enters the address of an office, another one confirms it."""
    words = office.rpartition(" ")[2]
    sign_in(page, demo, "admin")
    page.goto(f"{demo.url}/console/partners?words={words}")
    row = page.locator("tr", has_text=office).first
    row.locator("summary").first.click()
    row.locator("[name=channel]").first.select_option("email")
    row.locator("[name=address]").first.fill(address)
    follow(page, row.get_by_role("button").first)
    sign_in(page, demo, "drita")
    page.goto(f"{demo.url}/console/partners?words={address}")
    follow(page, page.get_by_role("link", name="Look and confirm"))
    follow(page, page.get_by_role("button", name="Confirm the address"))
