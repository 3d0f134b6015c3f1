"""From loose data (TOML, JSON) to frozen dataclasses, with every fault named at once.

One reader for data files and for what is sent to us, so that both are strict in the same way:
unknown fields, wrong types and values outside a list are refused, never guessed at.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from hotline.core.errors import InvalidInput, Misconfigured

T = TypeVar("T")


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def parse(kind: type[T], data: object) -> T:
    """``data`` as a ``kind``; raises ``InvalidInput`` whose ``fields`` are JSON pointers.

    Goes through JSON on purpose: strict JSON mode takes a list for a tuple and text for a date (as
    both TOML and JSON mean them) and nothing else, whereas "true" stays text and 1 stays a number.
    """
    try:
        text = json.dumps(data, default=str)
    except (TypeError, ValueError, RecursionError):
        raise InvalidInput(
            "This is not data that JSON carries.", fields={"": "not JSON"}
        ) from None
    try:
        result: T = _adapter(cast("Any", kind)).validate_json(text, strict=True)
    except ValidationError as error:
        fields = pointers(error)
        raise InvalidInput(
            "; ".join(
                f"{pointer or '/'}: {reason}" for pointer, reason in fields.items()
            )
            + ".",
            fields=fields,
        ) from None
    return result


def parse_file(kind: type[T], name: str, data: object) -> T:
    """Like ``parse``, for the data file ``name``: its faults are ours, hence ``Misconfigured``."""
    try:
        return parse(kind, data)
    except InvalidInput as error:
        raise Misconfigured(f"Data file {name}: {error.message}") from error


def pointers(error: ValidationError) -> dict[str, str]:
    """JSON pointer (RFC 6901) -> reason. Values are left out: they may be somebody's secret."""
    found: dict[str, str] = {}
    for fault in error.errors(
        include_input=False, include_url=False, include_context=False
    ):
        pointer = "".join("/" + _escaped(step) for step in fault["loc"])
        reason = (
            "unknown field"
            if fault["type"] in UNKNOWN_FIELD
            else fault["msg"].removeprefix("Value error, ")
        )
        found.setdefault(pointer, reason[:1].lower() + reason[1:])
    return found


UNKNOWN_FIELD = {"extra_forbidden", "unexpected_keyword_argument"}


def _escaped(step: int | str) -> str:
    return str(step).replace("~", "~0").replace("/", "~1")
