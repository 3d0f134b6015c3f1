"""The service's keys, and the files that hold passwords: are they there, ours, and closed?"""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path

from pydantic import SecretStr

from hotline.core.settings import Settings, configuration_file
from hotline.core.storage.keys.key_files import (
    KEY_BYTES,
    KEY_NAMES,
    path_of_key,
    paths_of_old,
)
from hotline.core.storage.keys.keyring import Keyring
from hotline.core.storage.keys.own_keys import find_swapped_keys
from workers.doctor.finding import Finding, find_failed, find_well
from workers.doctor.installation import Installation

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_RESTORE = "Restore it from the copy of the keys: a new one opens nothing of the old one's."


def look_at_keys(installation: Installation) -> Finding:
    """Key files, or what ``key_command`` gives."""
    if installation.settings.key_command:
        return _look_whose(
            installation, "All {number} keys come from key_command"
        )
    folder = installation.secrets_dir
    file = installation.database_file
    # Nothing is lost yet: this is a machine before its first start.
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
        for path in (folder, *_list_key_files(folder))
        if (fault := _find_openness(path))
    ]
    if open_ones:
        return find_failed(
            f"Others may get at keys: {', '.join(open_ones)}.",
            f"Run `chmod 700 {folder}` and `chmod 600 {folder}/*.key` as the service's user; who "
            "could read them meanwhile can open what is sealed.",
        )
    return _look_whose(
        installation, "All {number} keys are there and closed to others"
    )


def _look_whose(installation: Installation, words: str) -> Finding:
    """Whether the keys, which are all there, are those that the database is used with."""
    command = installation.settings.key_command
    keyring = Keyring(installation.secrets_dir, command)
    with installation.reading() as session:
        swapped = find_swapped_keys(session, keyring)
    if swapped:
        return find_failed(
            f"Not the keys that this database is used with: {', '.join(swapped)}.",
            _RESTORE,
        )
    return find_well(
        f"{words.format(number=len(KEY_NAMES))}, and of this database."
    )


def _list_key_files(folder: Path) -> Iterator[Path]:
    """Those in use, and those from before that are still read with."""
    for name in KEY_NAMES:
        yield path_of_key(folder, name)
        yield from paths_of_old(folder, name)


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
    url = settings.database_url.get_secret_value()
    file = Path(url.removeprefix("sqlite:///"))
    # In a folder that is closed to others, nobody reaches the file whatever its own mode is.
    if file.is_file() and _find_openness(file.parent):
        yield file


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
    # Root can read everything in any case.
    if status.st_uid not in (os.geteuid(), 0):
        return f"of user {status.st_uid}"
    return ""
