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
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hotline.core.errors import Misconfigured

_WIDTH = {4: 4, 6: 16}


@dataclass(frozen=True, slots=True, eq=False)
class AsnTable:
    """``starts[version]`` sorted packed addresses, ``numbers[version]`` beside them, ``names``."""

    starts: dict[int, npt.NDArray[np.bytes_]]
    numbers: dict[int, npt.NDArray[np.uint32]]
    names: dict[int, str]
    date: str

    def find_system(
        self, address: IPv4Address | IPv6Address
    ) -> tuple[int, str] | None:
        """(number, name of its holder, "" where not named) or None."""
        starts = self.starts[address.version]
        index = (
            int(
                np.searchsorted(
                    starts, np.bytes_(address.packed), side="right"
                )
            )
            - 1
        )
        number = int(self.numbers[address.version][index]) if index >= 0 else 0
        return (number, self.names.get(number, "")) if number else None


def from_csv(paths: Iterable[Path], date: str) -> AsnTable:
    """Upstream's CSV: ``first,last,number,name`` a row, addresses in their usual notation."""
    rows: dict[int, list[tuple[bytes, bytes, int]]] = {4: [], 6: []}
    names: dict[int, str] = {}
    for path in paths:
        for version, first, last, number, name in _read_rows(path):
            rows[version].append((first, last, number))
            names[number] = name
    tables = {
        version: _build_boundaries(rows[version], _WIDTH[version])
        for version in (4, 6)
    }
    return AsnTable(
        {version: table[0] for version, table in tables.items()},
        {version: table[1] for version, table in tables.items()},
        names,
        date,
    )


def _read_rows(path: Path) -> Iterator[tuple[int, bytes, bytes, int, str]]:
    faults: list[str] = []
    with path.open(encoding="utf-8", newline="") as lines:
        for line, row in enumerate(csv.reader(lines), start=1):
            try:
                first, last, number, name = row[0], row[1], int(row[2]), row[3]
                family = socket.AF_INET6 if ":" in first else socket.AF_INET
                yield (
                    6 if ":" in first else 4,
                    socket.inet_pton(family, first),
                    socket.inet_pton(family, last),
                    number,
                    name,
                )
            except (IndexError, ValueError, OSError) as error:
                faults.append(f"line {line}: {error}")
                if len(faults) == 20:
                    break
    if faults:
        raise Misconfigured(
            f"{path.name} is not a table of first,last,number,name: {'; '.join(faults)}.",
            hint="Take the CSV with addresses in their usual notation.",
        )


def _build_boundaries(
    rows: list[tuple[bytes, bytes, int]], width: int
) -> tuple[npt.NDArray[np.bytes_], npt.NDArray[np.uint32]]:
    starts: list[bytes] = [bytes(width)]
    numbers: list[int] = [0]
    highest = b"\xff" * width
    for first, last, number in sorted(rows):
        if starts[-1] == first:
            numbers[-1] = number
        elif numbers[-1] != number:
            starts.append(first)
            numbers.append(number)
        if last != highest:
            starts.append(
                (int.from_bytes(last, "big") + 1).to_bytes(width, "big")
            )
            numbers.append(0)
    return np.array(starts, dtype=f"S{width}"), np.array(
        numbers, dtype=np.uint32
    )


def pack_table(table: AsnTable) -> bytes:
    """The shipped form. Columns are stored byte by byte, which halves what LZMA makes of them."""
    fields: dict[str, Any] = {
        "date": np.array(table.date),
        "names": np.array(
            "\n".join(
                f"{n}\t{name}" for n, name in sorted(table.names.items())
            )
        ),
    }
    for version, width in _WIDTH.items():
        raw = np.frombuffer(
            table.starts[version].tobytes(), dtype=np.uint8
        ).reshape(-1, width)
        fields[f"starts{version}"] = np.ascontiguousarray(raw.T)
        fields[f"numbers{version}"] = table.numbers[version]
    buffer = io.BytesIO()
    np.savez(buffer, **fields)
    return lzma.compress(buffer.getvalue(), preset=9)


def unpack_table(data: bytes) -> AsnTable:
    """Reads what :func:`pack_table` wrote (about 0.3 s for the whole Internet, once a process)."""
    try:
        with np.load(
            io.BytesIO(lzma.decompress(data)), allow_pickle=False
        ) as fields:
            starts = {
                version: np.ascontiguousarray(
                    fields[f"starts{version}"].T
                ).view(f"S{width}")[:, 0]
                for version, width in _WIDTH.items()
            }
            numbers = {
                version: fields[f"numbers{version}"] for version in _WIDTH
            }
            lines = str(fields["names"]).split("\n")
            date = str(fields["date"])
    except (lzma.LZMAError, ValueError, KeyError, OSError) as error:
        raise Misconfigured(
            f"The packed ASN table cannot be read: {error}.",
            hint="Restore the shipped file.",
        ) from error
    names = {
        int(n): name
        for n, _, name in (line.partition("\t") for line in lines if line)
    }
    return AsnTable(starts, numbers, names, date)
