"""Writes answers into ``hotline.toml``: what else stands there stays, and so do its comments."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

import tomlkit
from tomlkit.exceptions import TOMLKitError

from hotline.core.errors import Misconfigured
from workers.setup.questions import Value, is_secret

_OPEN = 0o644
_CLOSED = 0o600
_FIRST_LINES = "Settings of the hotline; every one: docs/settings.md."


def read_file(path: Path) -> tomlkit.TOMLDocument:
    """The file as it is; an empty document where there is none."""
    if not path.exists():
        document = tomlkit.document()
        document.add(tomlkit.comment(_FIRST_LINES))
        return document
    try:
        return tomlkit.parse(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, TOMLKitError) as error:
        raise Misconfigured(
            f"{path} cannot be read ({type(error).__name__}).",
            hint="Mend it or move it away; setup never replaces what it cannot read.",
        ) from None


def write_file(
    path: Path, document: tomlkit.TOMLDocument, answers: Mapping[str, Value]
) -> Path | None:
    """At once or not at all; the file as it was before stays beside it, and its path is returned.

    An empty answer to a setting that the file does not have is not written: the default counts.
    """
    for name, value in answers.items():
        if value or name in document:
            document[name] = value
    holds_secrets = any(
        is_secret(name) and bool(value)
        for name, value in document.items()
        if _is_setting(name)
    )
    mode = _CLOSED if holds_secrets else _mode_of(path)
    before = _keep_copy(path) if path.exists() else None
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    _write_closed(draft, tomlkit.dumps(document))
    # Before it takes its name: nobody reads a password in between.
    draft.chmod(mode)
    draft.replace(path)
    return before


def _is_setting(name: str) -> bool:
    from hotline.core.settings import Settings

    return name in Settings.model_fields


def _mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode) if path.exists() else _OPEN


def _keep_copy(path: Path) -> Path:
    copy = path.with_name(f"{path.name}.before")
    # The copy before may be open to others; a new file never is.
    copy.unlink(missing_ok=True)
    _write_closed(copy, path.read_text(encoding="utf-8"))
    return copy


def _write_closed(path: Path, text: str) -> None:
    """For its owner alone from its first byte on."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _CLOSED)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
