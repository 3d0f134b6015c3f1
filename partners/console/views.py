"""The console's part of this package: the directory, a case's measures, and the case's panels."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint
from flask.typing import RouteCallable
from flask_babel import lazy_gettext

from hotline.accounts.navigation import Entry, register_entries
from hotline.accounts.shortcuts import register_shortcuts
from partners.console import finders, finders_of_words, pairs
from partners.console.attention import attention
from partners.console.case import by_hand, joining, measures, taking_back
from partners.console.case.panels import measures_panel
from partners.console.keys import SHORTCUTS
from partners.console.office import became_pages, directory, duty, first_steps
from partners.plans import bulk
from triage.console.queue.bulk_pages import register_deeds
from triage.console.search.finding import register_finders

CASE = "/cases/<reference>"

case_panels = (measures_panel,)
case_banners = by_hand.CASE_BANNERS
blueprint = Blueprint("partners", __name__, url_prefix="/console")
register_entries(
    blueprint,
    Entry(
        5,
        lazy_gettext("First steps"),
        "partners.show_first_steps",
        "person.manage",
    ),
    Entry(20, lazy_gettext("On duty"), "partners.show_duty", "duty.see"),
    Entry(30, lazy_gettext("To decide"), "partners.attention", "queue.see"),
    Entry(
        40, lazy_gettext("Partners"), "partners.show_directory", "partner.see"
    ),
    Entry(65, lazy_gettext("Outcomes"), "partners.what_became", "became.see"),
    Entry(90, lazy_gettext("Pairs"), "partners.show_pairs", "audit.see"),
)
register_finders(blueprint, *finders.FINDERS, *finders_of_words.FINDERS)
register_deeds(blueprint, *bulk.DEEDS)
register_shortcuts(blueprint, *SHORTCUTS)
blueprint.add_app_template_global(lambda: bulk.ROUTES, "bulk_routes")

for _rule, _view, _methods in (
    ("/to-decide", attention, ["GET"]),
    ("/what-became", became_pages.what_became, ["GET"]),
    ("/first-steps", first_steps.show_first_steps, ["GET"]),
    ("/first-steps/mail", first_steps.test_mail, ["POST"]),
    ("/approvals/pairs", pairs.show_pairs, ["GET"]),
    ("/partners", directory.show_directory, ["GET"]),
    ("/partners", directory.add_partner, ["POST"]),
    ("/partners/<uuid:partner_id>/contact", directory.set_contact, ["POST"]),
    (
        "/partners/<uuid:partner_id>/confirm",
        directory.ask_to_confirm,
        ["GET"],
    ),
    (
        "/partners/<uuid:partner_id>/confirm",
        directory.confirm_address,
        ["POST"],
    ),
    ("/partners/<uuid:partner_id>/enabled", directory.set_enabled, ["POST"]),
    (f"{CASE}/plan", measures.request_plan, ["POST"]),
    (f"{CASE}/plans/<uuid:plan_id>/approve", measures.approve_plan, ["POST"]),
    (f"{CASE}/plans/<uuid:plan_id>", measures.read_plan, ["GET"]),
    (f"{CASE}/plans/<uuid:plan_id>/refuse", measures.refuse_plan, ["POST"]),
    (f"{CASE}/close", measures.close_case, ["POST"]),
    (f"{CASE}/related", joining.related, ["GET"]),
    (f"{CASE}/merge", joining.merge, ["POST"]),
    (f"{CASE}/split", joining.split, ["POST"]),
    (f"{CASE}/holds/<uuid:hold_id>/release", measures.release_hold, ["POST"]),
    (f"{CASE}/holds/<uuid:hold_id>/extend", measures.extend_hold, ["POST"]),
    (
        f"{CASE}/referrals/<uuid:referral_id>/answer",
        measures.answer_referral,
        ["POST"],
    ),
    (
        f"{CASE}/referrals/<uuid:referral_id>/outcomes",
        measures.note_outcomes,
        ["POST"],
    ),
    (
        f"{CASE}/referrals/<uuid:referral_id>/more",
        measures.give_more,
        ["POST"],
    ),
    (
        f"{CASE}/referrals/<uuid:referral_id>/withdraw",
        taking_back.withdraw_referral,
        ["POST"],
    ),
    (
        f"{CASE}/referrals/<uuid:referral_id>/withdrawal",
        taking_back.decide_withdrawal,
        ["POST"],
    ),
    (
        f"{CASE}/referrals/<uuid:referral_id>/link",
        taking_back.replace_referral_link,
        ["POST"],
    ),
    (
        f"{CASE}/notices/<uuid:notice_id>/link",
        taking_back.replace_notice_link,
        ["POST"],
    ),
    (
        f"{CASE}/notices/<uuid:notice_id>/withdraw",
        measures.withdraw_notice,
        ["POST"],
    ),
    (
        f"{CASE}/notices/<uuid:notice_id>/contact",
        measures.name_contact,
        ["POST"],
    ),
    (f"{CASE}/deliveries/<uuid:delivery_id>/retry", measures.retry, ["POST"]),
):
    blueprint.add_url_rule(_rule, view_func=_view, methods=_methods)

# By names of their own, as other rooms have functions that are called alike.
DUTY: Mapping[str, tuple[str, RouteCallable, str]] = {
    "show_duty": ("", duty.show_duty, "GET"),
    "show_alert": ("/alerts/<uuid:alert_id>", duty.show_alert, "GET"),
    "acknowledge_alert": (
        "/alerts/<uuid:alert_id>/acknowledge",
        duty.acknowledge,
        "POST",
    ),
    "set_duty_contact": ("/contacts", duty.set_contact, "POST"),
    "add_turn": ("/turns", duty.add_turn, "POST"),
    "remove_turn": ("/turns/<uuid:turn_id>/remove", duty.remove_turn, "POST"),
}
blueprint.add_url_rule(
    f"{CASE}/by-hand",
    "record_by_hand",
    view_func=by_hand.record,
    methods=["POST"],
)
blueprint.add_url_rule(
    f"{CASE}/notices/<uuid:notice_id>/by-hand",
    "notice_told_by_hand",
    view_func=by_hand.tell_contact,
    methods=["POST"],
)
blueprint.add_url_rule(
    f"{CASE}/referrals/<uuid:referral_id>/by-hand",
    "referral_told_by_hand",
    view_func=by_hand.tell_office,
    methods=["POST"],
)
blueprint.add_url_rule(
    "/partners/<uuid:partner_id>/details",
    "set_office_details",
    view_func=directory.set_office_details,
    methods=["POST"],
)
for _name, (_path, _page, _method) in DUTY.items():
    blueprint.add_url_rule(
        f"/duty{_path}", _name, view_func=_page, methods=[_method]
    )
