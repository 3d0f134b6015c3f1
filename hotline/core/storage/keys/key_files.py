"""The key files: where each key lies, which one is in use, and how another takes its place.

Of each name there is one key in use, ``NAME.key``. Beside it may lie ``NAME.next.key``, which is
known and not used yet, and ``NAME.1.key``, ``NAME.2.key`` …, which were in use before and are only
read with; the highest number is the newest of them. A file holds 32 random bytes and is closed to
other users.

Another key takes the place of the one in use by two steps of the file system, of which the second
is atomic. Whoever is killed between them does the first one again without harm.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hotline.core.errors import Misconfigured

KEY_BYTES = 32
KEY_NAMES = (
    "master",
    "receipts",
    "links",
    "sessions",
    "audit",
    "identifiers",
)
TOO_OPEN = 0o027
"""What the owner's group may not do with a key file (write), and others may not at all."""

Keys = Mapping[str, tuple[bytes, ...]]
"""The keys of each name: first the one in use, then those that are only read with, in order."""


def path_of_key(directory: Path, name: str) -> Path:
    """The file of the key that is in use."""
    return directory / f"{name}.key"


def path_of_next(directory: Path, name: str) -> Path:
    """The file of a key that is known, and will be used."""
    return directory / f"{name}.next.key"


def paths_of_old(directory: Path, name: str) -> list[Path]:
    """The files of the keys that were in use before, the newest first."""
    numbered = re.compile(rf"{re.escape(name)}\.(\d{{1,6}})\.key")
    numbered_paths = []
    if directory.is_dir():
        for path in directory.iterdir():
            if match := numbered.fullmatch(path.name):
                numbered_paths.append((int(match[1]), path))
    return [path for _, path in sorted(numbered_paths, reverse=True)]


@dataclass(frozen=True, slots=True)
class KeyFiles:
    """The directory of key files, as a keyring reads it."""

    directory: Path
    seconds: float = 1.0
    """After how long a process looks whether a file was added or replaced."""

    def read_first(self) -> Keys:
        """All keys; those in use are made where they are missing."""
        for name in KEY_NAMES:
            path = path_of_key(self.directory, name)
            if not path.exists():
                _make_key(path)
        return self.read_again()

    def read_again(self) -> Keys:
        for _ in range(3):
            mark = self.mark()
            # While one key takes the place of another, a file may be gone between two looks.
            with suppress(Misconfigured):
                keys = {name: self._keys_of(name) for name in KEY_NAMES}
                if self.mark() == mark:
                    return keys
        # Whatever is wrong three times in a row is no exchange of keys, and is
        # said.
        return {name: self._keys_of(name) for name in KEY_NAMES}

    def mark(self) -> object:
        """Changes when a file is added, replaced or removed."""
        return self.directory.stat().st_mtime_ns

    def _keys_of(self, name: str) -> tuple[bytes, ...]:
        following = path_of_next(self.directory, name)
        paths = [
            path_of_key(self.directory, name),
            *([following] if following.exists() else []),
            *paths_of_old(self.directory, name),
        ]
        # While one key takes the place of another, one of them has two names.
        return tuple(dict.fromkeys(read_key(path) for path in paths))


def stage_key(directory: Path, name: str) -> bytes:
    """A new key that every process can read with, and none uses yet; the one that waits, if any."""
    following = path_of_next(directory, name)
    if not following.exists():
        _make_key(following)
    return read_key(following)


def promote_key(directory: Path, name: str) -> None:
    """Use the staged key from now on; the one in use becomes the newest of the old ones."""
    current = path_of_key(directory, name)
    old_paths = paths_of_old(directory, name)
    key = read_key(current)
    # An exchange that was cut short may have done this already.
    if all(read_key(path) != key for path in old_paths):
        os.link(current, directory / f"{name}.{_next_number(old_paths)}.key")
        _sync_directory(directory)
    path_of_next(directory, name).replace(current)
    _sync_directory(directory)


def add_old_key(directory: Path, name: str, key: bytes) -> None:
    """Let ``key`` be read with: it comes from a backup that is older than the key in use."""
    number = _next_number(paths_of_old(directory, name))
    _make_key(directory / f"{name}.{number}.key", key)


def remove_old_key(directory: Path, name: str, key: bytes) -> None:
    """Nothing is under ``key`` any more."""
    for path in paths_of_old(directory, name):
        if read_key(path) == key:
            path.unlink()
    _sync_directory(directory)


def read_key(path: Path) -> bytes:
    """The 32 bytes; ``Misconfigured`` for a file that is none, or that others may read."""
    try:
        key = path.read_bytes()
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        raise Misconfigured(
            f"Key file {path.name} cannot be read: {error.strerror}."
        ) from error
    if len(key) != KEY_BYTES:
        raise Misconfigured(
            f"Key file {path.name} has {len(key)} bytes, not {KEY_BYTES}.",
            hint="Restore it from your backup; a new key cannot open what the old one sealed.",
        )
    if mode & TOO_OPEN:
        raise Misconfigured(
            f"Key file {path.name} is open to other users (mode {mode:04o}).",
            hint=f"Close it: `chmod 0600 {path}`. If somebody else may have read it, rotate it.",
        )
    return key


def write_key(path: Path, key: bytes) -> None:
    """Put a key into place that comes from a backup; one that is there stays."""
    _make_key(path, key)


def is_writable(directory: Path) -> bool:
    """Whether keys can be added here at all."""
    return os.access(directory, os.W_OK)


def _next_number(old_paths: list[Path]) -> int:
    if not old_paths:
        return 1
    return int(old_paths[0].name.split(".")[-2]) + 1


def _make_key(path: Path, key: bytes | None = None) -> None:
    """Written beside and linked into place: of two processes that start at once, one wins."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(
        f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}"
    )
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key or secrets.token_bytes(KEY_BYTES))
        file.flush()
        # A key that is lost in a power cut takes with it what it has sealed by
        # then.
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _sync_directory(directory: Path) -> None:
    """A name that was given survives a power cut."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
