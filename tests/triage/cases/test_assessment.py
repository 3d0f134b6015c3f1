"""The assessment schema and what becomes of two people's answers."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.core.datafiles import files
from hotline.core.errors import InvalidInput, Misconfigured
from hotline.intake.registry.kinds import ReportKind
from triage.cases.assessing.assessment import (
    CLASSES,
    FILE,
    Schema,
    compare_answers,
    find_contradictions,
    find_version_faults,
    industry_class,
    load_schema,
    load_version,
    merge_answers,
    validate_answers,
)
from triage.cases.assessing.assessment import ILLEGAL as ILLEGAL_CLASSES

SCHEMA = load_schema()
ILLEGAL = {
    "class": "national",
    "kind": "csam_image",
    "age": "pubescent",
    "gender": "female",
}

# The lists of ICCAM that the questions are bound to.
ICCAM = {
    "classification": {1, 2, 4},
    "age-categories": {1, 2, 3, 4},
    "gender-categories": {1, 2, 3, 4},
    "commercialities": {1, 2, 3},
    "payment-methods": set(range(1, 14)),
    "site-types": {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 18, 20, 22, 24},
}


@st.composite
def complete(draw: st.DrawFn) -> dict[str, str]:
    """Any answers that a person may give."""
    return validate_answers(
        SCHEMA,
        {
            one.name: draw(st.sampled_from(one.values))
            for one in SCHEMA.questions
        },
    )


def test_choices_are_those_of_iccam() -> None:
    bound = {
        one.iccam: {choice.iccam for choice in one.choices if choice.iccam}
        for one in SCHEMA.questions
        if one.iccam in ICCAM
    }
    assert bound == ICCAM


def test_kinds_are_those_of_the_reports_and_labels_have_every_language() -> (
    None
):
    kind = SCHEMA.question("kind")
    assert kind is not None and set(kind.values) == set(ReportKind)
    for question in SCHEMA.questions:
        for labels in (
            question.label,
            *(choice.label for choice in question.choices),
        ):
            assert set(labels) == {"en", "mk", "sq", "sr-Cyrl", "sr-Latn"}


@pytest.mark.parametrize("value", ["not_illegal", "cannot_determine"])
def test_only_the_class_is_asked_where_nothing_else_matters(
    value: str,
) -> None:
    assert validate_answers(SCHEMA, {"class": value}) == {"class": value}
    # A form without scripts sends the other answers along.
    assert validate_answers(SCHEMA, {**ILLEGAL, "class": value}) == {
        "class": value
    }


def test_unanswered_is_not_determined_where_that_is_allowed() -> None:
    answers = validate_answers(SCHEMA, {**ILLEGAL, "virtual": ""})
    assert answers["virtual"] == answers["site_type"] == "not_determined"
    assert "payment" not in answers
    paid = validate_answers(
        SCHEMA,
        {**ILLEGAL, "commerciality": "commercial", "payment": "bitcoin"},
    )
    assert paid["payment"] == "bitcoin"


def test_every_fault_is_named() -> None:
    with pytest.raises(InvalidInput) as caught:
        validate_answers(
            SCHEMA,
            {
                "class": "national",
                "age": 7,
                "gender": ["female"],
                "colour": "red",
            },
        )
    assert set(caught.value.fields) == {"/kind", "/age", "/gender", "/colour"}
    with pytest.raises(InvalidInput) as caught:
        validate_answers(SCHEMA, {})
    assert set(caught.value.fields) == {"/class"}


@given(complete(), complete())
def test_agreement_is_symmetric_and_merging_keeps_what_both_said(
    first: dict[str, str], second: dict[str, str]
) -> None:
    agreed, differing = compare_answers(SCHEMA, first, second)
    assert (agreed, set(differing)) == (
        compare_answers(SCHEMA, second, first)[0],
        set(compare_answers(SCHEMA, second, first)[1]),
    )
    assert compare_answers(SCHEMA, first, first) == (True, ())
    if not agreed:
        return
    both = merge_answers(SCHEMA, first, second)
    assert (
        both
        == merge_answers(SCHEMA, second, first)
        == validate_answers(SCHEMA, both)
    )
    assert both["class"] == first["class"] == second["class"]
    for name, value in both.items():
        said = {first.get(name), second.get(name)} - {None, "not_determined"}
        # What both said, or what the only one of them said who could tell.
        assert value == (said.pop() if len(said) == 1 else "not_determined")


def test_not_determined_beside_a_value_is_no_contradiction() -> None:
    """One of the two could tell; nobody else is asked for it."""
    told = validate_answers(SCHEMA, {**ILLEGAL, "age": "pubescent"})
    untold = validate_answers(SCHEMA, {**ILLEGAL, "age": "not_determined"})
    assert compare_answers(SCHEMA, told, untold) == (True, ("age",))
    assert merge_answers(SCHEMA, told, untold)["age"] == "pubescent"
    other = validate_answers(SCHEMA, {**ILLEGAL, "age": "infant"})
    assert find_contradictions(SCHEMA, told, other) == ("age",)


def test_that_it_cannot_be_determined_is_a_class_of_its_own() -> None:
    """Where one says illegal and the other cannot say, a third person decides."""
    unsure = validate_answers(SCHEMA, {"class": "cannot_determine"})
    sure = validate_answers(SCHEMA, ILLEGAL)
    assert "class" in find_contradictions(SCHEMA, sure, unsure)


def test_what_decides_must_be_agreed_on() -> None:
    first = validate_answers(SCHEMA, ILLEGAL)
    for name, other in [
        ("class", "baseline"),
        ("kind", "grooming"),
        ("age", "infant"),
    ]:
        assert compare_answers(SCHEMA, first, {**first, name: other}) == (
            False,
            (name,),
        )
    assert compare_answers(SCHEMA, first, {**first, "gender": "male"}) == (
        True,
        ("gender",),
    )
    assert (
        merge_answers(SCHEMA, first, {**first, "gender": "male"})["gender"]
        == "not_determined"
    )


def _faulty(change: Any) -> dict[str, Any]:
    data = copy.deepcopy(files.read_toml("triage.cases", FILE))
    change(data)
    return data


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda d: d["questions"].pop(0), "the first question must be class"),
        (
            lambda d: d["questions"][0]["choices"].pop(),
            "the first question must be class",
        ),
        (
            lambda d: d["questions"].append(d["questions"][1]),
            "kind is asked twice",
        ),
        (
            lambda d: d["questions"][3].update(undetermined="maybe"),
            "undetermined is none",
        ),
        (
            lambda d: d["questions"][3].pop("undetermined"),
            "needs an undetermined answer",
        ),
        (
            lambda d: d["questions"][2].update(only_when={"virtual": ["yes"]}),
            "no earlier question",
        ),
        (
            lambda d: d["questions"][2]["label"].pop("en"),
            "lacks an English label",
        ),
        (lambda d: d["questions"][2].update(colour="red"), "unknown field"),
        (
            lambda d: d["questions"][3]["choices"].append(
                d["questions"][3]["choices"][0]
            ),
            "gender has an answer twice[.;]",
        ),
        (
            lambda d: d["questions"][3]["choices"][1]["label"].pop("en"),
            "gender lacks an English label",
        ),
        (
            lambda d: d["questions"][3].update(only_when={"class": ["red"]}),
            "gender: only_when names no earlier question",
        ),
    ],
)
def test_a_faulty_file_is_refused(
    change: Any, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = _faulty(change)
    monkeypatch.setattr(files, "read_toml", lambda *_: data)
    with pytest.raises(Misconfigured, match=told):
        load_schema.__wrapped__(None)


def test_an_operator_may_bring_their_own(tmp_path: Path) -> None:
    text = files.read_text("triage.cases", FILE)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / FILE).write_text(
        text.replace('version = "2"', 'version = "2-al"', 1)
    )
    own = load_schema(tmp_path)
    assert (
        isinstance(own, Schema)
        and own.version == "2-al"
        and SCHEMA.version == "2"
    )


def test_words_are_in_the_language_asked_for_and_otherwise_in_english() -> (
    None
):
    age = SCHEMA.question("age")
    assert age is not None
    assert age.label_of("infant", "sq") == "Foshnjë"
    assert age.label_of("pubescent", "en") == "Pubescent"
    assert age.label_of("pubescent", "mk") == "Во пубертет"
    assert age.label_of("pubescent", "hu") == "Pubescent"
    # An answer of an earlier version is shown as it was stored.
    assert age.label_of("adolescent", "en") == "adolescent"


def test_an_incomplete_assessment_says_what_is_wrong_with_each_answer() -> (
    None
):
    answers = {**ILLEGAL, "age": "old", "gender": "", "colour": "red"}
    del answers["kind"]
    with pytest.raises(InvalidInput) as caught:
        validate_answers(SCHEMA, answers)
    assert caught.value.fields == {
        "/colour": "is no question of this schema",
        "/kind": "needs an answer",
        "/age": "is not one of the answers",
        "/gender": "needs an answer",
    }
    assert str(caught.value) == (
        "The assessment is not complete: colour is no question of this schema; "
        "kind needs an answer; age is not one of the answers; gender needs an answer."
    )


def test_both_classes_of_what_is_illegal_are_known_by_name() -> None:
    assert set(CLASSES) - set(ILLEGAL_CLASSES) == {
        "not_illegal",
        "cannot_determine",
    }
    kind = SCHEMA.question("kind")
    assert kind is not None
    assert kind.only_when == {"class": ILLEGAL_CLASSES}


def test_two_who_differ_where_nothing_stands_for_unknown_must_answer() -> None:
    """Of a decisive question without such an answer, merging makes none up."""
    first = validate_answers(SCHEMA, ILLEGAL)
    with pytest.raises(InvalidInput) as caught:
        merge_answers(SCHEMA, first, {**first, "kind": "grooming"})
    assert caught.value.fields == {"/kind": "needs an answer"}


def test_a_kind_is_labelled_as_assessors_read_it() -> None:
    kind = SCHEMA.question("kind")
    assert kind is not None
    for name in ReportKind:
        words = name.row.assessed or name.row.console
        assert kind.label_of(name, "en") == words


@pytest.mark.parametrize(
    ("age", "act", "expected"),
    [
        ("infant", "sexual_act", "A1"),
        ("pre_pubescent", "exhibition", "A2"),
        ("pubescent", "sexual_act", "B1"),
        ("pubescent", "exhibition", "B2"),
        ("not_determined", "sexual_act", ""),
        ("pubescent", "neither", ""),
        ("pubescent", "not_determined", ""),
    ],
)
def test_act_and_age_give_the_class_of_companies(
    age: str, act: str, expected: str
) -> None:
    answers = validate_answers(SCHEMA, {**ILLEGAL, "age": age, "act": act})
    assert industry_class(answers) == expected
    assert industry_class({**answers, "class": "not_illegal"}) == ""


def test_what_is_not_a_picture_is_not_asked_what_it_shows() -> None:
    shown = validate_answers(SCHEMA, ILLEGAL)
    written = validate_answers(SCHEMA, {**ILLEGAL, "kind": "grooming"})
    assert {"act", "violence", "series"} <= shown.keys()
    assert not {"act", "violence", "series"} & written.keys()
    paid = validate_answers(SCHEMA, {**ILLEGAL, "commerciality": "commercial"})
    assert "payment_evidence" in paid and "payment_evidence" not in shown


def test_an_older_version_is_still_read() -> None:
    older = load_version("hotline-plain", "1")
    assert older.version == "1" and older.question("act") is None
    assert older.question("age") is not None
    for scheme, version in (
        ("hotline-plain", SCHEMA.version),
        ("hotline-plain", "99"),
        ("other", "1"),
        ("hotline-plain", "../1"),
    ):
        assert load_version(scheme, version) == SCHEMA
    assert list(find_version_faults()) == []


def test_a_faulty_older_version_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "assessment_7.toml").write_text("dated = 1")
    text = files.read_text("triage.cases", FILE)
    (folder / "assessment_8.toml").write_text(text)
    faults = list(find_version_faults(tmp_path))
    assert len(faults) == 2
    assert "assessment_7.toml" in faults[0]
    assert "assessment_8.toml says that it is version 2" in faults[1]


def test_answers_to_two_versions_do_not_contradict_by_a_new_question() -> None:
    older = load_version("hotline-plain", "1")
    first = validate_answers(older, ILLEGAL)
    second = validate_answers(SCHEMA, {**ILLEGAL, "act": "sexual_act"})
    assert find_contradictions(SCHEMA, first, second) == ()
    assert merge_answers(SCHEMA, first, second)["act"] == "sexual_act"
