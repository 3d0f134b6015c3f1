"""The API for apps, platforms and helplines. A receipt travels in bodies only, never in a URL."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any, TypeVar, cast

from apiflask import APIBlueprint
from flask import Response, current_app, jsonify, make_response, request
from flask_babel import force_locale
from pydantic import BaseModel
from sqlalchemy.orm import Session
from werkzeug.exceptions import UnsupportedMediaType

from hotline.core.act import Act
from hotline.core.context import utc_now
from hotline.core.datafiles.shapes import parse_shape
from hotline.core.errors import InvalidInput, NotFound
from hotline.core.storage import audit
from hotline.core.web import site
from hotline.intake import idempotency, service, strict_json, submission
from hotline.intake.api import bulk, keys, openapi, schemas
from hotline.intake.batch import Arrival, Received, store_reports
from hotline.intake.flood import guard
from hotline.intake.form.receipt.status_view import StatusView, view_of
from hotline.intake.registry.vocabulary import Channel

MAX_BULK = 50_000_000
"""Bytes; ten thousand lines with room for narratives."""
JSON = "application/json"
_QUOTAS = "hotline.intake.quotas"
blueprint = APIBlueprint("api", __name__, url_prefix="/api/v1")
blueprint.record(
    lambda state: state.app.extensions.update({_QUOTAS: keys.Quotas()})
)
# No cookie is read here, so there is nothing to forge.
site.csrf.exempt(blueprint)

T = TypeVar("T", bound=BaseModel)


@blueprint.post("/reports")
def create_report() -> Response:
    """Store a report; 201 with its receipt. A key is not needed; it names the source."""
    report, now = submission.read_submission(_posted_json()), utc_now()
    # A known sender has a quota, and is not counted among the public.
    if "Authorization" in request.headers:
        received = _receive_from(_current_sender("reports"), report, now)
    elif guard.is_suspect():
        with site.writing() as session:
            held = not guard.spend_solution(session, _posted_solution(), now)
            received = _receive_report(
                session, report, Arrival(Channel.API, now, held=held)
            )
    else:
        received = _receive_report(None, report, Arrival(Channel.API, now))
    return _json_answer(
        schemas.ReceiptAnswer(receipt=received.receipt, id=received.report_id),
        201,
    )


def _receive_from(
    sender: keys.Sender, report: submission.Submission, now: datetime
) -> Received:
    arrival, quotas = (
        Arrival(Channel.API, now, source=sender.name),
        _current_quotas(),
    )
    # With quota in hand, the report is stored by one statement and needs no
    # transaction around it.
    if not quotas.spend_advance(sender, 1, now):
        with site.writing() as session:
            spend = partial(quotas.spend, session, sender, 1, now)
            return _receive_report(session, report, arrival, spend)
    is_new = False
    try:
        received = _receive_report(None, report, arrival)
        is_new = not received.again
    finally:
        if not is_new:  # a second try costs nothing, nor does what was refused
            quotas.add_advance(sender, 1, now)
    return received


def _receive_report(
    session: Session | None,
    report: submission.Submission,
    arrival: Arrival,
    spend: Callable[[], None] = lambda: None,
) -> Received:
    key = request.headers.get("Idempotency-Key")
    if key is not None:
        return idempotency.receive_once(
            session,
            site.current_context(),
            report,
            key,
            arrival=arrival,
            spend=spend,
        )
    received = Received()
    # Before the storing: it refuses by raising, and then nothing is written.
    spend()
    store_reports(
        session, site.current_context(), [(received, report)], arrival
    )
    return received


@blueprint.post("/reports/bulk")
def create_reports() -> Response:
    """Up to 10,000 reports as NDJSON or CSV; an answer for each line, in one transaction."""
    # Above the limit of all other pages, for this one alone.
    request.max_content_length = MAX_BULK
    if request.mimetype not in (bulk.NDJSON, bulk.CSV):
        raise UnsupportedMediaType(f"Send {bulk.NDJSON} or {bulk.CSV}.")
    sender = _current_sender("bulk")  # before a large body is read
    body = request.get_data(cache=False)
    lines = bulk.read_lines(body, request.mimetype)
    good = [
        (Received(), line)
        for _, line in lines
        if isinstance(line, submission.Submission)
    ]
    # Made before anything is stored: it is kept for a second try by the same
    # transaction.
    answer = _bulk_answer(lines, [received for received, _ in good])
    idempotency_key = request.headers.get("Idempotency-Key")
    now = utc_now()
    arrival = Arrival(Channel.API, now, source=sender.name)
    with site.writing() as session:
        earlier = None
        if idempotency_key is not None:
            earlier = idempotency.answer_once(
                session,
                site.current_context(),
                idempotency_key,
                body,
                answer,
                arrival=arrival,
            )
        if earlier is None:
            _current_quotas().spend(session, sender, len(good), now)
            store_reports(session, site.current_context(), good, arrival)
    return Response(earlier or answer, content_type=bulk.NDJSON)


def _bulk_answer(lines: list[bulk.Line], stored: list[Received]) -> str:
    waiting = iter(stored)
    answers: list[Mapping[str, object]] = []
    for number, line in lines:
        if isinstance(line, submission.Submission):
            received = next(waiting)
            answers.append(
                {
                    "line": number,
                    "receipt": received.receipt,
                    "id": str(received.report_id),
                }
            )
        else:
            fields = line.fields if isinstance(line, InvalidInput) else {}
            faults = [{"pointer": p, "detail": d} for p, d in fields.items()]
            problem = {
                "title": line.title,
                "status": line.status,
                "detail": str(line),
            }
            answers.append(
                {"line": number, "problem": problem | {"errors": faults}}
            )
    return "".join(json.dumps(answer) + "\n" for answer in answers)


def _current_sender(scope: str) -> keys.Sender:
    return keys.authenticate_sender(
        site.current_context(), request.headers.get("Authorization", ""), scope
    )


def _current_quotas() -> keys.Quotas:
    return cast(keys.Quotas, current_app.extensions[_QUOTAS])


def _posted_solution() -> str:
    return request.headers.get("Proof-Of-Work", "")


@blueprint.after_request
def ask_for_a_key(response: Response) -> Response:
    if response.status_code == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


@blueprint.post("/reports/status")
def read_status() -> Response:
    """What became of each place and the messages, for whoever holds the receipt."""
    query = parse_shape(schemas.ReceiptQuery, _posted_json())
    # Before the look-up, whether or not it would hit: the limit must not tell.
    guard.allow_lookup(_posted_solution())
    with site.reading() as session:
        report = service.find_by_receipt(
            session, site.current_context(), query.receipt
        )
        if report is None:
            raise _no_such_receipt()
        view = view_of(session, report)
    with _speaking(query.language):
        return _json_answer(_answer_status(view))


@contextmanager
def _speaking(language: str) -> Iterator[None]:
    """In ``language``, or the hotline's first where it does not speak that one."""
    if language not in site.page_languages():
        yield
        return
    with force_locale(language.replace("-", "_")):
        yield


def _answer_status(view: StatusView) -> schemas.StatusAnswer:
    places = [
        schemas.PlaceAnswer(
            name=place.name,
            in_words=place.is_in_words,
            says=[
                schemas.SayingAnswer(code=said.news, text=view.say(said))
                for said in place.said
            ],
            since=place.since,
            news_from=place.next_at,
        )
        for place in view.places
    ]
    status = view.status
    return schemas.StatusAnswer(
        received_at=status.received_at,
        held=status.held,
        parts=[
            schemas.PartAnswer.model_validate(part, from_attributes=True)
            for part in status.parts
        ],
        places=places,
        messages=[
            schemas.MessageAnswer.model_validate(message, from_attributes=True)
            for message in status.messages
        ],
    )


@blueprint.post("/reports/information")
def add_information() -> Response:
    """Add to a report; also the answer to the hotline's question."""
    body = parse_shape(schemas.InformationRequest, _posted_json())
    text = submission.read_information({"text": body.text}).text
    guard.allow_addition(_posted_solution())
    with site.writing() as session:
        report = service.find_by_receipt(
            session, site.current_context(), body.receipt
        )
        if report is None:
            raise _no_such_receipt()
        act = Act(session, site.current_context(), audit.PUBLIC, utc_now())
        service.add_information(act, report, text)
    return make_response("", 204)


@blueprint.get("/challenge")
def read_challenge() -> Response:
    """Work to be done by whoever has no key; its solution goes into the header Proof-Of-Work."""
    return jsonify(guard.make_challenge(utc_now()))


@blueprint.get("/openapi.json")
def openapi_document() -> Response:
    return jsonify(
        openapi.openapi_document(site.current_context().settings.public_url)
    )


def _no_such_receipt() -> NotFound:
    return NotFound(
        "There is no report with this receipt.",
        hint="It may be mistyped, or the report was erased when its time was over.",
    )


def _posted_json() -> Any:
    if request.mimetype != JSON:
        raise UnsupportedMediaType(f"Send {JSON}.")
    return strict_json.load_json(request.get_data(cache=False))


def _json_answer(answer: BaseModel, status: int = 200) -> Response:
    return Response(answer.model_dump_json(), status, content_type=JSON)
