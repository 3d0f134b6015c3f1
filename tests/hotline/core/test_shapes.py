"""Strict reading: what fits becomes a dataclass, what does not is named by JSON pointer."""

from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

import pytest
from pydantic import ConfigDict

from hotline.core.datafiles.shapes import parse_file, parse_shape
from hotline.core.errors import InvalidInput, Misconfigured


@dataclass(frozen=True)
class Inner:
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    count: int
    flag: bool | None = None


@dataclass(frozen=True)
class Outer:
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
    day: date
    inner: tuple[Inner, ...] = ()


def test_lists_and_dates_arrive_as_toml_and_json_have_them() -> None:
    expected = Outer(date(2026, 1, 2), (Inner(1, True),))
    inner = [{"count": 1, "flag": True}]
    assert (
        parse_shape(Outer, {"day": "2026-01-02", "inner": inner}) == expected
    )
    assert (
        parse_shape(Outer, {"day": date(2026, 1, 2), "inner": inner})
        == expected
    )


@pytest.mark.parametrize(
    ("data", "pointers"),
    [
        ({"day": 3}, {"/day"}),
        ({}, {"/day"}),
        ({"day": "2026-01-02", "inner": [{"count": "1"}]}, {"/inner/0/count"}),
        (
            {"day": "2026-01-02", "inner": [{"count": 1, "flag": "true"}]},
            {"/inner/0/flag"},
        ),
        (
            {"day": "x", "inner": [{"count": True}], "a/b": 1},
            {"/day", "/inner/0/count", "/a~1b"},
        ),
        ([], {""}),
        ({1: object}, {"/day", "/1"}),
    ],
)
def test_what_does_not_fit_is_named_all_at_once(
    data: Any, pointers: set[str]
) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_shape(Outer, data)
    assert set(caught.value.fields) == pointers
    assert "unknown field" in caught.value.fields.get("/a~1b", "unknown field")


def test_a_value_that_was_refused_is_not_repeated() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_shape(Outer, {"day": "a secret"})
    assert "a secret" not in str(caught.value)


def test_what_json_cannot_carry_is_refused() -> None:
    loop: dict[str, Any] = {}
    loop["day"] = loop
    for data in (loop, {(1, 2): 3}):
        with pytest.raises(InvalidInput):
            parse_shape(Outer, data)


def test_a_faulty_file_is_ours_to_mend() -> None:
    with pytest.raises(Misconfigured, match=r"thing\.toml: /day"):
        parse_file(Outer, "thing.toml", {"day": 1})
