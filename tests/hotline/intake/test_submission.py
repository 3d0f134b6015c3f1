"""Submissions: what is taken as it is, what is cleaned, what is refused and how that is said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.core.errors import InvalidInput
from hotline.intake.registry.kinds import ReportKind
from hotline.intake.submission import (
    MAX_LOCATION,
    MAX_LOCATIONS,
    MAX_NARRATIVE,
    read_submission,
)


@pytest.mark.parametrize(
    "location",
    [
        "http://[::1",
        "https://exa mple.test/%zz",
        "hxxps://bad[.]example/x",
        "@somebody on a chat",
        "+355 69 000 0000",
        "magnet:?xt=urn:btih:" + "a" * 40,
        "пример.example/страница",
        "javascript:alert(1)",
    ],
)
def test_any_text_is_a_location(location: str) -> None:
    assert read_submission({"locations": [location]}).locations == [location]


def test_untyped_characters_go_and_line_ends_become_plain() -> None:
    report = read_submission(
        {
            "narrative": "\ufeffone\r\ntwo\rthree\x00\x1b[31m\u202e\x85 \n",
            "kind": "grooming",
        }
    )
    assert report.narrative == "one\ntwo\nthree[31m"


def test_a_location_given_twice_counts_once() -> None:
    report = read_submission({"locations": ["b", " a", "b", "a"]})
    assert report.distinct_locations == ["b", "a"]


@pytest.mark.parametrize(
    ("data", "pointer"),
    [
        ({}, ""),
        ({"narrative": " \x00 \n"}, ""),
        ([], ""),
        ("text", ""),
        (None, ""),
        ({"locations": "https://a.example"}, "/locations"),
        ({"locations": [""]}, "/locations/0"),
        ({"locations": ["a", "\x07"]}, "/locations/1"),
        ({"locations": ["a", 5]}, "/locations/1"),
        ({"locations": ["x" * (MAX_LOCATION + 1)]}, "/locations/0"),
        ({"locations": ["x"] * (MAX_LOCATIONS + 1)}, "/locations"),
        ({"narrative": "x" * (MAX_NARRATIVE + 1)}, "/narrative"),
        ({"narrative": "x" * 1_000_000}, "/narrative"),
        ({"narrative": "a \ud800 b"}, "/narrative"),
        ({"locations": ["ok", "\udfff"]}, "/locations/1"),
        ({"narrative": "x", "kind": "nonsense"}, "/kind"),
        ({"narrative": "x", "danger_now": "true"}, "/danger_now"),
        ({"narrative": "x", "danger_now": 1}, "/danger_now"),
        ({"narrative": "x", "reporter_role": None}, "/reporter_role"),
        ({"narrative": "x", "language": "../../etc"}, "/language"),
        ({"narrative": "x", "file": "data:;base64,AAAA"}, "/file"),
        ({"narrative": "x", "a/b~c": 1}, "/a~1b~0c"),
        ({"narrative": "x", "contact": "x" * 301}, "/contact"),
    ],
)
def test_faults_are_pointed_at(data: object, pointer: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_submission(data)
    assert pointer in caught.value.fields


def test_all_faults_are_named_at_once_and_no_value_is_repeated() -> None:
    with pytest.raises(InvalidInput) as caught:
        read_submission(
            {"locations": [7], "narrative": 8, "kind": "secret words"}
        )
    assert set(caught.value.fields) == {"/locations/0", "/narrative", "/kind"}
    assert "secret words" not in str(caught.value)


@given(
    st.text(max_size=200),
    st.lists(st.text(max_size=50), max_size=5),
    st.sampled_from(ReportKind),
)
def test_text_is_taken_or_refused_and_nothing_else(
    narrative: str, locations: list[str], kind: str
) -> None:
    try:
        report = read_submission(
            {"narrative": narrative, "locations": locations, "kind": kind}
        )
    except InvalidInput as error:
        assert error.fields
    else:
        again = read_submission(report.model_dump())
        assert again == report
