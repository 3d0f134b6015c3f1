"""The assessment: questions as data, answers checked against them, two people's answers compared.

The only question that code knows by name is ``class``, because the case's way depends on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field

from hotline.core.datafiles import files
from hotline.core.datafiles.shapes import parse_file
from hotline.core.datafiles.vocabulary import (
    Language,
    describe_unknown,
    find_unknown,
)
from hotline.core.errors import InvalidInput, Misconfigured, phrase
from hotline.core.language.languages import SOURCE, add_translations
from hotline.intake.registry.kinds import ReportKind

FILE = "assessment.toml"
KINDS = "kinds"
"""Stands in the file for choices that are the kinds of report."""
CLASSES = ("baseline", "national", "not_illegal", "cannot_determine")
ILLEGAL = ("baseline", "national")
# The scale of the industry's classification (A1, A2, B1, B2), which knows no
# letter for whoever is of age and no number for anything else.
AGE_LETTERS = {"infant": "A", "pre_pubescent": "A", "pubescent": "B"}
ACT_NUMBERS = {"sexual_act": "1", "exhibition": "2"}
_VERSION = re.compile("[0-9A-Za-z.-]{1,20}")

Slug = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,39}$")]
Labels = Mapping[Language, str]


class IccamList(StrEnum):
    """The lists of ICCAM to which a question may be bound, as ICCAM names them."""

    CLASSIFICATION = "classification"
    AGE_CATEGORIES = "age-categories"
    GENDER_CATEGORIES = "gender-categories"
    COMMERCIALITIES = "commercialities"
    PAYMENT_METHODS = "payment-methods"
    SITE_TYPES = "site-types"
    VIRTUAL = "virtual"


@dataclass(frozen=True, slots=True)
class Choice:
    """``iccam``: the number in the list of ICCAM that the question is bound to, if it has one."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    value: Slug
    label: Labels
    iccam: int | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """See the head of the data file for what each field means."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    name: Slug
    label: Labels
    choices: Annotated[tuple[Choice, ...], Field(min_length=2)]
    help: Labels = field(default_factory=dict)
    iccam: IccamList | None = None
    only_when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    undetermined: str | None = None
    must: bool = False
    decisive: bool = False

    @property
    def values(self) -> tuple[str, ...]:
        return tuple(choice.value for choice in self.choices)

    def is_asked(self, answers: Mapping[str, str]) -> bool:
        return all(
            answers.get(name) in values
            for name, values in self.only_when.items()
        )

    def label_of(self, value: str, language: str) -> str:
        """The words for an answer; the answer itself where this version knows it no more."""
        for choice in self.choices:
            if choice.value == value:
                return in_language(choice.label, language)
        return value


@dataclass(frozen=True, slots=True)
class Schema:
    """One version of the questions, in the order in which they are asked."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    scheme: Slug | Annotated[str, Field(pattern="^[a-z0-9-]{1,40}$")]
    version: Annotated[str, Field(min_length=1, max_length=20)]
    dated: date
    source: str
    questions: Annotated[tuple[Question, ...], Field(min_length=1)]

    def question(self, name: str) -> Question | None:
        return next(
            (question for question in self.questions if question.name == name),
            None,
        )


def _with_kinds(question: Any) -> Any:
    """A question whose choices are ``kinds``, with the kinds of report as its choices."""
    if not isinstance(question, dict) or question.get("choices") != KINDS:
        return question
    choices = [
        {
            "value": kind,
            "label": {SOURCE: kind.row.assessed or kind.row.console},
        }
        for kind in ReportKind
    ]
    return question | {"choices": choices}


def in_language(labels: Labels, language: str) -> str:
    return labels.get(language) or labels["en"]


@cache
def load_schema(override_dir: Path | None = None) -> Schema:
    """The questions of this house; ``Misconfigured`` names every fault of the file at once."""
    return _read_schema(FILE, override_dir)


@cache
def load_version(
    scheme: str, version: str, override_dir: Path | None = None
) -> Schema:
    """The questions as they were when somebody answered them: ``assessment_<version>.toml``.

    Today's where nobody kept them; an answer that those do not know is shown as it is stored.
    """
    now = load_schema(override_dir)
    if (scheme, version) == (now.scheme, now.version):
        return now
    # The version was stored and becomes a part of a file's name.
    if not _VERSION.fullmatch(version):
        return now
    try:
        older = _read_schema(f"assessment_{version}.toml", override_dir)
    except Misconfigured:
        return now
    # Two schemes may both have had a version "1".
    return older if older.scheme == scheme else now


def find_version_faults(override_dir: Path | None = None) -> Iterator[str]:
    """What is wrong with the files of older versions that are there; one sentence each."""
    # Both folders, because a house may keep versions that it never was
    # shipped.
    shipped = Path(__file__).parents[1] / "data"
    folders = [shipped]
    if override_dir is not None:
        folders.append(override_dir / "data")
    names = {
        path.name
        for folder in folders
        for path in sorted(folder.glob("assessment_*.toml"))
    }
    for name in sorted(names):
        try:
            older = _read_schema(name, override_dir)
        except Misconfigured as error:
            yield str(error)
            continue
        if name != f"assessment_{older.version}.toml":
            yield f"Data file {name} says that it is version {older.version}."


def _read_schema(name: str, override_dir: Path | None) -> Schema:
    data = files.read_toml("triage.cases", name, override_dir)
    questions = data.get("questions")
    if isinstance(questions, list):
        with_kinds = [_with_kinds(question) for question in questions]
        data = {**data, "questions": with_kinds}
    # After the kinds are in it, so that their labels are translated as well.
    translated = add_translations(data, override_dir)
    schema = parse_file(Schema, name, translated)
    faults = list(_find_schema_faults(schema))
    if faults:
        raise Misconfigured(f"Data file {name}: {'; '.join(faults)}.")
    return schema


def validate_answers(
    schema: Schema, answers: Mapping[str, object]
) -> dict[str, str]:
    """The answers to the questions that are asked, complete; ``InvalidInput`` names every fault.

    An answer to a question that is not asked is left out: a form without scripts sends it along.
    """
    faults: dict[str, str] = {
        f"/{name}": "is no question of this schema"
        for name in answers
        if not schema.question(name)
    }
    kept: dict[str, str] = {}
    for question in schema.questions:
        # By what is kept so far: a question depends on earlier ones alone.
        if not question.is_asked(kept):
            continue
        given = answers.get(question.name)
        # Nobody is made to say what cannot be seen; ``must`` is for the few
        # answers without which the case has no way on.
        if given in (None, "") and question.undetermined and not question.must:
            kept[question.name] = question.undetermined
        elif given in (None, ""):
            faults[f"/{question.name}"] = "needs an answer"
        elif given in question.values:
            kept[question.name] = str(given)
        else:
            faults[f"/{question.name}"] = "is not one of the answers"
    if faults:
        reasons = "; ".join(
            f"{name[1:]} {reason}" for name, reason in faults.items()
        )
        raise InvalidInput(
            phrase("The assessment is not complete: %(reasons)s."),
            values={"reasons": reasons},
            fields=faults,
        )
    return kept


def compare_answers(
    schema: Schema, first: Mapping[str, str], second: Mapping[str, str]
) -> tuple[bool, tuple[str, ...]]:
    """Whether no decisive answers contradict each other, and the questions whose answers differ."""
    differing = tuple(
        question.name
        for question in schema.questions
        if first.get(question.name) != second.get(question.name)
    )
    return not find_contradictions(schema, first, second), differing


def industry_class(answers: Mapping[str, str]) -> str:
    """A1, A2, B1 or B2, as companies class illegal pictures; empty where it cannot be said.

    A is a child before puberty, B one in it; 1 is a sexual act, 2 a lascivious exhibition.
    """
    if answers.get("class") not in ILLEGAL:
        return ""
    letter = AGE_LETTERS.get(answers.get("age", ""))
    number = ACT_NUMBERS.get(answers.get("act", ""))
    return f"{letter}{number}" if letter and number else ""


def find_contradictions(
    schema: Schema, first: Mapping[str, str], second: Mapping[str, str]
) -> tuple[str, ...]:
    """The decisive questions to which two people gave answers that cannot both be right.

    "Not determined" beside a value contradicts nothing: one of the two could tell.
    """
    return tuple(
        question.name
        for question in schema.questions
        if question.decisive
        and _contradict(
            question, first.get(question.name), second.get(question.name)
        )
    )


def _contradict(
    question: Question, first: str | None, second: str | None
) -> bool:
    if question.undetermined in (first, second):
        return False
    # Asked of one of them only: the questions changed between the two. Where the class itself
    # differs, that alone contradicts.
    if question.undetermined is not None and None in (first, second):
        return False
    return first != second


def merge_answers(
    schema: Schema, first: Mapping[str, str], second: Mapping[str, str]
) -> dict[str, str]:
    """What both said, and what one of them could determine where the other could not.

    Where two values differ on something not decisive, nobody determined it.
    """
    _, differing = compare_answers(schema, first, second)
    # Equal answers first; those that differ are settled one by one below.
    both = {
        name: value for name, value in first.items() if name not in differing
    }
    for name in differing:
        question = schema.question(name)
        if question is None or question.undetermined is None:
            continue
        said = {first.get(name), second.get(name)} - {
            None,
            question.undetermined,
        }
        both[name] = (
            str(said.pop()) if len(said) == 1 else question.undetermined
        )
    # With what both say together, some questions may not be asked any more.
    return validate_answers(schema, both)


def _find_schema_faults(schema: Schema) -> Iterator[str]:
    first = schema.questions[0]
    if first.name != "class" or set(first.values) != set(CLASSES):
        yield f"the first question must be class, with the answers {', '.join(CLASSES)}"
    for fault in find_unknown(first.values, CLASSES):
        yield f"class: {fault}"
    earlier: dict[str, tuple[str, ...]] = {}
    for question in schema.questions:
        if question.name in earlier:
            yield f"{question.name} is asked twice"
        for fault in (
            *_answer_faults(question),
            *_reference_faults(question, earlier),
        ):
            yield f"{question.name}{fault}"
        earlier[question.name] = question.values


def _answer_faults(question: Question) -> Iterator[str]:
    """What is wrong with a question and its own answers."""
    if len(set(question.values)) != len(question.values):
        yield " has an answer twice"
    if question.undetermined not in (None, *question.values):
        fault = describe_unknown(question.undetermined or "", question.values)
        yield f": undetermined is none of its answers: {fault}"
    if not question.decisive and question.undetermined is None:
        yield " is not decisive and needs an undetermined answer"
    if question.name == "kind":
        # The rules of routing compare the answer with the kinds of report.
        for fault in find_unknown(question.values, ReportKind):
            yield f": {fault}"
    for labels in (
        question.label,
        *(choice.label for choice in question.choices),
    ):
        if "en" not in labels:
            yield " lacks an English label"


def _reference_faults(
    question: Question, earlier: Mapping[str, tuple[str, ...]]
) -> Iterator[str]:
    """What is wrong with the answers on which it depends whether it is asked."""
    for name, values in question.only_when.items():
        faults = find_unknown([name], earlier)
        if not faults:
            faults = find_unknown(values, earlier[name])
        for fault in faults:
            yield f": only_when names no earlier question with these answers: {fault}"
