"""Letters from the languages' folders: plain text, an operator's own file first.

A file begins with its subject line ("Subject: …") and a blank line; the rest is the letter.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import (
    ChoiceLoader,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment

from hotline.core.context import Context
from hotline.core.errors import Misconfigured
from hotline.core.language.languages import FOLDER, LETTERS, SHIPPED, SOURCE

SUBJECT = "Subject: "


@dataclass(frozen=True, slots=True)
class Letter:
    subject: str
    text: str


def write_letter(
    name: str, language: str, data_dir: Path, /, **values: Any
) -> Letter:
    """The letter ``name`` (e.g. ``notice_first``) in ``language``, or in English.

    Raises ``Misconfigured`` if the template is faulty or does not begin with a subject.
    """
    names = [f"{code}/{LETTERS}/{name}.txt" for code in (language, SOURCE)]
    try:
        text = _load_templates(data_dir).select_template(names).render(values)
    except TemplateError as error:
        raise Misconfigured(
            f"Mail template {name}: {error.message}."
        ) from None
    subject, _, body = text.partition("\n")
    if not subject.startswith(SUBJECT):
        raise Misconfigured(
            f"Mail template {name}: the first line must begin with {SUBJECT!r}."
        )
    return Letter(subject.removeprefix(SUBJECT).strip(), body.strip() + "\n")


def sender_name(context: Context) -> str:
    """How letters and documents call the hotline: as its pages do."""
    return context.hotline_name or "Hotline"


def format_moment(value: datetime | str) -> str:
    """UTC with its zone named: the reader may sit in another one.

    A letter reads some times from a document for machines, where they stand as ``format_stamp``
    writes them.
    """
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def format_stamp(value: datetime) -> str:
    """RFC 3339 in UTC, for documents."""
    return (
        value.astimezone(UTC)
        .isoformat(timespec="seconds")
        .replace("+00:00", "Z")
    )


@cache
def _load_templates(data_dir: Path) -> ImmutableSandboxedEnvironment:
    """An operator may put files of the same names into ``<data dir>/languages``."""
    # A letter is text that an operator may change, and is not to become code
    # that runs.
    environment = ImmutableSandboxedEnvironment(
        loader=ChoiceLoader(
            [
                FileSystemLoader(data_dir / FOLDER),
                FileSystemLoader(SHIPPED),
            ]
        ),
        # A misspelt name has to stop the letter; else it leaves with a hole in
        # it.
        undefined=StrictUndefined,
        # Plain text: nothing here is ever shown as HTML.
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["moment"] = format_moment
    return environment
