"""Letters without case and accents: how words are compared that people type in many ways."""

from __future__ import annotations

import unicodedata


def fold_letters(text: str) -> str:
    """ "Durrës" -> "durres". What is no mark on a letter stays: a "đ" is a letter of its own."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(
        letter for letter in letters if not unicodedata.combining(letter)
    )
