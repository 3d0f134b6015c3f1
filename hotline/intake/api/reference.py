"""The OpenAPI document as a page for people: made on the server, so that no script is needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from hotline.intake.api import openapi
from hotline.intake.api.openapi import Schema


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    kind: str
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Model:
    name: str
    description: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """``takes``: media type -> what it holds; ``answers``: status -> (what it says, what it holds).

    ``key``: "", "optional" or "required".
    """

    name: str
    method: str
    path: str
    summary: str
    key: str
    headers: tuple[Field, ...]
    takes: Mapping[str, str]
    answers: Mapping[str, tuple[str, str]]


@cache
def list_operations() -> tuple[Operation, ...]:
    return tuple(
        _operation_of(method, path, operation)
        for path, methods in openapi.openapi_document("")["paths"].items()
        for method, operation in methods.items()
    )


@cache
def list_messages() -> tuple[Operation, ...]:
    """What the service itself sends to a sender's server."""
    return tuple(
        _operation_of(method, "", operation)
        for methods in openapi.openapi_document("")["webhooks"].values()
        for method, operation in methods.items()
    )


@cache
def list_models() -> tuple[Model, ...]:
    schemas = openapi.openapi_document("")["components"]["schemas"]
    return tuple(
        Model(name, schema.get("description", ""), tuple(_fields_of(schema)))
        for name, schema in schemas.items()
    )


def _operation_of(method: str, path: str, operation: Schema) -> Operation:
    security = operation.get("security", [])
    return Operation(
        operation["operationId"],
        method.upper(),
        path,
        operation["summary"],
        # By an empty requirement OpenAPI says that it can be done without.
        "" if not security else "optional" if {} in security else "required",
        tuple(
            Field(
                each["name"],
                kind_of(each["schema"]),
                each.get("required", False),
                each.get("description", ""),
            )
            for each in operation.get("parameters", ())
        ),
        _contents_of(operation.get("requestBody", {})),
        {
            status: (
                answer["description"],
                " or ".join(dict.fromkeys(_contents_of(answer).values())),
            )
            for status, answer in operation["responses"].items()
        },
    )


def _contents_of(holder: Schema) -> dict[str, str]:
    return {
        media: kind_of(each["schema"])
        for media, each in holder.get("content", {}).items()
    }


def _fields_of(schema: Schema) -> Iterator[Field]:
    required = schema.get("required", ())
    for name, each in schema["properties"].items():
        yield Field(
            name, kind_of(each), name in required, each.get("description", "")
        )


def kind_of(schema: Schema) -> str:
    """A schema in a few words: "list, at most 50, of string, at most 4000 characters"."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[1]
    if "enum" in schema:
        return "one of " + ", ".join(schema["enum"])
    if "const" in schema:
        return f'"{schema["const"]}"'
    if "anyOf" in schema:
        return " or ".join(kind_of(each) for each in schema["anyOf"])
    if schema["type"] == "array":
        most = (
            f", at most {schema['maxItems']}," if "maxItems" in schema else ""
        )
        return f"list{most} of {kind_of(schema['items'])}"
    words = str(schema.get("format", schema["type"]))
    most = (
        f", at most {schema['maxLength']} characters"
        if "maxLength" in schema
        else ""
    )
    return words + most
