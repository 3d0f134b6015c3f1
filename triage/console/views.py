"""The analysts' console: which page stands at which address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import Blueprint
from flask.typing import RouteCallable
from flask_babel import lazy_gettext

from hotline.accounts.approvals.kinds import register_kinds
from hotline.accounts.navigation import (
    Box,
    Entry,
    register_box,
    register_entries,
)
from hotline.accounts.shortcuts import register_shortcuts
from triage.cases.bulk.deeds import DEEDS
from triage.cases.handling.notes import count_mentions
from triage.cases.pages import case_views as cases
from triage.cases.pages import flood_views as floods
from triage.cases.pages import handling_views as handling
from triage.cases.pages import item_views as items
from triage.cases.pages import notes_views as notes
from triage.cases.pages import report_views as reports
from triage.cases.pages.history import undo_views as undo
from triage.cases.pages.history.diary import DIARIES, Diary
from triage.cases.pages.people import identity_views as identity
from triage.cases.pages.people import people_views as people
from triage.cases.pages.words import (
    defang,
    shorten_middle,
    show_basis,
    show_place,
    show_whole_place,
)
from triage.cases.people.identity import REPORTER_IDENTITY
from triage.console import (
    break_pages,
    gold_pages,
    quality_pages,
    sample_pages,
    work_pages,
)
from triage.console.audit import audit_pages
from triage.console.audit.audit_acts import name_action
from triage.console.audit.trails import OwnTrail, Trail
from triage.console.keys import SHORTCUTS
from triage.console.lists import list_pages, upload_pages
from triage.console.queue import bulk_pages, queue_pages
from triage.console.search import of_cases, of_names, of_words
from triage.console.search import pages as search
from triage.console.search.finding import register_finders
from triage.hashlists.exports import LIST_EXPORT
from triage.hashlists.police_switch import LIST_POLICE
from triage.hashlists.switching import LIST_SWITCH
from triage.hashlists.uploads.service import LIST_UPLOAD
from triage.rulebook import pages as rules
from triage.rulebook.service import RULES_CHANGE
from triage.viewing import pages as viewing
from triage.viewing.service import Hindrance
from triage.viewing.switch import VIEWING_SWITCH

CASE = "/cases/<reference>"
ITEM = f"{CASE}/items/<uuid:item_id>"
REPORT = f"{CASE}/reports/<uuid:report_id>"
IDENTIFIER = f"{CASE}/people/identifiers/<uuid:identifier_id>"
BULK = "/bulk/<uuid:bulk_id>"
HASH_LIST = "/hash-lists/<uuid:list_id>"
RULE_CHANGE = "/rules/<uuid:change_id>"
UPLOAD = "/hash-lists/uploads/<uuid:upload_id>"

# Pages are read by GET and change nothing; what acts is below, by POST alone.
PAGES: Mapping[str, RouteCallable] = {
    "/queue": queue_pages.queue,
    "/queue/part": queue_pages.queue_part,
    "/bulk": bulk_pages.bulk_list,
    BULK: bulk_pages.bulk,
    f"{BULK}/progress": bulk_pages.bulk_progress,
    CASE: cases.case,
    f"{CASE}/people": people.people,
    "/mentions": notes.mentions,
    "/search": search.search,
    "/hash-lists": list_pages.hash_lists,
    "/hash-lists/uploads/new": upload_pages.new_upload,
    UPLOAD: upload_pages.upload,
    f"{UPLOAD}/progress": upload_pages.upload_progress,
    "/break": break_pages.take_break,
    "/work": work_pages.work,
    "/log": audit_pages.log,
    "/sample": sample_pages.sample,
    "/quality": quality_pages.quality,
    "/gold": gold_pages.own_checks,
    "/gold/<uuid:check_id>": gold_pages.show_check,
    "/viewing": viewing.show_viewing,
    "/rules": rules.show_rules,
    "/rules/file": rules.fetch_rule_file,
    RULE_CHANGE: rules.show_change,
}
ACTS: Mapping[str, RouteCallable] = {
    "/search": search.find,
    "/queue/next": queue_pages.next_case,
    "/queue/views": queue_pages.save_view,
    "/queue/views/<uuid:view_id>/remove": queue_pages.remove_view,
    "/queue/columns": queue_pages.set_columns,
    "/queue/kinds": queue_pages.set_opt_outs,
    "/bulk/new": bulk_pages.begin_bulk,
    "/bulk/draft": bulk_pages.draft_bulk,
    f"{BULK}/ask": bulk_pages.ask_bulk,
    f"{BULK}/take-back": bulk_pages.take_bulk_back,
    f"{CASE}/hand-over": handling.hand_over,
    f"{CASE}/tags": handling.tag,
    f"{CASE}/tags/remove": handling.untag,
    f"{CASE}/steps": handling.tick_step,
    f"{CASE}/steps/undo": handling.untick_step,
    f"{CASE}/notes": notes.add_note,
    f"{CASE}/notes/<uuid:note_id>/take-back": notes.take_note_back,
    "/mentions/<uuid:mention_id>/open": notes.open_mention,
    f"{CASE}/assessment/take-back": undo.take_assessment_back,
    f"{CASE}/hand-over/take-back": undo.take_hand_over_back,
    f"{CASE}/reopen/take-back": undo.take_reopening_back,
    "/quality/<uuid:review_id>": quality_pages.judge,
    "/gold/<uuid:check_id>/answer": gold_pages.answer_check,
    "/gold/<uuid:check_id>/leave-out": gold_pages.leave_check_out,
    "/queue/release": floods.release_flood,
    "/queue/set-aside": floods.set_flood_aside,
    f"{CASE}/claim": cases.claim,
    f"{CASE}/release": cases.release,
    f"{CASE}/reports/release": floods.release_reports,
    f"{CASE}/reports/set-aside": floods.set_reports_aside,
    f"{CASE}/assessment": cases.assess,
    f"{CASE}/pictures/<uuid:media_id>": cases.decide_picture,
    f"{CASE}/facts": cases.set_facts,
    f"{ITEM}/access": items.set_access,
    f"{ITEM}/access/clear": items.clear_access,
    f"{ITEM}/origin": items.tell_origin,
    f"{CASE}/reopen": cases.reopen,
    f"{CASE}/matches/<uuid:match_id>": cases.decide_match,
    f"{CASE}/people": people.set_person_facts,
    f"{CASE}/people/identifiers": people.add_identifier,
    f"{IDENTIFIER}/withdraw": people.withdraw_identifier,
    f"{CASE}/people/summaries": people.write_summary,
    f"{CASE}/people/contacts/<uuid:report_id>/release": people.release_contact,
    f"{REPORT}/words": reports.read_words,
    f"{REPORT}/question": reports.ask_reporter,
    f"{REPORT}/identity/ask": identity.ask_identity,
    f"{REPORT}/identity": identity.show_identity,
    f"{HASH_LIST}/switch": list_pages.switch,
    "/hash-lists/uploads": upload_pages.begin_upload,
    f"{UPLOAD}/pieces/<int:number>": upload_pages.receive_piece,
    f"{UPLOAD}/finish": upload_pages.finish_upload,
    f"{UPLOAD}/drop": upload_pages.drop_upload,
    f"{HASH_LIST}/police": list_pages.switch_police,
    "/work/<uuid:entry_id>/replay": work_pages.replay,
    "/log/export": audit_pages.export_log,
    "/log/export/ask": audit_pages.ask_for_export,
    "/rules/draft": rules.draft,
    "/rules/way-back": rules.way_back,
    f"{RULE_CHANGE}/files": rules.add_rule_file,
    f"{RULE_CHANGE}/replay": rules.replay_rules,
    f"{RULE_CHANGE}/ask": rules.ask_rules,
    f"{RULE_CHANGE}/withdraw": rules.withdraw_rules,
    f"{RULE_CHANGE}/offer": rules.offer_rules_again,
    "/viewing/ask": viewing.ask_switch,
    "/viewing/off": viewing.end_switch,
    f"{CASE}/files/<uuid:media_id>/look": viewing.ask_viewing,
    "/viewing/<uuid:viewing_id>/picture": viewing.show_picture,
    "/viewing/<uuid:viewing_id>/end": viewing.end_picture,
}


ENTRIES = (
    Entry(
        10,
        lazy_gettext("Queue"),
        "triage.queue",
        "queue.see",
        key="go.queue",
    ),
    Entry(
        95,
        lazy_gettext("Search"),
        "triage.search",
        "search.use",
        key="search",
        opens_box=True,
    ),
    Entry(
        12,
        lazy_gettext("Mentions"),
        "triage.mentions",
        "case.claim",
        waiting=count_mentions,
    ),
    Entry(50, lazy_gettext("Hash lists"), "triage.hash_lists", "hashlist.see"),
    Entry(
        55,
        lazy_gettext("Viewing"),
        "triage.show_viewing",
        "viewing.switch",
    ),
    # After the log: an auditor begins there.
    Entry(82, lazy_gettext("Rules"), "triage.show_rules", "rules.see"),
    Entry(60, lazy_gettext("Work"), "triage.work", "work.see"),
    Entry(80, lazy_gettext("Log"), "triage.log", "audit.see"),
    # Before figures: a reviewer comes here first.
    Entry(67, lazy_gettext("Quality"), "triage.quality", "sample.see"),
    Entry(68, lazy_gettext("Sample"), "triage.sample", "sample.see"),
)


FINDERS = (*of_cases.FINDERS, *of_names.FINDERS, *of_words.FINDERS)
KINDS = (
    REPORTER_IDENTITY,
    LIST_UPLOAD,
    LIST_SWITCH,
    LIST_POLICE,
    LIST_EXPORT,
    audit_pages.LOG_EXPORT,
    VIEWING_SWITCH,
    RULES_CHANGE,
)
"""What needs another person's agreement on these pages."""


def create_blueprint(
    panels: Sequence[cases.Panel],
    banners: Sequence[cases.Panel] = (),
    trails: Sequence[Trail] = (),
    diaries: Sequence[Diary] = (),
    hindrances: Sequence[Hindrance] = (),
) -> Blueprint:
    """The pages under /console. ``panels``: what else the case page shows, each made by a function
    of (session, case, person, now) that returns safe HTML. ``banners`` stand above all else.
    ``diaries`` tell what others did about a case and what is due.
    ``trails``: whose the things are that the log names by their ids. ``hindrances``: why a case's
    host must not be asked for anything now."""
    blueprint = Blueprint("triage", __name__, url_prefix="/console")
    register_entries(blueprint, *ENTRIES)
    register_box(blueprint, Box("triage.find", "search.use"))
    register_finders(blueprint, *FINDERS)
    register_shortcuts(blueprint, *SHORTCUTS)
    bulk_pages.register_deeds(blueprint, *DEEDS)
    register_kinds(blueprint, *KINDS)
    # What others bring belongs to the application that is being built, and not
    # to this module: there may be two of them in one process.
    brought: dict[str, object] = {
        cases.PANELS: tuple(panels),
        cases.BANNERS: tuple(banners),
        audit_pages.TRAILS: (OwnTrail(), *trails),
        DIARIES: tuple(diaries),
        viewing.HINDRANCES: tuple(hindrances),
    }
    blueprint.record(lambda state: state.app.extensions.update(brought))
    blueprint.add_app_template_filter(name_action, "action")
    blueprint.add_app_template_filter(show_basis, "basis")
    blueprint.add_app_template_filter(show_place, "place")
    blueprint.add_app_template_filter(show_whole_place, "whole_place")
    blueprint.add_app_template_filter(defang, "defanged")
    blueprint.add_app_template_filter(shorten_middle, "shortened")
    for address, view in PAGES.items():
        blueprint.add_url_rule(address, view_func=view)
    for address, view in ACTS.items():
        blueprint.add_url_rule(address, view_func=view, methods=["POST"])
    return blueprint
