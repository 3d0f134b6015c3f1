"""The analysts' console: queue and cases (``triage.cases.pages.case_views``), hash lists, work, log."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from flask_babel import get_locale, gettext
from sqlalchemy import select

from hotline.accounts.auth import requires, signed_in
from hotline.accounts.views import told
from hotline.core.context import utc_now
from hotline.core.errors import Conflict, InvalidInput
from hotline.core.jobs import circuit
from hotline.core.storage import audit, outbox
from hotline.core.storage.audit import AuditEntry
from hotline.core.storage.outbox import OutboxEntry
from hotline.core.web import site
from triage.cases.pages import case_views as cases
from triage.cases.pages import item_views as items
from triage.cases.pages.words import defanged
from triage.hashlists import service as hashlists
from triage.hashlists import views as lists
from triage.hashlists.models import HashList

LOG_PAGE = 100
SHOWN_DEAD = 100

CASE = "/cases/<reference>"
REPORT = f"{CASE}/reports/<uuid:report_id>"


def create_blueprint(panels: Sequence[cases.Panel]) -> Blueprint:
    """The pages under /console. ``panels``: what else the case page shows, each made by a function
    of (session, case, person, now) that returns safe HTML."""
    blueprint = Blueprint("triage", __name__, url_prefix="/console")
    blueprint.record(lambda state: _remember(state, panels))
    blueprint.add_app_template_filter(defanged, "defanged")
    add, post = blueprint.add_url_rule, ["POST"]
    add("/queue", view_func=cases.queue)
    add("/queue/release", view_func=cases.release_flood, methods=post)
    add("/queue/set-aside", view_func=cases.set_flood_aside, methods=post)
    add(CASE, view_func=cases.case)
    add(f"{CASE}/claim", view_func=cases.claim, methods=post)
    add(f"{CASE}/release", view_func=cases.release, methods=post)
    add(f"{CASE}/reports/release", view_func=cases.release_reports, methods=post)
    add(f"{CASE}/reports/set-aside", view_func=cases.set_reports_aside, methods=post)
    add(f"{CASE}/assessment", view_func=cases.assess, methods=post)
    add(f"{CASE}/facts", view_func=cases.set_facts, methods=post)
    add(f"{CASE}/access", view_func=items.set_access, methods=post)
    add(f"{CASE}/access/clear", view_func=items.clear_access, methods=post)
    add(f"{CASE}/origin", view_func=items.tell_origin, methods=post)
    add(f"{CASE}/reopen", view_func=cases.reopen, methods=post)
    add(f"{CASE}/matches/<uuid:match_id>", view_func=cases.decide_match, methods=post)
    add(f"{REPORT}/words", view_func=cases.read_words, methods=post)
    add(f"{REPORT}/question", view_func=cases.ask_reporter, methods=post)
    add("/hash-lists", view_func=hash_lists)
    add("/hash-lists/<uuid:list_id>/switch", view_func=lists.switch, methods=post)
    add("/hash-lists/<uuid:list_id>/police", view_func=lists.switch_police, methods=post)
    add("/work", view_func=work)
    add("/work/<uuid:entry_id>/replay", view_func=replay, methods=post)
    add("/log", view_func=log)
    return blueprint


def _remember(state: BlueprintSetupState, panels: Sequence[cases.Panel]) -> None:
    state.app.extensions[cases.PANELS] = tuple(panels)


@requires("hashlist.see")
def hash_lists() -> ResponseReturnValue:
    """Names and sizes, never a hash; and even this look is noted."""
    with site.noting() as session:
        audit.record(
            session, actor=signed_in().actor, action="hashlist.seen", entity="hash_list",
            entity_id="all", now=utc_now(),
        )  # fmt: skip
        return render_template(
            "triage/hash_lists.html",
            lists=session.scalars(select(HashList).order_by(HashList.name)).all(),
            sizes=hashlists.sizes(session),
            asker=signed_in().actor,
            second_person=site.context().settings.second_person,
            answer_words=cases.answer_words(str(get_locale()).partition("_")[0]),
        )


@requires("work.see")
def work() -> ResponseReturnValue:
    dead = (
        select(OutboxEntry)
        .where(OutboxEntry.dead_at.is_not(None))
        .order_by(OutboxEntry.dead_at.desc(), OutboxEntry.id)
        .limit(SHOWN_DEAD)
    )
    with site.reading() as session:
        return render_template(
            "triage/work.html",
            counts=outbox.counts(session, now=utc_now()),
            dead=session.scalars(dead).all(),
            shown=SHOWN_DEAD,
            silent=circuit.left_alone(session),
        )


@requires("work.replay")
def replay(entry_id: uuid.UUID) -> ResponseReturnValue:
    now = utc_now()
    with told(), site.writing() as session:
        if not outbox.replay(session, entry_id, now=now):
            raise Conflict(gettext("This work was not laid aside, or somebody has replayed it."))
        audit.record(
            session, actor=signed_in().actor, action="work.replayed", entity="outbox_entry",
            entity_id=entry_id, now=now,
        )  # fmt: skip
        flash(gettext("The work is on its way again."), "good")
    return redirect(url_for("triage.work"), 303)


@requires("audit.see")
def log() -> ResponseReturnValue:
    """Newest first. Filters are exact, so that each of them can use an index."""
    filters = {
        name: request.args.get(name, "").strip() for name in ("actor", "action", "entity_id")
    }
    query = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(LOG_PAGE + 1)
    for name, value in filters.items():
        if value:
            query = query.where(getattr(AuditEntry, name) == value)
    if request.args.get("before"):
        query = query.where(AuditEntry.id < _uuid(request.args["before"]))
    with site.reading() as session:
        entries = session.scalars(query).all()
        return render_template(
            "triage/log.html",
            entries=entries[:LOG_PAGE],
            before=entries[LOG_PAGE - 1].id if len(entries) > LOG_PAGE else None,
            filters=filters,
        )


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise InvalidInput("This is no page of the log.", fields={"/before": "invalid"}) from None
