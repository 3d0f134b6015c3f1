"""The registry of languages: one folder a language, and everything that is said in it is in there.

To add a language, add a folder ``hotline/languages/<code>/`` (or ``<data dir>/languages/<code>/``
on one installation) and name the code in a country's file. A folder may hold

- ``public.po``     the public pages; without it the form is not offered in the language
- ``console.po``    the pages for staff, and the labels of data files that have none of their own
- ``partners.po``   the pages for police, partner hotlines and hosts
- ``letters/``      letters, one text file each, as ``hotline/languages/en/letters/`` has them
- ``letters.po``    what a letter takes from data files: labels, kinds, legal bases, offices
- ``routing.toml``  the reasons of the routing rules, with the keys of the English file
- ``countries.toml``  names of countries in the cases that those reasons take, where they decline
- ``keywords.toml`` words that raise the rank of a report in words: ``triage.priority.keywords``

What is missing is said in English, which is what the code itself is written in. An operator's own
file comes before a shipped one of the same name; of a catalogue it replaces single sentences. ::

    for language in load_languages(settings.data_dir).values():
        print(language.code, language.own_name, language.has_letters)
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po
from babel.support import Translations

from hotline.core.errors import Misconfigured

FOLDER = "languages"
SHIPPED = Path(__file__).resolve().parents[2] / FOLDER
SOURCE = "en"
"""The language that the code is written in: it needs no catalogue."""
CODE = re.compile("[a-z]{2,3}(-[A-Z][a-z]{3})?")

PUBLIC = "public.po"
CONSOLE = "console.po"
PARTNERS = "partners.po"
LETTER_WORDS = "letters.po"
# A page has its own words, whatever a letter calls the same thing: the last one counts.
CATALOGUES = (LETTER_WORDS, PUBLIC, CONSOLE, PARTNERS)
DATA_WORDS = (CONSOLE, LETTER_WORDS)
"""The catalogues that say the words of data files."""
LETTERS = "letters"
ROUTING = "routing.toml"
COUNTRIES = "countries.toml"
KEYWORDS = "keywords.toml"
KNOWN_NAMES = frozenset({*CATALOGUES, LETTERS, ROUTING, COUNTRIES, KEYWORDS})


@dataclass(frozen=True, slots=True)
class Language:
    """A language that has a folder. ``folders``: the shipped one first, then the operator's own."""

    code: str
    folders: tuple[Path, ...]

    @property
    def locale(self) -> Locale:
        return Locale.parse(self.code, sep="-")

    @property
    def own_name(self) -> str:
        """How the language calls itself: "Shqip"."""
        name = self.locale.get_display_name() or self.code
        return name[:1].upper() + name[1:]

    @property
    def has_public_pages(self) -> bool:
        """A half-translated page is offered to nobody."""
        return self.code == SOURCE or self.find(PUBLIC) is not None

    @property
    def has_letters(self) -> bool:
        """Whether a whole letter can be written in it: its frame, and the reasons inside."""
        return (
            self.find(LETTERS) is not None and self.find(ROUTING) is not None
        )

    def find(self, name: str) -> Path | None:
        """The file or folder ``name``; the operator's own where there are two."""
        for folder in reversed(self.folders):
            if (folder / name).exists():
                return folder / name
        return None

    def translate(self, english: str, *catalogues: str) -> str:
        """A sentence of ``catalogues``, else of those for the words of data files.

        It stays as it is where none of them has it; where several have it, the last one counts.
        """
        names = catalogues or DATA_WORDS
        return str(read_catalogue(self, *names).ugettext(english))


@cache
def load_languages(data_dir: Path | None = None) -> Mapping[str, Language]:
    """Code -> language, of every folder. Kept: a new folder is seen when the process restarts."""
    folders: dict[str, list[Path]] = {}
    for root in _list_roots(data_dir):
        for folder in _language_folders(root):
            folders.setdefault(folder.name, []).append(folder)
    return {
        code: Language(code, tuple(folders[code])) for code in sorted(folders)
    }


@cache
def list_console_languages(data_dir: Path | None = None) -> tuple[str, ...]:
    """Codes of the languages that the console speaks; kept as ``load_languages`` keeps them."""
    return tuple(
        code
        for code, language in load_languages(data_dir).items()
        if code == SOURCE or language.find(CONSOLE) is not None
    )


def _list_roots(data_dir: Path | None) -> tuple[Path, ...]:
    return (SHIPPED,) if data_dir is None else (SHIPPED, data_dir / FOLDER)


def _language_folders(root: Path) -> Iterator[Path]:
    if not root.is_dir():
        return
    for folder in sorted(root.iterdir()):
        if folder.is_dir() and _is_code(folder.name):
            yield folder


def _is_code(name: str) -> bool:
    """Whether ``name`` is a language that dates and names of countries are known in."""
    # Babel would take "EN" and "en_GB" too, and two folders would be one language.
    if not CODE.fullmatch(name):
        return False
    try:
        Locale.parse(name, sep="-")
    except (UnknownLocaleError, ValueError):
        return False
    return True


def letter_language(preferred: Iterable[str], data_dir: Path | None) -> str:
    """The first of ``preferred`` that letters can be written in, else English."""
    written = [
        code
        for code, language in load_languages(data_dir).items()
        if language.has_letters
    ]
    for code in preferred:
        # "sr" alone names no script: it takes the first of its folders,
        # "sr-Cyrl".
        of_code = [other for other in written if other.startswith(f"{code}-")]
        if code in written:
            return code
        if of_code:
            return of_code[0]
    return SOURCE


def write_code(typed: str) -> str:
    """A code as folders are called, however it was typed: "sr-latn" is "sr-Latn"."""
    language, dash, script = typed.strip().partition("-")
    return language.lower() + dash + script.capitalize()


@cache
def read_catalogue(language: Language, *names: str) -> Translations:
    """The sentences of some catalogues as one. Read from text: nothing has to be compiled."""
    sentences = Translations()
    # Folder by folder: an operator's sentence comes after all of the shipped
    # catalogues.
    for folder in language.folders:
        for name in names:
            if (folder / name).is_file():
                loaded = _read_po(folder / name, language)
                sentences.merge(loaded)
                # Babel's merge takes sentences over, but not the rule for plurals.
                sentences.plural = loaded.plural
    return sentences


def _read_po(path: Path, language: Language) -> Translations:
    try:
        with path.open("rb") as file:
            # Else Babel passes over what it cannot read, and half a catalogue
            # looks like a whole one.
            catalogue = read_po(
                file, locale=language.locale, abort_invalid=True
            )
    except (PoFileError, UnicodeDecodeError, ValueError) as error:
        raise Misconfigured(f"Catalogue {path}: {error}.") from None
    # Babel translates from its binary form only; it is made in memory, so nothing goes stale.
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)


def add_translations(data: Any, data_dir: Path | None = None) -> Any:
    """Labels of a data file, ``{ en = "Pictures" }``, in each language that has words for them.

    So a new language translates the labels in its own folder. What the file itself says stays.
    """
    languages = load_languages(data_dir).values()
    spoken = [
        language
        for language in languages
        if any(language.find(name) is not None for name in DATA_WORDS)
    ]
    return _with_labels(data, spoken)


def _with_labels(data: Any, languages: list[Language]) -> Any:
    if isinstance(data, list):
        return [_with_labels(value, languages) for value in data]
    if not isinstance(data, dict):
        return data
    english = data.get(SOURCE)
    if not isinstance(english, str):
        return {
            name: _with_labels(value, languages)
            for name, value in data.items()
        }
    labels = dict(data)
    for language in languages:
        labels.setdefault(language.code, language.translate(english))
    return labels


def find_language_faults(data_dir: Path | None = None) -> list[str]:
    """What is wrong with the folders, one sentence each; empty when all is well."""
    wrong: list[str] = []
    for root in _list_roots(data_dir):
        wrong += _faults_of_names(root)
    for language in load_languages(data_dir).values():
        for name in CATALOGUES:
            try:
                read_catalogue(language, name)
            except Misconfigured as error:
                wrong.append(error.message)
    return wrong


def _faults_of_names(root: Path) -> Iterator[str]:
    if not root.is_dir():
        return
    for folder in sorted(root.iterdir()):
        if folder.is_dir() and not _is_code(folder.name):
            yield f"Folder {folder}: {folder.name!r} is not the code of a language."
    for folder in _language_folders(root):
        for path in sorted(folder.iterdir()):
            if path.name not in KNOWN_NAMES:
                yield f"{path}: a language has no file of this name."
