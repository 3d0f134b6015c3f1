"""The closed vocabularies of known-hash lists. Their values are what the database holds."""

from __future__ import annotations

from enum import StrEnum


class HashKind(StrEnum):
    """How a hash was made. The first three are exact, the others survive small changes."""

    MD5 = "md5"
    SHA1 = "sha1"
    SHA256 = "sha256"
    PDQ = "pdq"
    PHASH = "phash"
    PHOTODNA = "photodna"


EXACT = (HashKind.MD5, HashKind.SHA1, HashKind.SHA256)
"""Two files with such a hash in common are one and the same."""


REMOTE_KIND = "remote"
"""The kind of an entry that stands for a match on a list that stays with its owner: it holds the
owner's reference and no hash."""


class ListClass(StrEnum):
    """What a list says of a file on it."""

    BASELINE = "baseline"
    """Illegal wherever the INHOPE network works: the international baseline."""
    NATIONAL = "national"
    """Illegal in the list owner's country."""
    LISTED = "listed"
    """On the list, without a word on why."""


class MatchDecision(StrEnum):
    """An analyst's word on a match."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    DISCONFIRMED = "disconfirmed"
