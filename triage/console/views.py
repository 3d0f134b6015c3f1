"""The analysts' console: which page stands at which address."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint
from flask.blueprints import BlueprintSetupState
from flask_babel import lazy_gettext

from hotline.accounts.navigation import Entry, register_entries
from triage.cases.pages import case_views as cases
from triage.cases.pages import item_views as items
from triage.cases.pages import people_views as people
from triage.cases.pages.words import defang
from triage.console import audit_pages, list_pages, work_pages

CASE = "/cases/<reference>"
REPORT = f"{CASE}/reports/<uuid:report_id>"


def create_blueprint(panels: Sequence[cases.Panel]) -> Blueprint:
    """The pages under /console. ``panels``: what else the case page shows, each made by a function
    of (session, case, person, now) that returns safe HTML."""
    blueprint = Blueprint("triage", __name__, url_prefix="/console")
    register_entries(
        blueprint,
        Entry(10, lazy_gettext("Queue"), "triage.queue", "queue.see"),
        Entry(
            50, lazy_gettext("Hash lists"), "triage.hash_lists", "hashlist.see"
        ),
        Entry(60, lazy_gettext("Work"), "triage.work", "work.see"),
        Entry(80, lazy_gettext("Log"), "triage.log", "audit.see"),
    )
    blueprint.record(lambda state: _remember_panels(state, panels))
    blueprint.add_app_template_filter(defang, "defanged")
    add, post = blueprint.add_url_rule, ["POST"]
    add("/queue", view_func=cases.queue)
    add("/queue/release", view_func=cases.release_flood, methods=post)
    add("/queue/set-aside", view_func=cases.set_flood_aside, methods=post)
    add(CASE, view_func=cases.case)
    add(f"{CASE}/claim", view_func=cases.claim, methods=post)
    add(f"{CASE}/release", view_func=cases.release, methods=post)
    add(
        f"{CASE}/reports/release",
        view_func=cases.release_reports,
        methods=post,
    )
    add(
        f"{CASE}/reports/set-aside",
        view_func=cases.set_reports_aside,
        methods=post,
    )
    add(f"{CASE}/assessment", view_func=cases.assess, methods=post)
    add(f"{CASE}/facts", view_func=cases.set_facts, methods=post)
    add(f"{CASE}/access", view_func=items.set_access, methods=post)
    add(f"{CASE}/access/clear", view_func=items.clear_access, methods=post)
    add(f"{CASE}/origin", view_func=items.tell_origin, methods=post)
    add(f"{CASE}/reopen", view_func=cases.reopen, methods=post)
    add(
        f"{CASE}/matches/<uuid:match_id>",
        view_func=cases.decide_match,
        methods=post,
    )
    add(f"{CASE}/people", view_func=people.people)
    add(f"{CASE}/people", view_func=people.set_person_facts, methods=post)
    add(
        f"{CASE}/people/identifiers",
        view_func=people.add_identifier,
        methods=post,
    )
    add(
        f"{CASE}/people/identifiers/<uuid:identifier_id>/withdraw",
        view_func=people.withdraw_identifier,
        methods=post,
    )
    add(
        f"{CASE}/people/summaries",
        view_func=people.write_summary,
        methods=post,
    )
    add(f"{REPORT}/words", view_func=cases.read_words, methods=post)
    add(f"{REPORT}/question", view_func=cases.ask_reporter, methods=post)
    add("/hash-lists", view_func=list_pages.hash_lists)
    add(
        "/hash-lists/<uuid:list_id>/switch",
        view_func=list_pages.switch,
        methods=post,
    )
    add(
        "/hash-lists/<uuid:list_id>/police",
        view_func=list_pages.switch_police,
        methods=post,
    )
    add("/work", view_func=work_pages.work)
    add(
        "/work/<uuid:entry_id>/replay",
        view_func=work_pages.replay,
        methods=post,
    )
    add("/log", view_func=audit_pages.log)
    return blueprint


def _remember_panels(
    state: BlueprintSetupState, panels: Sequence[cases.Panel]
) -> None:
    state.app.extensions[cases.PANELS] = tuple(panels)
