"""Which sort of data each column of the database is, as the data file says."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from hotline.core.datafiles import files
from hotline.core.datafiles.periods import Sort
from hotline.core.datafiles.shapes import parse_file
from hotline.core.errors import Misconfigured

FILE = "columns.toml"
PACKAGE = "workers.retention"


@cache
def load_column_sorts() -> Mapping[str, Sort]:
    """``table.column`` -> its sort. Raises ``Misconfigured`` for a column that is named twice."""
    tables = parse_file(
        dict[str, dict[Sort, tuple[str, ...]]],
        FILE,
        files.read_toml(PACKAGE, FILE),
    )
    sorts: dict[str, Sort] = {}
    for table, by_sort in tables.items():
        for sort, columns in by_sort.items():
            for column in columns:
                name = f"{table}.{column}"
                if name in sorts:
                    raise Misconfigured(
                        f"Data file {FILE}: {name} is named twice."
                    )
                sorts[name] = sort
    return sorts


def columns_of(sort: Sort) -> tuple[str, ...]:
    """Columns of one sort, in the order of the file."""
    return tuple(
        name
        for name, of_column in load_column_sorts().items()
        if of_column is sort
    )
