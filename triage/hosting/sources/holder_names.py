"""Names of a hundred thousand holders in a few megabytes: one text, and where each name stands.

As a dictionary of texts they took thirty megabytes in each worker that looks at hosts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import numpy.typing as npt

Positions = npt.NDArray[np.uint32]


class HolderNames(Mapping[int, str]):
    """Number of an autonomous system -> name of its holder, read-only."""

    def __init__(self, names: Iterable[tuple[int, str]]) -> None:
        written = bytearray()
        numbers: list[int] = []
        ends: list[int] = [0]
        for number, name in sorted(names):
            written += name.encode()
            numbers.append(number)
            ends.append(len(written))
        self._written = bytes(written)
        self._numbers: Positions = np.array(numbers, dtype=np.uint32)
        self._ends: Positions = np.array(ends, dtype=np.uint32)

    def __getitem__(self, number: int) -> str:
        # Numbers are sorted, so that their place is that of the name's end.
        place = int(np.searchsorted(self._numbers, number))
        if place == len(self) or int(self._numbers[place]) != number:
            raise KeyError(number)
        start, end = self._ends[place], self._ends[place + 1]
        return self._written[start:end].decode()

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[int]:
        return (int(number) for number in self._numbers)
