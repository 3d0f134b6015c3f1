"""The page about the API: everything that the OpenAPI document says, without a script."""

from __future__ import annotations

import html
import re

from flask.testing import FlaskClient

from hotline.intake.api import openapi, reference, webhooks
from hotline.intake.api.schemas import StateMessage

PAGE = "/api/v1/docs"


def text_of(client: FlaskClient) -> str:
    page = client.get(PAGE)
    assert page.status_code == 200 and page.mimetype == "text/html"
    return html.unescape(
        re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", page.text))
    )


def test_every_operation_field_and_answer_is_shown(
    client: FlaskClient,
) -> None:
    text, document = text_of(client), openapi.openapi_document("")
    for path, methods in (document["paths"] | document["webhooks"]).items():
        for method, operation in methods.items():
            assert (
                path in text
                if "/" not in path
                else f"{method.upper()} {path}" in text
            )
            assert operation["summary"] in text
            for status, answer in operation["responses"].items():
                assert f"{status} " in text and answer["description"] in text
    for name, schema in document["components"]["schemas"].items():
        assert name in text
        for field, properties in schema["properties"].items():
            assert f"{field} {reference.kind_of(properties)}" in text
            assert properties.get("description", "") in text


def test_the_page_runs_nothing_and_the_about_page_leads_there(
    client: FlaskClient,
) -> None:
    page = client.get(PAGE)
    assert set(re.findall(r'<script src="([^"?]*)', page.text)) == {
        "/static/public.js"
    }
    assert "<style" not in page.text and " style=" not in page.text
    assert len(page.data) < 40_000
    assert f'href="{PAGE}"' in client.get("/about").text


def test_kinds_in_words() -> None:
    locations = openapi.openapi_document("")["components"]["schemas"][
        "Submission"
    ]["properties"]
    said = reference.kind_of(locations["locations"])
    assert said == "list, at most 50, of string, at most 4000 characters"
    assert (
        reference.kind_of({"anyOf": [{"type": "string"}, {"type": "null"}]})
        == "string or null"
    )


def test_what_is_sent_is_what_is_described() -> None:
    data = webhooks.Change(
        report="0b2f8c1e-6d44-4e0f-b7be-1f2a3b4c5d6e",
        part=1,
        state="removed",
        since="2026-11-20T09:00:00+00:00",
    )
    message = StateMessage.model_validate_json(webhooks.body_of(data))
    assert (message.type, message.data.state) == (webhooks.EVENT, "removed")
