"""Letters from the languages' folders: plain text, an operator's own file first.

A file begins with its subject line ("Subject: …") and a blank line; the rest is the letter.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import (
    ChoiceLoader,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    pass_context,
)
from jinja2.runtime import Context as TemplateContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from hotline.core.context import Context
from hotline.core.errors import Misconfigured
from hotline.core.language.data_words import say_office
from hotline.core.language.languages import FOLDER, LETTERS, SHIPPED, SOURCE
from hotline.core.settings import Settings
from partners.directory.models import Partner
from partners.letters.clock import Clock, format_exact
from triage.jurisdiction.messages import country_name

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
        template = _load_templates(data_dir).select_template(names)
        text = template.render(values, language=language)
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


def address_letter(
    context: Context, partner: Partner, language: str
) -> dict[str, Any]:
    """What every letter to a partner takes: to whom, from whom, and whose clock it goes by."""
    settings = context.settings
    return {
        "partner": say_office(partner.name, language, settings.data_dir),
        "hotline": sender_name(context),
        "contact": _say_contact(settings),
        "clock": Clock.for_partner(context, partner),
    }


def _say_contact(settings: Settings) -> str:
    """Where to write and, for whoever cannot wait for an answer to that, where to call."""
    ways = (settings.contact_email, settings.contact_phone)
    return ", ".join(way for way in ways if way)


@pass_context
def _show_moment(values: TemplateContext, moment: datetime | str) -> str:
    """``{{ due_at|moment }}``: on the clock of the letter's reader."""
    clock: Clock = values["clock"]
    return clock.show(moment)


@pass_context
def _show_country(values: TemplateContext, code: str) -> str:
    """``{{ "RS"|country }}``: its name in the letter's language, with the code behind it."""
    return country_name(code, values["language"])


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
    environment.filters["moment"] = _show_moment
    environment.filters["exact"] = format_exact
    environment.filters["country"] = _show_country
    return environment
