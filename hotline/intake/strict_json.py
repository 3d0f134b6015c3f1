"""JSON read strictly: what two parsers could read differently is refused, not guessed at."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from hotline.core.errors import HotlineError


class Malformed(HotlineError):
    """The body is not what its content type says."""

    status = 400
    title = "The body cannot be read"


def load_json(body: bytes) -> Any:
    """The value of a JSON text in UTF-8; ``Malformed`` for anything else.

    Duplicate names, NaN and infinities are refused (RFC 8259 leaves them to each parser).
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed(
            f"The body is not UTF-8 at byte {error.start}."
        ) from None
    if not text.strip():
        raise Malformed("The body is empty.", hint="Send a JSON object.")
    try:
        return json.loads(
            text,
            object_pairs_hook=_refuse_repeated_names,
            parse_constant=_no_constant,
        )
    except RecursionError:
        raise Malformed("The JSON is nested too deeply.") from None
    except json.JSONDecodeError as error:
        raise Malformed(
            f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from None
    except ValueError:  # an integer of more digits than Python converts
        raise Malformed("The JSON holds a number that is too long.") from None


def _refuse_repeated_names(
    pairs: list[tuple[str, object]],
) -> Mapping[str, object]:
    # One parser takes the first of two, another the last: a check and its use
    # may see different reports.
    values = dict(pairs)
    if len(values) != len(pairs):
        raise Malformed("An object of the JSON names a field twice.")
    return values


def _no_constant(name: str) -> NoReturn:
    raise Malformed(f"{name} is not JSON.")
