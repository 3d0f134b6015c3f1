"""Addresses spelt as they are spoken: ``bad dot example slash x``, ``bad . example / x``.

Words of running text must not become an address, so a spaced dot or a word for one counts only
behind a scheme or ``www``, or where the text is nothing else and goes on behind the host. Nor
is a host that is complete ever made longer.
"""

from __future__ import annotations

import re
from collections.abc import Callable

DOT_WORDS = "dot|d0t|punkt|punto|nokta|tačka|tacka|točka|tocka|тачка|точка|pikë|pike|pika"
AT_WORDS = "at|et|majmun|majmunče|мајмун|мајмунче"
SLASH_WORDS = "slash|sleš|slesh|слеш"

_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_RUN = rf"{_LABEL}(?:\.{_LABEL}){{0,6}}"
_GAP = rf"(?: {{1,2}}(?:\.|(?:{DOT_WORDS})(?!\w)) {{0,2}}|\. {{1,2}})"
_SPACED_HOST = rf"{_RUN}(?:{_GAP}{_RUN}){{1,6}}"
_BEHIND_SCHEME = re.compile(
    rf"(?i)(?<![\w.])(?P<before>https?://|(?=www(?:\.|{_GAP})))(?P<host>{_SPACED_HOST})"
)
_ALONE = re.compile(
    rf"(?i)\s*(?P<host>{_SPACED_HOST})(?P<port>:\d{{1,5}})?"
    rf"(?P<rest> {{0,2}}(?:/| (?:{SLASH_WORDS}) ).{{1,500}})"
)
_MAIL = re.compile(
    rf"(?i)\s*(?P<local>[\w.+-]{{1,64}}) {{1,2}}(?:@|{AT_WORDS}) {{1,2}}(?P<host>{_SPACED_HOST})\s*"
)
_GAPS = re.compile(rf"(?i){_GAP}")
_SLASHES = re.compile(rf"(?i) {{0,2}}(?:/| (?:{SLASH_WORDS}) ) {{0,2}}")
_SPACED_SCHEME = re.compile(r"(?i)^(\s*https?) {0,2}: {0,2}/ {0,2}/ {0,2}")
_LONGEST_ALONE = 600
_ONION = re.compile(r"(?<![\w.])([a-z2-7]{56}|[a-z2-7]{16}) \.?onion(?!\w)")

Complete = Callable[[str], bool]
"""Whether a host ends as hosts do."""


def join_spoken_address(text: str, is_complete: Complete) -> str:
    """``text`` with each such address in its usual spelling; itself where there is none."""
    if " " not in text:
        return text
    if "onion" in text:
        text = _ONION.sub(r"\1.onion", text)
    is_short = len(text) <= _LONGEST_ALONE and "\n" not in text
    if is_short and (match := _SPACED_SCHEME.match(text)):
        start = f"{match[1]}://"
        text = start + _SLASHES.sub("/", text[match.end() :])
    # Most texts have none, and the patterns below are slow to find that out.
    if _GAPS.search(text) is None:
        return text

    def join_behind_scheme(match: re.Match[str]) -> str:
        joined = _join_host(match["host"], is_complete)
        return f"{match['before']}{joined}" if joined else match[0]

    text = _BEHIND_SCHEME.sub(join_behind_scheme, text)
    return _join_alone(text, is_complete) if is_short else text


def _join_alone(text: str, is_complete: Complete) -> str:
    """A text that is one address without a scheme, or one of e-mail."""
    if match := _MAIL.fullmatch(text):
        host = _GAPS.sub(".", match["host"])
        return f"{match['local']}@{host}" if is_complete(host) else text
    if match := _ALONE.fullmatch(text):
        host = _GAPS.sub(".", match["host"])
        if is_complete(host):
            rest = _SLASHES.sub("/", match["rest"])
            return f"{host}{match['port'] or ''}{rest}"
    return text


def _join_host(spaced: str, is_complete: Complete) -> str | None:
    """The longest beginning that is a host, joined, and what is behind it; None if none is."""
    ends = [match.start() for match in _GAPS.finditer(spaced)]
    if is_complete(spaced[: ends[0]]):
        return None
    for end in reversed([*ends[1:], len(spaced)]):
        host = _GAPS.sub(".", spaced[:end])
        # A word with a capital behind a full stop begins a sentence.
        if is_complete(host) and not host.rpartition(".")[2][:1].isupper():
            return host + spaced[end:]
    return None
