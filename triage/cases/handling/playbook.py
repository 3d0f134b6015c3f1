"""Pure: which steps a case of some kind asks for, and by what each is seen to be done; as data."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from hotline.core.datafiles import files
from hotline.core.datafiles.shapes import parse_file
from hotline.core.datafiles.vocabulary import Language, find_unknown
from hotline.core.errors import Misconfigured
from hotline.core.language.languages import SOURCE, add_translations
from hotline.intake.registry.kinds import ReportKind
from triage.hosting.kinds import HostingKind

FILE = "playbook.toml"
Slug = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,39}$")]
Labels = Mapping[Language, str]


class Sign(StrEnum):
    """By what a step is seen to be done, without anybody saying so."""

    ASSESSED = "assessed"
    PEOPLE_NOTED = "people_noted"
    """Somebody, or something that leads to them, is noted."""
    SUMMARY_WRITTEN = "summary_written"
    POLICE_CALLED = "police_called"
    """By telephone or in person; a letter is no call."""
    POLICE_TOLD = "police_told"
    HELPLINE_TOLD = "helpline_told"
    CHILD_PROTECTION_TOLD = "child_protection_told"
    HOTLINE_TOLD = "hotline_told"
    """Another hotline, or an exchange of hotlines."""
    HOST_TOLD = "host_told"
    PLATFORM_TOLD = "platform_told"
    PRESERVATION_ASKED = "preservation_asked"
    REMOVED = "removed"
    """Our own checks found all of it gone."""


@dataclass(frozen=True, slots=True)
class Step:
    """See the head of the data file for what each field means."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    name: Slug
    label: Labels
    done_when: Sign | None = None

    @property
    def is_ticked(self) -> bool:
        """Whether a person's tick is enough. A call to the police is recorded, with whom was
        reached: a tick would say "done" while the case still asks for the call."""
        return self.done_when != Sign.POLICE_CALLED


@dataclass(frozen=True, slots=True)
class Playbook:
    """What is done about one kind of case. See the head of the data file."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    name: Slug
    label: Labels
    steps: Annotated[tuple[Slug, ...], Field(min_length=1)]
    kinds: tuple[ReportKind, ...] = ()
    hosting: tuple[HostingKind, ...] = ()
    danger: bool = False

    def is_about(self, subject: Subject) -> bool:
        # What a playbook does not ask about fits every case.
        if self.danger and not subject.danger_now:
            return False
        if self.kinds and subject.kind not in self.kinds:
            return False
        return not self.hosting or any(
            kind in self.hosting for kind in subject.hosting
        )


@dataclass(frozen=True, slots=True)
class Subject:
    """What of a case decides on its steps. ``hosting``: of each of its locations."""

    kind: str
    danger_now: bool
    hosting: Collection[str] = field(default=())


@dataclass(frozen=True, slots=True)
class Playbooks:
    """The whole data file."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    dated: date
    source: str
    steps: tuple[Step, ...]
    playbooks: tuple[Playbook, ...]

    def step(self, name: str) -> Step | None:
        return next((step for step in self.steps if step.name == name), None)

    def books_about(self, subject: Subject) -> list[Playbook]:
        return [book for book in self.playbooks if book.is_about(subject)]

    def steps_for(self, subject: Subject) -> list[Step]:
        """Of all playbooks about the case, each step once."""
        names = dict.fromkeys(
            name for book in self.books_about(subject) for name in book.steps
        )
        # In the order of the playbooks, which is that of what to do first.
        by_name = {step.name: step for step in self.steps}
        return [by_name[name] for name in names]


@cache
def load_playbooks(override_dir: Path | None = None) -> Playbooks:
    """The playbooks of this house; ``Misconfigured`` names every fault of the file at once."""
    data = files.read_toml("triage.cases", FILE, override_dir)
    playbooks = parse_file(
        Playbooks, FILE, add_translations(data, override_dir)
    )
    faults = list(_find_faults(playbooks))
    if faults:
        raise Misconfigured(f"Data file {FILE}: {'; '.join(faults)}.")
    return playbooks


def _find_faults(playbooks: Playbooks) -> Iterator[str]:
    names = [step.name for step in playbooks.steps]
    yield from _find_twice("step", names)
    yield from _find_twice(
        "playbook", [book.name for book in playbooks.playbooks]
    )
    for book in playbooks.playbooks:
        for fault in find_unknown(book.steps, names):
            yield f"{book.name}: {fault}"
        yield from _find_twice(f"{book.name}: step", book.steps)
        # It would be about every case, which nobody means.
        if not (book.kinds or book.hosting or book.danger):
            yield f"{book.name} says of no case that it is about it"
    named: list[Step | Playbook] = [*playbooks.steps, *playbooks.playbooks]
    for each in named:
        if SOURCE not in each.label:
            yield f"{each.name} lacks an English label"


def _find_twice(what: str, names: Sequence[str]) -> Iterator[str]:
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            yield f"{what} {name} appears there twice"
