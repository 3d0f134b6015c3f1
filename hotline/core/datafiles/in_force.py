"""Which folder the rules are read from: the operator's own, or one that two people put in force.

A folder that was put in force holds the operator's own files with the changed ones over them. It is
never written to again: its name is its digest, so that what was read from it stays right.
"""

from __future__ import annotations

from pathlib import Path

_instead: dict[Path, Path] = {}


def read_instead(own: Path, folder: Path | None) -> None:
    """In this process, read the rules of ``own`` from ``folder`` from now on; None: from itself."""
    if folder is None:
        _instead.pop(own, None)
    else:
        _instead[own] = folder


def folder_of(override_dir: Path | None) -> Path | None:
    """The folder to read rules from where the operator's own is ``override_dir``."""
    if override_dir is None:
        return None
    return _instead.get(override_dir, override_dir)
