"""Each question of the registry can be answered by each organisation's format, and by a letter."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.intake.inbound import mime
from hotline.intake.inbound.answered_lines import read_lines
from hotline.intake.inbound.findings import OF_SENDER, Inbound
from hotline.intake.inbound.formats import arf, ncmec, plain, xarf
from hotline.intake.registry.contact_terms import ContactTerms
from hotline.intake.registry.kinds import ReportKind
from hotline.intake.registry.questions import Answer
from hotline.intake.registry.vocabulary import (
    ContactReader,
    ContactWay,
    ReporterRole,
)
from hotline.intake.submission import Submission
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


def by_own_fields(words: str, document: Mapping[str, object]) -> Inbound:
    """X-ARF asks for little, and lets senders add fields of their own."""
    lines = (line.partition(": ") for line in words.splitlines())
    own = {name: value for name, sign, value in lines if sign}
    (one,) = xarf.parse_xarf(json.dumps({**document, **own}).encode())
    return one


def by_early_xarf(words: str) -> Inbound:
    return by_own_fields(words, test_xarf.EARLY)


def by_nested_xarf(words: str) -> Inbound:
    return by_own_fields(words, test_xarf.ABUSE)


def by_xarf_in_a_mail(words: str) -> Inbound:
    """What a person wrote around an early document."""
    document = json.dumps(test_xarf.EARLY)
    raw = (
        'Content-Type: multipart/mixed; boundary="b"\n\n'
        f"--b\nContent-Type: text/plain; charset=utf-8\n\n{words}\n"
        f"--b\nContent-Type: application/json\n\n{document}\n--b--\n"
    )
    (one,) = xarf.read(mime.parse_message(raw.encode()))
    return one


WAYS: Mapping[str, Callable[[str], Inbound]] = {
    "letter": by_letter,
    "arf": by_arf,
    "cybertipline": by_cybertipline,
    "xarf": by_xarf,
    "xarf 0.2": by_early_xarf,
    "xarf 1 to 3": by_nested_xarf,
    "xarf in a mail": by_xarf_in_a_mail,
}
IN_FREE_WORDS = sorted(set(WAYS) - {"xarf 0.2", "xarf 1 to 3"})
"""Those that take words beside their fields."""
FIELDS: Mapping[str, object] = {
    "reporter_role": "parent",
    "danger_now": True,
    "own_material": True,
    "contact": "mother@reporter.example",
    "contact_terms": {
        "pass_to": ["police", "helpline"],
        "way": "call",
        "safe_time": "after 6, never at night",
    },
}
"""What a report says beside its answers, its kind, its places and its words."""
AS_LINES = (
    "reporter_role: parent\ndanger_now: yes\nown_material: yes\n"
    "contact: mother@reporter.example\npass_to: police, helpline\n"
    "contact_way: call\nsafe_time: after 6, never at night"
)
SAID_ELSEWHERE = {
    "answers",
    "kind",
    "locations",
    "narrative",
    "seen_at",
    "language",
}


def test_every_field_of_a_report_is_tried_below() -> None:
    assert set(Submission.model_fields) == set(FIELDS) | SAID_ELSEWHERE


@pytest.mark.parametrize("way", WAYS)
def test_every_way_in_carries_what_the_form_asks_beside_the_questions(
    way: str,
) -> None:
    one = WAYS[way](f"Somebody wrote to us.\n{AS_LINES}\nPlease look.")
    said = one.submission.model_dump(mode="json")
    assert {name: said[name] for name in FIELDS} == FIELDS
    assert one.says_role
    told = one.submission.narrative
    for line in AS_LINES.splitlines():
        name, _, value = line.partition(": ")
        assert (value in told) is (name != "contact"), line


@pytest.mark.parametrize("way", WAYS)
def test_a_contact_stands_in_no_words_that_somebody_reads(way: str) -> None:
    """It is shown once two people agreed; whoever reads the words is not to come by it."""
    words = "Contact: me@reporter.example\n> contact: +355 69 212 3456"
    one = WAYS[way](words).submission
    assert one.contact == "me@reporter.example"
    assert "reporter.example" not in one.narrative
    assert "212 3456" not in one.narrative


@pytest.mark.parametrize("way", IN_FREE_WORDS)
@pytest.mark.parametrize("contact", ["no", "none", "jo", "нема", "Ana"])
def test_a_short_word_for_a_contact_garbles_no_other_words(
    way: str, contact: str
) -> None:
    told = f"I know nothing more, {contact}: Anastasia, none of them, nobody."
    one = WAYS[way](f"Contact: {contact}\nnote: {told}").submission
    assert told in one.narrative
    assert f"Contact: {contact}" not in one.narrative


@pytest.mark.parametrize("way", IN_FREE_WORDS)
def test_a_contact_is_no_part_of_another_word(way: str) -> None:
    words = "Contact: 12345\nnote: the file 912345 was named by 12345."
    one = WAYS[way](words).submission
    assert "the file 912345 was named by (kept sealed)." in one.narrative


@pytest.mark.parametrize("way", WAYS)
def test_what_a_sender_says_of_itself_is_told_apart(way: str) -> None:
    """Else its own desk would be offered as what leads to the reported person."""
    words = "contact: +355 69 212 3456\nHe is wolf@bad.example."
    told = OF_SENDER.sub("", WAYS[way](words).submission.narrative)
    assert "platform.test" not in told
    if way in IN_FREE_WORDS:
        assert "wolf@bad.example" in told


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_said_where_no_line_says_it(way: str) -> None:
    one = WAYS[way]("danger_now: no\nThey said: not in danger now.")
    assert not one.submission.danger_now
    assert not one.submission.own_material
    assert not one.submission.contact_terms.says_something
    assert not one.says_role


def test_the_sender_of_a_format_is_told_in_words_beside_who_told_of_it() -> (
    None
):
    one = by_cybertipline("contact: +355 69 212 3456").submission
    assert one.contact == "+355 69 212 3456"
    assert "desk@platform.test" in one.narrative


@pytest.mark.parametrize("when", ["2026-11-20T22:15:00", "2026-11-20T22:15Z"])
def test_a_letter_says_when_it_was_seen(when: str) -> None:
    said = by_letter(f"Seen at: {when}").submission.seen
    assert said is not None
    assert said.is_zone_stated is when.endswith("Z")


@pytest.mark.parametrize(
    "said",
    ["not the police", "police, my brother", "nobody", "police or so", ",;"],
)
def test_what_is_no_clear_leave_is_none(said: str) -> None:
    assert read_lines(f"pass_to: {said}").terms == ContactTerms()


@pytest.mark.parametrize("reader", ContactReader)
@pytest.mark.parametrize("way", ContactWay)
def test_terms_are_said_by_their_codes_or_as_the_console_says_them(
    reader: ContactReader, way: ContactWay
) -> None:
    expected = ContactTerms(pass_to=[reader], way=way)
    for said, by in (
        (reader.value, way.value),
        (reader.words.console, way.words.console),
    ):
        lines = f"Pass to: {said}\nContact way: {by}"
        assert read_lines(lines).terms == expected


@pytest.mark.parametrize("role", ReporterRole)
def test_who_told_the_sender_is_said_in_a_line(role: ReporterRole) -> None:
    for said in (role.value, role.words.console.capitalize()):
        assert read_lines(f"Reporter role: {said}").role is role


def test_one_line_of_danger_is_enough() -> None:
    words = "danger_now: no\n> danger now: Yes, he waits outside"
    assert read_lines(words).danger_now


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
    assert read_lines(words).answers == {answer: said}


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
    said = read_lines(words)
    assert set(said.answers) <= set(Answer)
    assert said.kind in set(ReportKind)
