"""Reading one table of a data file: a wrong or unknown entry is noted, never raised."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from hotline.core.datafiles.vocabulary import nearest_word


class Reader:
    """One table; ``faults`` gathers what is wrong with it and with its siblings."""

    def __init__(self, table: Any, where: str, faults: list[str]) -> None:
        self.table: dict[str, Any] = table if isinstance(table, dict) else {}
        self.where, self.faults, self.seen = where, faults, set[str]()
        if not isinstance(table, dict):
            self.note_fault("is not a table")

    def note_fault(self, words: str) -> None:
        self.faults.append(f"{self.where} {words}")

    def read_value(self, name: str, kind: type, default: Any) -> Any:
        self.seen.add(name)
        value = self.table.get(name, default)
        if not isinstance(value, kind):
            self.note_fault(f"{name!r} must be a {kind.__name__}")
            return default
        return value

    def read_text(self, name: str, *, required: bool = False) -> str:
        value: str = self.read_value(name, str, "")
        if required and not value:
            self.note_fault(f"lacks {name!r}")
        return value

    def read_texts(
        self, name: str, *, required: bool = False
    ) -> tuple[str, ...]:
        values: list[Any] = self.read_value(name, list, [])
        if not all(isinstance(value, str) and value for value in values):
            self.note_fault(f"{name!r} must be a list of texts")
            return ()
        if required and not values:
            self.note_fault(f"lacks {name!r}")
        return tuple(values)

    def read_flag(self, name: str) -> bool:
        return bool(self.read_value(name, bool, False))

    def read_day(self, name: str) -> date | None:
        """None where it is not given."""
        if name not in self.table:
            return None
        day: date | None = self.read_value(name, date, None)
        return day

    def compile_pattern(
        self, pattern: str, name: str, *, end: str = ""
    ) -> re.Pattern[str]:
        try:
            return re.compile(f"(?:{pattern}){end}")
        # Brackets in brackets without end, and repeats beyond every number.
        except (re.error, RecursionError, OverflowError) as error:
            self.note_fault(f"{name!r} is not a pattern ({error}): {pattern}")
            # It fits nothing, so that reading goes on and names the other
            # faults too.
            return re.compile(r"(?!)")

    def read_pattern(
        self, name: str, *, end: str = ""
    ) -> re.Pattern[str] | None:
        text = self.read_text(name)
        return self.compile_pattern(text, name, end=end) if text else None

    def read_patterns(
        self, name: str
    ) -> tuple[tuple[str, re.Pattern[str]], ...]:
        """A table of patterns by the name of what each is matched against."""
        table: dict[str, Any] = self.read_value(name, dict, {})
        return tuple(
            (key, self.compile_pattern(str(pattern), f"{name} {key}"))
            for key, pattern in table.items()
        )

    def note_unknown_entries(self) -> None:
        for name in sorted(set(self.table) - self.seen):
            nearest = nearest_word(name, self.seen)
            meant = f'; did you mean "{nearest}"?' if nearest else ""
            self.note_fault(f"has an unknown entry {name!r}{meant}")


def list_tables(
    document: Mapping[str, Any],
    name: str,
    file: str,
    faults: list[str],
    *,
    least: int = 1,
) -> list[Any]:
    tables = document.get(name, [])
    if not isinstance(tables, list) or len(tables) < least:
        faults.append(f"{file} has no [[{name}]]")
        return []
    return tables
