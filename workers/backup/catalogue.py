"""Which backups there are: a note in plain text beside each pair of archives."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from hotline.core.errors import NotFound
from hotline.core.settings import Settings

CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class BackupNote:
    """What is known of a backup without any private key. Sizes in bytes, digests SHA-256."""

    name: str
    at: str
    program: str
    dialect: str
    revision: str
    data_size: int
    data_sha256: str
    keys_size: int
    keys_sha256: str
    recipients: tuple[str, ...]
    keys_recipients: tuple[str, ...]

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.at)

    def to_json(self) -> Mapping[str, object]:
        return asdict(self)


def folder_of(settings: Settings) -> Path:
    assert settings.backup_dir is not None
    return settings.backup_dir


def data_path(settings: Settings, name: str) -> Path:
    return folder_of(settings) / f"{name}.data.age"


def keys_path(settings: Settings, name: str) -> Path:
    assert settings.backup_keys_dir is not None
    return settings.backup_keys_dir / f"{name}.keys.age"


def note_path(settings: Settings, name: str) -> Path:
    return folder_of(settings) / f"{name}.json"


def write_note(settings: Settings, note: BackupNote) -> None:
    path = note_path(settings, note.name)
    draft = path.with_name(f".{path.name}")
    draft.write_text(json.dumps(note.to_json(), indent=1), encoding="utf-8")
    # Renaming is one step: whoever lists the notes never reads half of one.
    draft.replace(path)


def list_notes(settings: Settings) -> list[BackupNote]:
    """The newest first. A file that is no note is left out."""
    notes = []
    for path in folder_of(settings).glob("hotline-*.json"):
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            for name in ("recipients", "keys_recipients"):
                values[name] = tuple(values[name])
            notes.append(BackupNote(**values))
        # One note that was cut off must not hide all other backups.
        except (OSError, ValueError, TypeError, KeyError):
            continue
    return sorted(notes, key=lambda note: note.at, reverse=True)


def find_note(settings: Settings, name: str) -> BackupNote:
    """By its name; ``newest`` is the last one."""
    notes = list_notes(settings)
    for note in notes:
        if name in (note.name, "newest"):
            return note
    raise NotFound(
        f"There is no backup {name!r} in {folder_of(settings)}.",
        hint="`hotline backup list` names them.",
    )


def digest_of_file(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
