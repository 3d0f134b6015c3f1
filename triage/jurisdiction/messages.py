"""Why, in words that an analyst can check. The words are data, one file a language.

The engine speaks in ``Reason``s, a key and its parameters; only here do they become sentences.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Formatter

from babel import Locale

from hotline.core import datafiles
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
    """Language -> key -> sentence; raises ``Misconfigured`` where the languages differ."""
    catalogs = {
        language: _flat(datafiles.read_toml(PACKAGE, _name(language), override_dir))
        for language in LANGUAGES
    }
    wrong = list(_differences(catalogs))
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


def _flat(tables: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """``[police] danger = "…"`` becomes ``police.danger``; quoted keys keep their own dots."""
    return {
        f"{table}.{key}": sentence
        for table, sentences in tables.items()
        for key, sentence in sentences.items()
    }


def _differences(catalogs: Mapping[str, Catalog]) -> Iterable[str]:
    first, *others = LANGUAGES
    for language in others:
        for key in sorted(catalogs[first].keys() ^ catalogs[language].keys()):
            yield f"{key!r} is not in both {first} and {language}"
        for key in sorted(catalogs[first].keys() & catalogs[language].keys()):
            if _blanks(catalogs[first][key]) != _blanks(catalogs[language][key]):
                yield f"{key!r} has other parameters in {language} than in {first}"


def _blanks(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}
