"""The host's page: one notice behind a link, no account, no scripts; and the same for machines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

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

from hotline.core.context import utc_now
from hotline.core.datafiles.shapes import parse_shape
from hotline.core.errors import InvalidInput
from hotline.core.storage import audit
from hotline.core.web import site
from hotline.intake import strict_json
from hotline.intake.flood import guard
from partners import words
from partners.console.pages import as_problem, faults_of, speaking
from partners.letters.wording import moment, stamp
from partners.notices import answers
from partners.notices.models import Notice, NoticeItem, ProviderAnswer
from triage.items.models import Item

blueprint = Blueprint("provider_notices", __name__, url_prefix="/provider")


@dataclass(frozen=True, slots=True)
class Said:
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
    guard.allow_lookup()
    with site.reading() as session:
        return _page(session, _notice(session, token), token)


@blueprint.post("/<token>/show")
def show(token: str) -> BaseResponse:
    """The exact addresses. A POST, because looking is an act: it goes into the log."""
    guard.allow_lookup()
    with site.writing() as session:
        found = _notice(session, token)
        audit.record_entry(
            session,
            actor="provider",
            action="notice.locations_shown",
            entity="notice",
            entity_id=found.id,
            now=utc_now(),
        )
        return _page(session, found, token, shown=True)


@blueprint.post("/<token>/answer")
def answer(token: str) -> BaseResponse:
    """What was typed stays on the page when it cannot be taken."""
    guard.allow_lookup()
    verb, text = request.form.get("verb", ""), request.form.get("text", "")
    try:
        with site.writing() as session:
            found = _notice(session, token)
            answers.store_answer(
                session,
                found,
                verb,
                text,
                now=utc_now(),
            )
            language = found.language
    except InvalidInput as error:
        with site.reading() as session:
            found = _notice(session, token)
            return _page(
                session,
                found,
                token,
                error=error,
                given={"verb": verb, "text": text},
            )
    with speaking(language):
        flash(gettext("Thank you. Your answer is stored."), "good")
    return redirect(url_for("provider_notices.notice", token=token), 303)


@blueprint.get("/<token>.json")
@as_problem
def notice_json(token: str) -> Response:
    guard.allow_lookup()
    with site.reading() as session:
        return jsonify(_document(session, _notice(session, token)))


@blueprint.post("/<token>/answers")
@as_problem
def answer_json(token: str) -> BaseResponse:
    """``{"verb", "text"}``; 201 with the notice as it is afterwards."""
    guard.allow_lookup()
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("Send application/json.")
    said = parse_shape(
        Said, strict_json.load_json(request.get_data(cache=False))
    )
    with site.writing() as session:
        found = _notice(session, token)
        answers.store_answer(
            session,
            found,
            said.verb,
            said.text,
            now=utc_now(),
        )
        session.flush()
        return make_response(jsonify(_document(session, found)), 201)


site.csrf.exempt(
    answer_json
)  # no cookie is read there: the link itself is the permission


def _notice(session: Session, token: str) -> Notice:
    return answers.find_by_token(
        session, site.current_context(), token, utc_now()
    )


def _page(
    session: Session,
    found: Notice,
    token: str,
    *,
    shown: bool = False,
    error: InvalidInput | None = None,
    given: Mapping[str, str] | None = None,
) -> BaseResponse:
    items = _items(session, found)
    with speaking(found.language):
        page = render(
            "provider/notice.html",
            notice=found,
            token=token,
            hosts=sorted({item.host for item in items if item.host}),
            urls=[item.canonical for item in items] if shown else [],
            count=len(items),
            answers=_answers(session, found),
            faults=faults_of(error),
            given=given or {"verb": "", "text": ""},
            words=words,
            utc=moment,
        )
    return make_response(page, error.status if error else 200)


def _items(session: Session, found: Notice) -> list[Item]:
    rows = session.scalars(
        select(Item)
        .join(NoticeItem, NoticeItem.item_id == Item.id)
        .where(NoticeItem.notice_id == found.id)
        .order_by(NoticeItem.id)
    )
    return list(rows)


def _answers(session: Session, found: Notice) -> list[ProviderAnswer]:
    rows = session.scalars(
        select(ProviderAnswer)
        .where(ProviderAnswer.notice_id == found.id)
        .order_by(ProviderAnswer.at, ProviderAnswer.id)
    )
    return list(rows)


def _document(session: Session, found: Notice) -> dict[str, Any]:
    """No exact address: it came with the notice itself, and each look at it here is logged."""
    items = _items(session, found)
    return {
        "schema": "hotline-notice-state/1",
        "reference": found.reference,
        "kind": found.kind,
        "state": found.state,
        "deadline": stamp(found.due_at) if found.due_at else None,
        "items": len(items),
        "hosts": sorted({item.host for item in items if item.host}),
        "verbs": list(answers.VERBS),
        "answers": [
            {"at": stamp(one.at), "verb": one.verb, "text": one.text}
            for one in _answers(session, found)
        ],
    }
