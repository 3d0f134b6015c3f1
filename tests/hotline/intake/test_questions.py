"""Questions that fit the kind: asked, skippable, in the right words, sealed, on every way."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.datafiles.vocabulary import country_codes
from hotline.core.errors import InvalidInput
from hotline.intake import service
from hotline.intake.api import bulk
from hotline.intake.form import wording
from hotline.intake.form.asking import form_fields, paths
from hotline.intake.models import Report
from hotline.intake.registry.kinds import ReportKind
from hotline.intake.registry.questions import (
    Answer,
    Answers,
    Question,
    Shape,
    is_urgent,
)
from hotline.intake.submission import read_submission
from tests.support.said import ANSWERED

KINDS_THAT_ASK = [kind for kind in ReportKind if kind.row.asks]


def answers_in(context: Context) -> Answers:
    with context.database.writing() as session:
        report = session.scalars(select(Report)).one()
        opened = service.open_texts(
            Act(session, context, "system", datetime.now(UTC)),
            report,
            why="test",
        )
    return opened.answers


def test_every_answer_has_its_question_and_every_question_a_kind() -> None:
    answers = [answer for page in Question for answer in page.answers]
    assert sorted(answers) == sorted(Answer)
    asked = {question for kind in ReportKind for question in kind.row.asks}
    assert asked == set(Question)
    assert set(ANSWERED) == set(Answer)
    for answer in Answer:
        assert (answer.row.shape is Shape.CHOICE) == bool(answer.row.choices)
        assert answer.row.urgent <= {
            choice.value for choice in answer.row.choices or ()
        }


@pytest.mark.parametrize("kind", KINDS_THAT_ASK)
def test_the_form_asks_what_the_kind_brings_and_each_can_be_skipped(
    person: Any, client: FlaskClient, context: Context, kind: ReportKind
) -> None:
    client.get("/report/where?lang=en")
    person.send("/report/what", kind=kind)
    answer = person.send("/report/danger", danger_now="no")
    seen = []
    while (page := answer.location.rpartition("/")[2]) in set(Question):
        text = client.get(f"/report/{page}").text
        assert "Skip this question" in text
        assert "Question " in text
        seen.append(page)
        answer = person.send(f"/report/{page}")
        assert answer.status_code == 302
    assert page == "more"
    # Nobody is asked how to pay who did not say that money is wanted.
    expected = [q for q in kind.row.asks if q is not Question.PAYMENT]
    assert seen == expected
    person.send("/report/more", narrative="words")
    assert person.send("/report/check").status_code == 200
    assert answers_in(context) == {}


def test_what_is_answered_stands_on_the_check_page_and_is_stored(
    person: Any, client: FlaskClient, context: Context
) -> None:
    client.get("/report/where?lang=en")
    person.send("/report/what", kind="sexual_extortion")
    answer = person.send("/report/demand", asked_for="money")
    assert answer.location == "/report/payment"
    person.send("/report/payment", payment_way="voucher", payment_to="1234")
    answer = person.send("/report/child_age", child_age="19")
    assert answer.status_code == 422
    assert "a number from 0 to 17" in answer.text
    person.send("/report/child_age", child_age=" 14 ")
    person.send(
        "/report/child_place", child_country="MK", child_municipality="Tetovo"
    )
    check = client.get("/report/check").text
    for shown in ("Money", "With a gift card", "1234", "North Macedonia"):
        assert shown in check
    person.send("/report/more", narrative="words")
    assert person.send("/report/check").status_code == 200
    assert answers_in(context) == {
        Answer.CHILD_COUNTRY: "MK",
        Answer.CHILD_MUNICIPALITY: "Tetovo",
        Answer.CHILD_AGE: "14",
        Answer.ASKED_FOR: "money",
        Answer.PAYMENT_WAY: "voucher",
        Answer.PAYMENT_TO: "1234",
    }


def test_a_child_is_asked_about_itself_and_others_about_the_child(
    person: Any, client: FlaskClient
) -> None:
    client.get("/report/where?lang=en")
    person.send("/report/what", kind="grooming")
    person.send("/report/who", reporter_role="child_self")
    assert "Does that person want to meet you?" in (
        client.get("/report/meeting").text
    )
    person.send("/report/who", reporter_role="parent")
    assert "Does that person want to meet the child?" in (
        client.get("/report/meeting").text
    )


@pytest.mark.parametrize(
    ("language", "formal"),
    [
        ("sq", r"(?i)\b(ju|juaj|mund t'ju|shënoni|dëshironi|lini)\b"),
        ("sr-Latn", r"(?i)\b(vas|vam|vaš|označite|želite|možete)\b"),
        ("sr-Cyrl", r"(?i)\b(вас|вам|ваш|означите|желите|можете)\b"),
        ("mk", r"(?i)\b(ве|ви|ваш|означете|сакате|можете)\b"),
    ],
)
def test_a_child_is_asked_for_its_contact_as_one_speaks_to_a_child(
    person: Any, client: FlaskClient, language: str, formal: str
) -> None:
    """To whom it may be given is the child's to say, so the child must feel spoken to."""
    client.get(f"/report/where?lang={language}")
    person.send("/report/what", kind="sexual_extortion")
    person.send("/report/who", reporter_role="child_self")
    person.send("/report/contact", contact="+355690000001")
    for page in ("contact", "reach", "pass_on"):
        question = client.get(f"/report/{page}").text
        form = question.partition('class="question')[2].partition("<button")[0]
        # What a child ticks is its own word to us, and not ours to the child.
        asked = re.sub(r"(?s)<label class=.choice.*?</label>", "", form)
        assert asked and not re.search(formal, asked), asked


def test_an_adult_in_the_picture_is_not_asked_about_a_child() -> None:
    short = {paths.PATH: paths.SHORT, "own_material": "yes"}
    adult = {**short, "reporter_role": "unknown"}
    asked = paths.questions_of(adult)
    assert Question.DEMAND in asked
    assert not any(question.is_about_the_child for question in asked)
    child = {paths.PATH: paths.SHORT, "reporter_role": "child_self"}
    assert Question.CHILD_PLACE in paths.questions_of(child)


def test_an_answer_stays_within_reach_when_the_kind_is_changed() -> None:
    values = {"kind": "csam_image", Answer.MEETS: "soon"}
    assert paths.questions_of(values) == (Question.MEETING,)


def test_the_form_on_one_page_takes_every_answer(
    person: Any, context: Context
) -> None:
    typed = {answer.value: said for answer, said in ANSWERED.items()}
    sent = person.send("/report/all", narrative="x", **typed)
    assert sent.status_code == 200
    assert answers_in(context) == ANSWERED


def test_api_and_csv_take_every_answer_and_refuse_what_is_none(
    client: FlaskClient, context: Context
) -> None:
    body = {"narrative": "x", "answers": ANSWERED}
    assert client.post("/api/v1/reports", json=body).status_code == 201
    assert answers_in(context) == ANSWERED
    for answer, said in (
        (Answer.CHILD_AGE, "18"),
        (Answer.MEETS, "now"),
        (Answer.CHILD_COUNTRY, "Albania"),
        (Answer.THEIR_NAME, "x" * 201),
    ):
        with pytest.raises(InvalidInput, match=f"/answers/{answer}"):
            read_submission({"narrative": "x", "answers": {answer: said}})
    columns = ",".join(["narrative", *ANSWERED])
    row = ",".join(["x", *ANSWERED.values()])
    ((_, line),) = bulk.read_lines(f"{columns}\n{row}\n".encode(), bulk.CSV)
    assert getattr(line, "answers", None) == ANSWERED


def test_the_openapi_document_describes_each_answer(
    client: FlaskClient,
) -> None:
    document = client.get("/api/v1/openapi.json").get_json()
    submission = document["components"]["schemas"]["Submission"]
    fields = submission["properties"]["answers"]["properties"]
    assert set(fields) == set(Answer)
    assert fields["meets"]["enum"] == ["soon", "sometime", "no", "unknown"]


def test_answers_are_sealed_and_go_with_the_words(
    person: Any, context: Context
) -> None:
    person.send("/report/all", narrative="x", child_municipality="Shkodër")
    with context.database.writing() as session:
        report = session.scalars(select(Report)).one()
        assert report.answers is not None
        assert "Shkodër".encode() not in report.answers
        for part in report.parts:
            part.state = "closed"
    late = datetime.now(UTC) + timedelta(days=9_000)
    with context.database.writing() as session:
        service.forget_due(session, context, now=late)
        assert session.scalars(select(Report.answers)).one() is None


def test_a_choice_that_was_not_offered_comes_back_as_a_fault(
    person: Any, client: FlaskClient
) -> None:
    client.get("/report/where?lang=en")
    person.send("/report/what", kind="grooming")
    answer = person.send("/report/meeting", meets="now")
    assert answer.status_code == 422
    assert re.search(r'id="meets-fault">Choose one', answer.text)


def test_countries_are_named_in_the_reader_s_language() -> None:
    for language in ("en", "sq", "sr-Latn", "sr-Cyrl", "mk"):
        names = wording.countries_of("RS", language)
        assert next(iter(names)) == "RS"
        assert {"AL", "MK", "XK"} <= set(names) <= country_codes()
    assert wording.countries_of("AL", "mk")["AL"] == "Албанија"


def test_no_country_is_offered_that_is_none() -> None:
    """CLDR names two codes for tests of software; of the user-assigned ones Kosovo's is in use."""
    names = wording.countries_of("AL", "sq")
    assert {code for code in names if code.startswith("X")} == {"XK"}


def test_no_field_of_the_form_is_there_twice() -> None:
    assert len(set(form_fields.FIELDS)) == len(form_fields.FIELDS)


@pytest.mark.parametrize(
    ("answers", "presses"),
    [
        ({Answer.MEETS: "soon"}, True),
        ({Answer.NEXT_MEETING: "Saturday at 5"}, True),
        (
            {Answer.MEETS: "unknown", Answer.NEXT_MEETING: "Saturday at 5"},
            True,
        ),
        ({Answer.MEETS: "no", Answer.NEXT_MEETING: "he never came"}, False),
        ({Answer.MEETS: "unknown"}, False),
        ({Answer.DEADLINE_AT: "tonight at 8"}, True),
        ({Answer.DEADLINE: "no", Answer.DEADLINE_AT: "none"}, False),
        ({Answer.CHILD_AGE: "13"}, False),
    ],
)
def test_whoever_writes_when_need_not_choose_that_it_is_soon(
    answers: Answers, presses: bool
) -> None:
    assert is_urgent(answers, child_in_contact=True) is presses
