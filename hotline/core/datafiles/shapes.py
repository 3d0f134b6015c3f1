"""From loose data (TOML, JSON) to frozen dataclasses, with every fault named at once.

One reader for data files and for what is sent to us, so that both are strict in the same way:
unknown fields, wrong types and values outside a list are refused, never guessed at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, TypeVar, cast, get_args, get_type_hints

from pydantic import BaseModel, TypeAdapter, ValidationError

from hotline.core.datafiles.vocabulary import (
    UnknownWordError,
    describe_unknown,
)
from hotline.core.errors import InvalidInput, Misconfigured

T = TypeVar("T")


# Making one takes much longer than using it.
@cache
def _adapter_of(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def parse_shape(kind: type[T], data: object) -> T:
    """``data`` as a ``kind``; raises ``InvalidInput`` whose ``fields`` are JSON pointers.

    Goes through JSON on purpose: strict JSON mode takes a list for a tuple and text for a date (as
    both TOML and JSON mean them) and nothing else, whereas "true" stays text and 1 stays a number.
    """
    try:
        return _validate_shape(kind, data)
    except ValidationError as error:
        # Without its cause: a log of that would quote what was sent.
        raise _invalid_input(reasons_by_pointer(error)) from None


def parse_file(kind: type[T], name: str, data: object) -> T:
    """Like ``parse``, for the data file ``name``: its faults are ours, hence ``Misconfigured``.

    A word that is not of its vocabulary is named, and the right word that is nearest to it.
    """
    try:
        return _validate_shape(kind, data)
    except ValidationError as error:
        reasons = reasons_by_pointer(error) | _unknown_words(kind, error)
        raise Misconfigured(
            f"Data file {name}: {_invalid_input(reasons).message}"
        ) from error
    except InvalidInput as error:
        raise Misconfigured(f"Data file {name}: {error.message}") from error


def _validate_shape(kind: type[T], data: object) -> T:
    try:
        # TOML has dates of its own; JSON writes them as text.
        text = json.dumps(data, default=str)
    # Whoever sends it decides how deeply it is nested.
    except (TypeError, ValueError, RecursionError):
        raise InvalidInput(
            "This is not data that JSON carries.", fields={"": "not JSON"}
        ) from None
    result: T = _adapter_of(cast("Any", kind)).validate_json(text, strict=True)
    return result


def _invalid_input(reasons: dict[str, str]) -> InvalidInput:
    sentences = [
        f"{pointer or '/'}: {why}" for pointer, why in reasons.items()
    ]
    return InvalidInput("; ".join(sentences) + ".", fields=reasons)


def reasons_by_pointer(error: ValidationError) -> dict[str, str]:
    """JSON pointer (RFC 6901) -> reason. Values are left out: they may be somebody's secret."""
    reasons: dict[str, str] = {}
    for fault in error.errors(
        include_input=False, include_url=False, include_context=False
    ):
        if fault["type"] in UNKNOWN_FIELD:
            reason = "unknown field"
        else:
            reason = fault["msg"].removeprefix("Value error, ")
        reasons.setdefault(
            _pointer_to(fault["loc"]), reason[:1].lower() + reason[1:]
        )
    return reasons


UNKNOWN_FIELD = {"extra_forbidden", "unexpected_keyword_argument"}
UNKNOWN_CHOICE = {"enum", "literal_error"}


def _pointer_to(location: tuple[int | str, ...]) -> str:
    return "".join("/" + _escape_step(step) for step in location)


def _escape_step(step: int | str) -> str:
    return str(step).replace("~", "~0").replace("/", "~1")


def _unknown_words(kind: Any, error: ValidationError) -> dict[str, str]:
    """JSON pointer -> the misspelt word and the nearest right one, for each such fault."""
    reasons: dict[str, str] = {}
    for fault in error.errors(include_url=False):
        if fault["type"] in UNKNOWN_FIELD:
            field = str(fault["loc"][-1])
            names = _field_names(kind, fault["loc"][:-1])
            reasons[_pointer_to(fault["loc"])] = (
                f"unknown field: {describe_unknown(field, names)}"
            )
        elif isinstance(fault["input"], str):
            words = _right_words(fault["type"], fault.get("ctx", {}))
            if words:
                reasons[_pointer_to(fault["loc"])] = describe_unknown(
                    fault["input"], words
                )
    return reasons


def _right_words(fault_type: str, context: Mapping[str, Any]) -> Iterable[str]:
    """The words that may stand there; none where the fault is not about a word."""
    if fault_type in UNKNOWN_CHOICE:
        # Of an enum, pydantic only writes them into a sentence: "'yes', 'no' or 'unknown'".
        return re.findall(r"'([^']+)'", context["expected"])
    error = context.get("error")
    return error.words if isinstance(error, UnknownWordError) else ()


def _field_names(
    kind: Any, location: tuple[int | str, ...]
) -> tuple[str, ...]:
    """The fields of the dataclass that stands at ``location`` of a ``kind``."""
    for step in location:
        kind = _type_at(kind, step)
    kind = _without_none(kind)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return tuple(kind.model_fields)
    return (
        tuple(field.name for field in fields(kind))
        if is_dataclass(kind)
        else ()
    )


def _without_none(kind: Any) -> Any:
    """``Helpline`` of ``Helpline | None``; any other type is itself."""
    parts = get_args(kind)
    if type(None) not in parts:
        return kind
    return next(part for part in parts if part is not type(None))


def _type_at(kind: Any, step: int | str) -> Any:
    """The type of a field, or of what a tuple or a mapping holds, as far as annotations tell."""
    kind = _without_none(kind)
    is_model = isinstance(kind, type) and issubclass(kind, BaseModel)
    if is_model or is_dataclass(kind):
        return get_type_hints(kind).get(str(step))
    inner = [
        part for part in get_args(kind) if part not in (Ellipsis, type(None))
    ]
    # Of a mapping this is the type of its values: a path leads to those.
    return inner[-1] if inner else None
