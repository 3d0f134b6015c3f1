"""From Latin to Cyrillic script: words are turned, and nothing that a letter fills in."""

from __future__ import annotations

import importlib.util
import re
from types import ModuleType

import pytest
from babel.messages.pofile import read_po

from hotline.core.language.languages import PUBLIC, SHIPPED

SCRIPT = SHIPPED.parents[1] / "scripts" / "write_cyrillic.py"
# A public page writes these as they are spoken, not letter by letter.
AS_SPOKEN = {"Snapchat": "Снепчат", "PayPal": "ПејПал"}
BLANK = re.compile(r"%\(\w+\)s")


@pytest.fixture(scope="module")
def cyrillic() -> ModuleType:
    spec = importlib.util.spec_from_file_location("write_cyrillic", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("latin", "turned"),
    [
        ("Ljubav, njiva, džep", "Љубав, њива, џеп"),
        ("SAČINJENO, NJEGA, Njega", "САЧИЊЕНО, ЊЕГА, Њега"),
        (
            "injekcija, konjunktura, nadživeti",
            "инјекција, конјунктура, надживети",
        ),
        ("svinja, konj, nadležan", "свиња, коњ, надлежан"),
        ("žalba, đak, čuvar, ćerka, šuma", "жалба, ђак, чувар, ћерка, шума"),
        (
            "CSAM u formatu XARF v4 (xarf.org)",
            "CSAM у формату XARF v4 (xarf.org)",
        ),
        (
            "pišite: https://a.example/njiva.",
            "пишите: https://a.example/njiva.",
        ),
        ("(.onion), UTC, e-pošta", "(.onion), UTC, е-пошта"),
    ],
)
def test_words_are_turned(
    cyrillic: ModuleType, latin: str, turned: str
) -> None:
    assert cyrillic.turn_text(latin) == turned


def test_keys_and_blanks_of_a_template_stay(cyrillic: ModuleType) -> None:
    template = (
        """Za: {{ partner }} {% if kind == 'police' %}{{ {'yes': "da"}[value] }}"""
        """{{ times|join(" ili ") }}{% endif %}{# beleška #}\n"""
    )
    assert cyrillic.turn_letter(template) == (
        """За: {{ partner }} {% if kind == 'police' %}{{ {'yes': "да"}[value] }}"""
        """{{ times|join(" или ") }}{% endif %}{# beleška #}\n"""
    )
    reason = 'met = "U državi {country}: {facts}."\n'
    assert cyrillic.turn_reasons(reason) == (
        'met = "У држави {country}: {facts}."\n'
    )


def test_the_public_pages_are_what_it_would_write(
    cyrillic: ModuleType,
) -> None:
    """Two hundred sentences that were written by hand in both scripts are its proof."""
    pages = {}
    for code in ("sr-Latn", "sr-Cyrl"):
        with (SHIPPED / code / PUBLIC).open("rb") as file:
            pages[code] = {
                str(entry.id): str(entry.string)
                for entry in read_po(file)
                if entry.id
            }
    assert len(pages["sr-Latn"]) > 200
    for english, latin in pages["sr-Latn"].items():
        for name, spoken in AS_SPOKEN.items():
            latin = latin.replace(name, spoken)
        turned = "".join(
            part if BLANK.fullmatch(part) else cyrillic.turn_text(part)
            for part in re.split(f"({BLANK.pattern})", latin)
        )
        assert turned == pages["sr-Cyrl"][english]


def test_the_cyrillic_files_are_up_to_date(cyrillic: ModuleType) -> None:
    assert cyrillic.main(["--check"]) == 0
    written = dict(cyrillic.cyrillic_files())
    assert len(written) >= 6
    for path, text in written.items():
        assert path.read_text("utf-8") == text
