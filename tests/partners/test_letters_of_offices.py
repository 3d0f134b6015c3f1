"""What an office of the region reads: its own language, and what else is done about the case."""

from __future__ import annotations

import html
import re
from itertools import pairwise
from typing import Any

import pytest

from hotline.core.act import Act
from hotline.core.language.languages import SHIPPED
from partners.channels.base import Message
from partners.directory.service import add_partner
from partners.referrals.models import Referral
from tests.support.house import House
from triage.jurisdiction.messages import Reason, load_messages, render_reasons
from workers.app import create_app


def letter_to(house: House, language: str, **case: object) -> Message:
    house.partner(
        languages=[language],
        name="Ministry of the Interior of Serbia, high-tech crime department",
    )
    house.decide(house.case(**case), "police")
    return house.mail.messages[-1]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("sr-Latn", "Ministarstvo unutrašnjih poslova Republike Srbije"),
        ("sr-Cyrl", "Министарство унутрашњих послова Републике Србије"),
        ("mk", "Министерство за внатрешни работи на Србија"),
    ],
)
def test_an_office_reads_its_own_language(
    house: House, language: str, words: str
) -> None:
    message = letter_to(house, language)
    assert message.language == language
    assert words in message.text
    assert "Ministry" not in message.text
    assert "None" not in message.text and "{" not in message.text


def test_a_letter_names_the_other_referrals_by_kind_alone(
    house: House,
) -> None:
    house.partner()
    house.partner("hotline-rs", "hotline", country="RS")
    house.decide(house.case(), "police", "hotline-RS")
    references = {row.kind: row.reference for row in house.all(Referral)}
    by_address = {
        message.address.split("@")[0]: message.text
        for message in house.mail.messages
    }
    assert (
        f"Partner hotline: {references['hotline']}"
        in (by_address["police-al"])
    )
    assert f"Police: {references['police']}" in by_address["hotline-rs"]
    assert "Partner hotline:" not in by_address["hotline-rs"]


@pytest.mark.parametrize("language", ["en", "sq", "sr-Latn", "sr-Cyrl", "mk"])
def test_times_are_written_for_people(house: House, language: str) -> None:
    """As the document for machines writes them they stand in the attachment alone."""
    text = letter_to(house, language).text
    assert not re.search(r"\d{4}-\d\d-\d\dT\d\d:\d\d", text)
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d CET\b", text)


def test_a_letter_says_whether_the_host_was_told(house: House) -> None:
    house.partner()
    case = house.case()
    house.decide(case, "police")
    (message,) = house.mail.messages
    assert "Host: not told by us" in message.text
    assert "If we have no answer by" in message.text


def test_a_code_of_a_language_is_kept_with_its_script(house: House) -> None:
    with house.context.database.writing() as session:
        act = Act(session, house.context, "person:drita", house.now)
        partner = add_partner(
            act,
            kind="police",
            country="RS",
            name="Office",
            languages=["sr-latn", "EN", "no code"],
        )
        assert partner.languages == ["sr-Latn", "en"]


def test_a_country_is_declined_where_the_language_does_so() -> None:
    reason = [
        Reason("police.nexus", facts=("victim.country",), countries=("AL",))
    ]
    catalogs = load_messages()
    assert "me Shqipërinë (AL):" in render_reasons(
        reason, catalogs["sq"], "sq"
    )
    other = [Reason("police.nexus", countries=("BT",))]
    assert "me vendin Butan (BT):" in render_reasons(
        other, catalogs["sq"], "sq"
    )
    assert "with Albania (AL):" in render_reasons(reason, catalogs["en"], "en")


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"audiences": ("provider",)}


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("sr-Latn", "Prosleđena prijava:"),
        ("sr-Cyrl", "Прослеђена пријава:"),
        ("mk", "Проследена пријава:"),
        ("sq", "Referim"),
    ],
)
def test_the_link_in_the_letter_opens_a_page_in_its_language(
    house: House,
    monkeypatch: pytest.MonkeyPatch,
    language: str,
    words: str,
) -> None:
    monkeypatch.setattr("partners.referrals.views.utc_now", lambda: house.now)
    message = letter_to(house, language)
    path = re.search(r"/referral/\S+", message.text)
    assert path is not None
    response = create_app(house.context).test_client().get(path[0])
    assert response.status_code == 200
    assert words in html.unescape(response.text)
    assert f'<html lang="{language}"' in response.text


@pytest.mark.parametrize("language", ["en", "sq", "sr-Latn", "sr-Cyrl", "mk"])
def test_no_two_lines_of_a_letter_run_together(language: str) -> None:
    """A tag at a line's end takes the line's end with it, unless it says otherwise by a plus."""
    tag = re.compile(r"\{[%#].*?[%#]\}")
    for path in sorted((SHIPPED / language / "letters").glob("*.txt")):
        lines = path.read_text(encoding="utf-8").splitlines()
        for line, following in pairwise(lines):
            has_words = bool(tag.sub("", line).strip())
            if has_words and following.strip() and line.endswith("%}"):
                assert line.endswith("+%}"), f"{path.name}: {line}"


def test_each_other_referral_stands_on_a_line_of_its_own(
    house: House,
) -> None:
    house.partner()
    house.partner("hotline-rs", "hotline", country="RS")
    house.decide(house.case(), "police", "hotline-RS")
    (letter,) = (
        message.text
        for message in house.mail.messages
        if message.address.startswith("police-al")
    )
    references = {row.kind: row.reference for row in house.all(Referral)}
    lines = [line.strip() for line in letter.splitlines()]
    other = f"Partner hotline: {references['hotline']}"
    assert [line for line in lines if other in line] in (
        [other],
        [f"{other} (not sent yet)"],
    )
    assert any(line.startswith("Host: ") for line in lines)
