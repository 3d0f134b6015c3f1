"""Putting a backup into a database, to look at it or to go on with it."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from pyrage import x25519
from sqlalchemy import URL, text

from hotline.core.errors import InvalidInput
from hotline.core.settings import Settings
from hotline.core.storage.database import Database
from hotline.core.storage.keys.key_files import KEY_BYTES, KEY_NAMES, Keys
from workers.backup import age, archive, postgres
from workers.backup.archive import BadArchive, Manifest, Member


@dataclass
class Opened:
    """What an archive holds besides the database."""

    manifest: Manifest
    heads: bytes = b""
    files: list[Member] = field(default_factory=list)


def load_data(
    path: Path,
    identities: Sequence[x25519.Identity],
    target: URL,
    settings: Settings,
) -> Opened:
    """Put the database of an archive into ``target``, which is empty.

    Nothing of it counts before this returned: that the archive is whole shows at its end.
    """
    with path.open("rb") as source, ExitStack() as stack:
        stream = stack.enter_context(
            age.decrypting(source, identities, path.name)
        )
        members = archive.read_stream(stream)
        opened = Opened(_read_manifest(members))
        # Before anything is written: a dump of the one database is nonsense to
        # the other.
        _require_same_kind(opened.manifest, target)
        sink = stack.enter_context(_filling(target, settings))
        for member in members:
            if member.name.startswith(archive.DATABASE):
                sink.write(member.content)
            elif member.name == archive.HEADS:
                opened.heads = member.content
            else:
                opened.files.append(member)
    return opened


def read_manifest(
    path: Path, identities: Sequence[x25519.Identity]
) -> Manifest:
    """The first thing of an archive."""
    with (
        path.open("rb") as source,
        age.decrypting(source, identities, path.name) as stream,
    ):
        return _read_manifest(archive.read_stream(stream))


def load_keys(path: Path, identities: Sequence[x25519.Identity]) -> Keys:
    """The keys of an archive of keys, in their order."""
    named: dict[str, dict[int, bytes]] = {name: {} for name in KEY_NAMES}
    with (
        path.open("rb") as source,
        age.decrypting(source, identities, path.name) as stream,
    ):
        members = archive.read_stream(stream)
        _read_manifest(members)
        for member in members:
            name, _, number = member.name.removeprefix(archive.KEYS).partition(
                "."
            )
            # Keys of an archive are written to a machine's key directory by
            # these names.
            if name not in named or len(member.content) != KEY_BYTES:
                raise BadArchive(f"{path.name} holds what is no key.")
            named[name][int(number)] = member.content
    return {
        name: tuple(keys[number] for number in sorted(keys))
        for name, keys in named.items()
    }


def _read_manifest(members: Iterator[Member]) -> Manifest:
    first = next(members, None)
    if first is None or first.name != archive.MANIFEST:
        raise BadArchive("The archive does not begin with a manifest.")
    return Manifest.from_json(first.content)


def _require_same_kind(manifest: Manifest, target: URL) -> None:
    if manifest.dialect != target.get_backend_name():
        raise InvalidInput(
            f"The backup is of {manifest.dialect}, and the database that it would go into is "
            f"{target.get_backend_name()}.",
            hint="Name a database of the same kind by HOTLINE_DATABASE_URL.",
        )


@contextmanager
def _filling(target: URL, settings: Settings) -> Iterator[IO[bytes]]:
    if target.get_backend_name() == "sqlite":
        assert target.database is not None
        with _Unpacking(Path(target.database)) as file:
            yield file  # type: ignore[misc]
        return
    database = Database(target.render_as_string(hide_password=False))
    with database.engine.connect() as connection:
        version = connection.scalar(text("SHOW server_version_num"))
    database.dispose()
    server = int(version or 0) // 10_000
    with postgres.restoring(target, settings.postgresql_bin, server) as sink:
        yield sink


class _Unpacking:
    """A file that takes what gzip made of it."""

    def __init__(self, path: Path) -> None:
        self._packer = zlib.decompressobj(wbits=31)
        # O_EXCL: nothing that is there already is written over.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._file = os.fdopen(descriptor, "wb")

    def __enter__(self) -> _Unpacking:
        return self

    def write(self, packed: bytes) -> int:
        self._file.write(self._packer.decompress(packed))
        return len(packed)

    def __exit__(self, *_: object) -> None:
        self._file.write(self._packer.flush())
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()


def differing_rows(
    manifest: Manifest, found: Mapping[str, int]
) -> dict[str, tuple[int, int]]:
    """Tables whose number of rows is not the one of the manifest: name -> (written, found)."""
    names = set(manifest.rows) | set(found)
    return {
        name: (manifest.rows.get(name, 0), found.get(name, 0))
        for name in sorted(names)
        if manifest.rows.get(name, 0) != found.get(name, 0)
    }
