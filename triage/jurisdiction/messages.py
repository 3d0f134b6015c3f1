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

PACKAGE = "triage.jurisdiction"
LANGUAGES = ("en", "sq")


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
    shipped = _read(LANGUAGES[0], None)
    catalogs = {language: _read(language, override_dir) for language in LANGUAGES}
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


def check_language(language: str) -> str:
    if language not in LANGUAGES:
        raise InvalidInput(
            f"There are no explanations in {language[:20]!r}.",
            hint=f"Choose one of: {', '.join(LANGUAGES)}.",
            fields={"/language": "not available"},
        )
    return language


def _sentence(reason: Reason, catalog: Catalog, language: str) -> str:
    return catalog[reason.key].format(
        facts=", ".join(catalog[f"fact.{path}"] for path in reason.facts),
        country=", ".join(country_name(code, language) for code in reason.countries),
        text=reason.text,
    )


@cache
def country_name(code: str, language: str) -> str:
    """ "Serbia (RS)"; the bare code where CLDR has no name, as for an invented country."""
    name = Locale(language).territories.get(code)
    return f"{name} ({code})" if name else code


def _name(language: str) -> str:
    return f"routing_messages_{language}.toml"


def _read(language: str, override_dir: Path | None) -> dict[str, str]:
    """`[police] danger = "…"` becomes `police.danger`; quoted keys keep their own dots."""
    name = _name(language)
    raw = files.read_toml(PACKAGE, name, override_dir)
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
