"""What is kept of a page: enough to tell whether it is the same page later, nothing to read.

The simhash (Charikar 2002) of the visible text lets availability compare a page with a provider's
known error pages: pages that say almost the same differ in few of its 64 bits.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

import numpy as np
from selectolax.lexbor import LexborHTMLParser

from triage.fetching.report import PageFacts

_WORD = re.compile(r"\w+")
_MAX_WORDS = 20_000
_MAX_CHARACTERS = _MAX_WORDS * 12
_SHINGLE = 3
_BITS = 64
_BYTES = 8
_MOST_MARKS = 30
_JOINER = "\u034f"
_UNSEEN = ["script", "style", "noscript", "template", "head"]
_SIGN_IN = re.compile(
    r"log[-_ ]?in|sign[-_ ]?in|authenticat|/auth\b", re.IGNORECASE
)
_LOGIN_FIELDS = (
    "input[type=password i], "
    "input[autocomplete=current-password i], input[autocomplete=webauthn i]"
)


def make_simhash(text: str) -> str:
    """64 bits as 16 hex digits over three-word shingles; zeros for a text without words."""
    # Full-width letters and ligatures are the same words to a reader.
    plain = normalize_letters(text[:_MAX_CHARACTERS])
    # A page that differs only after so many words is the same page.
    words = _WORD.findall(plain.casefold())[:_MAX_WORDS]
    if not words:
        return "0" * (_BITS // 4)
    count = max(1, len(words) - _SHINGLE + 1)
    digests = []
    for start in range(count):
        end = start + _SHINGLE
        shingle = " ".join(words[start:end])
        digest = hashlib.blake2b(shingle.encode(), digest_size=_BYTES)
        digests.append(digest.digest())
    joined = b"".join(digests)
    every_bit = np.unpackbits(np.frombuffer(joined, dtype=np.uint8))
    bits = every_bit.reshape(-1, _BITS)
    votes = bits.sum(axis=0, dtype=np.int64)
    # A bit says what most shingles say, so a changed word moves few of them.
    majority = votes * 2 > count
    return np.packbits(majority).tobytes().hex()


def normalize_letters(text: str) -> str:
    """In Unicode's compatible form; linear also where marks stand on marks without an end."""
    if text.isascii():
        return text
    pieces = []
    run = 0
    for letter in text:
        run = run + 1 if unicodedata.combining(letter) else 0
        # Sorting a run of marks costs the square of its length, so that a run
        # is broken as Unicode's Stream-Safe Text Format breaks it (UAX #15,
        # 13): no writing has more on one letter.
        if run > _MOST_MARKS:
            pieces.append(_JOINER)
            run = 1
        pieces.append(letter)
    return unicodedata.normalize("NFKC", "".join(pieces))


def facts_of_text(text: str) -> PageFacts:
    """Facts of a plain-text answer."""
    return PageFacts(
        title_hash=None,
        text_simhash=make_simhash(text),
        text_length=len(text.strip()),
        links=0,
        login_form=False,
    )


def facts_of_page(tree: LexborHTMLParser) -> PageFacts:
    """Facts of a parsed page. Changes ``tree``: what is not shown is removed from it."""
    # All that is asked of the head comes first: below, the head is stripped.
    title_hash = _hash_title(tree)
    links = len(tree.css("a[href]"))
    login_form = _has_login_form(tree)
    styles = len(tree.css("link[rel~=stylesheet i][href]"))
    scripts = len(tree.css("script:not([type*=json i])"))
    tree.strip_tags(_UNSEEN, recursive=True)
    text = ""
    if tree.body:
        written = tree.body.text(separator=" ")
        text = " ".join(written.split())
    return PageFacts(
        title_hash=title_hash,
        text_simhash=make_simhash(text),
        text_length=len(text),
        links=links,
        login_form=login_form,
        styles=styles,
        scripts=scripts,
    )


def _hash_title(tree: LexborHTMLParser) -> str | None:
    node = tree.css_first("head title, title")
    written = node.text() if node else ""
    title = " ".join(written.split())
    if not title:
        return None
    plain = title.casefold().encode("utf-8", "replace")
    return hashlib.sha256(plain).hexdigest()


def _has_login_form(tree: LexborHTMLParser) -> bool:
    """A field for a password or passkey, or a form that says it signs somebody in."""
    if tree.css_first(_LOGIN_FIELDS):
        return True
    for form in tree.css("form"):
        action = form.attributes.get("action") or ""
        name = form.attributes.get("id") or ""
        signs_in = _SIGN_IN.search(f"{action} {name}")
        if signs_in and form.css_first("input"):
            return True
    return False
