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
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


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
    return "availability.toml" if name == "default" else f"availability-{name}.toml"


def load_policy(
    override_dir: Path | None = None, *, name: str = "availability.toml"
) -> Policy:
    """From the data file; all its faults are named at once. ``availability-demo.toml`` is quick."""
    raw = read_toml("triage.availability", name, override_dir)
    faults = find_unknown(raw, FIELDS)
    politeness = _table(raw, "politeness", faults)
    removal = _table(raw, "removal", faults)
    policy = Policy(
        removal=_proof(removal, "removal", faults),
        down=_proof(_table(raw, "down", faults), "down", faults),
        watch=_phases(raw.get("watch"), "watch", faults),
        reappearance=_phases(raw.get("reappearance"), "reappearance", faults),
        host_gap=_span(politeness.get("host_gap"), "politeness.host_gap", faults),
        jitter=_share(politeness.get("jitter", 0), faults),
        second_vantage=removal.get("second_vantage") is True,
    )
    if faults:
        raise Misconfigured(f"Data file {name} has faults: {'; '.join(faults)}.")
    return policy


def _table(raw: Mapping[str, Any], key: str, faults: list[str]) -> Mapping[str, Any]:
    value = raw.get(key)
    if isinstance(value, dict):
        faults += [f"[{key}]: {fault}" for fault in find_unknown(value, FIELDS[key])]
        return value
    faults.append(f"[{key}] is missing")
    return {}


def _proof(table: Mapping[str, Any], where: str, faults: list[str]) -> Proof:
    checks = table.get("checks")
    if not isinstance(checks, int) or isinstance(checks, bool) or checks < 2:
        # One look proves nothing: a host may have been restarting.
        faults.append(f"{where}.checks must be a whole number of 2 or more")
        checks = 2
    gap = _span(table.get("min_gap"), f"{where}.min_gap", faults)
    return Proof(checks, gap, _span(table.get("min_span"), f"{where}.min_span", faults))


def _phases(value: Any, where: str, faults: list[str]) -> tuple[Phase, ...]:
    phases = []
    for index, entry in enumerate(value if isinstance(value, list) else []):
        for fault in find_unknown(entry, PHASE_FIELDS):
            faults.append(f"{where}[{index}]: {fault}")
        until = _span(entry.get("until"), f"{where}[{index}].until", faults)
        every = _span(entry.get("every"), f"{where}[{index}].every", faults)
        if not every:
            faults.append(f"{where}[{index}].every must be longer than nothing")
        phases.append(Phase(until, every))
    if not phases:
        faults.append(f"[[{where}]] is missing")
    if any(late.until <= early.until for early, late in pairwise(phases)):
        faults.append(f"[[{where}]]: until must grow from one to the next")
    return tuple(phases)


def _span(value: Any, where: str, faults: list[str]) -> timedelta:
    found = _SPAN.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        faults.append(f'{where} must be a span such as "90s", "30m", "24h" or "7d"')
        return timedelta()
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _share(value: Any, faults: list[str]) -> float:
    if isinstance(value, int | float) and 0 <= value <= 0.5:
        return float(value)
    faults.append("politeness.jitter must be between 0 and 0.5")
    return 0.0
