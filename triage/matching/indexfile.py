"""The index as a file: built off-line, mapped read-only by every worker, replaced atomically.

One page of header (magic bytes, its own SHA-256, JSON) and then the arrays of a table. A file is
never changed in place: whoever has the old one mapped keeps it until he lets go of it.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotline.core.errors import InvalidInput, Unavailable
from triage.matching.index import DamagedIndex, Engine, HashIndex
from triage.matching.table import (
    Distinct,
    Table,
    carve_table,
    compute_size,
    fill_table,
    fold_hashes,
)

MAGIC = b"HOTLNMIH"
FORMAT = 1
HEADER = 4096
CHECKSUM = 32
MAX_VERSION = 3000
BLOCK = 1 << 20


class StaleIndex(Unavailable):
    """There is no index yet, or it was built from another state of the lists than the one asked
    for."""

    title = "The index of known hashes is out of date"


@dataclass(frozen=True, slots=True)
class Header:
    """What the first page says of the arrays behind it; ``sha256`` is theirs."""

    format: int
    bits: int
    hashes: int
    entries: int
    signed: bool
    version: str
    sha256: str

    @property
    def file_size(self) -> int:
        return HEADER + compute_size(self.bits, self.hashes, self.entries)


def build_index(
    path: Path,
    *,
    hashes: NDArray[np.uint8],
    ids: NDArray[Any],
    bits: int,
    version: str,
) -> None:
    """Write the index of ``hashes`` (n, bits / 8) with ``ids`` (n,), int64 or uint64, to ``path``.

    The new file replaces an old one in one step, after it has reached the disk. An id may come
    several times with different hashes, and a hash with different ids. Raises InvalidInput for
    arrays that do not fit together, OSError where the file cannot be written.
    """
    # It must find room in the header's one page, beside the other fields.
    if len(json.dumps(version)) > MAX_VERSION:
        raise InvalidInput(
            f"The name of an index's version has at most {MAX_VERSION} bytes."
        )
    content = fold_hashes(hashes, ids, bits)
    # Beside it: a rename is one step only within a file system.
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "r+b") as file:
            _write_index(file.fileno(), content, bits, version)
        Path(name).replace(path)
    # Also when it is interrupted: half an index must not stay behind.
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    # A rename is on the disk only once its directory is.
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _write_index(
    file: int, content: Distinct, bits: int, version: str
) -> None:
    shape = (bits, len(content.hashes), len(content.ids))
    signed = content.ids.dtype.kind == "i"
    size = HEADER + compute_size(*shape)
    # A full disk is an error here and not a signal later.
    os.posix_fallocate(file, 0, size)
    mapped = mmap.mmap(file, size)
    view = memoryview(mapped)
    fill_table(carve_table(view[HEADER:], *shape, signed=signed), content)
    header = Header(
        format=FORMAT,
        bits=bits,
        hashes=len(content.hashes),
        entries=len(content.ids),
        signed=signed,
        version=version,
        sha256=_compute_digest(view[HEADER:]),
    )
    view[:HEADER] = _encode_header(header)
    mapped.flush()
    os.fsync(file)


def _encode_header(header: Header) -> bytes:
    text = json.dumps(asdict(header)).encode()
    # Padded to a page, so that the arrays behind it lie on their boundaries.
    text = text.ljust(HEADER - len(MAGIC) - CHECKSUM)
    return MAGIC + hashlib.sha256(text).digest() + text


def _compute_digest(body: memoryview) -> str:
    digest = hashlib.sha256()
    for start in range(0, len(body), BLOCK):
        digest.update(body[start : start + BLOCK])
    return digest.hexdigest()


def load_index(
    path: Path,
    *,
    verify: bool = False,
    version: str | None = None,
    engine: Engine = "auto",
) -> HashIndex:
    """Map the index at ``path``: milliseconds, whatever its size, and shared by all processes.

    ``verify`` reads the whole file and checks its SHA-256. Raises StaleIndex where there is no file
    or it is not ``version``, DamagedIndex where it is not a whole index.
    """
    mapped = _map_file(path)
    header = _read_header(path, mapped)
    if version is not None and header.version != version:
        raise StaleIndex(
            f"The index {path} was built from version {header.version!r}, not {version!r}.",
            hint="Build it again.",
        )
    body = mapped[HEADER:]
    if verify and _compute_digest(body) != header.sha256:
        raise _make_damaged_error(
            path, "its content does not have the checksum in its header"
        )
    table = carve_table(
        body,
        header.bits,
        header.hashes,
        header.entries,
        signed=header.signed,
    )
    _check_bounds(path, table)
    return HashIndex(table, version=header.version, engine=engine)


def _map_file(path: Path) -> memoryview:
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size < HEADER:
                raise _make_damaged_error(
                    path, f"it has {size} bytes, fewer than a header"
                )
            mapped = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)
            return memoryview(mapped)
    except FileNotFoundError as error:
        raise StaleIndex(
            f"There is no index at {path}.", hint="Build it."
        ) from error
    except OSError as error:
        raise DamagedIndex(
            f"The index {path} cannot be read: {error.strerror}."
        ) from error


def _make_damaged_error(path: Path, reason: str) -> DamagedIndex:
    return DamagedIndex(
        f"The index {path} is damaged: {reason}.", hint="Build it again."
    )


def _read_header(path: Path, mapped: memoryview) -> Header:
    start = len(MAGIC) + CHECKSUM
    if mapped[: len(MAGIC)] != MAGIC:
        raise _make_damaged_error(path, "it does not begin as an index does")
    text = bytes(mapped[start:HEADER])
    if hashlib.sha256(text).digest() != mapped[len(MAGIC) : start]:
        raise _make_damaged_error(
            path, "its header does not have the checksum that it states"
        )
    values = json.loads(text)
    # Before the rest is read: another format may have other fields.
    if values["format"] != FORMAT:
        raise _make_damaged_error(
            path,
            f"its format is {values['format']}; this program reads {FORMAT}",
        )
    header = Header(**values)
    if len(mapped) != header.file_size:
        raise _make_damaged_error(
            path,
            f"it has {len(mapped)} bytes and should have {header.file_size}",
        )
    return header


def _check_bounds(path: Path, table: Table) -> None:
    """Whether the buckets follow one another and end where they should: a compiled search trusts
    them. Four megabytes, read in a millisecond."""
    ends = table.first[[0, -1]].tolist()
    if ends != [0, len(table.ids)]:
        raise _make_damaged_error(
            path, "its entries do not belong to its hashes"
        )
    starts = table.starts
    if not starts.size:
        return
    slots = len(table.hashes) * table.bits // 16
    if (
        starts[0] != 0
        or starts[-1] != slots
        or (starts[1:] < starts[:-1]).any()
    ):
        raise _make_damaged_error(
            path, "its buckets do not follow one another"
        )
