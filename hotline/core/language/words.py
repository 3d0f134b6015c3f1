"""Marks for sentences that are written in one place and translated in another.

A table of plain values (a registry, a pure module) cannot translate: it knows no visitor. It
holds the English sentence, marked for whoever collects what has to be translated, and the page
that shows it asks the catalogue. ::

    words = public_words("Abuse that is shown live")    # here: the English sentence itself
    gettext(words)                                      # on a page: in the visitor's language
"""

from __future__ import annotations


def public_words(english: str) -> str:
    """A sentence of the public pages; every language of the public catalogues translates it."""
    return english


def console_words(english: str) -> str:
    """A sentence of the pages for staff, who are spoken to in fewer languages."""
    return english
