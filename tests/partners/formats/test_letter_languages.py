"""Every letter in every language: nothing missing, nothing in English, nothing left unfilled."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from hotline.core.language.data_words import (
    BEFORE_PLACE,
    BETWEEN_LAWS,
    say_basis,
    say_office,
)
from hotline.core.language.languages import (
    LETTER_WORDS,
    LETTERS,
    SHIPPED,
    SOURCE,
    Language,
    load_languages,
    read_catalogue,
)
from hotline.intake.registry.kinds import ReportKind
from partners.directory.seed import load_seed
from partners.letters.wording import write_letter
from tests.support.letters import (
    MARK,
    OTHERS,
    every_notice,
    every_other,
    every_referral,
)
from triage.cases.assessing.assessment import load_schema
from triage.jurisdiction.messages import load_messages
from triage.jurisdiction.rules import load_rules

WRITTEN = sorted(set(load_languages()) - {SOURCE})
NOWHERE = Path("/nowhere")
ENGLISH = re.compile(
    r"(?i)\b(and|as|by|child|for|from|has|have|host|in the|is|known|not|of|on|or|said|the|this"
    r"|time|us|was|we|what|which|who|with|you|your)\b"
)
# Names, formats and abbreviations that keep their own letters in every alphabet.
OWN_LETTERS = re.compile(
    r"Re:|referral\.json|xarf\.org|\.onion|\b(CSAM|CSV|CyberTipline|IBAN|ICCAM|INHOPE|P2P|PDQ|PayPal"
    r"|UTC|VICS|XARF v4|blog|grooming|imageboard)\b"
)
LATIN = re.compile("[A-Za-zÀ-ɏ]")
# Brands, and words that are the same in every language.
SAME = {
    "American Express",
    "Diners Club",
    "Mastercard",
    "PayPal",
    "Visa",
    "Western Union",
    "SMS",
    "Liberty Reserve",
    "Bitcoin",
}
SAME_IN = {
    "sq": {"Video", "E-mail", "Forum", "Blog"},
    "sr-Latn": set(),
    "sr-Cyrl": set(),
    "mk": set(),
}


def every_letter(language: str) -> Iterator[str]:
    for name, values in (*every_notice(), *every_other()):
        letter = write_letter(name, language, NOWHERE, **values)
        yield f"{letter.subject}\n{letter.text}"
    for values in every_referral():
        letter = write_letter("referral", language, NOWHERE, **values)
        yield f"{letter.subject}\n{letter.text}"


def test_letters_are_written_in_the_languages_of_the_region() -> None:
    assert WRITTEN == ["mk", "sq", "sr-Cyrl", "sr-Latn"]
    assert all(load_languages()[code].has_letters for code in WRITTEN)


@pytest.mark.parametrize("language", WRITTEN)
def test_no_letter_is_missing(language: str) -> None:
    assert letters_of(SHIPPED / language) == letters_of(SHIPPED / SOURCE)
    assert load_messages().keys() >= {language}


def test_every_letter_is_tried() -> None:
    tried = {"referral", *OTHERS} | {name for name, _ in every_notice()}
    assert {f"{name}.txt" for name in tried} == letters_of(SHIPPED / SOURCE)


def letters_of(folder: Path) -> set[str]:
    return {path.name for path in (folder / LETTERS).glob("*.txt")}


@pytest.mark.parametrize("language", WRITTEN)
def test_every_letter_is_whole_and_in_its_language(language: str) -> None:
    for text in every_letter(language):
        assert MARK in text
        assert "{" not in text and "%}" not in text, text
        assert "None" not in text, text
        left = [line for line in text.splitlines() if ENGLISH.search(line)]
        assert not left, left


@pytest.mark.parametrize("language", [SOURCE, *WRITTEN])
def test_every_letter_has_as_many_lines_with_facts(language: str) -> None:
    """A fact that one language forgets to tell is missed in no other way."""
    pairs = zip(every_letter(language), every_letter(SOURCE), strict=True)
    for text, english in pairs:
        assert text.count(MARK) == english.count(MARK)
        assert text.count("2026-11-01 22:15") == english.count(
            "2026-11-01 22:15"
        )


@pytest.mark.parametrize("language", ["mk", "sr-Cyrl"])
def test_cyrillic_letters_have_no_latin_words(language: str) -> None:
    for text in every_letter(language):
        left = [
            line
            for line in OWN_LETTERS.sub("", text).splitlines()
            if LATIN.search(line)
        ]
        assert not left, left


def labels() -> set[str]:
    """What a letter takes from data files: kinds of report, questions and their answers."""
    schema = load_schema()
    words = {kind.row.console for kind in ReportKind}
    for question in schema.questions:
        words.add(question.label[SOURCE])
        words |= {choice.label[SOURCE] for choice in question.choices}
    return words - SAME


def bases() -> set[str]:
    rules = load_rules()
    whole = set(rules.network.bases.values())
    for country in rules.countries.values():
        whole |= {*country.bases.values(), *country.police_bases.values()}
    return {law for basis in whole for law in basis.split(BETWEEN_LAWS)}


def offices() -> dict[str, bool]:
    """Name -> whether it is one place's, of the kinds that have no name of their own."""
    described = (
        "police",
        "ncb",
        "child_protection_unit",
        "anti_trafficking_unit",
        "school_psychologist",
        "prosecutor",
    )
    return {
        seed.name: bool(seed.territory)
        for seed in load_seed()
        if seed.kind in described
    }


def said(language: Language, english: str) -> str:
    of_file = {
        question.label[SOURCE]: question.label.get(language.code)
        for question in load_schema().questions
    }
    for question in load_schema().questions:
        for choice in question.choices:
            of_file[choice.label[SOURCE]] = choice.label.get(language.code)
    return of_file.get(english) or language.translate(english)


@pytest.mark.parametrize("code", WRITTEN)
def test_every_label_has_its_words(code: str) -> None:
    language = load_languages()[code]
    silent = {word for word in labels() if said(language, word) == word}
    assert silent == SAME_IN[code]


@pytest.mark.parametrize("language", WRITTEN)
def test_every_legal_basis_and_office_has_its_words(language: str) -> None:
    assert bases() and offices()
    assert not {
        law for law in bases() if say_basis(law, language, None) == law
    }
    for name, is_local in offices().items():
        words = say_office(name, language, None)
        english = name.split(BEFORE_PLACE)
        # A local office ends with its place, which is called the same in every language.
        told = set(english[:-1] if is_local else english)
        assert not told & set(words.split(BEFORE_PLACE)), words


def test_a_basis_is_said_law_by_law() -> None:
    basis = "Criminal Code Art. 185; Lanzarote Convention Art. 20; Own Act 7"
    assert say_basis(basis, "sr-Latn", None) == (
        "Krivični zakonik čl. 185; Konvencija iz Lanzarota čl. 20; Own Act 7"
    )
    assert say_basis(basis, SOURCE, None) == basis
    assert say_basis(basis, "xx", None) == basis
    assert say_basis("", "sr-Latn", None) == ""


@pytest.mark.parametrize("language", ["mk", "sr-Cyrl"])
def test_cyrillic_words_have_no_latin_letters(language: str) -> None:
    catalogue = read_catalogue(load_languages()[language], LETTER_WORDS)
    sentences = {key: str(catalogue.ugettext(key)) for key in labels()}
    sentences |= load_messages()[language]
    for key, sentence in sentences.items():
        words = OWN_LETTERS.sub("", re.sub(r"\{[\w:]+\}", "", sentence))
        assert not LATIN.search(words), (key, sentence)


def test_a_missing_letter_or_reason_is_noticed(tmp_path: Path) -> None:
    folder = tmp_path / "sr-Latn"
    shutil.copytree(SHIPPED / "sr-Latn", folder)
    (folder / LETTERS / "notice_reminder.txt").unlink()
    assert letters_of(SHIPPED / SOURCE) - letters_of(folder) == {
        "notice_reminder.txt"
    }
