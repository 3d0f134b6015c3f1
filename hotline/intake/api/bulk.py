"""Many reports in one body: NDJSON or CSV, each line answered for itself.

CSV comes with our own column names or with those of SCARt's intake file
(``url;referer;workuser-email;reference;source;type``), so that a desk that changes systems can send
what it has.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from hotline.core.errors import HotlineError, InvalidInput
from hotline.intake import strict_json, submission
from hotline.intake.kinds import ReportKind
from hotline.intake.strict_json import Malformed
from hotline.intake.submission import Submission

MAX_LINES = 10_000
NDJSON, CSV = "application/x-ndjson", "text/csv"
_TEXTS = ("narrative", "kind", "reporter_role", "contact", "language")
_FLAGS = ("danger_now", "own_material")
_SCART = ("url", "referer", "workuser-email", "reference", "source", "type")
_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0", "")

Line = tuple[int, Submission | HotlineError]
"""Number of the line (of data, from 1) and what it holds, or what is wrong with it."""


def read(body: bytes, content_type: str) -> list[Line]:
    """Every line; ``Malformed`` or ``InvalidInput`` where the body as a whole can't be read."""
    lines = _ndjson(body) if content_type == NDJSON else _csv(body)
    found: list[Line] = []
    for number, data in lines:
        if number > MAX_LINES:
            raise InvalidInput(f"At most {MAX_LINES} lines may come at once.")
        found.append((number, _submission(data)))
    if not found:
        raise Malformed("The body holds no line.")
    return found


def _submission(data: Any) -> Submission | HotlineError:
    if isinstance(data, HotlineError):
        return data
    try:
        return submission.read(data)
    except InvalidInput as error:
        return error


def _ndjson(body: bytes) -> Iterator[tuple[int, Any]]:
    number = 0
    for line in body.split(b"\n"):
        if not line.strip():
            continue
        number += 1
        try:
            yield number, strict_json.loads(line)
        except Malformed as error:
            yield number, error


def _csv(body: bytes) -> Iterator[tuple[int, Any]]:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Malformed(f"The body is not UTF-8 at byte {error.start}.") from None
    delimiter = ";" if ";" in text.partition("\n")[0] else ","
    # A quoted field may hold line ends; csv's own limit is below a narrative in four-byte letters.
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [name.strip().lower() for name in next(rows, [])]
        _check_header(header)
        for number, row in enumerate((row for row in rows if any(row)), start=1):
            if len(row) != len(header):
                yield (
                    number,
                    Malformed(f"{len(row)} fields, but {len(header)} columns."),
                )
            else:
                yield number, _data_of(dict(zip(header, row, strict=True)))
    except csv.Error as error:
        raise Malformed(f"The body is not CSV: {error}.") from None


def _check_header(header: list[str]) -> None:
    known = {"location", *_TEXTS, *_FLAGS, *_SCART}
    wrong = {f"/{name}": "unknown column" for name in header if name not in known}
    wrong |= {
        f"/{name}": "the column is there twice"
        for name in header
        if header.count(name) > 1
    }
    if wrong or not {"location", "url", "narrative"} & set(header):
        raise InvalidInput(
            "The first line must name the columns.",
            hint="One of them is location (or url) or narrative.",
            fields=wrong,
        )


def _data_of(row: dict[str, str]) -> Any:
    location = row.get("location") or row.get("url") or ""
    data: dict[str, Any] = {name: row[name] for name in _TEXTS if row.get(name)}
    for name in _FLAGS:
        flag = row.get(name, "").strip().lower()
        if flag not in _TRUE + _FALSE:
            return InvalidInput("yes or no", fields={f"/{name}": "must be yes or no"})
        data[name] = flag in _TRUE
    data["locations"] = [location] if location.strip() else []
    notes = [
        f"{name}: {row[name]}"
        for name in ("referer", "reference", "source")
        if row.get(name)
    ]
    if row.get("type") in list(ReportKind):
        data.setdefault("kind", row["type"])
    elif row.get("type"):
        notes.append(f"type: {row['type']}")
    if row.get("workuser-email"):
        data.setdefault("contact", row["workuser-email"])
    if notes:
        data["narrative"] = "\n".join([*filter(None, [data.get("narrative")]), *notes])
    return data
