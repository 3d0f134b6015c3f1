"""The directory page, the measures of a case and its panels, role by role."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from hotline.accounts.signing_in import sessions
from hotline.accounts.signing_in.auth import COOKIE
from hotline.core.act import Act
from hotline.core.storage import audit, machine
from hotline.core.storage.ids import new_id
from hotline.intake import service as intake
from hotline.intake.models import ReportPart
from partners.channels.base import Refused
from partners.console.office.directory import SHOWN
from partners.directory.models import Partner
from partners.notices.models import Notice
from partners.referrals.models import Hold, Plan, Referral
from partners.referrals.service import give_more, store_answer
from partners.watching.models import Watch
from tests.support.house import House
from tests.support.pages import store_page
from tests.support.routing import HOST, POLICE, ROUTE_IDS, ROUTING
from triage.cases.models import Case
from triage.items.models import Sighting, Visit
from workers.app import create_app


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"audiences": ("console",)}


CASE = "/console/cases/AL-2026-one"


class Browser:
    """A signed-in browser: it takes the form's token from the page before it posts."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def get(self, path: str) -> Any:
        return self.client.get(path)

    def post(self, path: str, page: str = CASE, **form: Any) -> Any:
        found = re.search(
            r'name="csrf_token" value="([^"]+)"', self.get(page).text
        )
        assert found
        return self.client.post(path, data={"csrf_token": found[1], **form})

    def case(self) -> str:
        page = self.get(f"{CASE}?lang=en")
        assert page.status_code == 200, page.text
        return html.unescape(page.text)


@pytest.fixture
def browser(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Browser]:
    """A browser of a person of that role."""
    for module in (
        "partners.console.case.measures",
        "hotline.accounts.signing_in.auth",
        "hotline.accounts.signing_in.standing",
    ):
        monkeypatch.setattr(f"{module}.utc_now", lambda: house.now)
    app = create_app(house.context)

    def sign_in(username: str, role: str = "analyst") -> Browser:
        person = house.person(username, role)
        with house.context.database.writing() as session:
            token = sessions.open_session(session, person, house.now)
        client = app.test_client()
        client.set_cookie(COOKIE, token, path="/console")
        client.set_cookie("lang", "en")
        return Browser(client)

    return sign_in


def action(page: str, label: str) -> str:
    """The address of the form that holds a button or summary with this label."""
    forms = re.findall(
        r'<form[^>]*action="([^"]+)"[^>]*>(.*?)</form>', page, re.S
    )
    return next(path for path, inside in forms if label in inside)


def confirm_as_shown(browser: Browser, partner: str) -> Any:
    """Look at what confirming the partner's address does, and do it."""
    page = f"{partner}/confirm"
    seen = re.search(r'name="seen" value="([^"]+)"', browser.get(page).text)
    assert seen
    return browser.post(page, page, seen=seen[1], back=CASE)


# the directory


def test_the_directory_is_searched(house: House, browser: Any) -> None:
    house.partner()
    house.partner("hotline-rs", "hotline", country="RS", approved=False)
    analyst = browser("arta")
    page = analyst.get("/console/partners").text
    assert "police-al@desk.example" in page
    assert "hotline-rs@desk.example" in page
    assert "Add a partner" not in page
    found = analyst.get(
        "/console/partners?kind=hotline&country=rs&words=HOTLINE-RS"
    ).text
    assert "police-al@desk.example" not in found
    assert "hotline-rs@desk.example" in found
    assert (
        "Nobody in the directory fits."
        in analyst.get("/console/partners?words=%25").text
    )


def test_an_office_is_named_and_found_in_the_language_of_the_page(
    house: House, browser: Any
) -> None:
    house.unit("Berat")
    analyst = browser("arta")
    albanian = "Njësia e mbrojtjes së fëmijëve, Berat"
    for asked in ("", "&words=njesia", "&words=Child+protection"):
        page = analyst.get(f"/console/partners?lang=sq{asked}").text
        assert albanian in page
        assert "Child protection unit, Berat" not in page
    assert (
        albanian
        not in analyst.get("/console/partners?lang=sq&words=policia").text
    )
    english = analyst.get("/console/partners?lang=en&words=njesia").text
    assert "Berat" not in english


def test_a_long_directory_comes_in_pages_that_keep_what_was_asked(
    house: House, browser: Any
) -> None:
    for number in range(SHOWN + 3):
        house.partner(f"desk-{number:02}", approved=False)
    supervisor = browser("eda", "supervisor")
    names = {f"desk-{number:02}@desk.example" for number in range(SHOWN + 3)}
    at = "/console/partners?waiting=yes&words=desk-"
    first = supervisor.get(at).text
    following = re.search(r'href="([^"]+)"\s+rel="next"', first)
    assert following
    second = supervisor.get(unescape(following[1])).text
    assert "First page" in second and "Next page" not in second
    shown = [
        {name for name in names if f"<code>{name}</code>" in page}
        for page in (first, second)
    ]
    assert [len(names) for names in shown] == [SHOWN, 3]
    assert shown[0] | shown[1] == names
    back = re.search(r'name="back" value="([^"]+)"', second)
    assert back and "page=2" in back[1] and "waiting=yes" in back[1]
    for strange in ("0", "-1", "x", "9" * 30, "%C2%B2"):
        assert supervisor.get(f"{at}&page={strange}").status_code == 200


@pytest.mark.parametrize("role", ["operator", "auditor", "liaison"])
def test_others_do_not_see_the_directory(browser: Any, role: str) -> None:
    assert browser("eda", role).get("/console/partners").status_code == 403


def test_a_partner_is_added_addressed_and_confirmed(
    house: House, browser: Any
) -> None:
    chief = browser("drita", "supervisor")
    wrong = chief.post(
        "/console/partners",
        "/console/partners",
        kind="bank",
        name=" ",
        country="QQ",
    )
    assert wrong.status_code == 422
    assert wrong.text.count("faulty") == 3
    added = chief.post(
        "/console/partners",
        "/console/partners",
        kind="helpline",
        name="Line 1",
        country="al",
        languages="sq, en",
    )
    assert added.status_code == 303
    partner = house.only(Partner)
    assert (partner.country, partner.languages, partner.channel) == (
        "AL",
        ["sq", "en"],
        "none",
    )
    here = f"/console/partners/{partner.id}"
    chief.post(f"{here}/confirm", "/console/partners", seen="")
    assert house.only(Partner).approved_at is None
    chief.post(
        f"{here}/contact",
        "/console/partners",
        channel="email",
        address="a@b\n.example",
    )
    assert house.only(Partner).address == ""
    chief.post(
        f"{here}/contact",
        "/console/partners",
        channel="email",
        address="a@b.example",
    )
    assert house.only(Partner).approved_at is None
    assert (
        "another person must confirm it" in chief.get(f"{here}/confirm").text
    )
    other = browser("admir", "administrator")
    confirm_as_shown(other, here)
    assert house.only(Partner).approved_by == "person:admir"
    chief.post(f"{here}/enabled", "/console/partners", enabled="no")
    assert house.only(Partner).disabled_at is not None


def test_a_changed_address_needs_a_new_confirmation(
    house: House, browser: Any
) -> None:
    partner = house.partner()
    chief = browser("drita", "supervisor")
    page = "/console/partners"
    chief.post(
        f"{page}/{partner.id}/contact", page, channel="http", address="ftp://x"
    )
    assert house.only(Partner).approved_at is not None
    chief.post(
        f"{page}/{partner.id}/contact",
        page,
        channel="http",
        address="https://x.example/in",
    )
    assert house.only(Partner).approved_at is None


@pytest.mark.usefixtures("pigeon")
def test_every_channel_of_the_registry_is_offered(
    house: House, browser: Any
) -> None:
    house.partner(channel="cloudflare", address="acc1")
    page = browser("drita", "supervisor").get("/console/partners?lang=en").text
    for name, label in (
        ("email", "E-mail"),
        ("http", "HTTP"),
        ("cloudflare", "Cloudflare"),
        ("pigeon", "Pigeon"),
        ("none", "None yet"),
    ):
        assert re.search(
            rf'<option value="{name}"[^>]*>{label}</option>', page
        )
    assert "Cloudflare <code>acc1</code>" in page


def test_analysts_cannot_edit(house: House, browser: Any) -> None:
    partner = house.partner(approved=False)
    house.case()
    assert (
        browser("arta")
        .post(f"/console/partners/{partner.id}/confirm")
        .status_code
        == 403
    )


def test_the_way_back_stays_in_the_console(house: House, browser: Any) -> None:
    partner = house.partner()
    chief = browser("drita", "supervisor")
    answer = chief.post(
        f"/console/partners/{partner.id}/enabled",
        "/console/partners",
        enabled="no",
        back="https://elsewhere.example/console/",
    )
    assert answer.location == "/console/partners"


# the plan


def test_a_case_that_is_not_assessed_has_no_plan_yet(
    house: House, browser: Any
) -> None:
    house.case(state="waiting")
    page = browser("arta").case()
    assert "A plan can be made once the case is assessed." in page
    assert "Nobody has been told yet." in page
    assert "No host has been told yet." in page
    assert "Not watched." in page


def test_one_asks_and_another_approves(house: House, browser: Any) -> None:
    police = house.partner()
    house.partner("hotline-rs", "hotline", country="RS", approved=False)
    house.case()
    arta, besnik = browser("arta"), browser("besnik")
    page = arta.case()
    assert "(address not confirmed: waits until it is)" in page
    assert (
        page.count('name="route"') == 4
    )  # the regulator's is a person's to take by hand
    path = action(page, "Ask for approval")
    chosen = {
        "route": ["police-AL", "provider_notice-AL"],
        "partner_police-AL": str(police.id),
    }
    assert arta.post(path, **chosen).location == CASE
    assert house.only(Plan).state == "requested"
    page = arta.case()
    assert "Another person must approve it." in page
    assert "Approve: send it" not in page
    assert (
        arta.post(f"{path}s/{house.only(Plan).id}/approve").status_code == 403
    )
    approve = action(besnik.case(), "Approve: send it")
    assert besnik.post(approve).location == CASE
    house.work()
    page = besnik.case()
    for words in (
        "Held by the police",
        "Waits for the police's release",
        "accepted by the other",
        "Earlier plans",
    ):
        assert words in page


def test_a_rejected_form_says_why(house: House, browser: Any) -> None:
    house.partner()
    house.case()
    arta = browser("arta")
    path = action(arta.case(), "Ask for approval")
    for form, says in (
        ({}, "Choose at least one route."),
        ({"route": ["provider_notice-AL"]}, "Choose the police as well."),
        ({"route": ["1"]}, "not one of the case's"),
        (
            {"route": ["police-AL"], "partner_police-AL": "?"},
            "This choice cannot be read.",
        ),
        ({"route": ["regulator-AL"]}, "not one of the case's"),
    ):
        arta.post(path, **form)
        assert says in arta.case()
    assert house.all(Plan) == []


def test_that_the_police_are_not_told_is_decided_on_the_page(
    house: House, browser: Any
) -> None:
    """Only where the rules leave it to a person is there a field to say why."""
    house.partner()
    asked = "Why the police are not told"
    case = house.case()
    assert asked not in browser("arta").case()
    with house.context.database.writing() as session:
        session.get_one(Case, case.id).routing = house.by_rules_of_now(
            {**ROUTING, "routes": [{**POLICE, "after": "person"}, HOST]}
        )
    arta, besnik = browser("arta"), browser("besnik")
    page = arta.case()
    assert asked in page
    path, route = action(page, "Ask for approval"), ROUTE_IDS[HOST["to"]]
    arta.post(path, route=route, without_police=" ")
    assert "Choose the police as well, or say why not." in arta.case()
    arta.post(path, route=route, without_police="She begs us not to")
    page = besnik.case()
    assert "without the police" in page and "She begs us not to" in page
    assert (
        "after the police have released it"
        not in page.partition("waits for approval")[2].partition(
            "Approve: send it"
        )[0]
    )
    besnik.post(action(page, "Approve: send it"))
    house.work()
    assert house.all(Referral) == []
    assert not house.notice.needs_release


def test_a_plan_is_rejected_with_a_note(house: House, browser: Any) -> None:
    house.partner()
    case = house.case()
    house.request(case, "police")
    besnik = browser("besnik")
    besnik.post(action(besnik.case(), "Reject the plan"), note="Not yet")
    assert house.only(Plan).state == "rejected"
    assert house.all(Referral) == []


def test_what_belongs_to_another_case_does_not_exist_here(
    house: House, browser: Any
) -> None:
    house.partner()
    house.case()
    plan = house.request(house.case("two"), "police")
    assert (
        browser("besnik").post(f"{CASE}/plans/{plan.id}/approve").status_code
        == 404
    )
    assert house.only(Plan).state == "requested"


# holds and answers


def test_a_senior_releases_and_extends(house: House, browser: Any) -> None:
    house.partner()
    house.decide(house.case(), "police")
    assert "Release or extend" not in browser("arta").case()
    senior = browser("blerta", "senior")
    page = senior.case()
    extend, free = action(page, ">Extend<"), action(page, ">Release<")
    senior.post(
        extend, deadline="2026-11-24T10:00", reason="", officer_reference=""
    )
    page = senior.case()
    assert (
        "The hold was not extended. Say why. Give the officer's reference."
        in page
    )
    senior.post(
        extend,
        deadline="2026-11-24T10:00",
        reason="Search",
        officer_reference="1/26",
    )
    assert house.hold.deadline.isoformat() == "2026-11-24T09:00:00+00:00"
    senior.post(free, reason="by telephone")
    assert house.hold.state == "active"
    senior.post(free, reason="by telephone", confirm="yes")
    assert house.hold.state == "released"


def test_an_expired_hold_is_shown_as_danger(
    house: House, browser: Any
) -> None:
    from partners.referrals.holds import expire_holds

    house.partner()
    house.decide(house.case(), "police")
    house.later(days=3)
    with house.context.database.writing() as session:
        expire_holds(session, house.context, house.now)
    assert (
        "The deadline has passed and the hold still holds."
        in browser("arta").case()
    )


def test_the_liaison_notes_an_answer(house: House, browser: Any) -> None:
    house.partner()
    house.decide(house.case(), "police")
    liaison = browser("luan", "liaison")
    path = action(liaison.case(), "Who said what")
    liaison.post(
        path, verb="take_up", their_reference="9/26", note="Officer K."
    )
    assert (house.referral.state, house.referral.their_reference) == (
        "taken_up",
        "9/26",
    )
    page = liaison.case()
    assert "We take it up" in page
    assert "Officer K." in page
    liaison.post(path, verb="acknowledge")
    assert "it was done already" in liaison.case()


# notices and deliveries


def test_an_unconfirmed_host_is_confirmed_on_the_case(
    house: House, browser: Any
) -> None:
    house.decide(house.case(), "provider_notice-XK")
    assert house.notice.state == "awaiting_contact"
    assert "A supervisor confirms the contact." in browser("arta").case()
    chief = browser("drita", "supervisor")
    look = re.search(
        r'href="([^"]+)/confirm\?[^"]*">Look at abuse@isp.example',
        chief.case(),
    )
    assert look
    page = chief.get(f"{look[1]}/confirm").text
    assert "Confirm the address and send one letter" in page
    assert house.notice.reference in page and "AL-2026-one" in page
    assert confirm_as_shown(chief, look[1]).location == CASE
    house.work()
    assert house.notice.state == "sent"


def test_a_person_names_the_contact_of_a_host_without_one(
    house: House, browser: Any
) -> None:
    house.decide(house.case(abuse_contact=None), "provider_notice-XK")
    chief = browser("drita", "supervisor")
    path = action(chief.case(), "Name this contact")
    chief.post(path, address="nobody")
    assert "This is not an e-mail address." in chief.case()
    chief.post(path, address="Abuse@Real.example")
    assert "waits until another person has confirmed it" in chief.case()
    house.work()
    assert house.notice.state == "awaiting_contact"
    confirm_as_shown(
        browser("admir", "administrator"),
        f"/console/partners/{house.only(Partner).id}",
    )
    house.work()
    assert house.notice.state == "sent"
    assert house.mail.messages[0].address == "abuse@real.example"


def test_what_failed_is_sent_again(house: House, browser: Any) -> None:
    house.partner()
    house.mail.faults = [Refused("The mail server answered 550: no such user")]
    house.decide(house.case(), "police")
    assert house.referral.state == "failed"
    arta = browser("arta")
    page = arta.case()
    assert "550: no such user" in page
    arta.post(action(page, "Send again"))
    house.work()
    assert (house.referral.state, house.hold.state) == ("delivered", "active")
    first, second = house.mail.messages
    assert first.message_id == second.message_id
    assert "Send again" not in arta.case()


def test_what_is_told_are_sentences(house: House, browser: Any) -> None:
    """A fault that is worded for its field ("is missing") says nothing apart from it."""
    house.case()
    other = house.case("two")
    arta = browser("arta")
    path = action(arta.case(), ">Merge them<")
    answer = arta.post(path, other=other.reference, why="")
    assert answer.status_code == 303
    page = arta.case()
    assert "Say why." in page and "is missing" not in page


def test_how_often_is_said_of_one_place_alone(
    house: House, browser: Any
) -> None:
    """The first of several may be reported once, and the case ten times."""
    case = house.case()
    arta = browser("arta")
    assert re.search(r"Reported (once|\d+ times)", arta.case())
    with house.context.database.writing() as session:
        stored = session.get_one(Case, case.id)
        item = store_page(session, "two", abuse_contact=None, now=house.now)
        session.add(stored.add_item(item, house.now))
    page = arta.case()
    assert not re.search(r"Reported (once|\d+ times)", page)
    assert "Sightings" in page


def test_a_senior_withdraws_a_notice(house: House, browser: Any) -> None:
    house.partner(
        "provider:abuse@isp.example", "provider", address="abuse@isp.example"
    )
    house.decide(house.case(), "provider_notice-XK")
    assert "Withdraw the notice" not in browser("arta").case()
    senior = browser("blerta", "senior")
    path = action(senior.case(), ">Withdraw<")
    senior.post(path, reason=" ")
    assert "Say why the notice is withdrawn." in senior.case()
    senior.post(path, reason="Sent to the wrong host")
    house.work()
    assert house.notice.state == "withdrawn"
    assert "Sent to the wrong host" in house.mail.messages[-1].text


def test_two_seniors_withdraw_a_referral(house: House, browser: Any) -> None:
    house.partner()
    house.decide(house.case(), "police")
    assert "Withdraw the referral" not in browser("arta").case()
    senior, chief = browser("blerta", "senior"), browser("drita", "supervisor")
    path = action(senior.case(), "Why (the office reads this)")
    senior.post(path, reason=" ")
    assert "Say why the referral is withdrawn." in senior.case()
    senior.post(path, reason="Another town")
    page = senior.case()
    assert "another person must agree before" in page
    assert "Agree: withdraw" not in page
    agree = action(chief.case(), "Agree: withdraw the referral")
    assert senior.post(agree, act="agree").status_code == 403
    chief.post(agree, act="agree")
    assert "a letter tells the office so" in chief.case()
    assert "the hold still holds" in chief.case()
    house.work()
    assert house.referral.state == "withdrawn"


def test_a_senior_replaces_a_link(house: House, browser: Any) -> None:
    house.partner()
    house.decide(house.case(), "police")
    assert "Replace the link" not in browser("arta").case()
    senior = browser("blerta", "senior")
    path = action(senior.case(), "Why the link is replaced")
    senior.post(path, reason="Another town", send="yes")
    assert "A letter with the new one leaves now" in senior.case()
    house.work()
    assert house.referral.link_number == 1
    assert "Sent again with a new link" in senior.case()


# the watch


def test_the_watch_shows_its_looks(house: House, browser: Any) -> None:
    house.partner(
        "provider:abuse@isp.example", "provider", address="abuse@isp.example"
    )
    case = house.case()
    house.decide(case, "provider_notice-XK")
    with house.context.database.writing() as session:
        watch = session.get_one(Watch, house.only(Watch).id)
        watch.checks, watch.last_verdict, watch.last_at = 1, "gone", house.now
        session.add(
            Visit(
                id=new_id(),
                item_id=case.item.id,
                at=house.now,
                purpose="check",
                status=404,
                outcome="http_error",
                report={},
                verdict="gone",
                reasons=["It says <404>."],
                control_ok=True,
            )
        )
    page = browser("arta").get(CASE).text
    assert "It says &lt;404&gt;." in page
    assert "<strong>gone</strong>" in page


def test_everything_speaks_albanian(house: House, browser: Any) -> None:
    house.partner()
    house.decide(house.case(), "police", "provider_notice")
    page = html.unescape(
        browser("blerta", "senior").get(f"{CASE}?lang=sq").text
    )
    for words in (
        "Referimet",
        "Pezulluar nga policia",
        "Pret lirimin nga policia",
        "Ende aty?",
    ):
        assert words in page


@pytest.mark.parametrize("kind", [Plan, Hold, Referral, Notice])
def test_every_measure_wants_a_permission(
    house: House, browser: Any, kind: type
) -> None:
    """An operator may none of it, a stranger is not even told."""
    house.partner()
    house.decide(house.case(), "police", "provider_notice")
    found = house.only(kind).id
    paths = {
        Plan: ["plan", f"plans/{found}/approve", f"plans/{found}/refuse"],
        Hold: [f"holds/{found}/release", f"holds/{found}/extend"],
        Referral: [f"referrals/{found}/answer"],
        Notice: [f"notices/{found}/withdraw", f"notices/{found}/contact"],
    }[kind]
    operator = browser("oltion", "operator")
    for path in paths:
        answer = operator.post(f"{CASE}/{path}", "/console/password")
        assert answer.status_code == 403, path
    assert house.hold.state == "active"


def test_a_case_without_an_address_is_closed_by_hand(
    house: House, browser: Any
) -> None:
    """Nothing can be checked there: a person says why nothing more is to be done."""
    house.case(state="assessed")
    arta = browser("arta")
    page = arta.case()
    path = action(page, "Close the case")
    arta.post(path, why=" ")
    assert house.only(Case).state == "assessed"
    assert (
        arta.post(path, why="Told to the police on the telephone.").location
        == CASE
    )
    assert house.only(Case).state == "closed"
    assert "Close the case" not in arta.case()


def test_a_watched_case_is_not_closed_by_hand(
    house: House, browser: Any
) -> None:
    house.case(state="in_progress")
    with house.context.database.writing() as session:
        case = session.scalars(select(Case)).one()
        watch = Watch(
            id=new_id(),
            item_id=case.item.id,
            case_id=case.id,
            policy="default",
            baseline={},
        )
        machine.begin_state(session, watch, actor="t", now=house.now)
    arta = browser("arta")
    assert "Close the case" not in arta.case()
    arta.post(f"{CASE}/close", why="I would like to.")
    assert house.only(Case).state == "in_progress"


@pytest.mark.parametrize(
    ("role", "is_told"), [("supervisor", 1), ("analyst", 0)]
)
def test_an_address_waits_for_whoever_may_confirm_it(
    house: House, browser: Any, role: str, is_told: int
) -> None:
    house.partner(approved=False)
    page = browser("sara", role).get("/console/to-decide").text
    assert page.count("One address waits to be confirmed") == is_told
    assert page.count("Nothing waits for a person.") == 1 - is_told


def test_what_waits_for_a_person_tells_of_held_danger_first(
    house: House, browser: Any
) -> None:
    arta = browser("arta")
    assert "Nothing waits for a person." in arta.get("/console/to-decide").text
    case = house.case(state="held")
    danger = "Held as a possible flood: a child is said to be in danger now"
    with house.context.database.writing() as session:
        session.execute(update(Sighting).values(held=True))
        session.execute(update(Case).values(held=2))
        part = session.scalars(select(ReportPart)).one()
        intake.add_information(
            Act(session, house.context, audit.PUBLIC, house.now),
            part.report,
            "It is real.",
        )
    page = arta.get("/console/to-decide").text
    assert "A reporter wrote something" in page and danger not in page
    with house.context.database.writing() as session:
        session.execute(update(Case).values(held=3))
    page = arta.get("/console/to-decide").text
    assert page.index(danger) < page.index("A reporter wrote something")
    assert page.count(f">{case.reference}</a>") == 2
    arta.post(
        f"/console/cases/{case.reference}/reports/{part.report_id}/words"
    )
    assert (
        "A reporter wrote something" not in arta.get("/console/to-decide").text
    )


# whose place it is


def test_the_page_proposes_the_own_unit_and_shows_the_reason(
    house: House, browser: Any
) -> None:
    berat, own = house.unit("Berat"), house.unit("Vlorë")
    house.case_of_a_child_in("Vlorë")
    page = browser("arta").case()
    assert f'<option value="{own.id}" selected>' in page
    assert f'<option value="{berat.id}">' in page
    house.ask_for_unit(berat, "Asked for by the family.")
    page = browser("besnik").case()
    assert "not the office of the child's municipality" in page
    assert "Asked for by the family." in page


def test_the_page_proposes_nobody_where_the_place_is_unknown(
    house: House, browser: Any
) -> None:
    house.unit("Berat")
    house.case_of_a_child_in(None)
    page = browser("arta").case()
    assert (
        " selected>"
        not in page.split('name="partner_child_protection_unit-AL"')[1].split(
            "</select>"
        )[0]
    )
    assert "enter the municipality among the facts about people" in page


@pytest.mark.parametrize("municipality", ["Vlorë", None])
def test_a_plan_offers_the_office_of_the_place_and_the_others_apart(
    house: House,
    browser: Callable[..., Browser],
    municipality: str | None,
) -> None:
    for place in ("Vlorë", "Berat", "Durrës"):
        house.unit(place)
    case = house.case_of_a_child_in(municipality)
    page = html.unescape(
        browser("arta").get(f"/console/cases/{case.reference}?lang=en").text
    )
    select_box = re.search(
        r'<select id="partner-child_protection_unit.*?</select>',
        page,
        re.DOTALL,
    )
    assert select_box is not None
    offered, _, others = select_box[0].partition("<optgroup")
    assert offered.count("<option") == 1, offered
    assert ("Vlorë" in offered) is (municipality is not None)
    assert others.index("Berat") < others.index("Durrës")
    assert others.count("<option") == (2 if municipality else 3)


def test_offices_of_other_places_stand_by_county_and_the_neighbours_first(
    house: House, browser: Callable[..., Browser]
) -> None:
    for place in ("Vlorë", "Berat", "Sarandë", "Kuçovë", "Nowhere"):
        house.unit(place)
    case = house.case_of_a_child_in("Vlorë")
    page = html.unescape(
        browser("arta").get(f"/console/cases/{case.reference}?lang=en").text
    )
    groups = re.findall(
        r'<optgroup label="([^"]*)">(.*?)</optgroup>', page, re.DOTALL
    )
    assert [label for label, _ in groups] == [
        "Vlorë",
        "Berat",
        "Offices of other municipalities",
    ]
    neighbours, county_of_berat, of_no_county = (each for _, each in groups)
    assert "Sarandë" in neighbours
    assert county_of_berat.index("Berat") < county_of_berat.index("Kuçovë")
    assert "Nowhere" in of_no_county


def test_the_case_tells_question_and_answer_in_their_order(
    house: House, browser: Any
) -> None:
    """As the page of the office does: an answer below both questions answers neither."""
    house.partner()
    case = house.case()
    house.decide(case, "police")
    said = ["Which school?", "The one at the lake.", "And when?"]
    for text in said:
        house.later(minutes=5)
        with house.context.database.writing() as session:
            referral = session.scalars(select(Referral)).one()
            if text.endswith("?"):
                act = Act(session, house.context, "partner", house.now)
                store_answer(act, referral, "want_more", note=text)
            else:
                act = Act(session, house.context, "person:drita", house.now)
                give_more(act, referral, text)
        house.work()
    page = browser("arta").get(f"/console/cases/{case.reference}").text
    places = [page.index(text) for text in said]
    assert places == sorted(places)
