"""The measuring of imports; no figure is judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotline.core.errors import Conflict
from workers.bench import imports


@pytest.mark.parametrize("server", ["sqlite", "postgresql"])
def test_every_step_is_measured_and_does_what_it_says(
    server: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    database = f"sqlite:///{tmp_path / 'bench.db'}"
    if server == "postgresql":
        database = request.getfixturevalue("postgres_url")
    told = imports.measure_imports(1_000, database=database).to_json()
    assert told["database"] == server
    rows = {row["case"]: row for row in told["rows"]}
    assert rows["first version"]["added"] == 1_000
    assert (
        rows["second version"]["added"],
        rows["second version"]["removed"],
    ) == (
        100,
        100,
    )
    assert (rows["roll back"]["added"], rows["roll back"]["removed"]) == (
        100,
        100,
    )
    assert (
        rows["first version"]["reference"] > 0
        and rows["export as CSV"]["ours"] > 0
    )
    with pytest.raises(Conflict, match="empty"):
        imports.measure_imports(1_000, database=database)
