"""Words of data files, legal bases and names of offices, in the language of a letter or a page.

They are found in ``letters.po`` of the language, whole or in their parts: a basis names several
laws, and the name of a local office ends with its place. What is not found stays as it is, as an
operator wrote it.
"""

from __future__ import annotations

from pathlib import Path

from hotline.core.language.languages import (
    LETTER_WORDS,
    Language,
    load_languages,
)

BETWEEN_LAWS = "; "
BEFORE_PLACE = ", "


def say_basis(basis: str, language: str, data_dir: Path | None) -> str:
    """ "Criminal Code Art. 185; Lanzarote Convention Art. 20", law by law."""
    return _say(basis, BETWEEN_LAWS, language, data_dir)


def say_office(name: str, language: str, data_dir: Path | None) -> str:
    """The office as it calls itself, or "Child protection unit, Berat" by its kind and place."""
    return _say(name, BEFORE_PLACE, language, data_dir)


def say_source(source: str, language: str, data_dir: Path | None) -> str:
    """Where a fact comes from: our own sources in words, a registry as it is called."""
    speaker = load_languages(data_dir).get(language)
    return _translate(speaker, source) if speaker is not None else source


def _say(
    english: str, separator: str, language: str, data_dir: Path | None
) -> str:
    speaker = load_languages(data_dir).get(language)
    if speaker is None:
        return english
    whole = _translate(speaker, english)
    if whole != english:
        return whole
    parts = english.split(separator)
    return separator.join(_translate(speaker, part) for part in parts)


def _translate(speaker: Language, english: str) -> str:
    # An empty text is the key of a catalogue's own head.
    return speaker.translate(english, LETTER_WORDS) if english else ""
