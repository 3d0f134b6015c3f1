#!/usr/bin/env python3
"""Write the Serbian letters in Cyrillic from those in Latin script.

Only the words are turned, once, in the files: what a letter fills in (names, addresses, links)
never passes through here. In a tag of a template, words for the reader stand in double quotes and
are turned; keys and codes stand in single quotes and stay.

    python3 scripts/write_cyrillic.py            writes hotline/languages/sr-Cyrl
    python3 scripts/write_cyrillic.py --check    says what is not as it would be written
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

LANGUAGES = Path(__file__).resolve().parent.parent / "hotline" / "languages"
LATIN, CYRILLIC = "sr-Latn", "sr-Cyrl"

DIGRAPHS = {"lj": "љ", "nj": "њ", "dž": "џ"}
LETTERS = dict(
    zip(
        "abvgdđežzijklmnoprstćufhcčš",
        "абвгдђежзијклмнопрстћуфхцчш",
        strict=True,
    )
)
# In these a digraph is two letters, each of its own syllable: "in-jekcija", "nad-živeti".
PARTED = re.compile(
    r"(?i)(?<=in)(?=jek|jicira)|(?<=kon)(?=jug|jun|jek)|(?<=van)(?=jezič)"
    r"|(?<=tan)(?=jug)|(?<=nad)(?=žive|žnj)|(?<=od)(?=žali|žive)|(?<=pod)(?=župan)"
)
# Names, formats and addresses that keep their own letters in every alphabet.
KEPT = re.compile(
    r"%\(\w+\)s|\\[n\"\\]|https?://\S+|[\w.-]+\.(?:org|json|toml)\b|\.onion\b"
    r"|\bAS\d+|\b\d{4}-Q\d|(?:name|other)=value|hotline user invite NAME|hotline hashlist import"
    r"|smtp_host|hotline user add NAME --role administrator"
    r"|\b(?:AL|API|CSAM|CSV|CyberTipline|DNS|HTTPS?|IBAN|ICCAM|INHOPE|JavaScript|MD5|NCMEC"
    r"|P2P|PDF|PDQ|PayPal|Push|QR|SHA-1|SHA-256|SMS|SVG|Shift|Tor|URL|UTC|VICS|XARF v4|MB"
    r"|Subject:|Re:|blog|eMule|grooming|https?|imageboard|onion|pHash|push|torrent)(?!\w)"
)
TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
# What stands behind "msgstr", with each plural and each further line of it.
TRANSLATION = re.compile(r'(?m)^msgstr.*(\n(msgstr.*|".*"))*')
QUOTED = re.compile(r'(?m)"(.*)"$')
QUOTED_WORDS = re.compile(r'"([^"]*)"')
BLANK = re.compile(r"\{\w+(?::\w+)?\}")


def turn_text(text: str) -> str:
    """Plain Serbian words in Cyrillic; what keeps its own letters is left as it is."""
    return _turn_between(KEPT, text, _turn_words)


def turn_letter(template: str) -> str:
    """A template: outside its tags everything, inside them what stands in double quotes."""
    return _turn_between(TAG, template, turn_text, _turn_tag)


def turn_reasons(toml: str) -> str:
    """The reasons of the rules: comments and values, with their blanks as they are."""
    return "".join(map(_turn_toml_line, toml.splitlines(keepends=True)))


def turn_catalogue(po: str) -> str:
    """A catalogue: only what stands behind ``msgstr``, and the head's name of the language."""
    head, sentences = po.split("\n\n", 1)
    turned = TRANSLATION.sub(
        lambda translation: QUOTED.sub(
            lambda line: f'"{turn_text(line[1])}"', translation[0]
        ),
        sentences,
    )
    return f"{head.replace('sr_Latn', 'sr_Cyrl')}\n\n{turned}"


def _turn_tag(tag: str) -> str:
    return QUOTED_WORDS.sub(lambda match: f'"{turn_text(match[1])}"', tag)


def _turn_toml_line(line: str) -> str:
    if line.startswith("#"):
        return _turn_between(BLANK, line, turn_text)
    key, sign, value = line.partition(" = ")
    return key + sign + _turn_between(BLANK, value, turn_text)


def _turn_between(
    kept: re.Pattern[str],
    text: str,
    turn: Callable[[str], str],
    turn_kept: Callable[[str], str] = str,
) -> str:
    parts, end = [], 0
    for match in kept.finditer(text):
        parts += [turn(text[end : match.start()]), turn_kept(match[0])]
        end = match.end()
    return "".join([*parts, turn(text[end:])])


def _turn_words(text: str) -> str:
    return "".join(map(_turn_piece, PARTED.split(text)))


def _turn_piece(text: str) -> str:
    for latin, cyrillic in DIGRAPHS.items():
        text = text.replace(latin, cyrillic)
        text = text.replace(latin.capitalize(), cyrillic.upper())
        text = text.replace(latin.upper(), cyrillic.upper())
    return text.translate(
        str.maketrans(
            {
                **LETTERS,
                **{a.upper(): b.upper() for a, b in LETTERS.items()},
            }
        )
    )


def cyrillic_files() -> Iterator[tuple[Path, str]]:
    """Each file of the Cyrillic folder that is made from a Latin one, and what belongs in it."""
    latin = LANGUAGES / LATIN
    ways = {
        "routing.toml": turn_reasons,
        "countries.toml": turn_reasons,
        "keywords.toml": turn_reasons,
        "letters.po": turn_catalogue,
        "console.po": turn_catalogue,
        "partners.po": turn_catalogue,
        **{
            f"letters/{path.name}": turn_letter
            for path in sorted((latin / "letters").glob("*.txt"))
        },
    }
    for name, turn in ways.items():
        text = (latin / name).read_text("utf-8")
        yield LANGUAGES / CYRILLIC / name, turn(text)


def main(arguments: list[str]) -> int:
    stale = [
        (path, text)
        for path, text in cyrillic_files()
        if not path.is_file() or path.read_text("utf-8") != text
    ]
    if "--check" in arguments:
        for path, _ in stale:
            print(
                f"{path.name}: run scripts/write_cyrillic.py", file=sys.stderr
            )
        return 1 if stale else 0
    for path, text in stale:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
