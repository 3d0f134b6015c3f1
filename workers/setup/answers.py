"""Where the answers come from: a person at a terminal, or a file."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hotline.core.errors import InvalidInput
from hotline.core.settings import Settings
from workers.setup.questions import QUESTIONS, Question, Value, find_fault

ADMINISTRATOR = "administrator"
"""The table of an answers file that is about the first account and no setting."""
_OF_ADMINISTRATOR = frozenset({"username", "name"})
Ask = Callable[[Question, str], str]
Complain = Callable[[str], None]
Judge = Callable[[str, Value, Mapping[str, Value]], str]
"""(setting, answer, answers before) -> what is wrong with it, or ""."""


@dataclass(frozen=True, slots=True)
class FirstAdministrator:
    username: str = "admin"
    name: str = "First administrator"


@dataclass(frozen=True, slots=True)
class Given:
    """All that setup needs to know."""

    settings: Mapping[str, Value]
    administrator: FirstAdministrator


def ask_person(
    before: Mapping[str, Value],
    ask: Ask,
    complain: Complain,
    judge: Judge = find_fault,
) -> dict[str, Value]:
    """Each question until its answer can be used. ``before``: what the file says now."""
    answers = dict(before)
    for question in QUESTIONS:
        if not question.is_asked(answers):
            continue
        proposed = before.get(question.setting) or question.propose(answers)
        while True:
            typed = ask(question, question.show(proposed))
            value = question.read(typed)
            fault = judge(question.setting, value, answers)
            if not fault:
                break
            complain(fault)
        answers[question.setting] = value
    return answers


def read_answers(
    path: Path, before: Mapping[str, Value], judge: Judge = find_fault
) -> Given:
    """A TOML file: settings by their names and, if wanted, a table ``[administrator]``."""
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidInput(
            f"{path} cannot be read ({type(error).__name__}).",
            hint="It is TOML: settings by their names, as in docs/settings.md.",
        ) from None
    administrator = _read_administrator(given.pop(ADMINISTRATOR, {}))
    faults = [
        f"{name}: There is no such setting."
        for name in given
        if name not in Settings.model_fields
    ]
    answers: dict[str, Value] = {**before, **given}
    for question in QUESTIONS:
        # What a person would take by an empty line counts for a file as well.
        if question.setting not in answers and question.is_asked(answers):
            answers[question.setting] = question.propose(answers)
    for name, value in given.items():
        if name in Settings.model_fields:
            fault = judge(name, value, answers)
            faults += [f"{name}: {fault}"] * bool(fault)
    if faults:
        raise InvalidInput(f"{path}: {' '.join(faults)}")
    return Given(answers, administrator)


def _read_administrator(table: Any) -> FirstAdministrator:
    if not isinstance(table, dict) or set(table) - _OF_ADMINISTRATOR:
        raise InvalidInput(
            f"[{ADMINISTRATOR}] takes username and name; the password is made and shown once."
        )
    return FirstAdministrator(**{name: str(v) for name, v in table.items()})
