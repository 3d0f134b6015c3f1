"""Cases of children, in a real browser.

A picture is looked for by its fingerprint, a child who acted is helped first, and an address that
somebody used goes to the police with its doubt.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.browsing import follow, go_on_to, send_report
from tests.support.desk import (
    approve_what_was_read,
    ask_for_plan,
    assess,
    find_new_case,
    give_address,
    list_cases,
    note_facts,
    note_found,
    open_people,
    sign_in,
    write_summary,
)
from workers.demo import world
from workers.demo.pictures import draw_picture, encode_jpeg

pytestmark = pytest.mark.browser

CONTINUE = "main form >> nth=0 >> button.button >> nth=0"
UNREPORTED = world.PAGES[7]
SEEN, UNSEEN = "meadow", UNREPORTED.pictures[0]
"""One that a reported page of the demo shows, and one that nobody has reported yet."""
NOT_SEEN = "We have not seen the picture at any place"
GIRL = {"age": "pubescent", "gender": "female"}
NOT_SEEN_BY_US = {"age": "not_determined", "gender": "not_determined"}
UNIT = "Child protection unit, Elbasan"
UNIT_ADDRESS = "unit@elbasan.example"
TO_UNIT = "A boy of 14 asked a girl of 13 of his class for a picture."
PEER = "198.51.100.23:4662"
NAME_OF_FILE = "bad name.avi"
SHARED = (
    f"ed2k://|file|{NAME_OF_FILE.replace(' ', '%20')}|733421568|{'c2f5' * 8}|/"
)
OF_HOSTS = (
    "Strehuar",
    "njoftohet strehuesi",
    "Strehuesit nuk i thuhet",
    "ngarkime",
)


def report(
    page: Page, demo: Any, answers: list[str], words: str, **typed: str
) -> str:
    """Through the form, page by page; returns the code."""
    go_on_to(page, "[name=kind]")
    for answer in answers:
        go_on_to(page, answer)
        page.check(answer)
    # In the order of the form: a page that was left is not come back to.
    for name, value in typed.items():
        field = f"[name={name}]:not([type=hidden])"
        go_on_to(page, field)
        if page.locator(field).evaluate("e => e.tagName") == "SELECT":
            page.select_option(field, value)
        else:
            page.fill(field, value)
    if words:
        go_on_to(page, "#narrative")
        page.fill("#narrative", words)
    return send_report(page)


def give_fingerprint(page: Page, demo: Any, picture: str) -> str:
    """A child chooses a picture on its own device, of which the fingerprint alone is sent."""
    page.goto(f"{demo.url}/report?lang=en")
    device = page.locator("details", has=page.locator("input[type=file]"))
    if device.count():
        device.first.evaluate("e => e.open = true")
    content = encode_jpeg(draw_picture(picture))
    page.locator("input[type=file]").first.set_input_files(
        {"name": "mine.jpg", "mimeType": "image/jpeg", "buffer": content}
    )
    expect(page.locator("#locations")).to_have_value(re.compile("pdq:"))
    answers = [
        "[value=self_generated]",
        "[value=child_self]",
        "[name=own_material]",
        "[name=danger_now][value=no]",
    ]
    return report(page, demo, answers, "")


def status_of(page: Page, demo: Any, receipt: str) -> str:
    page.goto(f"{demo.url}/status?lang=en")
    page.fill("#receipt", receipt)
    follow(page, CONTINUE)
    return page.inner_text("main")


def test_a_picture_is_found_by_the_fingerprint_that_a_child_gave(
    demo: Any, visitor: Callable[..., Any]
) -> None:
    """Seen before, it is told at once; seen later, the child reads so by its code."""
    desk = visitor()
    sign_in(desk.page, demo, "arta")
    cases = list_cases(desk.page, demo, "self_generated")
    child = visitor()
    page: Page = child.page
    known = give_fingerprint(page, demo, SEEN)
    cases.add(find_new_case(desk.page, demo, "self_generated", cases))
    sought = give_fingerprint(page, demo, UNSEEN)
    demo.wait(
        lambda: "Places where we saw it: 1" in status_of(page, demo, known)
    )
    child.look("status of a fingerprint", narrow=True)
    text = status_of(page, demo, sought)
    assert NOT_SEEN in text
    assert text.count("The fingerprint that you gave us") == 1
    passer_by: Page = visitor().page
    passer_by.goto(f"{demo.url}/report?lang=en")
    passer_by.fill("#locations", demo.address(UNREPORTED))
    report(passer_by, demo, ["[value=csam_image]"], "")
    demo.wait(lambda: NOT_SEEN not in status_of(page, demo, sought))
    assert "Places where we saw it: 1" in page.inner_text("main")
    case = find_new_case(desk.page, demo, "self_generated", cases)
    the_case_links_where_it_was_seen(demo, desk, case)


def the_case_links_where_it_was_seen(demo: Any, desk: Any, case: str) -> None:
    page: Page = desk.page
    page.goto(f"{demo.url}/console/cases/{case}")
    page.locator("details.place summary").first.click()
    assert "Places where a file with it was seen: 1" in page.inner_text("main")
    related = page.locator("section", has_text="Related cases").last
    # The page asks for them by itself.
    related.get_by_text(
        "a picture whose fingerprint a reporter gave"
    ).wait_for()
    desk.look("case of a fingerprint", narrow=True)


def test_a_child_who_acted_is_helped_first(
    demo: Any, visitor: Callable[..., Any]
) -> None:
    """A teacher tells of two children: the unit gets a letter about both, and the police none."""
    desk = visitor()
    page: Page = desk.page
    give_address(page, demo, UNIT, UNIT_ADDRESS)
    sign_in(page, demo, "arta")
    cases = list_cases(page, demo, "self_generated")
    teacher: Page = visitor().page
    teacher.goto(f"{demo.url}/report?lang=en")
    answers = [
        "[value=self_generated]",
        "[value=professional]",
        "[name=danger_now][value=no]",
    ]
    report(
        teacher,
        demo,
        answers,
        "A boy of my class made a girl send him a picture.",
        child_country="AL",
        child_municipality="Elbasan",
    )
    assert teacher.get_by_text("Fetch the confirmation (PDF)").is_visible()
    case = find_new_case(page, demo, "self_generated", cases)
    open_people(page, demo, case)
    follow(page, page.get_by_role("button", name="Note these facts"))
    note_facts(page, "reported_person", {"age": "14", "is_child": "yes"})
    write_summary(page, "child_protection_unit", TO_UNIT)
    page.goto(f"{demo.url}/console/cases/{case}")
    routes = page.locator("section", has_text="Who could act").last
    first = routes.locator("li").first.inner_text()
    assert first.startswith("Helpline") and "displayed harmful" in first
    for username in ("arta", "besnik"):
        assess(page, demo, case, username, "self_generated", **GIRL)
    ask_for_plan(page, demo, case, "Child-protection unit")
    assert TO_UNIT in approve_what_was_read(page, demo, case)
    [letter] = demo.wait(lambda: demo.messages(UNIT_ADDRESS, case))
    text = letter["text"]
    assert "Fëmija që shfaqi sjellje të dëmshme:" in text
    assert TO_UNIT in text and "Mosha: 14" in text
    assert "polici" not in text
    assert not demo.messages(world.POLICE, case)


def test_an_address_that_somebody_used_goes_to_the_police_with_its_doubt(
    demo: Any, visitor: Callable[..., Any]
) -> None:
    """No zone was stated: both readings are told, once, and nothing of a host that is not there."""
    desk = visitor()
    sign_in(desk.page, demo, "arta")
    cases = list_cases(desk.page, demo, "p2p")
    page: Page = visitor().page
    page.goto(f"{demo.url}/report?lang=en")
    page.fill("#locations", f"{PEER}\n{SHARED}")
    go_on_to(page, "[value=p2p]")
    page.check("[value=p2p]")
    go_on_to(page, "[name=seen_at]:not([type=hidden])")
    page.fill("[name=seen_at]", "2026-11-20 21:15")
    page.check("[value=unknown]")
    send_report(page)
    page = desk.page
    case = find_new_case(page, demo, "p2p", cases)
    open_people(page, demo, case)
    note_found(page, "198[.]51[.]100[.]23:4662")
    for username in ("arta", "besnik"):
        assess(page, demo, case, username, "p2p", **NOT_SEEN_BY_US)
    page.goto(f"{demo.url}/console/cases/{case}")
    assert "not stated: the address alone" not in page.inner_text("main")
    ask_for_plan(page, demo, case, "Police")
    approve_what_was_read(page, demo, case)
    [letter] = demo.wait(lambda: demo.messages(world.POLICE, case))
    text = letter["text"]
    for said in (
        PEER,
        f"Emri i skedarit: {NAME_OF_FILE}",
        "2026-11-20 21:15:00, ZONA KOHORE NUK U THA",
        "nëse ora tregonte UTC: 2026-11-20 21:15:00 UTC",
        "nëse tregonte orën e Europe/Tirane: 2026-11-20 20:15:00 UTC",
    ):
        assert said in text, text
    for wrong in (*OF_HOSTS, "Nuk u tha asnjë kohë"):
        assert wrong not in text, text
