"""What is asked, in order, with what is proposed and what an answer has to be. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from hotline.core.datafiles.countries import list_countries
from hotline.core.language.languages import load_languages
from hotline.core.settings import Settings

Value = str | int | list[str]
Answers = Mapping[str, Value]
OWN_DATABASE = "PostgreSQL as postgresql://user:password@host/name"
VALID_DAYS = 364
"""Of a new security.txt; less than a year, as RFC 9116 recommends."""


@dataclass(frozen=True, slots=True)
class Question:
    """One setting. ``propose`` gives its default from what was answered before.

    ``is_asked``: whether it makes sense after these answers; what does not is left as it was.
    """

    setting: str
    words: str
    propose: Callable[[Answers], Value] = lambda _: ""
    is_asked: Callable[[Answers], bool] = lambda _: True
    is_secret: bool = False

    def read(self, typed: str) -> Value:
        """A typed line as the setting's own kind of value."""
        kind = Settings.model_fields[self.setting].annotation
        # Several words on one line, as people write a list.
        if kind == tuple[str, ...]:
            return typed.replace(",", " ").split()
        if kind is int and typed.strip().isdecimal():
            return int(typed)
        return typed.strip()

    def show(self, value: Value) -> str:
        return " ".join(value) if isinstance(value, list) else str(value)


def find_fault(setting: str, value: Value, answers: Answers) -> str:
    """What is wrong with an answer, as a sentence; "" where it can be used."""
    if setting == "country" and value not in list_countries():
        return (
            f"There is no data file for {value}; there are {', '.join(list_countries())}. "
            "docs/developers/a-country.md says how to add one."
        )
    if setting == "languages":
        return _find_language_fault(value)
    # Nothing is said by it, and the default of the setting counts.
    if isinstance(value, str) and not value:
        return ""
    fault = _find_setting_fault(setting, value, answers)
    return fault or _find_name_fault(setting, value)


def _find_language_fault(value: Value) -> str:
    offered = load_languages()
    given = value if isinstance(value, list) else [str(value)]
    unknown = [code for code in given if code not in offered]
    if unknown:
        return f"There is no language {', '.join(unknown)}; there are {', '.join(offered)}."
    return ""


class _OnlyGiven(Settings):
    """The settings as they are given, without what a file or the environment says now."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        *others: PydanticBaseSettingsSource,  # noqa: ARG003
        **named: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # Else an answer would be taken for good because a file of before says
        # it better.
        return (init_settings,)


def _find_setting_fault(setting: str, value: Value, answers: Answers) -> str:
    """By the very rules that the settings are read with."""
    others = {name: v for name, v in answers.items() if name != setting}
    try:
        _OnlyGiven.model_validate({**others, setting: value})
    except ValidationError as error:
        # A fault of another setting is told when that one is asked for.
        for fault in error.errors(include_input=False, include_url=False):
            if fault["loc"][:1] == (setting,):
                words = fault["msg"].removeprefix("Value error, ")
                return f"{words[0].upper()}{words[1:]}."
    return ""


def _find_name_fault(setting: str, value: Value) -> str:
    words = str(value)
    if setting in ("contact_email", "mail_from"):
        name, at, host = words.partition("@")
        if not (name and at and "." in host) or " " in words:
            return "This is not an e-mail address, such as desk@hotline.al."
    is_host = setting in ("hotline_domain", "smtp_host", "imap_host")
    if is_host and any(mark in words for mark in "/@ "):
        return "This is not the name of a host, such as hotline.al."
    return ""


def is_secret(setting: str) -> bool:
    return SecretStr.__name__ in str(Settings.model_fields[setting].annotation)


def propose_expiry(today: date) -> date:
    return today + timedelta(days=VALID_DAYS)


def _domain_of(answers: Answers) -> str:
    return str(answers.get("hotline_domain", ""))


def _has(setting: str) -> Callable[[Answers], bool]:
    return lambda answers: bool(answers.get(setting))


QUESTIONS = (
    Question("country", "Home country, as two letters", lambda _: "AL"),
    Question(
        "languages",
        "Languages of the public pages, the first by default (empty: the country's own)",
        lambda _: [],
    ),
    Question("hotline_name", "Name of the hotline (empty: the country's own)"),
    Question(
        "hotline_domain", "Domain of the hotline", lambda _: "hotline.example"
    ),
    Question(
        "contact_email",
        "Where partners write to",
        lambda answers: f"desk@{_domain_of(answers)}",
    ),
    Question(
        "public_url",
        "How people reach the public form",
        lambda answers: f"https://report.{_domain_of(answers)}",
    ),
    Question(
        "provider_url",
        "How police and hosts reach their pages",
        lambda answers: str(answers["public_url"]),
    ),
    Question(
        "console_url",
        "How staff reach the console",
        lambda answers: str(answers["public_url"]),
    ),
    Question(
        "database_url",
        f"Database: {OWN_DATABASE} (empty: a file on this machine)",
        is_secret=True,
    ),
    Question(
        "redis_url",
        "Redis: redis://user:password@host:port or unix:///path (empty: one of our own)",
        is_secret=True,
    ),
    Question("smtp_host", "Mail server that takes our letters (empty: none)"),
    Question("smtp_port", "Its port", lambda _: 587, _has("smtp_host")),
    Question(
        "smtp_security",
        "How it is spoken to: starttls, tls or none",
        lambda _: "starttls",
        _has("smtp_host"),
    ),
    Question(
        "smtp_user",
        "User name there (empty: without one)",
        is_asked=_has("smtp_host"),
    ),
    Question(
        "smtp_password",
        "Password there",
        is_asked=_has("smtp_user"),
        is_secret=True,
    ),
    Question(
        "mail_from",
        "Sender of our letters",
        lambda answers: f"notices@{_domain_of(answers)}",
    ),
    Question(
        "control_url",
        "A page of yours that is always there, to tell our own outages (empty: none)",
    ),
    Question(
        "security_contacts",
        "Where somebody who finds a hole in the service tells you",
        lambda answers: [f"mailto:{answers['contact_email']}"],
    ),
)
