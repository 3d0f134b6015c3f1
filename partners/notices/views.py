"""The host's page: one notice behind a link, no account, no scripts; and the same for machines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from flask import (
    Blueprint,
    Response,
    flash,
    jsonify,
    make_response,
    redirect,
    request,
    url_for,
)
from flask import render_template as render
from flask_babel import gettext
from pydantic import ConfigDict
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.exceptions import UnsupportedMediaType
from werkzeug.wrappers import Response as BaseResponse

from hotline.core.act import Act
from hotline.core.context import utc_now
from hotline.core.datafiles.shapes import parse_shape
from hotline.core.errors import InvalidInput
from hotline.core.storage import audit
from hotline.core.web import site
from hotline.intake import strict_json
from hotline.intake.flood import guard
from partners import words
from partners.letters.clock import Clock, format_stamp
from partners.notices import answers
from partners.notices.models import Notice, NoticeItem, ProviderAnswer
from partners.pages import (
    as_problem,
    faults_of,
    render_ended_link,
    speaking,
)
from partners.replaced_links import LinkEnded
from triage.items.models import Item
from triage.locations.others.address_use import show_place

blueprint = Blueprint("provider_notices", __name__, url_prefix="/provider")
blueprint.register_error_handler(LinkEnded, render_ended_link)


@dataclass(frozen=True, slots=True)
class AnswerBody:
    """The body of an answer by machine."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    verb: str
    text: str = ""


@blueprint.get("/")
def index() -> str:
    """Without a link there is nothing to see; this says what the pages are."""
    return render("provider/index.html")


@blueprint.get("/<token>")
def notice(token: str) -> BaseResponse:
    # The same limit as for receipt codes, so that no link is found by trying.
    guard.allow_lookup()
    with site.reading() as session:
        return _render_page(session, _find_notice(session, token), token)


@blueprint.post("/<token>/show")
def show(token: str) -> BaseResponse:
    """The exact addresses. A POST, because looking is an act: it goes into the log."""
    guard.allow_lookup()
    with site.writing() as session:
        notice = _find_notice(session, token)
        audit.record_entry(
            session,
            actor="provider",
            action="notice.locations_shown",
            entity="notice",
            entity_id=notice.id,
            now=utc_now(),
        )
        return _render_page(session, notice, token, shown=True)


@blueprint.post("/<token>/answer")
def answer(token: str) -> BaseResponse:
    """What was typed stays on the page when it cannot be taken."""
    guard.allow_lookup()
    verb, text = request.form.get("verb", ""), request.form.get("text", "")
    try:
        with site.writing() as session:
            notice = _find_notice(session, token)
            answers.store_answer(_provider_act(session), notice, verb, text)
            language = notice.language
    except InvalidInput as error:
        with site.reading() as session:
            notice = _find_notice(session, token)
            return _render_page(
                session,
                notice,
                token,
                error=error,
                given={"verb": verb, "text": text},
            )
    # As the page itself: in the notice's language, unless the reader chose
    # another one.
    with speaking(language):
        flash(gettext("Thank you. Your answer is stored."), "good")
    return redirect(url_for("provider_notices.notice", token=token), 303)


@blueprint.get("/<token>.json")
@as_problem
def notice_json(token: str) -> Response:
    guard.allow_lookup()
    with site.reading() as session:
        return jsonify(_write_document(session, _find_notice(session, token)))


@blueprint.post("/<token>/answers")
@as_problem
def answer_json(token: str) -> BaseResponse:
    """``{"verb", "text"}``; 201 with the notice as it is afterwards."""
    guard.allow_lookup()
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("Send application/json.")
    # No name twice in one object: readers differ in which of two they take.
    body = parse_shape(
        AnswerBody, strict_json.load_json(request.get_data(cache=False))
    )
    with site.writing() as session:
        notice = _find_notice(session, token)
        answers.store_answer(
            _provider_act(session), notice, body.verb, body.text
        )
        # The answer is to be in the document that goes back.
        session.flush()
        return make_response(jsonify(_write_document(session, notice)), 201)


# No cookie is read there: the link itself is the permission.
site.csrf.exempt(answer_json)


def _provider_act(session: Session) -> Act:
    return Act(session, site.current_context(), "provider", utc_now())


def _find_notice(session: Session, token: str) -> Notice:
    return answers.find_by_token(
        session, site.current_context(), token, utc_now()
    )


def _render_page(
    session: Session,
    notice: Notice,
    token: str,
    *,
    shown: bool = False,
    error: InvalidInput | None = None,
    given: Mapping[str, str] | None = None,
) -> BaseResponse:
    items = _list_items(session, notice)
    with speaking(notice.language):
        page = render(
            "provider/notice.html",
            notice=notice,
            token=token,
            hosts=sorted({item.host for item in items if item.host}),
            urls=[
                show_place(
                    item.kind,
                    item.canonical,
                    gettext("time zone not stated"),
                )
                for item in items
            ]
            # Hosts' mail programs open links by themselves: addresses come
            # only after a click.
            if shown
            else [],
            count=len(items),
            answers=_list_answers(session, notice),
            faults=faults_of(error),
            given=given or {"verb": "", "text": ""},
            words=words,
            moment=Clock.for_partner(
                site.current_context(), notice.partner
            ).show,
        )
    return make_response(page, error.status if error else 200)


def _list_items(session: Session, notice: Notice) -> list[Item]:
    rows = session.scalars(
        select(Item)
        .join(NoticeItem, NoticeItem.item_id == Item.id)
        .where(NoticeItem.notice_id == notice.id)
        .order_by(NoticeItem.id)
    )
    return list(rows)


def _list_answers(session: Session, notice: Notice) -> list[ProviderAnswer]:
    rows = session.scalars(
        select(ProviderAnswer)
        .where(ProviderAnswer.notice_id == notice.id)
        .order_by(ProviderAnswer.at, ProviderAnswer.id)
    )
    return list(rows)


def _write_document(session: Session, notice: Notice) -> dict[str, object]:
    """No exact address: it came with the notice itself, and each look at it here is logged."""
    items = _list_items(session, notice)
    return {
        "schema": "hotline-notice-state/1",
        "reference": notice.reference,
        "kind": notice.kind,
        "state": notice.state,
        "deadline": format_stamp(notice.due_at) if notice.due_at else None,
        "items": len(items),
        "hosts": sorted({item.host for item in items if item.host}),
        "verbs": list(answers.VERBS),
        "answers": [
            {
                "at": format_stamp(stored.at),
                "verb": stored.verb,
                "text": stored.text,
            }
            for stored in _list_answers(session, notice)
        ],
    }
