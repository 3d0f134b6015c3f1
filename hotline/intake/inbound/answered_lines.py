"""Answers that a letter gives line by line, as "child_age: 13": the fields of the form and the API.

Formats of other organisations have no field for most questions, and a letter has none at all. A
line is read by the name that the API has for an answer, or that the console shows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from hotline.intake.registry.kinds import ReportKind
from hotline.intake.registry.questions import Answer, Answers

_LINE = re.compile(r"^[ \t>]*([^:\n]{2,60}):[ \t]*(\S[^\n]*)$", re.MULTILINE)
KIND = "kind"


def answers_in(words: str) -> Answers:
    """The first line that gives an answer counts; a choice by its code or as the console says it.

    What cannot be an answer is not sorted out here: ``keep_possible`` does that for every format.
    """
    answers: dict[Answer, str] = {}
    for name, value in _lines_of(words):
        answer = _names_of_answers().get(name)
        if answer is not None:
            answers.setdefault(answer, _read_value(answer, value))
    return answers


def kind_in(words: str) -> ReportKind:
    """The kind that a line names by its code; "unknown" where none does."""
    for name, value in _lines_of(words):
        if name == KIND and value.casefold() in set(ReportKind):
            return ReportKind(value.casefold())
    return ReportKind.UNKNOWN


def _lines_of(words: str) -> Iterator[tuple[str, str]]:
    for line in _LINE.finditer(words):
        yield " ".join(line[1].casefold().split()), line[2].strip()


@cache
def _names_of_answers() -> dict[str, Answer]:
    """ "child_age", "child age" and "age of the child"."""
    names: dict[str, Answer] = {}
    for answer in Answer:
        label = answer.row.console.casefold()
        for name in (answer.value, answer.value.replace("_", " "), label):
            names[name] = answer
    return names


def _read_value(answer: Answer, value: str) -> str:
    for choice in answer.row.choices or ():
        # Letters are written by people, who copy the word that they see.
        if value.casefold() in (choice.value, choice.words.console.casefold()):
            return choice.value
    return value
