"""How people write of accounts and numbers, brought into the form that the scanner reads.

In the words of the region a platform takes the endings of a noun, a name stands before it or a few
words behind it, and a number right behind its label.
"""

from __future__ import annotations

import re
from functools import cache

from triage.locations.catalogue_values import Catalogue

_MARKED = r"@[\w.-]{1,39}\w"
_NAME = rf"(?:{_MARKED}|(?=[a-z-]{{0,40}}[\d_.])(?=[\d_.-]{{0,40}}[a-z])\w[\w.-]{{0,39}}\w)"
"""With an @, a digit, a dot or an underscore in it: a plain word is no handle."""
_SURE_NAME = rf"(?:{_MARKED}|[a-z_](?=[a-z._-]{{0,39}}[\d_])[\w.-]{{0,39}}\w)"
"""For where nothing says that a name follows: there, a dot may be a space that is missing."""
_NAME_ENDS = r"(?![\w@]|://|\.\w+/)"
_CALLED = (
    r"(?:as|named|called|by the name|under the name|with the name"
    r"|me emrin|me emër|me emer|me nofkën|me nofken|si|quhet"
    r"|pod imenom|sa imenom|kao|zove se|se zove"
    r"|под именом|са именом|као|зове се|се зове"
    r"|под името|со името|со име|како|се вика)"
)
"""What stands between a platform and how somebody is called there, in the region's languages."""
_ENDING = r"(?:-?(?:om|ot|in|it|un|u|a|e|n|ом|от|у|а|е))?(?![\w-])"
"""Of a noun: ``Instagramu``, ``Snapchat-in``, ``Инстаграмот``."""
_AT = r"(?:on|in|at|via|në|ne|na|на|u|у|sa|са|со|od|од|nga)\s{1,3}"
_QUOTE = r"[\"'«„“”(]?"
_MOST_BETWEEN = 4

_GLUED_NUMBER = re.compile(
    r"(?<=[^\W\d_]{2})([.:])(?=(?:\+|0)\d[\d ()/-]{5,20}\d)"
)


def spell_plainly(text: str, catalogue: Catalogue) -> str:
    """``text`` with each account as ``Snapchat: name``, and no number glued to its label."""
    text = _GLUED_NUMBER.sub(r"\1 ", text)
    return _accounts_of(_words_of(catalogue)).sub(_spell_account, text)


def spell_platform(text: str, catalogue: Catalogue) -> str:
    """The platform's own word, where ``text`` is its name in a sentence; else ``text`` itself."""
    named = _platform_of(_words_of(catalogue)).fullmatch(text)
    return named[1] if named else text


def _words_of(catalogue: Catalogue) -> tuple[str, ...]:
    return tuple(
        word
        for platform in catalogue.platforms.values()
        if platform.handle is not None
        for word in platform.handle.words
    )


def _spell_account(match: re.Match[str]) -> str:
    where, name = (part for part in match.groups() if part is not None)
    # Only in one of the ways is the name in front.
    if match["before"] is not None:
        where, name = name, where
    return f"{where}: {name}"


@cache
def _platform_of(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(
        rf"(?:{_AT})?({_alternatives(words)}){_ENDING}", re.IGNORECASE
    )


def _alternatives(words: tuple[str, ...]) -> str:
    # Of "X" and "Xbox" the longer one is meant where it fits.
    longest_first = sorted(words, key=len, reverse=True)
    return "|".join(re.escape(word) for word in longest_first)


@cache
def _accounts_of(words: tuple[str, ...]) -> re.Pattern[str]:
    """Every way of naming an account beside one of these platforms; the first that fits is taken.

    Right behind a platform, a name belongs to it. Further away it does not where another platform
    is nearer, or follows the name: "on Snapchat and as @wolf on Instagram".
    """
    names = _alternatives(words)
    where = rf"(?<![\w@./-])({names}){_ENDING}"
    word = rf",?\s{{1,3}}(?!(?:{names}){_ENDING})[^\W\d_]{{1,30}}"
    return re.compile(
        rf"(?<![\w@./-])(?P<before>{_NAME}){_NAME_ENDS}\s{{1,3}}{_AT}{where}"
        rf"|{where},?\s{{1,3}}{_CALLED}\s{{1,3}}{_QUOTE}({_NAME}){_NAME_ENDS}"
        rf"|{where}[,:]?\s{{1,3}}{_QUOTE}({_SURE_NAME}){_NAME_ENDS}"
        rf"|{where}(?:{word}){{1,{_MOST_BETWEEN}}},?:?\s{{1,3}}{_QUOTE}({_SURE_NAME})"
        rf"{_NAME_ENDS}(?!\s{{1,3}}{_AT}(?:{names}){_ENDING})",
        re.IGNORECASE,
    )
