"""What a letter says line by line, as "child_age: 13": the fields of the form, the API and CSV.

Formats of other organisations have no field for most of them, and a letter has none at all. A line
is read by the name that CSV has for a field, or by that which the console shows for an answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TypeVar

from hotline.intake.registry.contact_terms import (
    MAX_SAFE_TIME,
    NO_TERMS,
    ContactTerms,
)
from hotline.intake.registry.kinds import ReportKind
from hotline.intake.registry.questions import Answer, Answers
from hotline.intake.registry.vocabulary import (
    ContactReader,
    ContactWay,
    ReporterRole,
    WordedEnum,
)
from hotline.intake.values import clean_line

_LINE = re.compile(r"^[ \t>]*([^:\n]{2,60}):[ \t]*(\S[^\n]*)$", re.MULTILINE)
_YES = re.compile(r"(?:yes|true|1)\b", re.IGNORECASE)
CONTACT = "contact"
SEALED = "(kept sealed)"
SHORTEST_CONTACT = 5
"""Characters; a shorter word without a digit is an everyday one, as in "Contact: none"."""
_FIELDS = frozenset(
    {
        "kind",
        "reporter role",
        "danger now",
        "own material",
        "seen at",
        CONTACT,
        "pass to",
        "contact way",
        "safe time",
    }
)
_Worded = TypeVar("_Worded", bound=WordedEnum)


@dataclass(frozen=True, slots=True)
class SaidInLines:
    """What lines say of a report; ``role``: None where none says who told the sender of it."""

    answers: Answers = field(default_factory=dict)
    kind: ReportKind = ReportKind.UNKNOWN
    role: ReporterRole | None = None
    danger_now: bool = False
    own_material: bool = False
    seen_at: str = ""
    contact: str = ""
    terms: ContactTerms = NO_TERMS


def read_lines(words: str) -> SaidInLines:
    """Of two lines of a name the first one counts; a choice by its code or as the console says it.

    What cannot be an answer is not sorted out here: ``keep_possible`` does that for every format.
    """
    fields: dict[str, str] = {}
    answers: dict[Answer, str] = {}
    said_yes: set[str] = set()
    for name, value in _lines_of(words):
        answer = _names_of_answers().get(name)
        if answer is not None:
            answers.setdefault(answer, _read_value(answer, value))
        elif name in _FIELDS:
            fields.setdefault(name, value)
            if _YES.match(value):
                said_yes.add(name)
    return SaidInLines(
        answers,
        kind=_read_kind(fields.get("kind", "")),
        role=_read_choice(ReporterRole, fields.get("reporter role", "")),
        # One line that says so is enough, whatever another one says.
        danger_now="danger now" in said_yes,
        own_material="own material" in said_yes,
        seen_at=fields.get("seen at", ""),
        contact=fields.get(CONTACT, ""),
        terms=_read_terms(fields),
    )


def leave_fields_out(words: str) -> str:
    """``words`` without the lines that are fields: a name that somebody uses in an app may look
    like a page's, and is none."""
    return _LINE.sub(
        lambda line: "" if is_field_name(line[1]) else line[0], words
    )


def seal_contacts(text: str, words: str) -> str:
    """``text`` without the contacts that lines of ``words`` give: they are kept sealed by
    themselves, and shown to nobody who reads the words."""
    contacts = [value for name, value in _lines_of(words) if name == CONTACT]
    for contact in contacts:
        # A format may have made one line of several.
        for written in (contact, " ".join(contact.split())):
            text = _take_out(written, text)
    return text


def _take_out(contact: str, text: str) -> str:
    """``text`` without the contact, which is never a part of another word there.

    "Contact: no" leads to nobody: so short a word goes from its own line alone, and the others
    still read as they were written.
    """
    whole = rf"(?<!\w){re.escape(contact)}(?!\w)"
    if len(contact) >= SHORTEST_CONTACT or re.search(r"[@\d]", contact):
        return re.sub(whole, SEALED, text)
    its_line = rf"(?i)(\b{CONTACT}\s*:\s*){whole}"
    return re.sub(its_line, rf"\g<1>{SEALED}", text)


def is_field_name(name: str) -> bool:
    """Whether a line, or a field of a sender's own, would be read by this name."""
    plain = _plain_name(name)
    return plain in _FIELDS or plain in _names_of_answers()


def _lines_of(words: str) -> Iterator[tuple[str, str]]:
    for line in _LINE.finditer(words):
        yield _plain_name(line[1]), line[2].strip()


def _plain_name(name: str) -> str:
    """ "child_age", "Child age" and "child  age" are one name."""
    return " ".join(name.casefold().replace("_", " ").split())


@cache
def _names_of_answers() -> Mapping[str, Answer]:
    """ "child age" and "age of the child"."""
    return {
        _plain_name(name): answer
        for answer in Answer
        for name in (answer.value, answer.row.console)
    }


def _read_value(answer: Answer, value: str) -> str:
    choices = answer.row.choices
    # Letters are written by people, who copy the word that they see.
    choice = _read_choice(choices, value) if choices else None
    return value if choice is None else choice.value


def _read_choice(choices: type[_Worded], value: str) -> _Worded | None:
    said = value.casefold()
    for choice in choices:
        if said in (choice.value, choice.words.console.casefold()):
            return choice
    return None


def _read_kind(value: str) -> ReportKind:
    said = value.casefold()
    return ReportKind(said) if said in set(ReportKind) else ReportKind.UNKNOWN


def _read_terms(fields: Mapping[str, str]) -> ContactTerms:
    way = _read_choice(ContactWay, fields.get("contact way", ""))
    return ContactTerms(
        pass_to=_read_readers(fields.get("pass to", "")),
        way=way or ContactWay.ANY,
        safe_time=clean_line(fields.get("safe time", ""))[:MAX_SAFE_TIME],
    )


def _read_readers(value: str) -> list[ContactReader]:
    """Who may get the contact; nobody where anything else is said: "not the police" is no leave."""
    readers: list[ContactReader] = []
    for piece in re.split("[,;]", value):
        whole = _read_choice(ContactReader, piece.strip())
        named = (
            [whole]
            if whole is not None
            else [_read_choice(ContactReader, word) for word in piece.split()]
        )
        readers += [reader for reader in named if reader is not None]
        if None in named:
            return []
    return list(dict.fromkeys(readers))
