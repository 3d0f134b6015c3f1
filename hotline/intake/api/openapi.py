"""The OpenAPI 3.1 document, made from the models that read the bodies and write the answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from hotline.intake.api import schemas
from hotline.intake.submission import Submission

VERSION = "1.0.0"
Schema = Mapping[str, Any]
"""A piece of an OpenAPI document, which is JSON of many forms."""
_COMPONENTS = "#/components/"
# A body of blank lines holds no report.
_LINES = {"type": "string", "minLength": 1, "pattern": r"\S"}
_MODELS: tuple[type[BaseModel], ...] = (
    Submission,
    schemas.ReceiptQuery,
    schemas.InformationRequest,
    schemas.ReceiptAnswer,
    schemas.StatusAnswer,
    schemas.Challenge,
    schemas.StateMessage,
    schemas.Problem,
)
# Every operation may answer with these; what else one may answer, it names itself.
_PROBLEMS = {
    "400": "The body is not JSON in UTF-8, or names a field twice.",
    "411": "The body came without a length.",
    "413": "The body is too large.",
    "415": "The body is of another type.",
    "422": "A field cannot be used; `errors` points at it.",
    "500": "Something went wrong on our side.",
}
_NO_RECEIPT = {
    "404": "No report has this receipt: unknown, mistyped and erased look the same."
}
_TOO_MANY = {
    "429": "Too many requests in a short time; see Retry-After, or send a Proof-Of-Work."
}
_KEY_PROBLEMS = {
    "401": "The key is missing, unknown or revoked.",
    "403": "The key may not be used for this.",
    "429": "The key's quota of the day does not suffice; see Retry-After.",
}
_DOCUMENT = {
    "operationId": "openapi",
    "summary": "This document",
    "responses": {
        "200": {
            "description": "OpenAPI 3.1.",
            "content": {"application/json": {"schema": {"type": "object"}}},
        }
    },
}
_CHALLENGE = {
    "operationId": "readChallenge",
    "summary": "Get work to do for the header Proof-Of-Work, for callers without a key",
    "responses": {
        "200": {
            "description": "A new challenge. It is solved once, and expires after a day.",
            "content": {
                "application/json": {
                    "schema": {"$ref": f"{_COMPONENTS}schemas/Challenge"}
                }
            },
        }
    },
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Random, 16 to 255 visible ASCII characters. For 24 hours the same key with "
    "the same body gives the first answer again.",
    "schema": {"type": "string", "pattern": "^[!-~]{16,255}$"},
}
_RECEIPT = "$response.body#/receipt"
_LINKS = {
    "status": {
        "operationId": "readStatus",
        "requestBody": {"receipt": _RECEIPT},
        "description": "The receipt reads the state.",
    },
    "information": {
        "operationId": "addInformation",
        "requestBody": {"receipt": _RECEIPT, "text": "More words."},
        "description": "The receipt adds to the report.",
    },
}
_PROOF = {
    "name": "Proof-Of-Work",
    "in": "header",
    "description": "For callers without a key: the solution of a challenge, as base64 of the JSON "
    '{"challenge": the challenge as it came, "solution": {"counter": number, "derivedKey": hex}}. '
    "It counts once, and only where a limit is reached: a report in a flood is then not held for "
    "review, a look-up not refused. A wrong, old or used one counts as none; a report is stored "
    "all the same.",
    "schema": {"type": "string"},
}

_WEBHOOK = {
    "operationId": "reportStateChanged",
    "summary": "Sent to the webhook of the key that a report came with, when its state changes",
    "description": "A message whose type is test has no data: somebody tries whether it arrives.",
    "parameters": [
        {
            "name": name,
            "in": "header",
            "required": True,
            "description": description,
            "schema": {"type": "string"},
        }
        for name, description in (
            ("webhook-id", "Names the message; the same at every try."),
            (
                "webhook-timestamp",
                "Seconds since 1970, of this try. Refuse what is old.",
            ),
            (
                "webhook-signature",
                "v1, a comma, and in base64 the HMAC-SHA-256 of id, timestamp and body with dots "
                "between them. Its key is what follows whsec_ in the secret, in base64.",
            ),
        )
    ],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"$ref": f"{_COMPONENTS}schemas/StateMessage"}
            }
        },
    },
    "responses": {
        "2XX": {
            "description": "Taken. After 5XX, 408, 425, 429 or silence it is sent again."
        }
    },
}


@dataclass(frozen=True, slots=True)
class _Operation:
    """One POST. ``answer``: its status, what that means, and the model of its body, if it has one.

    ``lines``: the body holds many of ``body``, one a line, and so does the answer's.
    """

    name: str
    summary: str
    body: type[BaseModel]
    answer: tuple[str, str, type[BaseModel] | None]
    problems: Mapping[str, str]
    parameters: tuple[Schema, ...]
    security: tuple[Schema, ...] = ()
    links: Schema | None = None
    lines: tuple[str, ...] = ()

    def to_json(self) -> Schema:
        takes = self.lines or ("application/json",)
        schema = _LINES if self.lines else _schema_reference(self.body)
        document: dict[str, object] = {
            "operationId": self.name,
            "summary": self.summary,
            "requestBody": {
                "required": True,
                "content": {media: {"schema": schema} for media in takes},
            },
            "responses": self._list_responses(),
            "parameters": list(self.parameters),
        }
        if self.security:
            document["security"] = list(self.security)
        return document

    def _list_responses(self) -> Schema:
        status, _, _ = self.answer
        problems = {
            code: {"description": description, "content": _PROBLEM}
            for code, description in {**_PROBLEMS, **self.problems}.items()
        }
        return dict(
            sorted({status: self._success_response(), **problems}.items())
        )

    def _success_response(self) -> Schema:
        _, description, model = self.answer
        success: dict[str, object] = {"description": description}
        if model is not None:
            success["content"] = {
                "application/json": {"schema": _schema_reference(model)}
            }
        if self.lines:
            success["content"] = {self.lines[0]: {"schema": _LINES}}
        if self.links:
            success["links"] = self.links
        return success


def _schema_reference(model: type[BaseModel]) -> Schema:
    return {"$ref": f"{_COMPONENTS}schemas/{model.__name__}"}


_PROBLEM = {
    "application/problem+json": {"schema": _schema_reference(schemas.Problem)}
}
_REPORT = _Operation(
    "createReport",
    "Report one or more locations, or tell what happened",
    Submission,
    ("201", "Stored. Keep the receipt.", schemas.ReceiptAnswer),
    {
        **_KEY_PROBLEMS,
        "409": "The Idempotency-Key was used for another report.",
    },
    (_IDEMPOTENCY_KEY, _PROOF),
    security=({}, {"key": []}),
    links=_LINKS,
)
_BULK = _Operation(
    "createReports",
    "Up to 10,000 reports at once; each line is answered",
    Submission,
    ("200", "One answer a line, in the order of the lines.", None),
    {
        **_KEY_PROBLEMS,
        "409": "The Idempotency-Key was used for another body.",
    },
    (_IDEMPOTENCY_KEY,),
    security=({"key": []},),
    lines=("application/x-ndjson", "text/csv"),
)
_STATUS = _Operation(
    "readStatus",
    "Read the state of a report by its receipt",
    schemas.ReceiptQuery,
    ("200", "The state of each part.", schemas.StatusAnswer),
    _NO_RECEIPT | _TOO_MANY,
    (_PROOF,),
)
_INFORMATION = _Operation(
    "addInformation",
    "Add to a report, or answer the hotline's question",
    schemas.InformationRequest,
    ("204", "Added.", None),
    {
        **_NO_RECEIPT,
        **_TOO_MANY,
        "409": "Nothing can be added to this report any more.",
    },
    (_PROOF,),
)


def openapi_document(server: str) -> Schema:
    """The document for a service that is reached at ``server``."""
    # A new mapping: what was built is remembered, and the same for every
    # server.
    return {**_build_document(), "servers": [{"url": server}]}


@cache
def _build_document() -> Schema:
    _, definitions = models_json_schema(
        [(model, "validation") for model in _MODELS],
        ref_template=_COMPONENTS + "schemas/{model}",
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Hotline API",
            "version": VERSION,
            "description": "Report suspected CSAM by its location. No file can be sent.",
        },
        "paths": {
            "/api/v1/reports": {"post": _REPORT.to_json()},
            "/api/v1/reports/bulk": {"post": _BULK.to_json()},
            "/api/v1/reports/status": {"post": _STATUS.to_json()},
            "/api/v1/reports/information": {"post": _INFORMATION.to_json()},
            "/api/v1/challenge": {"get": _CHALLENGE},
            "/api/v1/openapi.json": {"get": _DOCUMENT},
        },
        "webhooks": {"reportStateChanged": {"post": _WEBHOOK}},
        "components": {
            "schemas": definitions["$defs"],
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }
