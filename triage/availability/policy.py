"""The rules of watching, as an organisation set them: how many looks prove what, and how often."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from hotline.core.datafiles.files import read_toml
from hotline.core.datafiles.vocabulary import find_unknown
from hotline.core.errors import Misconfigured

_SPAN = re.compile(r"(\d{1,6})([smhd])")
_UNITS = {
    "s": "seconds",
    "m": "minutes",
    "h": "hours",
    "d": "days",
}


@dataclass(frozen=True, slots=True)
class Proof:
    """``checks`` looks ``min_gap`` or more apart, from first to last ``min_span`` or more."""

    checks: int
    min_gap: timedelta
    min_span: timedelta


@dataclass(frozen=True, slots=True)
class Phase:
    """Up to an age of ``until``, one look ``every``."""

    until: timedelta
    every: timedelta


@dataclass(frozen=True, slots=True)
class Policy:
    removal: Proof
    down: Proof
    watch: tuple[Phase, ...]
    reappearance: tuple[Phase, ...]
    host_gap: timedelta
    jitter: float = 0.0
    second_vantage: bool = False


PROOF_FIELDS = ("checks", "min_gap", "min_span")
PHASE_FIELDS = ("until", "every")
FIELDS: Mapping[str, tuple[str, ...]] = {
    "version": (),
    "removal": (*PROOF_FIELDS, "second_vantage"),
    "down": PROOF_FIELDS,
    "watch": PHASE_FIELDS,
    "reappearance": PHASE_FIELDS,
    "politeness": ("host_gap", "jitter"),
}
"""What each table of the file may hold."""


def policy_file(name: str) -> str:
    """The data file of the policy that the settings call ``name``."""
    if name == "default":
        return "availability.toml"
    return f"availability-{name}.toml"


def load_policy(
    override_dir: Path | None = None, *, name: str = "availability.toml"
) -> Policy:
    """From the data file; all its faults are named at once. ``availability-demo.toml`` is quick."""
    document = read_toml("triage.availability", name, override_dir)
    reader = _Reader(document)
    removal = reader.read_table("removal")
    down = reader.read_table("down")
    politeness = reader.read_table("politeness")
    policy = Policy(
        removal=reader.read_proof("removal", removal),
        down=reader.read_proof("down", down),
        watch=reader.read_phases("watch"),
        reappearance=reader.read_phases("reappearance"),
        host_gap=reader.read_span(
            "politeness.host_gap", politeness.get("host_gap")
        ),
        jitter=reader.read_jitter(politeness.get("jitter", 0)),
        second_vantage=removal.get("second_vantage") is True,
    )
    if reader.faults:
        faults = "; ".join(reader.faults)
        raise Misconfigured(f"Data file {name} has faults: {faults}.")
    return policy


class _Reader:
    """Reads the parts of the file; what is wrong is noted in ``faults``, never raised."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self.faults = find_unknown(document, FIELDS)

    def read_table(self, key: str) -> Mapping[str, Any]:
        table = self._document.get(key)
        if not isinstance(table, dict):
            self.faults.append(f"[{key}] is missing")
            return {}
        for fault in find_unknown(table, FIELDS[key]):
            self.faults.append(f"[{key}]: {fault}")
        return table

    def read_proof(self, where: str, table: Mapping[str, Any]) -> Proof:
        return Proof(
            checks=self._read_checks(where, table.get("checks")),
            min_gap=self._read_span_of(where, table, "min_gap"),
            min_span=self._read_span_of(where, table, "min_span"),
        )

    def _read_checks(self, where: str, checks: Any) -> int:
        # To Python, True is a number too.
        is_whole = isinstance(checks, int) and not isinstance(checks, bool)
        if is_whole and checks >= 2:
            return int(checks)
        # One look proves nothing: a host may have been restarting.
        self.faults.append(
            f"{where}.checks must be a whole number of 2 or more"
        )
        # A value to go on with, so that all other faults are named as well;
        # with a fault none of it is used.
        return 2

    def read_phases(self, key: str) -> tuple[Phase, ...]:
        tables = self._document.get(key)
        if not isinstance(tables, list) or not tables:
            self.faults.append(f"[[{key}]] is missing")
            return ()
        phases = [
            self._read_phase(f"{key}[{index}]", table)
            for index, table in enumerate(tables)
        ]
        for earlier, later in pairwise(phases):
            # A phase that ends before the one above it would never be reached.
            if later.until <= earlier.until:
                self.faults.append(
                    f"[[{key}]]: until must grow from one to the next"
                )
                break
        return tuple(phases)

    def _read_phase(self, where: str, table: Mapping[str, Any]) -> Phase:
        for fault in find_unknown(table, PHASE_FIELDS):
            self.faults.append(f"{where}: {fault}")
        until = self._read_span_of(where, table, "until")
        every = self._read_span_of(where, table, "every")
        if not every:
            # Else it would be looked at without a pause.
            self.faults.append(f"{where}.every must be longer than nothing")
        return Phase(until, every)

    def _read_span_of(
        self, where: str, table: Mapping[str, Any], key: str
    ) -> timedelta:
        value = table.get(key)
        return self.read_span(f"{where}.{key}", value)

    def read_span(self, where: str, value: Any) -> timedelta:
        """ "90s", "30m", "24h" or "7d" as a time; no time at all where it is something else."""
        text = value if isinstance(value, str) else ""
        match = _SPAN.fullmatch(text)
        if match is None:
            self.faults.append(
                f'{where} must be a span such as "90s", "30m", "24h" or "7d"'
            )
            return timedelta()
        number, letter = match.groups()
        unit = _UNITS[letter]
        return timedelta(**{unit: int(number)})

    def read_jitter(self, value: Any) -> float:
        is_number = isinstance(value, int | float)
        if is_number and 0 <= value <= 0.5:
            return float(value)
        self.faults.append("politeness.jitter must be between 0 and 0.5")
        return 0.0
