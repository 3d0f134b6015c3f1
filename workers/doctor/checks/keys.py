"""The service's keys, and the files that hold passwords: are they there, ours, and closed?"""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path

from pydantic import SecretStr

from hotline.core.settings import Settings, configuration_file
from hotline.core.storage.crypto import (
    KEY_BYTES,
    KEY_NAMES,
    Keyring,
    path_of_key,
)
from hotline.core.storage.own_keys import find_swapped_keys
from workers.doctor.finding import Finding, find_failed, find_well
from workers.doctor.installation import Installation

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_RESTORE = "Restore it from the copy of the keys: a new one opens nothing of the old one's."


def look_at_keys(installation: Installation) -> Finding:
    folder = installation.secrets_dir
    file = installation.database_file
    if not folder.exists() and file is not None and not file.exists():
        return find_failed(
            "There are no keys yet.",
            "They are made together with the database. Keep a copy of them in a safe then.",
        )
    faults = list(_faults_of_files(folder))
    if faults:
        return find_failed(" ".join(faults), _RESTORE)
    open_ones = [
        f"{path} ({fault})"
        for path in (folder, *(path_of_key(folder, n) for n in KEY_NAMES))
        if (fault := _find_openness(path))
    ]
    if open_ones:
        return find_failed(
            f"Others may get at keys: {', '.join(open_ones)}.",
            f"Run `chmod 700 {folder}` and `chmod 600 {folder}/*.key` as the service's user; who "
            "could read them meanwhile can open what is sealed.",
        )
    with installation.reading() as session:
        swapped = find_swapped_keys(session, Keyring(folder))
    if swapped:
        return find_failed(
            f"Not the keys that this database is used with: {', '.join(swapped)}.",
            _RESTORE,
        )
    return find_well(
        f"All {len(KEY_NAMES)} keys are there, closed to others, and of this database."
    )


def _faults_of_files(folder: Path) -> Iterator[str]:
    for name in KEY_NAMES:
        path = path_of_key(folder, name)
        try:
            size = path.stat().st_size
            path.open("rb").close()
        except FileNotFoundError:
            yield f"{path} is missing."
        except OSError as error:
            yield f"{path} cannot be read: {error.strerror}."
        else:
            if size != KEY_BYTES:
                yield f"{path} has {size} bytes, not {KEY_BYTES}."


def look_at_secret_files(installation: Installation) -> Finding:
    """Files with passwords in them, which others of this machine must not read."""
    open_ones = [
        f"{path} ({fault})"
        for path in _list_secret_files(installation.settings)
        if (fault := _find_openness(path))
    ]
    if open_ones:
        return find_failed(
            f"Others may read passwords: {', '.join(open_ones)}.",
            "Run `chmod 600` on them, and change the passwords.",
        )
    return find_well("No file with a password in it is open to others.")


def _list_secret_files(settings: Settings) -> Iterator[Path]:
    path = configuration_file()
    if path is not None and _names_secrets(path):
        yield path
    folder = os.environ.get("HOTLINE_SECRET_FILES")
    if folder and Path(folder).is_dir():
        # What an engine mounts belongs to root and is read by the service's group at the most.
        yield from (
            file
            for file in sorted(Path(folder).iterdir())
            if file.is_file() and file.stat().st_mode & stat.S_IRWXO
        )
    file = settings.database_url.get_secret_value().removeprefix("sqlite:///")
    if Path(file).is_file():
        yield Path(file)


def _names_secrets(path: Path) -> bool:
    """Whether the file sets something that is a secret by its type."""
    given = tomllib.loads(path.read_text(encoding="utf-8"))
    secret = {
        name
        for name, field in Settings.model_fields.items()
        if SecretStr.__name__ in str(field.annotation)
    }
    return any(given.get(name) for name in secret)


def _find_openness(path: Path) -> str:
    """Why somebody else can get at the file or folder; "" where nobody can."""
    status = path.stat()
    mode = stat.S_IMODE(status.st_mode)
    if mode & _OTHERS:
        return f"mode {mode:04o}"
    if status.st_uid not in (os.geteuid(), 0):
        return f"of user {status.st_uid}"
    return ""
