"""Many reports in one body: NDJSON or CSV, each line answered for itself.

CSV comes with our own column names or with those of SCARt's intake file
(``url;referer;workuser-email;reference;source;type``), so that a desk that changes systems can send
what it has.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

from hotline.core.errors import HotlineError, InvalidInput
from hotline.intake import strict_json, submission
from hotline.intake.registry.kinds import ReportKind
from hotline.intake.registry.questions import Answer
from hotline.intake.strict_json import Malformed
from hotline.intake.submission import Submission

MAX_LINES = 10_000
NDJSON, CSV = "application/x-ndjson", "text/csv"
_TEXTS = (
    "narrative",
    "kind",
    "reporter_role",
    "contact",
    "language",
    "seen_at",
)
_TERMS = ("pass_to", "contact_way", "safe_time")
_FLAGS = ("danger_now", "own_material")
_SCART_NOTES = ("referer", "reference", "source")
_SCART = ("url", "referer", "workuser-email", "reference", "source", "type")
_COLUMNS = frozenset({"location", *_TEXTS, *Answer, *_TERMS, *_FLAGS, *_SCART})
_SAYING = frozenset({"location", "url", "narrative"})
"""Columns of which a report needs one."""
_TRUE = ("true", "yes", "1")
_FALSE = ("false", "no", "0", "")

Line = tuple[int, Submission | HotlineError]
"""Number of the line (of data, from 1) and what it holds, or what is wrong with it."""


def read_lines(body: bytes, content_type: str) -> list[Line]:
    """Every line; ``Malformed`` or ``InvalidInput`` where the body as a whole can't be read."""
    numbered = (
        _read_ndjson(body) if content_type == NDJSON else _read_csv(body)
    )
    lines: list[Line] = []
    for number, data in numbered:
        if number > MAX_LINES:
            raise InvalidInput(f"At most {MAX_LINES} lines may come at once.")
        lines.append((number, _parse_submission(data)))
    if not lines:
        raise Malformed("The body holds no line.")
    return lines


def _parse_submission(data: Any) -> Submission | HotlineError:
    if isinstance(data, HotlineError):
        return data
    try:
        return submission.read_submission(data)
    except InvalidInput as error:
        return error


def _read_ndjson(body: bytes) -> Iterator[tuple[int, Any]]:
    number = 0
    # As bytes: a line that is not UTF-8 is a fault of that line alone.
    for line in body.split(b"\n"):
        if not line.strip():
            continue
        number += 1
        try:
            yield number, strict_json.load_json(line)
        except Malformed as error:
            # One broken line must not cost the sender all the others.
            yield number, error


def _read_csv(body: bytes) -> Iterator[tuple[int, Any]]:
    try:
        # Excel begins its files with a mark.
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Malformed(
            f"The body is not UTF-8 at byte {error.start}."
        ) from None
    # SCARt's files have semicolons, and so have those of a spreadsheet in much
    # of Europe.
    delimiter = ";" if ";" in text.partition("\n")[0] else ","
    # A quoted field may hold line ends; csv's own limit is below a narrative in four-byte letters.
    rows = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, strict=True
    )
    try:
        header = [name.strip().lower() for name in next(rows, [])]
        _check_header(header)
        filled = (row for row in rows if any(row))
        for number, row in enumerate(filled, start=1):
            yield number, _data_of_row(header, row)
    except csv.Error as error:
        raise Malformed(f"The body is not CSV: {error}.") from None


def _check_header(header: list[str]) -> None:
    faults: dict[str, str] = {}
    for name in header:
        if name not in _COLUMNS:
            faults[f"/{name}"] = "unknown column"
        if header.count(name) > 1:
            faults[f"/{name}"] = "the column is there twice"
    says_something = not _SAYING.isdisjoint(header)
    if faults or not says_something:
        raise InvalidInput(
            "The first line must name the columns.",
            hint="One of them is location (or url) or narrative.",
            fields=faults,
        )


def _data_of_row(header: list[str], row: list[str]) -> Any:
    """The row as a submission's data, or what is wrong with it."""
    if len(row) != len(header):
        # Returned and not raised: the other lines are read all the same.
        return Malformed(f"{len(row)} fields, but {len(header)} columns.")
    return _data_of(dict(zip(header, row, strict=True)))


def _data_of(row: dict[str, str]) -> Any:
    location = row.get("location") or row.get("url") or ""
    data: dict[str, object] = {
        **{name: row[name] for name in _TEXTS if row.get(name)},
        **_data_of_scart(row),
    }
    for name in _FLAGS:
        flag = row.get(name, "").strip().lower()
        if flag not in _TRUE + _FALSE:
            return InvalidInput(
                "yes or no", fields={f"/{name}": "must be yes or no"}
            )
        data[name] = flag in _TRUE
    data["answers"] = {
        answer.value: row[answer] for answer in Answer if row.get(answer)
    }
    data["contact_terms"] = _data_of_terms(row)
    data["locations"] = [location] if location.strip() else []
    return data


def _data_of_terms(row: Mapping[str, str]) -> Mapping[str, object]:
    """``pass_to`` lists those who may get the contact, with spaces between them."""
    terms = {
        "pass_to": row.get("pass_to", "").split(),
        "way": row.get("contact_way", "").strip(),
        "safe_time": row.get("safe_time", ""),
    }
    return {name: value for name, value in terms.items() if value}


def _data_of_scart(row: Mapping[str, str]) -> Mapping[str, str]:
    """What SCARt's columns say: a kind and a contact if ours say none, the rest as words."""
    notes = [f"{name}: {row[name]}" for name in _SCART_NOTES if row.get(name)]
    named_type = row.get("type", "")
    kind = row.get("kind", "")
    # Files of other desks name types of their own; a person reads those as
    # words.
    if named_type in list(ReportKind):
        kind = kind or named_type
    elif named_type:
        notes.append(f"type: {named_type}")
    texts = {
        "kind": kind,
        "contact": row.get("contact") or row.get("workuser-email", ""),
        "narrative": "\n".join(filter(None, [row.get("narrative"), *notes])),
    }
    return {name: text for name, text in texts.items() if text}
