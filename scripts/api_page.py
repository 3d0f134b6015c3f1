"""Write ``docs/api.md`` from the API's own document: what can be sent, and what is answered.

``--check`` fails where the page is not what the code says now.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

from written_page import ROOT, settle_page

sys.path.insert(0, str(ROOT))

from hotline.intake.api.openapi import openapi_document

TARGET = ROOT / "docs" / "api.md"
HEAD = """\
# The API for reports

Written from the service's own OpenAPI document by `make api-page`; the lint fails where it is out
of date. A running service gives the document at `/api/v1/openapi.json`.

Nobody can send a file: a report names locations, or tells what happened. A receipt code is the only
way back to a report, and is answered once. Whoever sends many has a key, which `hotline key add`
makes and which is sent as `Authorization: Bearer KEY`. What is wrong is answered as a problem
([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)) that names the fields.

"""


def main() -> None:
    page = HEAD + "\n".join(write_page(openapi_document("/")))
    settle_page(TARGET, page, rule="api-page")


def write_page(document: Mapping[str, Any]) -> Iterator[str]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield from write_operation(f"{method.upper()} {path}", operation)
    for name, methods in document["webhooks"].items():
        for operation in methods.values():
            yield from write_operation(f"Webhook `{name}`", operation)
    yield "## What the bodies hold\n"
    for name, schema in document["components"]["schemas"].items():
        if schema.get("properties"):
            yield from write_schema(name, schema)


def write_operation(title: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f"## {title}\n"
    yield f"{operation.get('summary', '')}.\n"
    body = operation.get("requestBody", {}).get("content", {})
    for media, content in body.items():
        yield f"- takes `{media}`{_name_of(content)}"
    for parameter in operation.get("parameters", ()):
        needed = "needed" if parameter.get("required") else "may be left out"
        words = _one_line(parameter.get("description", ""))
        yield f"- `{parameter['name']}` ({parameter['in']}, {needed}): {words}"
    yield "\n| answer | means |\n|---|---|"
    for status, answer in operation["responses"].items():
        words = _one_line(answer["description"])
        contents = answer.get("content", {}).values()
        yield f"| {status}{''.join(map(_name_of, contents))} | {words} |"
    yield ""


def write_schema(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield f"### {name}\n"
    if words := _one_line(schema.get("description", "")):
        yield f"{words}\n"
    yield "| field | type | meaning |\n|---|---|---|"
    for field, shape in schema["properties"].items():
        needed = " (needed)" if field in schema.get("required", ()) else ""
        words = _one_line(shape.get("description", ""))
        yield f"| `{field}`{needed} | {_type_of(shape)} | {words} |"
    yield ""


def _name_of(content: Mapping[str, Any]) -> str:
    reference = content.get("schema", {}).get("$ref", "")
    return (
        f" [{_leaf(reference)}](#{_leaf(reference).lower()})"
        if reference
        else ""
    )


def _type_of(shape: Mapping[str, Any]) -> str:
    if reference := shape.get("$ref"):
        return f"[{_leaf(reference)}](#{_leaf(reference).lower()})"
    if choices := shape.get("anyOf") or shape.get("oneOf"):
        return " or ".join(_type_of(choice) for choice in choices)
    if shape.get("type") == "array":
        return f"list of {_type_of(shape.get('items', {}))}"
    if words := shape.get("enum"):
        return ", ".join(f"`{word}`" for word in words)
    return str(shape.get("type", "any"))


def _leaf(reference: str) -> str:
    return reference.rpartition("/")[2]


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    main()
