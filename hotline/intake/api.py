"""The API for apps, platforms and helplines. A receipt travels in bodies only, never in a URL."""

from __future__ import annotations

from typing import Any, TypeVar

from apiflask import APIBlueprint
from flask import Response, jsonify, make_response, request
from pydantic import BaseModel
from werkzeug.exceptions import UnsupportedMediaType

from hotline.core import web
from hotline.core.context import utc_now
from hotline.core.errors import NotFound
from hotline.core.shapes import parse
from hotline.intake import guard, idempotency, openapi, schemas, service, strict_json, submission

CHANNEL = "api"
JSON = "application/json"
blueprint = APIBlueprint("api", __name__, url_prefix="/api/v1")
web.csrf.exempt(blueprint)  # no cookie is read here, so there is nothing to forge

T = TypeVar("T", bound=BaseModel)


@blueprint.post("/reports")
def create_report() -> Response:
    """Store a report; 201 with its receipt."""
    report = submission.read(_body())
    held = guard.report_is_flood()
    key = request.headers.get("Idempotency-Key")
    with web.writing() as session:
        context, now = web.context(), utc_now()
        if key is None:
            received = service.receive(
                session, context, report, channel=CHANNEL, held=held, now=now
            )
        else:
            received = idempotency.receive_once(
                session, context, report, key, channel=CHANNEL, held=held, now=now
            )
    return _answer(schemas.ReceiptAnswer(receipt=received.receipt), 201)


@blueprint.post("/reports/status")
def read_status() -> Response:
    """The state of each part and the messages, for whoever holds the receipt."""
    query = parse(schemas.ReceiptQuery, _body())
    guard.allow_lookup()
    with web.reading() as session:
        report = service.find_by_receipt(session, web.context(), query.receipt)
        if report is None:
            raise _no_such_receipt()
        status = service.status_of(session, web.context(), report)
    return _answer(schemas.StatusAnswer.model_validate(status, from_attributes=True))


@blueprint.post("/reports/information")
def add_information() -> Response:
    """Add to a report; also the answer to the hotline's question."""
    body = parse(schemas.InformationRequest, _body())
    text = submission.read_information({"text": body.text}).text
    guard.allow_addition()
    with web.writing() as session:
        report = service.find_by_receipt(session, web.context(), body.receipt)
        if report is None:
            raise _no_such_receipt()
        service.add_information(session, web.context(), report, text, utc_now())
    return make_response("", 204)


@blueprint.get("/openapi.json")
def openapi_document() -> Response:
    return jsonify(openapi.document(web.context().settings.public_url))


def _no_such_receipt() -> NotFound:
    return NotFound(
        "There is no report with this receipt.",
        hint="It may be mistyped, or the report was erased when its time was over.",
    )


def _body() -> Any:
    if request.mimetype != JSON:
        raise UnsupportedMediaType(f"Send {JSON}.")
    return strict_json.loads(request.get_data(cache=False))


def _answer(answer: BaseModel, status: int = 200) -> Response:
    return Response(answer.model_dump_json(), status, content_type=JSON)
