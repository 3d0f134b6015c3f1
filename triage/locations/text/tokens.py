"""Running text cut into the addresses that stand in it, and the reverse: spelling that survives it.

``settle_url`` closes the circle: a canonical form reads back as itself, whatever its path holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from triage.locations.text.markup import decode_markup, end_address, find_cut
from triage.locations.text.repair import refang_text, replace_odd_characters
from triage.locations.web.percent import shield_url

ORDINARY = re.compile(
    r"https?://(?:[a-z0-9\-_]+\.)*[a-z0-9\-_]*[a-z0-9](?::\d{1,5})?"
    r"(?:[/?#](?:[a-z0-9\-._~!$&*+=@/%?#]*[a-z0-9\-_~$&*+=/%#])?)?",
    re.ASCII | re.IGNORECASE,
)
"""An address in which there is nothing to repair and nothing else to find."""

FOREIGN = re.compile(
    r"(?i)(?:data|magnet|ed2k|blob|file|content|about|chrome):"
)
"""What is looked for before web addresses are, and so must not stand in a canonical one."""

_TOKEN = re.compile(r"[^\s<>\"“”„«»‹›`\ue000]+")
_BREAKS = re.compile(r"[\t\n\r\f\v\x85\u2028\u2029]+")
_SCHEME = re.compile(
    r"(?i)(?:view-source:)?(?P<scheme>https?(?=:[/\\])"
    r"|(?<![a-z0-9+.\-])(?:ftps?|sftp|wss?|rtsp|rtmp|gopher|gemini|mms)(?=:[/\\]))"
)
_BEGINS = re.compile(
    r"(?i)[<(\[\"']?(?:h(?:tt|xx)ps?|ftp):[/\\]|[<(\[\"']?www\."
)
_EMPTY_LINE = re.compile(r"\n\r?\n")
_LONGEST_HOST = 600
_FOLDED = re.compile(
    r"(?i)<(?:URL:)?[ \t]{0,3}(?P<address>(?:h(?:tt|xx)ps?|ftp)://[^\s<>]{1,600}"
    r"(?:[ \t]{0,3}\r?\n[ \t>]{0,10}[^\s<>]{1,600}){1,20})[ \t]{0,3}>"
)
"""An address in angle brackets that goes on over lines (RFC 3986, appendix C)."""
_FOLD = re.compile(r"[ \t]*\r?\n[ \t>]*")


def repair_text(text: str) -> tuple[str, list[str]]:
    """Repaired text and the codes of what was repaired; ``text`` has been scrubbed."""
    whole, problems = replace_odd_characters(text)
    if "\n" in whole and "<" in whole:
        unfolded = _FOLDED.sub(_unfold, whole)
        if unfolded != whole:
            whole, problems = unfolded, [*problems, "whitespace_removed"]
    whole, noticed = refang_text(decode_markup(whole))
    return whole, problems + noticed


def _unfold(match: re.Match[str]) -> str:
    return f"<{_FOLD.sub('', match['address'])}>"


@dataclass(frozen=True, slots=True)
class WrittenAddress:
    """An address as it stands in a text; ``cut`` is the code of what may have cut it, or ""."""

    start: int
    text: str
    cut: str


def find_web_addresses(text: str) -> Iterator[WrittenAddress]:
    """Every address with a scheme, without the sentence's punctuation and the mark-up's."""
    for match in _TOKEN.finditer(text):
        token, place = match[0], match.start()
        if ":" not in token:
            continue
        starts = _find_starts(token)
        before = text[place - 1 : place]
        for begin, end in zip(starts, [*starts[1:], len(token)], strict=False):
            piece = end_address(token, begin, end, before)
            if piece:
                start = place + begin
                cut = find_cut(text, start, start + len(piece))
                yield WrittenAddress(start, piece, cut)


def _find_starts(token: str) -> list[int]:
    """Where addresses begin: one that follows ``/``, ``=``, ``?``… is inside another one.

    One that follows a letter was pasted without a space: ``Linkhttps://…``, ``…/1https://…``.
    """
    starts: list[int] = []
    for match in _SCHEME.finditer(token):
        at = match.start("scheme")
        before = token[match.start() - 1]
        if (
            not starts
            or before in ",;|()[]{}'"
            or (before.isalnum() and not _follows_encoded(token, at))
        ):
            starts.append(at)
    return starts


def _follows_encoded(token: str, at: int) -> bool:
    """Whether what stands before is a percent-encoded character, as in ``?u=%20https://…``."""
    return token[max(at - 3, 0) : max(at - 2, 0)] == "%"


def settle_url(url: str) -> str:
    """``url``, spelt so that it is read back from running text as itself."""
    if ORDINARY.fullmatch(url):
        return url
    return url if _reads_back(url) else shield_url(url)


def _reads_back(url: str) -> bool:
    return (
        repair_text(url)[0] == url
        and [address.text for address in find_web_addresses(url)] == [url]
        and FOREIGN.search(url) is None
    )


def join_breaks(text: str, stands_alone: Callable[[str], bool]) -> str | None:
    """A single web address that a mail program or a hurried hand broke over lines, made whole.

    None where the text is something else: it has spaces or an empty line, does not begin as an
    address, or what follows a break could stand by itself after one that is complete.
    """
    pieces = [piece for piece in _BREAKS.split(text) if piece]
    if len(pieces) < 2 or " " in text or _EMPTY_LINE.search(text):
        return None
    if not _BEGINS.match("".join(pieces)[:200]):
        return None
    whole = pieces[0]
    parts = [whole]
    for piece in pieces[1:]:
        if _BEGINS.match(piece) or (
            stands_alone(piece) and stands_alone(whole)
        ):
            return None
        parts.append(piece)
        # Only its host is asked about; to join on would cost the square of the
        # pieces.
        whole = whole if len(whole) > _LONGEST_HOST else whole + piece
    return "".join(parts)
