"""Why, in words that an analyst can check. The words are data, one file a language.

The engine speaks in ``Reason``s, a key and its parameters; only here do they become sentences.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Formatter

from babel import Locale

from hotline.core.datafiles import files
from hotline.core.datafiles.shapes import parse_file
from hotline.core.errors import InvalidInput, Misconfigured
from hotline.core.languages import FOLDER, ROUTING, SOURCE, Language, load_languages

PACKAGE = "triage.jurisdiction"


@dataclass(frozen=True, slots=True)
class Reason:
    """``facts`` are fact paths, ``countries`` codes, ``text`` proper names; all may be empty."""

    key: str
    facts: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    text: str = ""


Catalog = Mapping[str, str]


def load_messages(override_dir: Path | None = None) -> Mapping[str, Catalog]:
    """Language -> key -> sentence; raises ``Misconfigured`` unless all say what is shipped.

    The shipped English file is the measure: an override may change words, never keys or blanks.
    """
    shipped = _read(load_languages()[SOURCE])
    catalogs = {
        code: _read(language)
        for code, language in load_languages(override_dir).items()
        if language.find(ROUTING) is not None
    }
    wrong = [
        f"{_name(language)}: {fault}"
        for language, catalog in catalogs.items()
        for fault in _differences(catalog, shipped)
    ]
    if wrong:
        raise Misconfigured(f"Routing messages: {'; '.join(wrong)}.")
    return catalogs


def render(reasons: Iterable[Reason], catalog: Catalog, language: str) -> str:
    """The reasons as one text in ``language``."""
    return " ".join(_sentence(reason, catalog, language) for reason in reasons)


def catalog_of(catalogs: Mapping[str, Catalog], language: str) -> Catalog:
    """The words of a language; ``InvalidInput`` where it has none."""
    if language not in catalogs:
        raise InvalidInput(
            f"There are no explanations in {language[:20]!r}.",
            hint=f"Choose one of: {', '.join(sorted(catalogs))}.",
            fields={"/language": "not available"},
        )
    return catalogs[language]


def _sentence(reason: Reason, catalog: Catalog, language: str) -> str:
    return catalog[reason.key].format(
        facts=", ".join(catalog[f"fact.{path}"] for path in reason.facts),
        country=", ".join(country_name(code, language) for code in reason.countries),
        text=reason.text,
    )


@cache
def country_name(code: str, language: str) -> str:
    """ "Serbia (RS)"; the bare code where CLDR has no name, as for an invented country."""
    name = Locale.parse(language, sep="-").territories.get(code)
    return f"{name} ({code})" if name else code


def _name(language: str) -> str:
    return f"{FOLDER}/{language}/{ROUTING}"


def _read(language: Language) -> dict[str, str]:
    """`[police] danger = "…"` becomes `police.danger`; quoted keys keep their own dots."""
    name = _name(language.code)
    path = language.find(ROUTING)
    assert path is not None
    raw = files.parse_toml(name, path.read_bytes())
    tables = parse_file(dict[str, dict[str, str]], name, raw)
    return {
        f"{table}.{key}": sentence
        for table, sentences in tables.items()
        for key, sentence in sentences.items()
    }


def _differences(catalog: Catalog, shipped: Catalog) -> Iterator[str]:
    for key in sorted(catalog.keys() ^ shipped.keys()):
        yield f"{key!r} is {'missing' if key in shipped else 'not known'}"
    for key in sorted(catalog.keys() & shipped.keys()):
        if not catalog[key].strip():
            yield f"{key!r} is empty"
        elif _blanks(catalog[key]) != _blanks(shipped[key]):
            yield f"{key!r} must fill in {sorted(_blanks(shipped[key]) or ())}"


def _blanks(sentence: str) -> set[str] | None:
    """The names in braces; None where the braces do not match, or hold more than a name."""
    try:
        parts = list(Formatter().parse(sentence))
    except ValueError:
        return None
    if any(form or conversion for _, _, form, conversion in parts):
        return None
    return {name for _, name, _, _ in parts if name is not None}
