"""The archive: a tar stream of a manifest, files, and the database in numbered pieces.

It is made and read in one go, a piece at a time: no plain copy of it lies anywhere. A database of
unknown length fits into a tar because it is cut into pieces of known length.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import IO, Any

from hotline.core.errors import HotlineError

MANIFEST = "manifest.json"
HEADS = "audit-heads.jsonl"
DATABASE = "database/"
KEYS = "keys/"
FOLDERS = ("data", "templates")
"""What the operator put into the data directory."""
PIECE = 4 << 20
_VERSION = 1


class BadArchive(HotlineError):
    """It was decrypted, and is not what ``backup create`` makes."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """``at``: the moment that the archive shows, ISO 8601. ``rows``: of each table at it."""

    at: str
    program: str
    dialect: str
    revision: str
    rows: Mapping[str, int]
    version: int = _VERSION

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.at)

    @classmethod
    def from_json(cls, text: bytes) -> Manifest:
        try:
            values: dict[str, Any] = json.loads(text)
            manifest = cls(**values)
        except (ValueError, TypeError):
            raise BadArchive(
                "The archive's manifest cannot be read."
            ) from None
        # A form that is read by guessing would be restored with something
        # missing.
        if manifest.version != _VERSION:
            raise BadArchive(
                f"The archive has the form {manifest.version}; this program reads {_VERSION}.",
                hint="Use the program that made it, or a newer one.",
            )
        return manifest

    def to_json(self) -> bytes:
        return json.dumps(asdict(self), indent=1).encode()


@dataclass(frozen=True, slots=True)
class Member:
    """One file of the archive."""

    name: str
    content: bytes


def write_stream(members: Iterable[Member]) -> Iterator[bytes]:
    """The tar stream, piece by piece."""
    for member in members:
        info = tarfile.TarInfo(member.name)
        info.size, info.mode = len(member.content), 0o600
        yield info.tobuf(tarfile.PAX_FORMAT)
        yield member.content
        # Tar fills every member up to a block, and ends with two empty ones.
        yield bytes(-len(member.content) % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)


def cut_pieces(chunks: Iterable[bytes]) -> Iterator[Member]:
    """A stream of any length as members of known length."""
    number, waiting = 0, bytearray()
    for chunk in chunks:
        waiting += chunk
        while len(waiting) >= PIECE:
            yield Member(f"{DATABASE}{number:08}", bytes(waiting[:PIECE]))
            del waiting[:PIECE]
            number += 1
    # Also where it is empty: an archive without a piece of the database is not
    # one of ours.
    yield Member(f"{DATABASE}{number:08}", bytes(waiting))


def read_stream(stream: IO[bytes]) -> Iterator[Member]:
    """Each member, in the order of writing; ``BadArchive`` for what is none of ours."""
    try:
        # "r|" reads in order and never goes back, as a stream from a pipe has
        # to be read.
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            for info in archive:
                # A link in an archive could have the next member written
                # anywhere.
                if not info.isreg() or not _is_ours(info.name):
                    raise BadArchive(
                        f"The archive holds {info.name!r}, which is none of ours."
                    )
                file = archive.extractfile(info)
                assert isinstance(file, io.BufferedIOBase)
                yield Member(info.name, file.read())
    except tarfile.TarError:
        raise BadArchive("The archive cannot be read.") from None


def _is_ours(name: str) -> bool:
    """No member leads out of where it belongs."""
    if name in (MANIFEST, HEADS):
        return True
    parts = name.split("/")
    folders = (DATABASE[:-1], KEYS[:-1], *FOLDERS)
    return (
        len(parts) > 1
        and parts[0] in folders
        and all(part not in ("", ".", "..") for part in parts)
    )
