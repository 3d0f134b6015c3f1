"""The pages of an act on many cases: its form, what it would do, how far it is, the way back."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from flask import (
    Blueprint,
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.blueprints import BlueprintSetupState
from flask.sansio.app import App
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.accounts.pages.views import flash_refusals
from hotline.accounts.signing_in.auth import (
    may_current_person,
    own_act,
    requires,
    signed_in,
)
from hotline.accounts.signing_in.standing import watching
from hotline.core.context import utc_now
from hotline.core.errors import Forbidden, InvalidInput, NotFound, phrase
from hotline.core.web import site
from hotline.core.web.wording import worded_error
from triage.cases.assessing.assessment import in_language, load_schema
from triage.cases.bulk import service
from triage.cases.bulk.deeds import Deed
from triage.cases.bulk.models import BulkAct, BulkState
from triage.cases.bulk.why import read_refusal
from triage.cases.handling.hand_over import list_colleagues
from triage.cases.listing import tabs
from triage.cases.listing.filters import Filters
from triage.cases.listing.queue import list_matching
from triage.cases.models import Case
from triage.cases.pages import words
from triage.console.queue.live import answer_if_new

EXTENSION = "triage.bulk_deeds"
RUNNING = (BulkState.WAITING, BulkState.RUNNING)
STATES: words.Words = {
    BulkState.WAITING: lazy_gettext("begins within a minute"),
    BulkState.RUNNING: lazy_gettext("is being done"),
    BulkState.DONE: lazy_gettext("done"),
    BulkState.TAKEN_BACK: lazy_gettext("taken back"),
}


def register_deeds(blueprint: Blueprint, *deeds: Deed) -> None:
    """Have ``blueprint`` bring its deeds to each application that serves it."""

    def bring(state: BlueprintSetupState) -> None:
        _deeds_of(state.app).update({deed.name: deed for deed in deeds})

    blueprint.record(bring)


def offered_deeds() -> Sequence[Deed]:
    """What the signed-in person may do to many cases in this application."""
    return [
        deed
        for deed in _deeds_of(current_app).values()
        if may_current_person(deed.permission)
    ]


def find_deed(name: str) -> Deed | None:
    """The one of this name, whoever may do it; None where there is none any more."""
    return _deeds_of(current_app).get(name)


def _deeds_of(app: App) -> dict[str, Deed]:
    deeds: dict[str, Deed] = app.extensions.setdefault(EXTENSION, {})
    return deeds


def _require_deed(name: str) -> Deed:
    deed = _deeds_of(current_app).get(name)
    if deed is None:
        raise NotFound(phrase("There is no such act."))
    if not may_current_person(deed.permission):
        raise Forbidden(phrase("Your role does not allow this."))
    return deed


@requires("queue.see")
def begin_bulk() -> ResponseReturnValue:
    """The form of one deed, for the chosen cases or for all that the filters let through."""
    deed = _require_deed(request.form.get("deed", ""))
    with site.writing() as session:
        case_ids = _chosen_ids(session)
        if not case_ids:
            flash(gettext("Choose at least one case."), "danger")
            return redirect(url_for("triage.queue", **_kept()), 303)
        return _bulk_form(session, deed, len(case_ids), {})


@requires("queue.see")
def draft_bulk() -> ResponseReturnValue:
    """Keep it as a draft, whose page says what it would do."""
    deed = _require_deed(request.form.get("deed", ""))
    with site.writing() as session:
        case_ids = _chosen_ids(session)
        act = own_act(session)
        try:
            values = deed.read(session, act.context, request.form.to_dict())
            drafted = service.draft_act(
                act,
                deed,
                signed_in(),
                case_ids,
                values,
                request.form.get("reason", ""),
            )
        except InvalidInput as error:
            flash(worded_error(error), "danger")
            page = _bulk_form(session, deed, len(case_ids), error.fields)
            # Whatever was begun until then is not kept.
            session.rollback()
            return make_response(page, 422)
    # The tab and the filters go along, for the way back to the list.
    return redirect(url_for("triage.bulk", bulk_id=drafted.id, **_kept()), 303)


@watching
@requires("queue.see")
def bulk_progress(bulk_id: uuid.UUID) -> ResponseReturnValue:
    """How far it is, for the page that asks again."""
    with site.reading() as session:
        own = service.own_act_of(session, signed_in(), bulk_id)
        part = render_template(
            "triage/bulk_progress.html",
            bulk=own,
            **_progress_of(session, own),
        )
    return answer_if_new(part)


@requires("queue.see")
def bulk(bulk_id: uuid.UUID) -> ResponseReturnValue:
    """What it would do, or how far it is."""
    with site.reading() as session:
        own = service.own_act_of(session, signed_in(), bulk_id)
        return render_template(
            "triage/bulk.html",
            bulk=own,
            deed=_deeds_of(current_app).get(own.act),
            **_progress_of(session, own),
            is_under_way=own.state in RUNNING,
            answers=_spoken_values(own.values),
            kept=_kept(),
        )


@requires("queue.see")
def bulk_list() -> ResponseReturnValue:
    """The newest acts of the person."""
    with site.reading() as session:
        own = service.list_own(session, signed_in())
        return render_template(
            "triage/bulk_list.html",
            acts=own,
            deeds=_deeds_of(current_app),
            states=STATES,
            progress={
                bulk.id: service.count_progress(session, bulk) for bulk in own
            },
        )


@requires("queue.see")
def ask_bulk(bulk_id: uuid.UUID) -> ResponseReturnValue:
    with flash_refusals(), site.writing() as session:
        own = service.own_act_of(session, signed_in(), bulk_id)
        _require_deed(own.act)
        service.ask_for(own_act(session), own)
    return redirect(url_for("triage.bulk", bulk_id=bulk_id, **_kept()), 303)


@requires("queue.see")
def take_bulk_back(bulk_id: uuid.UUID) -> ResponseReturnValue:
    with flash_refusals(), site.writing() as session:
        own = service.own_act_of(session, signed_in(), bulk_id)
        service.take_back(own_act(session), own)
        flash(gettext("Taken back: nothing was done."), "good")
    return redirect(url_for("triage.bulk", bulk_id=bulk_id, **_kept()), 303)


def _progress_of(session: Session, own: BulkAct) -> dict[str, Any]:
    return {
        "progress": service.count_progress(session, own),
        "left": service.list_left(session, own),
        "say_why": lambda stored: worded_error(read_refusal(stored)),
    }


def _chosen_ids(session: Session) -> Sequence[uuid.UUID]:
    """The ticked cases; or all that the filters of the address let through."""
    if request.form.get("all") != "1":
        # One more than is allowed, so that too many are told and not cut.
        chosen = request.form.getlist("case")[: service.MOST + 1]
        return session.scalars(
            select(Case.id).where(Case.reference.in_(chosen))
        ).all()
    tab = request.args.get("tab", tabs.TABS[0])
    if tab not in tabs.TABS:
        raise NotFound(phrase("There is no such tab."))
    return list_matching(
        session,
        tab=tab,
        filters=Filters.from_query(request.args),
        person=signed_in(),
        now=utc_now(),
        limit=service.MOST,
    )


def _kept() -> dict[str, Any]:
    """The tab and the filters that the list had."""
    kept = Filters.from_query(request.args).to_query()
    tab = request.args.get("tab", "")
    return {**kept, "tab": tab} if tab in tabs.TABS else kept


def _bulk_form(
    session: Session, deed: Deed, number: int, faults: Mapping[str, str]
) -> str:
    language = site.page_language()
    schema = load_schema(site.current_context().settings.data_dir)
    return render_template(
        "triage/bulk_form.html",
        deed=deed,
        number=number,
        most=service.MOST,
        is_all=request.form.get("all") == "1",
        chosen=request.form.getlist("case")[: service.MOST],
        kept=_kept(),
        given=request.form,
        faults=faults,
        schema=schema,
        said=lambda labels: in_language(labels, language),
        colleagues=list_colleagues(session),
        route_words=words.ROUTES,
    )


def _spoken_values(values: Mapping[str, object]) -> list[tuple[str, str]]:
    """What the deed was given beside the reason, in the reader's words."""
    schema = load_schema(site.current_context().settings.data_dir)
    language = site.page_language()
    answers = values.get("answers")
    spoken = []
    if isinstance(answers, Mapping):
        for name, value in answers.items():
            question = schema.question(name)
            # The questions may have changed since the act was drafted.
            if question is not None:
                label = in_language(question.label, language)
                spoken.append((label, question.label_of(value, language)))
    for name, label in (("tag", gettext("Tag")), ("to", gettext("Person"))):
        if values.get(name):
            spoken.append((label, str(values[name])))
    routes = values.get("routes")
    if isinstance(routes, list):
        named = [str(words.ROUTES.get(to, to)) for to in routes]
        spoken.append((gettext("Routes"), ", ".join(named)))
    return spoken
