"""Words as they are looked for: without case and accents, in Python and in PostgreSQL alike."""

from __future__ import annotations

import re

from hotline.core.language.folding import fold_letters

_WORD = re.compile(r"\w+")
_BLOCKS = (range(0xC0, 0x180), range(0x400, 0x460))
"""Latin letters with accents, and Cyrillic: what the languages of the Balkans are written in."""


def fold(text: str) -> str:
    """The words of ``text`` with a space between; letters without case, and without accents."""
    return " ".join(_WORD.findall(fold_letters(text)))


def _list_folded() -> tuple[str, str]:
    """Letters that ``fold`` changes to one other, and these."""
    pairs = [
        (chr(number), fold(chr(number)))
        for block in _BLOCKS
        for number in block
    ]
    changed = [pair for pair in pairs if pair[0] != pair[1] != ""]
    single = [pair for pair in changed if len(pair[1]) == 1]
    return "".join(a for a, _ in single), "".join(b for _, b in single)


LETTERS, PLAIN = _list_folded()


def words_of(reason: str) -> str:
    """SQL of PostgreSQL: what the index of words is made of, and a question is put to."""
    letters, plain = f"'{LETTERS}'::text", f"'{PLAIN}'::text"
    folded = f"translate(lower({reason}), {letters}, {plain})"
    return f"to_tsvector('simple'::regconfig, {folded})"
