"""Names that are packed are those that were given, whatever they are written in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.hosting.sources.holder_names import HolderNames

NUMBERS = st.integers(1, 2**32 - 1)


@given(st.dictionaries(NUMBERS, st.text(max_size=30)), NUMBERS)
def test_they_are_what_a_dictionary_would_be(
    names: dict[int, str], other: int
) -> None:
    packed = HolderNames(names.items())
    assert dict(packed) == names
    assert packed.get(other, "nobody") == names.get(other, "nobody")


@pytest.mark.parametrize("number", [-1, 0, 2**32, 2**40])
def test_a_number_that_is_none_has_no_name(number: int) -> None:
    assert number not in HolderNames([(64500, "Name")])
