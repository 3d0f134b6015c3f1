"""Which autonomous system announces an address: a dated snapshot, searched by bisection.

The snapshot shipped is packed from ``@ip-location-db/asn`` (RouteViews, NRO and DB-IP data, CC BY
4.0; ``data/asn.NOTICE`` has the attribution that the licence asks for). Its own README admits wrong
rows, so what comes from it is an observation of lower confidence, and an operator can replace it by
the upstream CSV files or an MMDB.

Layout: one boundary array per address family, each boundary the big-endian bytes of the first
address from which on a number holds (0 = nobody), so that IPv6 is looked up exactly as IPv4 is.
"""

from __future__ import annotations

import csv
import io
import lzma
import socket
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hotline.core.errors import Misconfigured
from triage.hosting.sources.holder_names import HolderNames

_WIDTH = {4: 4, 6: 16}
_MOST_FAULTS = 20
Starts = npt.NDArray[np.bytes_]
Numbers = npt.NDArray[np.uint32]


class _Row(NamedTuple):
    """One range of upstream's table, its ends as packed addresses. Half a million are sorted."""

    version: int
    first: bytes
    last: bytes
    number: int
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class AsnTable:
    """``starts[version]`` sorted packed addresses, ``numbers[version]`` beside them, ``names``."""

    starts: dict[int, Starts]
    numbers: dict[int, Numbers]
    names: Mapping[int, str]
    date: str

    def find_system(
        self, address: IPv4Address | IPv6Address
    ) -> tuple[int, str] | None:
        """(number, name of its holder, "" where not named) or None."""
        starts = self.starts[address.version]
        packed = np.bytes_(address.packed)
        # The boundary at or before the address says who holds it.
        after = int(np.searchsorted(starts, packed, side="right"))
        if after == 0:
            return None
        numbers = self.numbers[address.version]
        number = int(numbers[after - 1])
        if number == 0:
            return None
        return number, self.names.get(number, "")


def from_csv(paths: Iterable[Path], date: str) -> AsnTable:
    """Upstream's CSV: ``first,last,number,name`` a row, addresses in their usual notation."""
    rows: dict[int, list[_Row]] = {4: [], 6: []}
    names: dict[int, str] = {}
    for path in paths:
        for row in _read_rows(path):
            rows[row.version].append(row)
            names[row.number] = row.name
    starts: dict[int, Starts] = {}
    numbers: dict[int, Numbers] = {}
    for version, width in _WIDTH.items():
        built = _build_boundaries(rows[version], width)
        starts[version], numbers[version] = built
    return AsnTable(starts, numbers, HolderNames(names.items()), date)


def _read_rows(path: Path) -> Iterator[_Row]:
    faults: list[str] = []
    with path.open(encoding="utf-8", newline="") as lines:
        for line, cells in enumerate(csv.reader(lines), start=1):
            try:
                yield _read_row(cells)
            except (IndexError, ValueError, OSError) as error:
                faults.append(f"line {line}: {error}")
                # A file of another kind is wrong in each of half a million
                # lines.
                if len(faults) == _MOST_FAULTS:
                    break
    if faults:
        listed = "; ".join(faults)
        raise Misconfigured(
            f"{path.name} is not a table of first,last,number,name: {listed}.",
            hint="Take the CSV with addresses in their usual notation.",
        )


def _read_row(cells: list[str]) -> _Row:
    first, last = cells[0], cells[1]
    number = int(cells[2])
    name = cells[3]
    version, family = 4, socket.AF_INET
    if ":" in first:
        version, family = 6, socket.AF_INET6
    return _Row(
        version,
        socket.inet_pton(family, first),
        socket.inet_pton(family, last),
        number,
        name,
    )


def _build_boundaries(rows: list[_Row], width: int) -> tuple[Starts, Numbers]:
    starts: list[bytes] = [bytes(width)]
    numbers: list[int] = [0]
    highest = b"\xff" * width
    for row in sorted(rows):
        # The range begins where the last one ended, or at the first address.
        if starts[-1] == row.first:
            numbers[-1] = row.number
        elif numbers[-1] != row.number:
            starts.append(row.first)
            numbers.append(row.number)
        # There is no address behind the highest.
        if row.last != highest:
            # Behind a range nobody holds the addresses, until the next range begins.
            behind = int.from_bytes(row.last, "big") + 1
            starts.append(behind.to_bytes(width, "big"))
            numbers.append(0)
    return (
        np.array(starts, dtype=f"S{width}"),
        np.array(numbers, dtype=np.uint32),
    )


def pack_table(table: AsnTable) -> bytes:
    """The shipped form."""
    names = []
    for number, name in sorted(table.names.items()):
        names.append(f"{number}\t{name}")
    fields: dict[str, Any] = {
        "date": np.array(table.date),
        "names": np.array("\n".join(names)),
    }
    for version, width in _WIDTH.items():
        written = table.starts[version].tobytes()
        # Stored byte by byte, which halves what LZMA makes of it.
        columns = np.frombuffer(written, dtype=np.uint8).reshape(-1, width)
        fields[f"starts{version}"] = np.ascontiguousarray(columns.T)
        fields[f"numbers{version}"] = table.numbers[version]
    buffer = io.BytesIO()
    np.savez(buffer, **fields)
    return lzma.compress(buffer.getvalue(), preset=9)


def unpack_table(data: bytes) -> AsnTable:
    """Reads what :func:`pack_table` wrote (about 0.3 s for the whole Internet, once a process)."""
    try:
        plain = io.BytesIO(lzma.decompress(data))
        # An operator may lay a file of their own here: it is data, and never
        # code.
        with np.load(plain, allow_pickle=False) as fields:
            return _read_fields(fields)
    except (lzma.LZMAError, ValueError, KeyError, OSError) as error:
        raise Misconfigured(
            f"The packed ASN table cannot be read: {error}.",
            hint="Restore the shipped file.",
        ) from error


def _read_fields(fields: Mapping[str, Any]) -> AsnTable:
    starts: dict[int, Starts] = {}
    numbers: dict[int, Numbers] = {}
    for version, width in _WIDTH.items():
        rows = np.ascontiguousarray(fields[f"starts{version}"].T)
        starts[version] = rows.view(f"S{width}")[:, 0]
        numbers[version] = fields[f"numbers{version}"]
    lines = filter(None, str(fields["names"]).split("\n"))
    names = HolderNames(_read_name(line) for line in lines)
    return AsnTable(starts, numbers, names, str(fields["date"]))


def _read_name(line: str) -> tuple[int, str]:
    number, _, name = line.partition("\t")
    return int(number), name
