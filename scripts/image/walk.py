"""One report walked to its notice, through the composition that runs: people act over HTTP only."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
import pyotp
from browsing import Visitor, wait_until

POLICE = "desk@police-al.example"
POLICE_NAME = "Cyber+Crimes"
HOST_CONTACT = "abuse@provider-al.example"
ASSESSMENT = {
    "class": "baseline",
    "kind": "csam_image",
    "age": "pre_pubescent",
    "gender": "not_determined",
}


@dataclass
class Walk:
    """Where the service is, who works there, and how far the report has come."""

    web: str
    """Address of the web service."""
    inbox: str
    """Address of what the mail catcher took."""
    location: str
    """What is reported."""
    passwords: dict[str, str]
    receipt: str = ""
    case: str = ""
    desks: dict[str, Visitor] = field(default_factory=dict)
    """Who has signed in, by their names; a code of the second factor works only once."""
    begun: float = field(default_factory=time.monotonic)

    def letters(self, to: str) -> list[str]:
        """Texts of the letters to this address that name the reported location."""
        answer = httpx.get(self.inbox, timeout=10, trust_env=False)
        return [
            one["text"]
            for one in answer.json()
            if to in one["to"] and self.location in one["text"]
        ]

    def wait_for_letter(self, to: str) -> str:
        wait_until(f"a letter to {to}", lambda: self.letters(to))
        return self.letters(to)[0]

    def at_desk(self, username: str) -> Visitor:
        """Somebody who is signed in; the first time with a second factor set up."""
        if username not in self.desks:
            self.desks[username] = self._sign_in(username)
        return self.desks[username]

    def _sign_in(self, username: str) -> Visitor:
        visitor = Visitor(self.web)
        visitor.open("/console/sign-in?lang=en")
        answers = {
            "username": username,
            "password": self.passwords[username],
        }
        visitor.press("Sign in", dict(answers))
        visitor.open("/console/account")
        visitor.press("Set up an app")
        secret = visitor.find("code.secret")
        visitor.press("Confirm", {"code": pyotp.TOTP(secret).now()})
        visitor.see("Recovery codes")
        return visitor

    @property
    def case_page(self) -> str:
        return f"/console/cases/{self.case}"


def walk_all(walk: Walk) -> None:
    steps: tuple[Callable[[Walk], None], ...] = (
        confirm_police_address,
        send_report,
        wait_until_examined,
        decide_first,
        decide_second,
        ask_for_plan,
        approve_plan,
        release_hold,
        name_contact,
        confirm_contact,
        read_notice,
        ask_as_reporter,
    )
    for step in steps:
        step(walk)
        took = time.monotonic() - walk.begun
        print(f"  {took:6.1f} s  {step.__doc__}", file=sys.stderr)


def confirm_police_address(walk: Walk) -> None:
    """The address of the police is entered by one person and confirmed by another."""
    page = f"/console/partners?kind=police&country=AL&words={POLICE_NAME}"
    one = walk.at_desk("drita")
    one.open(page)
    one.press("Store", {"channel": "email", "address": POLICE})
    one.see("The contact is stored.")
    confirm_address(walk, "fatos", page)


def confirm_address(walk: Walk, who: str, page: str) -> None:
    one = walk.at_desk(who)
    one.open(page)
    one.open(one.find_link("Look and confirm"))
    one.press("Confirm the address")
    one.see("The address is confirmed.")


def send_report(walk: Walk) -> None:
    """A report comes in through the API."""
    report = {
        "language": "en",
        "kind": "csam_image",
        "locations": [walk.location],
    }
    answer = httpx.post(
        f"{walk.web}/api/v1/reports", json=report, timeout=30, trust_env=False
    )
    assert answer.status_code == 201, answer.text
    walk.receipt = answer.json()["receipt"]


def tell_state(walk: Walk) -> str:
    answer = httpx.post(
        f"{walk.web}/api/v1/reports/status",
        json={"receipt": walk.receipt},
        timeout=30,
        trust_env=False,
    )
    assert answer.status_code == 200, answer.text
    return str(answer.json()["parts"][0]["state"])


def wait_until_examined(walk: Walk) -> None:
    """The workers have fetched it, looked up its host, and made a case of it."""
    wait_until("examined", lambda: tell_state(walk) == "in_review")
    one = walk.at_desk("arta")

    def find_case() -> bool:
        page = one.open("/console/queue")
        found = re.findall(r"data-row href=\"/console/cases/([^\"]+)\"", page)
        walk.case = found[0] if found else ""
        return bool(found)

    wait_until("the case in the queue", find_case)
    one.open(walk.case_page)
    one.see("AS64500")


def assess(walk: Walk, who: str) -> None:
    one = walk.at_desk(who)
    one.open(walk.case_page)
    one.press("Take this case")
    one.press("Store the assessment", dict(ASSESSMENT))


def decide_first(walk: Walk) -> None:
    """One person assesses it."""
    assess(walk, "arta")


def decide_second(walk: Walk) -> None:
    """Another person assesses it without seeing what the first one found."""
    assess(walk, "besnik")


def ask_for_plan(walk: Walk) -> None:
    """One person asks for a plan: police first, then the host."""
    one = walk.at_desk("arta")
    page = one.open(walk.case_page)
    labels = re.findall(
        r"name=\"route\" value=\"([^\"]+)\"[^>]*>\s*([^<]+)", page
    )
    wanted = [
        route
        for route, label in labels
        if label.startswith(("Police", "Notice to the host"))
    ]
    assert len(wanted) >= 2, labels
    one.press("Ask for approval", {"route": wanted})
    one.see("Another person must approve it.")


def approve_plan(walk: Walk) -> None:
    """Another person approves it, and the police have their letter; the host has none."""
    one = walk.at_desk("besnik")
    one.open(walk.case_page)
    one.press("Approve: send it")
    walk.wait_for_letter(POLICE)
    one.wait_to_see(walk.case_page, "Held by the police")
    assert not walk.letters(HOST_CONTACT)


def release_hold(walk: Walk) -> None:
    """The police release the hold by the link of their letter."""
    link = find_link(walk.wait_for_letter(POLICE))
    with Visitor(walk.web) as police:
        police.open(f"{link}?lang=en")
        police.press("Release the hold", {"confirm": "yes"})
        police.see("Released")
    one = walk.at_desk("besnik")
    one.wait_to_see(walk.case_page, "Waits for a confirmed contact")
    assert not walk.letters(HOST_CONTACT)


def name_contact(walk: Walk) -> None:
    """No register knows the host's contact: a person names it."""
    one = walk.at_desk("drita")
    one.open(walk.case_page)
    one.press("Name this contact", {"address": HOST_CONTACT})


def confirm_contact(walk: Walk) -> None:
    """Another person confirms it, and the notice leaves."""
    confirm_address(walk, "fatos", f"/console/partners?words={HOST_CONTACT}")


def read_notice(walk: Walk) -> None:
    """The host has its notice, and what its link opens is that notice."""
    link = find_link(walk.wait_for_letter(HOST_CONTACT))
    with Visitor(walk.web) as host:
        host.open(f"{link}?lang=en")
        host.press("Send the answer", {"verb": "acknowledge"})
        host.see("Acknowledged")


def ask_as_reporter(walk: Walk) -> None:
    """The reporter reads with the receipt that it was passed on."""
    wait_until("passed on", lambda: tell_state(walk) == "passed_on")


def find_link(letter: str) -> str:
    """The path of the letter's link to the service, which has another name inside."""
    found = re.search(r"https?://[^/\s]+(/(?:provider|referral)/\S+)", letter)
    assert found, letter
    return found[1].rstrip(".")
