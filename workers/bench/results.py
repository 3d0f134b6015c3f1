"""The shape that every ``hotline bench`` prints: both sides measured in the same run."""

from __future__ import annotations

import math
import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

_PROCESSORS = Path("/proc/cpuinfo")

Figure = float | int | str | None
"""One cell of a row."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What a figure was measured on; ``cores`` are those that this process may use."""

    cores: int
    cpu: str
    python: str
    system: str


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement; ``reference`` is None where nothing could be measured beside it."""

    case: str
    ours: float
    reference: float | None = None
    reference_name: str = ""
    figures: Mapping[str, Figure] = field(default_factory=dict)

    def to_json(self) -> dict[str, Figure]:
        reference = ratio = None
        if self.reference is not None:
            reference = round(self.reference, 3)
        if self.reference:
            ratio = round(self.ours / self.reference, 3)
        return {
            "case": self.case,
            "ours": round(self.ours, 3),
            "reference": reference,
            "reference_name": self.reference_name,
            "ratio": ratio,
            **self.figures,
        }


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a bench prints. ``facts``: of the run as a whole, such as its database."""

    name: str
    unit: str
    rows: Sequence[Row]
    facts: Mapping[str, object] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "unit": self.unit,
            "machine": asdict(describe_machine()),
            "rows": [row.to_json() for row in self.rows],
            **self.facts,
        }


def describe_machine() -> Machine:
    return Machine(
        cores=len(os.sched_getaffinity(0)),
        cpu=_name_processor(),
        python=platform.python_version(),
        system=platform.system(),
    )


def _name_processor() -> str:
    """Linux knows the model where Python's own module knows the architecture alone."""
    with suppress(OSError), _PROCESSORS.open(encoding="utf-8") as lines:
        for line in lines:
            name, _, value = line.partition(":")
            if name.startswith("model name"):
                return value.strip()
    return platform.processor() or platform.machine()


def list_load() -> list[float]:
    """The load of the machine as `uptime` shows it: a busy one explains a poor figure."""
    return [round(average, 2) for average in os.getloadavg()]


def find_percentile(values: Sequence[float], percent: int) -> float:
    """The nearest-rank percentile."""
    ordered = sorted(values)
    rank = math.ceil(len(ordered) * percent / 100)
    return ordered[max(0, rank - 1)]


def measure_rate(work: Callable[[], int], *, seconds: float) -> float:
    """Units per second: ``work`` does a batch and returns how many units that was."""
    # The first call pays for imports, caches and page faults.
    work()
    done = 0
    start = time.perf_counter()
    elapsed = 0.0
    while elapsed < seconds:
        done += work()
        elapsed = time.perf_counter() - start
    return done / elapsed
