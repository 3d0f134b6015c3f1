"""Each question of the registry can be answered by each organisation's format, and by a letter."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.intake.inbound import mime
from hotline.intake.inbound.answered_lines import answers_in, kind_in
from hotline.intake.inbound.findings import Inbound
from hotline.intake.inbound.formats import arf, ncmec, plain, xarf
from hotline.intake.registry.kinds import ReportKind
from hotline.intake.registry.questions import Answer
from tests.hotline.intake.inbound import test_arf, test_ncmec, test_xarf
from tests.support.said import ANSWERED


def by_letter(words: str) -> Inbound:
    raw = f"Content-Type: text/plain; charset=utf-8\n\n{words}\n"
    (one,) = plain.read(mime.parse_message(raw.encode()), lambda _: [])
    return one


def by_arf(words: str) -> Inbound:
    (one,) = arf.parse_arf(test_arf.message(human=words))
    return one


def by_cybertipline(words: str) -> Inbound:
    more = f"<additionalInfo>{escape(words)}</additionalInfo>"
    (one,) = ncmec.parse_cybertipline(test_ncmec.report(more=more))
    return one


def by_xarf(words: str) -> Inbound:
    document = {**test_xarf.REPORT, "description": words}
    (one,) = xarf.parse_xarf(json.dumps(document).encode())
    return one


WAYS: Mapping[str, Callable[[str], Inbound]] = {
    "letter": by_letter,
    "arf": by_arf,
    "cybertipline": by_cybertipline,
    "xarf": by_xarf,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("answer", Answer)
def test_every_way_in_carries_every_answer(way: str, answer: Answer) -> None:
    said = ANSWERED[answer]
    words = f"We were told this.\n{answer}: {said}\nPlease look."
    one = WAYS[way](words).submission
    assert one.answers[answer] == said
    assert said in one.narrative


@pytest.mark.parametrize("answer", Answer)
def test_a_line_may_be_called_as_the_console_calls_it(answer: Answer) -> None:
    said = ANSWERED[answer]
    choices = answer.row.choices
    shown = choices(said).words.console if choices else said
    words = f"> {answer.row.console.upper()}:  {shown}"
    assert answers_in(words) == {answer: said}


def test_the_first_line_counts_and_what_is_no_answer_stays_in_the_words() -> (
    None
):
    one = by_letter("child_age: 19\nasked_for: money\nasked_for: pictures")
    assert one.submission.answers == {Answer.ASKED_FOR: "money"}
    assert "child_age: 19" in one.submission.narrative


def test_a_field_of_a_format_s_own_goes_before_a_line() -> None:
    more = (
        "<victim><victimPerson><age>12</age></victimPerson></victim>"
        "<additionalInfo>child_age: 14</additionalInfo>"
    )
    (one,) = ncmec.parse_cybertipline(test_ncmec.report(more=more))
    assert one.submission.answers == {Answer.CHILD_AGE: "12"}


@pytest.mark.parametrize("kind", ReportKind)
def test_a_letter_names_its_kind(kind: ReportKind) -> None:
    assert by_letter(f"Kind: {kind}\nHelp.").submission.kind is kind
    # What a format says of the kind is not overruled by a line.
    assert by_xarf(f"kind: {kind}").submission.kind is ReportKind.CSAM_VIDEO


@given(st.text())
def test_any_words_can_be_read(words: str) -> None:
    assert set(answers_in(words)) <= set(Answer)
    assert kind_in(words) in set(ReportKind)
