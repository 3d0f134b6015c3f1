"""Indexes in a temporary directory, searched by every engine that is installed here."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from itertools import count

import numpy as np
import pytest

from triage.matching import HashIndex, build_index, load_index

Build = Callable[..., HashIndex]


@pytest.fixture(
    scope="session",
    params=["numpy", "numba"] if find_spec("numba") else ["numpy"],
)
def engine(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory, engine: str) -> Build:
    directory, numbers = tmp_path_factory.mktemp("indexes"), count()

    def make(
        values: list[bytes], ids: list[int] | None = None, bits: int = 256
    ) -> HashIndex:
        path = directory / f"{next(numbers)}.index"
        build_index(
            path,
            hashes=np.frombuffer(b"".join(values), np.uint8).reshape(
                -1, bits // 8
            ),
            ids=np.array(
                range(len(values)) if ids is None else ids, dtype=np.int64
            ),
            bits=bits,
            version="1",
        )
        return load_index(path, engine=engine, verify=True)

    return make
