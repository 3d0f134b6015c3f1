"""The walk of the README, in a real browser, through the real demo: from a report to a removal.

The steps are one test, because each begins where the one before it ended.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.support.browsing import follow
from workers.demo import world

pytestmark = pytest.mark.browser

FRESH = world.PAGES[7]
HOST = world.ABUSE_DESKS["127.0.0.2"][3]
FORWARDED = world.PAGES[2]
CONTINUE = "main form >> nth=0 >> button.button"
NOTE = "The same wallpaper as in an older case."


@dataclass
class Walk:
    """What the walker carries from step to step."""

    demo: Any
    new: Callable[..., Any]
    location: str
    receipt: str = ""
    case: str = ""
    reached: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.reporter, self.desk = self.new(), self.new()
        self.office, self.host = self.new(), self.new()

    def now(self, place: str) -> None:
        """Remember how many seconds after the start of the demo a place was reached."""
        self.reached[place] = round(time.monotonic() - self.demo.begun, 1)


@pytest.mark.timeout(600)
def test_from_a_report_to_a_verified_removal(
    demo: Any, visitor: Any, record_property: Callable[[str, object], None]
) -> None:
    walk = Walk(demo, visitor, demo.address(FRESH))
    walk.now("ready")
    for step in (
        make_a_report,
        find_the_case,
        assess_it,
        assess_it_blind,
        ask_for_a_plan,
        approve_the_plan,
        police_release,
        confirm_the_contact,
        host_answers,
        nothing_closes_by_word,
        host_takes_it_down,
        reporter_is_told,
    ):
        step(walk)
        walk.now(step.__name__)
    assert list(walk.reached)[-1] == "reporter_is_told"
    print("Seconds after the start:", walk.reached)
    record_property("seconds after the start", walk.reached)


def make_a_report(walk: Walk) -> None:
    one, page = walk.reporter, walk.reporter.page
    page.goto(f"{walk.demo.url}/?lang=en")
    one.look("start", narrow=True)
    one.show("01-start")
    follow(page, page.get_by_role("link", name="Make a report"))
    page.fill("#locations", walk.location)
    one.look("where", narrow=True)
    one.show("02-report")
    follow(page, CONTINUE)
    for answer in (
        "[value=csam_image]",
        "[value=public]",
        "[name=danger_now][value=no]",
    ):
        page.check(answer)
        one.look(answer, narrow=True)
        follow(page, CONTINUE)
    page.fill(
        "#narrative", "A link in a group chat led there. I closed it at once."
    )
    one.look("more", narrow=True)
    follow(page, CONTINUE)
    one.look("contact", narrow=True)
    follow(page, CONTINUE)
    one.look("check", narrow=True)
    follow(page, page.get_by_role("button", name="Send the report"))
    walk.receipt = page.inner_text("#receipt")
    one.look("receipt", narrow=True)
    one.show("03-receipt")
    shown_once(walk.receipt, one)


def shown_once(receipt: str, one: Any) -> None:
    """After its page the receipt is nowhere: in no address, cookie, store or page."""
    page = one.page
    assert receipt not in page.url
    follow(page, page.get_by_role("link", name="I have kept the code"))
    one.look("kept", narrow=True)
    kept = page.evaluate(
        "JSON.stringify([{...localStorage}, {...sessionStorage}])"
    )
    kept += str(one.context.cookies()) + page.url + page.content()
    for path in ("/report", "/status"):
        page.goto(page.url.rsplit("/report", 1)[0] + path)
        kept += page.url + page.content()
    assert receipt not in kept


def sign_in(walk: Walk, username: str) -> Page:
    page: Page = walk.desk.page
    page.goto(f"{walk.demo.url}/console/?lang=en")
    walk.desk.look("sign-in")
    page.fill("#username", username)
    page.fill("#password", walk.demo.password(username))
    follow(page, page.get_by_role("button", name="Sign in"))
    page.get_by_role("button", name="Sign out").wait_for()
    return page


def sign_out(page: Page) -> None:
    """The page that one was on is closed to the next person."""
    left = page.url
    follow(page, page.get_by_role("button", name="Sign out"))
    page.goto(left)
    assert page.locator("#password").is_visible()


def find_the_case(walk: Walk) -> None:
    page = sign_in(walk, "arta")
    walk.desk.see(defanged(walk.location))
    walk.desk.look("queue")
    walk.desk.show_in_each_language("04-queue")
    row = page.locator("tbody tr", has_text=defanged(walk.location))
    assert "it may be new" in row.inner_text()
    follow(page, row.locator("a[data-row]"))
    walk.case = page.inner_text("h1")
    assert page.locator("img").count() == 0
    assert "AS64500" in page.inner_text("dl.facts >> nth=0")
    walk.desk.look("case")


def defanged(location: str) -> str:
    """As the queue shows it: nobody opens it by a slip of the hand."""
    host, rest = location.removeprefix("http://").split(":", 1)
    return f"{host.replace('.', '[.]')}:{rest}"


def fill_in(page: Page, note: str) -> None:
    follow(page, page.get_by_role("button", name="Take this case"))
    page.check("[name=class][value=baseline]")
    page.select_option("#q-kind", "csam_image")
    page.check("[name=age][value=pre_pubescent]")
    page.check("[name=gender][value=not_determined]")
    page.fill("#note", note)


def assess_it(walk: Walk) -> None:
    page: Page = walk.desk.page
    fill_in(page, NOTE)
    walk.desk.look("assessment")
    page.locator(".doing").evaluate("column => column.scrollTop = 0")
    walk.desk.show_in_each_language("05-case")
    follow(page, page.get_by_role("button", name="Store the assessment"))
    page.get_by_text("You have assessed this case").wait_for()
    sign_out(page)


def assess_it_blind(walk: Walk) -> None:
    page = sign_in(walk, "besnik")
    page.goto(f"{walk.demo.url}/console/queue?tab=second_assessment")
    assert_blind(page)
    page.goto(case_page(walk))
    page.get_by_role("button", name="Take this case").wait_for()
    assert_blind(page)
    fill_in(page, "")
    page.get_by_role("heading", name="Second assessment (blind)").wait_for()
    assert_blind(page)
    assert page.locator(".doing input[type=radio]:checked").count() > 0
    walk.desk.look("second assessment")
    follow(page, page.get_by_role("button", name="Store the assessment"))
    page.locator(".headline", has_text="To plan").wait_for()
    assert NOTE in page.content()  # now they may speak about it
    sign_out(page)


def assert_blind(page: Page) -> None:
    """Neither who assessed nor what was answered is on the page, not even in its source."""
    source = page.content()
    assert not re.search(r"\barta\b", source, re.IGNORECASE)
    assert NOTE not in source
    assert 'value="pre_pubescent" checked' not in source


def case_page(walk: Walk) -> str:
    return f"{walk.demo.url}/console/cases/{walk.case}"


def ask_for_a_plan(walk: Walk) -> None:
    page = sign_in(walk, "arta")
    page.goto(case_page(walk))
    panel = page.locator("section[aria-labelledby=plan]")
    panel.get_by_label("Police", exact=False).first.check()
    panel.get_by_label("Notice to the host", exact=False).first.check()
    follow(page, page.get_by_role("button", name="Ask for approval"))
    page.get_by_text("Another person must approve it.").wait_for()
    approve = page.get_by_role("button", name="Approve: send it")
    assert approve.count() == 0
    walk.desk.look("own plan")
    # The button is missing; sending what it would send is refused as well.
    refuse = page.locator("form[action$='/refuse']")
    refused = walk.desk.context.request.post(
        walk.demo.url
        + str(refuse.get_attribute("action")).replace("/refuse", "/approve"),
        form={"csrf_token": refuse.locator("[name=csrf_token]").input_value()},
    )
    assert refused.status == 403
    page.reload()
    page.get_by_text("waits for approval", exact=True).wait_for()
    sign_out(page)


def approve_the_plan(walk: Walk) -> None:
    page = sign_in(walk, "besnik")
    page.goto(case_page(walk))
    walk.desk.look("plan")
    walk.desk.show_in_each_language("06-plan", "#plan")
    follow(page, page.get_by_role("button", name="Approve: send it"))
    walk.demo.wait(lambda: walk.demo.messages(world.POLICE, walk.location))
    walk.desk.see("Held by the police")
    sandbox: Page = walk.office.page
    sandbox.goto(walk.demo.sandbox)
    sandbox.locator("summary", has_text=walk.case).click()
    walk.office.look("sandbox", narrow=True)
    walk.office.show("07-inbox", "h2 >> nth=1")
    walk.desk.look("held case")
    assert not walk.demo.messages(HOST, walk.location)


def police_release(walk: Walk) -> None:
    page: Page = walk.office.page
    follow(page, page.locator("details[open] a"))
    page.goto(f"{page.url}?lang=en")
    page.get_by_text("Release the hold").first.click()  # opens what is folded
    walk.office.look("referral", narrow=True)
    walk.office.show("08-hold")
    page.check("[name=confirm]")
    follow(page, page.get_by_role("button", name="Release the hold"))
    page.locator("#hold + dl", has_text="Released").wait_for()
    walk.desk.see("Waits for a confirmed contact")
    assert not walk.demo.messages(HOST, walk.location)
    sign_out(walk.desk.page)


def confirm_the_contact(walk: Walk) -> None:
    page = sign_in(walk, "drita")
    page.goto(f"{walk.demo.url}/console/partners?words={HOST}")
    walk.desk.look("directory")
    follow(page, page.get_by_role("link", name="Look and confirm"))
    walk.desk.look("confirming an address")
    follow(page, page.get_by_role("button", name="Confirm the address"))
    walk.demo.wait(lambda: walk.demo.messages(HOST, walk.location))
    page.goto(case_page(walk))
    walk.desk.see("Watched")


def host_answers(walk: Walk) -> None:
    page: Page = walk.host.page
    page.goto(
        link_in(walk.demo.messages(HOST, walk.location)[0]["text"])
        + "?lang=en"
    )
    assert (
        walk.location not in page.content()
    )  # shown only on demand, which is logged
    walk.host.look("notice", narrow=True)
    page.check("[value=acknowledge]")
    follow(page, page.get_by_role("button", name="Send the answer"))
    page.locator("dl.facts", has_text="Acknowledged").wait_for()
    page.check("[value=removed]")
    page.fill("#text", "Removed by the desk this morning.")
    walk.host.show("09-provider", "#answer")
    follow(page, page.get_by_role("button", name="Send the answer"))
    page.locator(
        "dl.facts", has_text="Said to be removed; being checked"
    ).wait_for()
    walk.host.look("answered notice", narrow=True)


def link_in(letter: str) -> str:
    found = re.search(r"http://127\.0\.0\.1:\d+/provider/\S+", letter)
    assert found, letter
    return found[0]


def nothing_closes_by_word(walk: Walk) -> None:
    """It is still there: two more looks say so, and what the host said changes nothing."""
    page: Page = walk.desk.page
    page.goto(case_page(walk))
    before = looks(page)

    def looked_again() -> bool:
        page.reload()
        return looks(page) >= before + 2

    walk.demo.wait(looked_again)
    assert "still there" in page.inner_text("section[aria-labelledby=watch]")
    assert "In progress" in page.inner_text(".headline")
    # The claim is no longer believed, and the host is told so.
    assert "Acknowledged" in page.inner_text(
        "section[aria-labelledby=notices] h3"
    )
    walk.demo.wait(lambda: len(walk.demo.messages(HOST, walk.location)) == 2)
    status = told(walk)
    assert "The police have it." in status
    assert "it was still there. We go on asking." in status


def looks(page: Page) -> int:
    found = re.search(
        r"Looks \((\d+)\)", page.inner_text("section[aria-labelledby=watch]")
    )
    return int(found[1]) if found else 0


def host_takes_it_down(walk: Walk) -> None:
    sandbox, page = walk.office.page, walk.desk.page
    sandbox.goto(walk.demo.sandbox)
    sandbox.locator("tr", has_text=walk.location).get_by_role(
        "button", name="Take down"
    ).click()
    sandbox.locator("tr", has_text=walk.location).get_by_text(
        "gone"
    ).wait_for()
    walk.desk.see("Removal verified")
    assert "Removed" in page.inner_text(".headline")
    assert "Removal verified" in page.inner_text(
        "section[aria-labelledby=notices]"
    )
    walk.desk.look("removed case")
    walk.desk.show("10-removed", "#notices")


def told(walk: Walk, language: str = "en") -> str:
    """What the reporter is told by receipt."""
    page: Page = walk.reporter.page
    page.goto(f"{walk.demo.url}/status?lang={language}")
    page.fill("#receipt", walk.receipt)
    follow(page, CONTINUE)
    page.locator(".parts").wait_for()
    return page.inner_text("main")


def reporter_is_told(walk: Walk) -> None:
    assert "Nuk është më aty. E kontrolluam më" in told(walk, "sq")
    walk.reporter.look("status in Albanian", narrow=True)
    assert "It is gone. We checked on" in told(walk)
    walk.reporter.look("status", narrow=True)
    walk.reporter.show("11-status")
