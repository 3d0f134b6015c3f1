"""Why, in words that an analyst can check. The words are data, one file a language.

The engine speaks in ``Reason``s, a key and its parameters; only here do they become sentences.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from string import Formatter

from babel import Locale

from hotline.core.datafiles import files
from hotline.core.datafiles.shapes import parse_file
from hotline.core.datafiles.vocabulary import country_codes, describe_unknown
from hotline.core.errors import InvalidInput, Misconfigured
from hotline.core.language.languages import (
    COUNTRIES,
    FOLDER,
    ROUTING,
    SOURCE,
    Language,
    load_languages,
)

PACKAGE = "triage.jurisdiction"
CASE_TABLE = "country_"
FOR_OFFICES = "to_office"
"""The table of what an office reads instead of a reason that tells of our own procedure."""
FOR_US_ALONE = frozenset({"notice.hold", "stop.waits"})
"""Of these an office reads nothing."""
CASE = re.compile(r"\{country:(\w+)\}")
"""With the name of a case behind it: a table of names of countries in that case."""


@dataclass(frozen=True, slots=True)
class Reason:
    """``facts`` are fact paths, ``countries`` codes, ``text`` proper names; all may be empty.

    ``Reason("police.nexus", facts=("victim.country",), countries=("AL",))`` becomes "There is a
    link with Albania (AL): where the child is."
    """

    key: str
    facts: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    text: str = ""


Catalog = Mapping[str, str]


def load_messages(override_dir: Path | None = None) -> Mapping[str, Catalog]:
    """Language -> key -> sentence; raises ``Misconfigured`` unless all say what is shipped.

    The shipped English file is the measure: an override may change words, never keys or blanks.
    Sentences that it lacks, such as those that came with a newer version, are said as they are
    shipped; in English where the language is an operator's own.
    """
    # Without the operator's folder: an override must not become its own measure.
    languages = load_languages()
    shipped = _read_catalog(languages[SOURCE])
    catalogs: dict[str, Catalog] = {}
    faults: list[str] = []
    for code, language in load_languages(override_dir).items():
        if language.find(ROUTING) is None:
            continue
        catalog = _read_catalog(language)
        if code not in languages:
            catalog = {**shipped, **catalog}
        name = _file_name(code)
        faults += [
            f"{name}: {fault}" for fault in _list_differences(catalog, shipped)
        ]
        catalogs[code] = catalog
    if faults:
        raise Misconfigured(f"Routing messages: {'; '.join(faults)}.")
    return catalogs


def render_reasons(
    reasons: Iterable[Reason],
    catalog: Catalog,
    language: str,
    *,
    for_office: bool = False,
) -> str:
    """The reasons as one text in ``language``; for an office without what concerns only us."""
    if for_office:
        reasons = [
            _for_office(reason, catalog)
            for reason in reasons
            if reason.key not in FOR_US_ALONE
        ]
    return " ".join(
        _make_sentence(reason, catalog, language) for reason in reasons
    )


def _for_office(reason: Reason, catalog: Catalog) -> Reason:
    own = f"{FOR_OFFICES}.{reason.key}"
    return replace(reason, key=own) if own in catalog else reason


def catalog_of(catalogs: Mapping[str, Catalog], language: str) -> Catalog:
    """The words of a language; ``InvalidInput`` where it has none."""
    if language not in catalogs:
        raise InvalidInput(
            f"There are no explanations in {language[:20]!r}.",
            hint=f"Choose one of: {', '.join(sorted(catalogs))}.",
            fields={"/language": "not available"},
        )
    return catalogs[language]


def _make_sentence(reason: Reason, catalog: Catalog, language: str) -> str:
    facts = [catalog[f"fact.{path}"] for path in reason.facts]
    return catalog[reason.key].format(
        facts=", ".join(facts),
        country=_Countries(reason.countries, catalog, language),
        text=reason.text,
    )


@dataclass(frozen=True, slots=True)
class _Countries:
    """Countries in a sentence. ``{country:with}`` takes their names from ``[country_with]``.

    A language that declines names has such a table for a case: the name of each country that it
    knows, and under ``other`` what stands for all the rest.
    """

    codes: tuple[str, ...]
    catalog: Catalog
    language: str

    def __format__(self, case: str) -> str:
        return ", ".join(self._name(code, case) for code in self.codes)

    def _name(self, code: str, case: str) -> str:
        plain = country_name(code, self.language)
        if not case:
            return plain
        table = f"{CASE_TABLE}{case}"
        if declined := self.catalog.get(f"{table}.{code}"):
            return f"{declined} ({code})"
        return self.catalog[f"{table}.other"].format(country=plain)


@cache
def country_name(code: str, language: str) -> str:
    """ "Serbia (RS)"; the bare code where CLDR has no name, as for an invented country."""
    name = Locale.parse(language, sep="-").territories.get(code)
    return f"{name} ({code})" if name else code


def _file_name(language: str) -> str:
    return f"{FOLDER}/{language}/{ROUTING}"


def _read_catalog(language: Language) -> dict[str, str]:
    """`[police] danger = "…"` becomes `police.danger`; quoted keys keep their own dots."""
    sentences = _read_tables(language, ROUTING)
    return {**sentences, **_read_cases(language, sentences)}


def _read_cases(language: Language, sentences: Catalog) -> dict[str, str]:
    """Names of countries in the cases that sentences take, in a language that declines them."""
    if language.find(COUNTRIES) is None:
        return {}
    cases = _read_tables(language, COUNTRIES)
    taken = {
        table
        for sentence in sentences.values()
        for table in _case_tables(sentence)
    }
    # A misspelt table would never be asked for, and nobody would notice.
    for table in {key.partition(".")[0] for key in cases} - taken:
        raise Misconfigured(
            f"{FOLDER}/{language.code}/{COUNTRIES}: {describe_unknown(table, taken)}"
        )
    return cases


def _read_tables(language: Language, name: str) -> dict[str, str]:
    """The file as it is shipped, and over it the operator's own."""
    shown = f"{FOLDER}/{language.code}/{name}"
    sentences: dict[str, str] = {}
    for folder in language.folders:
        if not (folder / name).exists():
            continue
        raw = files.parse_toml(shown, (folder / name).read_bytes())
        tables = parse_file(dict[str, dict[str, str]], shown, raw)
        for table, of_table in tables.items():
            for key, sentence in of_table.items():
                sentences[f"{table}.{key}"] = sentence
    return sentences


def _list_differences(catalog: Catalog, shipped: Catalog) -> Iterator[str]:
    for key in sorted(shipped.keys() - catalog.keys()):
        yield f"{key!r} is missing"
    # A language that declines names has more tables than English, which is no
    # fault.
    declined = {key for key in catalog if key.startswith(CASE_TABLE)}
    for key in sorted(catalog.keys() - shipped.keys() - declined):
        yield describe_unknown(key, shipped)
    for table in sorted({name.partition(".")[0] for name in declined}):
        if f"{table}.other" not in catalog:
            yield f"'{table}.other' is missing"
    for name in sorted(declined):
        code = name.partition(".")[2]
        if code not in {*country_codes(), "other"}:
            yield describe_unknown(code, {*country_codes(), "other"})
    for key in sorted(catalog.keys() & shipped.keys()):
        if not catalog[key].strip():
            yield f"{key!r} is empty"
            continue
        cases = {name.partition(".")[0] for name in declined}
        for table in _case_tables(catalog[key]) - cases:
            yield f"{key!r} takes names from the table {table}, which is missing"
        blanks = _read_blanks(shipped[key])
        if _read_blanks(catalog[key], cases) != blanks:
            yield f"{key!r} must fill in {sorted(blanks or ())}"


def _case_tables(sentence: str) -> set[str]:
    """The tables from which a sentence takes the names of countries: of ``{country:with}``, one."""
    return {f"{CASE_TABLE}{case}" for case in CASE.findall(sentence)}


def _read_blanks(
    sentence: str, tables: Collection[str] = ()
) -> set[str] | None:
    """The names in braces; None where the braces do not match, or hold more than a name.

    A name may have a case that is one of the ``tables``.
    """
    try:
        parts = list(Formatter().parse(sentence))
    except ValueError:
        return None
    blanks = set()
    for _, name, form, conversion in parts:
        # A format such as {text:>9999999} would let a data file fill the memory.
        is_case = f"{CASE_TABLE}{form}" in tables
        if conversion or (form and not is_case):
            return None
        if name is not None:
            blanks.add(name)
    return blanks
