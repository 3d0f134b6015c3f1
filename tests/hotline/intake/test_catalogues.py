"""Catalogues: nothing missing, nothing fuzzy, nothing left over, every placeholder in its place."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po
from flask.testing import FlaskClient

import hotline.core.context
from hotline.core.language.languages import PUBLIC, SHIPPED, load_languages

HOTLINE = Path(hotline.core.context.__file__).parents[1]
LANGUAGES = [
    language.code
    for language in load_languages().values()
    if language.find(PUBLIC)
]
PLACEHOLDER = re.compile(r"%\(\w+\)s")
# Names and file formats that keep their own letters in every alphabet.
OWN_LETTERS = re.compile(
    r"%\(\w+\)s|\.onion|Tor|torrent|eMule|P2P|Shift|PDQ|SHA-256|JavaScript|API|JSON|CSV|URL|UTC|PDF"
)


@pytest.fixture(scope="module")
def messages() -> set[str]:
    with (SHIPPED / "public.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    found = extract_from_dir(
        str(HOTLINE.parent),
        methods,
        options,
        keywords={"_": None, "public_words": None},
    )
    return {str(message) for _, _, message, _, _ in found}


def catalogue(code: str) -> Catalog:
    with (SHIPPED / code / PUBLIC).open("rb") as file:
        return read_po(file, locale=code.replace("-", "_"), abort_invalid=True)


def test_the_five_languages_of_the_region_have_public_pages() -> None:
    assert LANGUAGES == ["mk", "sq", "sr-Cyrl", "sr-Latn"]


@pytest.mark.parametrize("locale", LANGUAGES)
def test_catalogues_are_complete(locale: str, messages: set[str]) -> None:
    known = {str(entry.id): entry for entry in catalogue(locale) if entry.id}
    assert len(messages) > 100
    assert set(known) == messages
    for text, entry in known.items():
        assert entry.string and not entry.fuzzy, text
        assert sorted(PLACEHOLDER.findall(text)) == sorted(
            PLACEHOLDER.findall(str(entry.string))
        )
        assert entry.string != text or text == "Cookies", text


@pytest.mark.parametrize(
    ("locale", "alphabet"),
    [("sr-Cyrl", "Ѐ-ӿ"), ("mk", "Ѐ-ӿ"), ("sr-Latn", "A-Za-zČĆŽŠĐčćžšđ")],
)
def test_catalogues_keep_to_their_alphabet(locale: str, alphabet: str) -> None:
    for entry in catalogue(locale):
        if entry.id:
            words = OWN_LETTERS.sub("", str(entry.string))
            foreign = [
                c
                for c in words
                if c.isalpha() and not re.match(f"[{alphabet}]", c)
            ]
            assert not foreign, (entry.id, foreign)


def test_both_serbian_catalogues_say_the_same() -> None:
    latin, cyrillic = catalogue("sr-Latn"), catalogue("sr-Cyrl")
    for entry in latin:
        if entry.id:
            other = cyrillic.get(entry.id)
            assert other is not None
            assert len(OWN_LETTERS.findall(str(entry.string))) == len(
                OWN_LETTERS.findall(str(other.string))
            )


def test_pages_speak_albanian_first(client: FlaskClient) -> None:
    page = client.get("/").text
    assert '<html lang="sq">' in page and "Bëni një raportim" in page
    assert 'lang="en" hreflang="en">English</a>' in page
