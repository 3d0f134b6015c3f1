"""The shape that every ``hotline bench`` prints: both sides measured in the same run."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def describe_machine() -> dict[str, Any]:
    """What a figure was measured on: cores that this process may use, model, Python."""
    model = platform.processor() or platform.machine()
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as info:
            for line in info:
                if line.startswith("model name"):
                    model = line.split(":", 1)[1].strip()
                    break
    except OSError:
        pass
    return {
        "cores": len(os.sched_getaffinity(0)),
        "cpu": model,
        "python": platform.python_version(),
        "system": platform.system(),
    }


def make_row(
    case: str,
    ours: float,
    reference: float | None,
    reference_name: str,
    **extra: Any,
) -> dict[str, Any]:
    """One row. ``ratio`` is ours / reference; None where the reference could not be measured."""
    ratio = round(ours / reference, 3) if reference else None
    return {
        "case": case,
        "ours": round(ours, 3),
        "reference": None if reference is None else round(reference, 3),
        "reference_name": reference_name,
        "ratio": ratio,
        **extra,
    }


def make_result(
    name: str, unit: str, rows: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "name": name,
        "unit": unit,
        "machine": describe_machine(),
        "rows": rows,
    }


def measure_rate(work: Callable[[], int], *, seconds: float) -> float:
    """Units per second: ``work`` does a batch and returns how many units that was."""
    work()  # the first call pays for imports, caches and page faults
    done, start = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - start) < seconds:
        done += work()
    return done / elapsed
