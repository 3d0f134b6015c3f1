"""Every role at every address of the console by every method: let in, or refused, nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.routing import Rule

from hotline.accounts import service
from hotline.accounts.models import LoginSession, Person
from hotline.accounts.permissions import Role
from hotline.accounts.signing_in import sessions
from hotline.accounts.signing_in.auth import COOKIE
from hotline.core.act import Act
from hotline.core.context import Context, utc_now
from tests.support.cases import open_case
from tests.support.items import make_item
from tests.support.people import make_person
from tests.support.routes import path_of
from triage.cases.assessing.claim import claim_case, find_holder
from triage.cases.models import Case
from workers.app import create_app

ANALYSTS = {Role.ANALYST, Role.SENIOR, Role.SUPERVISOR}
SENIORS = {Role.SENIOR, Role.SUPERVISOR}
MANAGERS = {Role.SUPERVISOR, Role.ADMINISTRATOR}
EVERYBODY = set(Role)
ADMINISTRATORS = {Role.ADMINISTRATOR}
APPROVING = ANALYSTS | {Role.ADMINISTRATOR, Role.AUDITOR}
FIGURES = ANALYSTS | {Role.ADMINISTRATOR, Role.AUDITOR, Role.REVIEWER}

# Who may open what, written down a second time on purpose: a permission that is widened by mistake
# changes what stands in the code, and not what stands here.
WHO_MAY: dict[str, set[Role]] = {
    "accounts.home": EVERYBODY,
    "accounts.own_keys": EVERYBODY,
    "accounts.own_password": EVERYBODY,
    "accounts.set_keys": EVERYBODY,
    "accounts.sign_out": EVERYBODY,
    "approvals.grant_approval": APPROVING,
    "approvals.refuse_approval": APPROVING,
    "approvals.show_approval": APPROVING,
    "approvals.show_approvals": APPROVING,
    "factors.add_passkey": EVERYBODY,
    "factors.begin_app": EVERYBODY,
    "factors.begin_passkey": EVERYBODY,
    "factors.challenge": EVERYBODY,
    "factors.confirm_app": EVERYBODY,
    "factors.end_session": EVERYBODY,
    "factors.end_sessions": EVERYBODY,
    "factors.passkey_options": EVERYBODY,
    "factors.prove": EVERYBODY,
    "factors.remove_app": EVERYBODY,
    "factors.remove_passkey": EVERYBODY,
    "factors.renew_codes": EVERYBODY,
    "factors.show_account": EVERYBODY,
    "factors.show_app": EVERYBODY,
    "figures.dashboard": FIGURES,
    "figures.download": FIGURES,
    "operator.report": ANALYSTS | {Role.OPERATOR},
    "partners.acknowledge_alert": ANALYSTS,
    "partners.add_partner": MANAGERS,
    "partners.add_turn": MANAGERS,
    "partners.answer_referral": SENIORS | {Role.LIAISON},
    "partners.approve_plan": ANALYSTS,
    "partners.ask_to_confirm": MANAGERS,
    "partners.attention": ANALYSTS,
    "partners.close_case": ANALYSTS,
    "partners.confirm_address": MANAGERS,
    "partners.decide_withdrawal": SENIORS,
    "partners.extend_hold": SENIORS | {Role.LIAISON},
    "partners.give_more": SENIORS | {Role.LIAISON},
    "partners.merge": ANALYSTS,
    "partners.name_contact": MANAGERS,
    "partners.note_outcomes": SENIORS | {Role.LIAISON},
    "partners.notice_told_by_hand": ANALYSTS,
    "partners.read_plan": ANALYSTS,
    "partners.related": ANALYSTS | {Role.LIAISON},
    "partners.record_by_hand": ANALYSTS,
    "partners.referral_told_by_hand": ANALYSTS,
    "partners.refuse_plan": ANALYSTS,
    "partners.release_hold": SENIORS | {Role.LIAISON},
    "partners.remove_turn": MANAGERS,
    "partners.replace_notice_link": SENIORS,
    "partners.replace_referral_link": SENIORS,
    "partners.request_plan": ANALYSTS,
    "partners.retry": ANALYSTS,
    "partners.set_contact": MANAGERS,
    "partners.set_duty_contact": MANAGERS,
    "partners.set_enabled": MANAGERS,
    "partners.set_office_details": MANAGERS,
    "partners.show_alert": ANALYSTS | ADMINISTRATORS,
    "partners.show_directory": ANALYSTS | ADMINISTRATORS,
    "partners.show_duty": ANALYSTS | ADMINISTRATORS,
    "partners.show_first_steps": ADMINISTRATORS,
    "partners.show_pairs": {Role.AUDITOR},
    "partners.split": ANALYSTS,
    "partners.test_mail": ADMINISTRATORS,
    "partners.what_became": ANALYSTS,
    "partners.withdraw_notice": SENIORS,
    "partners.withdraw_referral": SENIORS,
    "people.add_person": ADMINISTRATORS,
    "people.approve_request": ADMINISTRATORS,
    "people.ask_for_act": ADMINISTRATORS,
    "people.ask_name": ADMINISTRATORS | {Role.AUDITOR},
    "people.confirm_act": ADMINISTRATORS,
    "people.read_name": ADMINISTRATORS | {Role.AUDITOR},
    "people.refuse_request": ADMINISTRATORS,
    "people.seal_own_name": EVERYBODY,
    "people.show_codes": ADMINISTRATORS | {Role.AUDITOR},
    "people.show_people": ADMINISTRATORS,
    "people.show_request": ADMINISTRATORS,
    "triage.add_identifier": ANALYSTS,
    "triage.add_note": ANALYSTS,
    "triage.mentions": ANALYSTS,
    "triage.open_mention": ANALYSTS,
    "triage.take_assessment_back": ANALYSTS,
    "triage.take_hand_over_back": ANALYSTS,
    "triage.take_reopening_back": ANALYSTS,
    "triage.take_note_back": ANALYSTS,
    "triage.tick_step": ANALYSTS,
    "triage.untick_step": ANALYSTS,
    "triage.ask_bulk": ANALYSTS,
    "triage.ask_for_export": {Role.AUDITOR},
    "triage.ask_identity": ANALYSTS,
    "triage.ask_reporter": ANALYSTS,
    "triage.ask_switch": MANAGERS,
    "triage.ask_viewing": ANALYSTS,
    "triage.assess": ANALYSTS,
    "triage.begin_bulk": ANALYSTS,
    "triage.begin_upload": MANAGERS,
    "triage.bulk": ANALYSTS,
    "triage.bulk_list": ANALYSTS,
    "triage.bulk_progress": ANALYSTS,
    "triage.case": ANALYSTS | {Role.LIAISON},
    "triage.claim": ANALYSTS,
    "triage.clear_access": ANALYSTS,
    "triage.decide_match": ANALYSTS,
    "triage.decide_picture": ANALYSTS,
    "triage.draft_bulk": ANALYSTS,
    "triage.drop_upload": MANAGERS,
    "triage.export_log": {Role.AUDITOR},
    "triage.end_picture": APPROVING,
    "triage.end_switch": APPROVING,
    "triage.find": ANALYSTS | ADMINISTRATORS,
    "triage.finish_upload": MANAGERS,
    "triage.hand_over": ANALYSTS,
    "triage.hash_lists": SENIORS | ADMINISTRATORS,
    "triage.log": {Role.AUDITOR},
    "triage.new_upload": MANAGERS,
    "triage.next_case": ANALYSTS,
    "triage.people": ANALYSTS,
    "triage.queue": ANALYSTS,
    "triage.queue_part": ANALYSTS,
    "triage.read_words": ANALYSTS,
    "triage.receive_piece": MANAGERS,
    "triage.release": ANALYSTS,
    "triage.release_contact": ANALYSTS,
    "triage.release_flood": ANALYSTS,
    "triage.release_reports": ANALYSTS,
    "triage.remove_view": ANALYSTS,
    "triage.reopen": ANALYSTS,
    "triage.replay": MANAGERS,
    "triage.judge": {Role.REVIEWER},
    "triage.answer_check": ANALYSTS,
    "triage.leave_check_out": ANALYSTS,
    "triage.own_checks": ANALYSTS,
    "triage.show_check": ANALYSTS,
    "triage.quality": {Role.REVIEWER},
    "triage.sample": {Role.REVIEWER},
    "triage.save_view": ANALYSTS,
    "triage.search": ANALYSTS | ADMINISTRATORS,
    "triage.set_access": ANALYSTS,
    "triage.set_columns": ANALYSTS,
    "triage.set_facts": ANALYSTS,
    "triage.set_flood_aside": ANALYSTS,
    "triage.set_opt_outs": ANALYSTS,
    "triage.set_person_facts": ANALYSTS,
    "triage.set_reports_aside": ANALYSTS,
    "triage.show_identity": ANALYSTS,
    "triage.switch": MANAGERS,
    "triage.switch_police": MANAGERS,
    "triage.tag": ANALYSTS,
    "triage.add_rule_file": MANAGERS,
    "triage.ask_rules": MANAGERS,
    "triage.draft": MANAGERS,
    "triage.fetch_rule_file": MANAGERS | {Role.AUDITOR},
    "triage.offer_rules_again": MANAGERS,
    "triage.replay_rules": MANAGERS,
    "triage.show_change": MANAGERS | {Role.AUDITOR},
    "triage.show_rules": MANAGERS | {Role.AUDITOR},
    "triage.way_back": MANAGERS,
    "triage.withdraw_rules": MANAGERS,
    "triage.show_picture": ANALYSTS,
    "triage.show_viewing": APPROVING,
    "triage.take_break": ANALYSTS,
    "triage.take_bulk_back": ANALYSTS,
    "triage.tell_origin": ANALYSTS,
    "triage.untag": ANALYSTS,
    "triage.upload": MANAGERS,
    "triage.upload_progress": MANAGERS,
    "triage.withdraw_identifier": ANALYSTS,
    "triage.work": MANAGERS,
    "triage.write_summary": ANALYSTS,
}
OPEN_TO_NOBODY_IN_PARTICULAR = {
    "accounts.accept",
    "accounts.sign_in",
    "oidc.be_signed_out",
    "oidc.come_back",
    "oidc.finish",
    "oidc.leave",
    "oidc.sign_out_there",
}
ASKED = ("GET", "HEAD", "POST")
OTHERS = ("PUT", "PATCH", "DELETE", "PROPFIND")
REFUSAL = "Your role does not allow this."
FORM = {"x": "1"}
CASE = "/console/cases/AL-2026-one"


@dataclass(frozen=True)
class House:
    """The whole console, with one person of each role; forms need no token here."""

    app: Flask
    context: Context

    def browser_of(self, role: str) -> FlaskClient:
        client = self.app.test_client()
        client.set_cookie("lang", "en")
        with self.context.database.writing() as session:
            person = service.find_person(session, role)
            token = sessions.open_session(session, person, utc_now())
        client.set_cookie(COOKIE, token, path="/console")
        return client

    def rules(self) -> Iterator[Rule]:
        for rule in self.app.url_map.iter_rules():
            if rule.rule.startswith("/console"):
                yield rule


@pytest.fixture
def house(make_context: Callable[..., Context]) -> House:
    context = make_context(audiences=("console",))
    app = create_app(context)
    app.config["WTF_CSRF_ENABLED"] = False
    with context.database.writing() as session:
        for role in Role:
            session.add(make_person(role.value, role))
    return House(app, context)


def test_every_address_of_the_console_is_listed_here(house: House) -> None:
    served = {rule.endpoint for rule in house.rules()}
    assert served == set(WHO_MAY) | OPEN_TO_NOBODY_IN_PARTICULAR


@pytest.mark.parametrize("role", Role)
def test_a_role_is_let_in_or_refused_everywhere(
    house: House, role: Role
) -> None:
    tried = 0
    for rule in house.rules():
        if rule.endpoint in OPEN_TO_NOBODY_IN_PARTICULAR:
            continue
        # Signing out and the like end the session: each address gets a browser of its own.
        client = house.browser_of(role)
        path = path_of(house.app, rule)
        for method in ASKED:
            if method not in (rule.methods or ()):
                continue
            answer = client.open(path, method=method, data=FORM)
            says_no = (
                REFUSAL in answer.text
                if method != "HEAD"
                else answer.status_code == 403
            )
            case = (role.value, method, path, answer.status_code)
            assert answer.status_code < 500, case
            assert says_no == (role not in WHO_MAY[rule.endpoint]), case
            assert not says_no or answer.status_code == 403, case
            tried += 1
        for method in OTHERS:
            assert client.open(path, method=method).status_code == 405
    assert tried > 70


def test_nobody_gets_anywhere_without_signing_in(house: House) -> None:
    client = house.app.test_client()
    for rule in house.rules():
        if rule.endpoint in OPEN_TO_NOBODY_IN_PARTICULAR:
            continue
        path = path_of(house.app, rule)
        if "GET" in (rule.methods or ()):
            assert "/console/sign-in" in client.get(path).location, path
        if "POST" in (rule.methods or ()):
            assert client.post(path, data=FORM).status_code == 403, path


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.REVIEWER, Role.OPERATOR])
def test_another_role_with_a_case_in_hand(house: House, role: Role) -> None:
    """The session ends, the case is free for others, and a new session is the new role's."""
    holder = house.browser_of(Role.ANALYST)
    with house.context.database.writing() as session:
        now = utc_now()
        item = make_item(now=now)
        session.add(item)
        session.flush()
        case = open_case(
            session, item, "AL-2026-one", state="waiting", now=now
        )
        analyst = service.find_person(session, "analyst")
        act = Act(session, house.context, analyst.actor, now)
        claim_case(act, case, analyst, 30)
    assert holder.post(f"{CASE}/claim", data=FORM).status_code == 303
    with house.context.database.writing() as session:
        act = Act(session, house.context, "person:administrator", utc_now())
        service.change_role(act, "analyst", role)
    assert holder.post(f"{CASE}/assessment", data=FORM).status_code == 403
    with house.context.database.reading() as session:
        assert session.scalars(select(LoginSession)).all() == []
        held = session.scalars(select(Case)).one()
        assert find_holder(held, utc_now()) is None
    again = house.browser_of("analyst")
    refused = again.post(f"{CASE}/assessment", data=FORM)
    assert (refused.status_code, REFUSAL in refused.text) == (403, True)
    taken = house.browser_of(Role.SENIOR)
    taken.post(f"{CASE}/claim", data=FORM)
    with house.context.database.reading() as session:
        held = session.scalars(select(Case)).one()
        found = find_holder(held, utc_now())
        assert isinstance(found, Person) and found.username == "senior"
