"""The details of an entry of the log, in the reader's language.

An entry holds names and values as the code knows them. Whose values are codes is said by each
layer, in a table of its own that the application brings along: the name of a detail -> what makes
words of its value. A name may be narrowed to a thing ("hold.reason") or to one act
("hashlist.rolled_back.to"); the narrowest is asked first.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from flask_babel import format_decimal, gettext

from hotline.accounts.pages.views import say_moment
from hotline.core.storage.audit import AuditEntry
from triage.cases.pages.words import word_for
from triage.console.audit.detail_names import NAMES, NAMES_IN

Sayer = Callable[[str], str]
"""Makes words of a code; what it does not know it says as it is written."""
Sayers = Mapping[str, Sayer]
NamesOf = Mapping[str, str]
"""The id of a thing -> what it is called."""

_TIME = re.compile(
    r"\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d(?:\.\d{1,6})?\+00:00"
)
_NOTHING: tuple[object, ...] = (None, "", [], {})


@dataclass(frozen=True, slots=True)
class Details:
    """Says the details of one entry. ``names``: of the things that it names by their ids."""

    entry: AuditEntry
    sayers: Iterable[Sayers]
    names: NamesOf

    def list_said(self) -> list[tuple[str, str]]:
        """(name, value) of whatever says something to a reader."""
        return list(self._say_pairs(self.entry.details, ""))

    def _say_pairs(
        self, values: Mapping[str, object], inside: str
    ) -> Iterator[tuple[str, str]]:
        # A table of codes, such as how much each sort of search found.
        say_code = self._find_sayer(inside)
        for name, value in values.items():
            path = f"{inside}.{name}" if inside else name
            if said := self._say(value, path):
                yield say_code(name) if say_code else self._name(path), said

    def _say(self, value: object, path: str) -> str:
        """ "" for what says nothing, such as the id of a thing that has no name."""
        if value in _NOTHING:
            return ""
        if isinstance(value, bool):
            return str(gettext("yes") if value else gettext("no"))
        if isinstance(value, float):
            return str(format_decimal(value))
        if isinstance(value, Mapping):
            pairs = self._say_pairs(value, path)
            return ", ".join(f"{name}: {said}" for name, said in pairs)
        if isinstance(value, list):
            return self._say_list(value, path)
        return self._say_text(str(value), path)

    def _say_list(self, values: list[object], path: str) -> str:
        has_parts = any(isinstance(value, Mapping) for value in values)
        said = [self._say(value, path) for value in values]
        return ("; " if has_parts else ", ").join(filter(None, said))

    def _say_text(self, text: str, path: str) -> str:
        if uuid_of(text) is not None:
            return self.names.get(text, "")
        if _TIME.fullmatch(text):
            # Written for machines; whoever reads lives in one zone. What only
            # looks like a time stays what it is.
            with suppress(ValueError):
                return say_moment(datetime.fromisoformat(text))
        say_code = self._find_sayer(path)
        return say_code(text) if say_code else text

    def _find_sayer(self, path: str) -> Sayer | None:
        for name in self._ways_to(path):
            for sayers in self.sayers:
                if name in sayers:
                    return sayers[name]
        return None

    def _name(self, path: str) -> str:
        for name in self._ways_to(path):
            if name in NAMES_IN:
                return str(NAMES_IN[name])
        return word_for(NAMES, path.rpartition(".")[2])

    def _ways_to(self, path: str) -> Iterator[str]:
        """The names under which a value may be spoken of, the narrowest first."""
        action = self.entry.action
        last = path.rpartition(".")[2]
        for name in dict.fromkeys((path, last)):
            yield f"{action}.{name}"
            yield f"{action.partition('.')[0]}.{name}"
        yield from dict.fromkeys((path, last))


def ids_in(value: object) -> Iterator[uuid.UUID]:
    """The ids that a detail holds, however deep."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from ids_in(part)
    elif isinstance(value, str) and (own := uuid_of(value)) is not None:
        yield own


def uuid_of(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
