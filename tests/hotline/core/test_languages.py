"""A language is one folder: form, letters, reasons and labels speak one that is on disk."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from hotline.core.context import Context
from hotline.core.datafiles.country_folders import SHIPPED as COUNTRIES
from hotline.core.errors import InvalidInput
from hotline.core.language import languages
from hotline.core.language.languages import (
    CATALOGUES,
    SHIPPED,
    load_languages,
)
from partners.letters import wording
from triage.cases.assessing.assessment import in_language, load_schema
from triage.jurisdiction.deciding.routing import route_facts
from triage.jurisdiction.facts import Facts
from triage.jurisdiction.rules import load_rules
from triage.priority import load_weights
from workers.app import create_app

NEW = "cy"
"""Welsh: a code that Babel knows, and that no country here speaks."""
HEAD = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'


def entry(english: str, translated: str) -> str:
    return f"msgid {json.dumps(english)}\nmsgstr {json.dumps(translated)}\n\n"


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A data directory with a folder of a new language, and a country that speaks it."""
    folder = tmp_path / "languages" / NEW
    (folder / "letters").mkdir(parents=True)
    public = HEAD + entry("Abuse that is shown live", "CYHOEDDUS")
    (folder / "public.po").write_text(public, "utf-8")
    console = (
        HEAD
        + entry("Live stream", "STAFF")
        + entry("Age of the youngest child", "OED")
    )
    console += entry("A child is in danger now.", "PERYGL")
    (folder / "console.po").write_text(console, "utf-8")
    letter = "Subject: LLYTHYR {{ reference }}\n\nAnnwyl {{ name }}\n"
    (folder / "letters" / "note.txt").write_text(letter, "utf-8")
    reasons = (SHIPPED / "en" / "routing.toml").read_text("utf-8")
    changed = reasons.replace('"Not assessed yet."', '"HEB EI ASESU."')
    assert changed != reasons
    (folder / "routing.toml").write_text(changed, "utf-8")
    country = (COUNTRIES / "AL" / "country.toml").read_text("utf-8")
    spoken = country.replace(
        'languages = ["sq"', f'languages = ["{NEW}", "sq"'
    )
    assert spoken != country
    albania = tmp_path / "countries" / "AL"
    albania.mkdir(parents=True)
    (albania / "country.toml").write_text(spoken, "utf-8")
    return tmp_path


@pytest.fixture
def context(data_dir: Path, make_context: Callable[..., Context]) -> Context:
    return make_context(data_dir=data_dir, audiences=("public",), country="AL")


def test_the_form_speaks_it(context: Context) -> None:
    page = (
        create_app(context).test_client().get(f"/report/all?lang={NEW}").text
    )
    assert f'<html lang="{NEW}">' in page
    assert "CYHOEDDUS" in page
    assert (
        f'lang="{NEW}" hreflang="{NEW}">Cymraeg</a>'
        in create_app(context).test_client().get("/?lang=en").text
    )


def test_letters_speak_it(data_dir: Path) -> None:
    letter = wording.write_letter(
        "note", NEW, data_dir, reference="R-1", name="Ana"
    )
    assert letter.subject == "LLYTHYR R-1"
    assert letter.text == "Annwyl Ana\n"
    assert languages.letter_language(["xx", NEW, "sq"], data_dir) == NEW
    assert languages.letter_language(["mk", "sq"], data_dir) == "mk"
    assert languages.letter_language(["sr"], data_dir) == "sr-Cyrl"
    assert languages.letter_language(["fr"], data_dir) == "en"


def test_a_letter_that_it_lacks_is_written_in_english(data_dir: Path) -> None:
    english = wording.write_letter(
        "note", "en", _with_english_note(data_dir), name="Ana"
    )
    assert english.text == "Dear Ana\n"


def _with_english_note(data_dir: Path) -> Path:
    letters = data_dir / "languages" / "en" / "letters"
    letters.mkdir(parents=True)
    (letters / "note.txt").write_text(
        "Subject: Note\n\nDear {{ name }}\n", "utf-8"
    )
    return data_dir


def test_the_reasons_of_the_rules_speak_it(data_dir: Path) -> None:
    facts = Facts.from_json({"home": "AL"})
    rules = load_rules(data_dir)
    spoken = json.dumps(route_facts(facts, rules, NEW).to_json())
    assert "HEB EI ASESU." in spoken
    assert "HEB EI ASESU." not in json.dumps(
        route_facts(facts, rules, "en").to_json()
    )
    with pytest.raises(InvalidInput):
        route_facts(facts, load_rules(), NEW)


def test_labels_of_data_files_speak_it(data_dir: Path) -> None:
    schema = load_schema(data_dir)
    kind, age = schema.question("kind"), schema.question("age")
    assert kind is not None
    assert age is not None
    assert in_language(age.label, NEW) == "OED"
    assert in_language(age.label, "sq") == "Mosha e fëmijës më të vogël"
    assert kind.label_of("csam_video", "sq") == "Video"
    assert kind.label_of("grooming", NEW) == "Grooming (online solicitation)"
    assert load_weights(data_dir).danger_now.why[NEW] == "PERYGL"


def test_what_the_operator_says_replaces_single_sentences(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "languages" / "sq"
    folder.mkdir(parents=True)
    own = HEAD + entry("Abuse that is shown live", "OURS")
    (folder / "public.po").write_text(own, "utf-8")
    albanian = load_languages(tmp_path)["sq"]
    assert (
        albanian.translate("Abuse that is shown live", "public.po") == "OURS"
    )
    assert (
        albanian.translate("I am not sure", "public.po") == "Nuk jam i sigurt"
    )


def test_faults_of_folders_are_named(data_dir: Path) -> None:
    assert languages.find_language_faults() == []
    assert languages.find_language_faults(data_dir) == []
    root = data_dir / "languages"
    (root / "Klingon").mkdir()
    (root / NEW / "publik.po").write_text(HEAD, "utf-8")
    (root / NEW / "public.po").write_text('msgid "a\n', "utf-8")
    languages.read_catalogue.cache_clear()
    named = "\n".join(languages.find_language_faults(data_dir))
    assert "'Klingon' is not the code of a language" in named
    assert "publik.po" in named
    assert "public.po: " in named


def test_an_empty_folder_speaks_english(tmp_path: Path) -> None:
    (tmp_path / "languages" / NEW).mkdir(parents=True)
    welsh = load_languages(tmp_path)[NEW]
    assert not welsh.has_public_pages
    assert not welsh.has_letters
    assert welsh.translate("Live stream") == "Live stream"


def test_the_shipped_languages() -> None:
    shipped = load_languages()
    assert list(shipped) == ["en", "mk", "sq", "sr-Cyrl", "sr-Latn"]
    assert [code for code in shipped if shipped[code].has_letters] == [
        "en",
        "mk",
        "sq",
        "sr-Cyrl",
        "sr-Latn",
    ]
    assert all(language.has_public_pages for language in shipped.values())
    assert shipped["sr-Latn"].own_name == "Srpski (latinica)"


@pytest.mark.parametrize("code", ["mk", "sr-Cyrl"])
def test_no_word_mixes_two_alphabets(code: str) -> None:
    """A Latin "\u00e8" looks like the Macedonian "\u0450", and is found by no search for it."""
    mixed = re.compile(
        "[\u0400-\u04ff][A-Za-z\u00c0-\u024f]|[A-Za-z\u00c0-\u024f][\u0400-\u04ff]"
    )
    blank = re.compile(r"%\(\w+\)[sd]|\\n|\{[^}]*\}")
    for path in sorted((SHIPPED / code).rglob("*.*")):
        # What is looked for there is written as people may write it.
        if path.name == "keywords.toml":
            continue
        for line in path.read_text("utf-8").splitlines():
            assert not mixed.search(blank.sub(" ", line)), (path.name, line)


@pytest.mark.parametrize("name", CATALOGUES)
def test_no_sentence_stands_twice_in_a_catalogue(name: str) -> None:
    """Of two only the first is ever said, whatever the second one would have to say."""
    for folder in SHIPPED.iterdir():
        file = folder / name
        if not file.is_file():
            continue
        text = file.read_text("utf-8")
        found = Counter(
            re.findall(r'^msgid ".*"\n(?:".*"\n)*', text, re.MULTILINE)
        )
        assert len(found) > 50, file
        assert set(found.values()) == {1}, file
