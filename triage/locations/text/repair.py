"""Repair of what people paste, in linear time: every pattern here has bounded repeats.

The libraries that do this are quadratic (50,000 opening brackets kept one busy for minutes), and
an intake form is open to everybody.
"""

from __future__ import annotations

import re

from triage.locations.text.spoken import AT_WORDS, DOT_WORDS, SLASH_WORDS

_FULL_WIDTH = {0xFF01 + offset: 0x21 + offset for offset in range(94)} | {
    0x3000: 0x20,  # ideographic space
    0x3002: 0x2E,  # ideographic full stop
    0xFF61: 0x2E,  # its half-width form
}
_INVISIBLE = dict.fromkeys(
    [
        *(c for c in range(0x20) if chr(c) not in "\t\n\r\f\v"),
        *range(0x7F, 0x85),
        *range(0x86, 0xA0),
        0x00AD,  # soft hyphen
        0x034F,
        0x061C,
        0x180E,
        *range(0x200B, 0x2010),
        *range(0x202A, 0x202F),
        *range(0x2060, 0x2070),
        0xFEFF,
    ]
)
_HAS_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")

_OPEN, _CLOSE = r"[\[({<]{1,2}", r"[\])}>]{1,2}"
# A word stands for a dot only between letters or digits: "Foo_(dot)" is the name of a page.
_DOT = re.compile(
    rf"(?i)[ \t]{{0,2}}{_OPEN}[ \t]?\.[ \t]?{_CLOSE}(?:[ \t]{{0,2}}(?=\w))?"
    rf"|(?<=[^\W_])[ \t]{{0,2}}{_OPEN}[ \t]?(?:,(?=.\w)|{DOT_WORDS})[ \t]?{_CLOSE}"
    r"[ \t]{0,2}(?=[^\W_])"
)
_HALF_DOT = re.compile(r"(?<=\w)(?:\[\.(?=\w[\w-]*[./])|\.\](?=\w))")
_AT = re.compile(
    rf"(?i)[ \t]{{0,2}}{_OPEN}[ \t]?(?:@|{AT_WORDS})[ \t]?{_CLOSE}[ \t]{{0,2}}"
)
_PUNCTUATION = re.compile(
    rf"(?i){_OPEN}(?:(?P<plain>://|:/?|//?)|(?P<slash>{SLASH_WORDS})|colon){_CLOSE}"
)
_PLURAL = re.compile(r"(?i)\b(h(?:tt|xx)p)[\[(](s)[\])](?=:)")
_BRACKETED_SCHEME = re.compile(r"(?i)[\[(](h(?:tt|xx)ps?://)[\])](?=\w)")
_WEB_HOST = re.compile(r"(?i)(?<=[tx]p://|[px]s://)[^\s/?#\"]{1,300}")
# Between two "l" the middle dot is Catalan and may stand in a name (RFC 5892,
# A.3).
_ODD_DOT = re.compile(r"(?i)\\\.|[•․‧∙⋅]|(?<!l)·|·(?!l)")
_DEFANGED_SCHEME = re.compile(
    r"(?i)(?<![a-z0-9/=?&%])h(?:xx|tx|xt|\*\*|__|##)p(s?)(?=:[/\\])"
)
_BROKEN_SCHEME = re.compile(
    r"(?i)(?<![a-z0-9/=?&%])(https?)(?:[;.,]|:;)?//(?=[\w\[])"
)
_DOUBLED_SCHEME = re.compile(
    r"(?i)(?<![a-z0-9/=?&%])https?:?/{0,2}(?=https?:?//)"
)
_BARE_SCHEME = re.compile(
    r"(?i)(?<![a-z0-9/=?&%:])(https?):(?=(?:[a-z0-9-]{1,63}\.){1,10}[a-z][a-z0-9-]{1,62}(?:[/?#:]|$))"
)
_SPACED_SCHEME = re.compile(
    r"(?i)(?<![a-z0-9/=?&%])(https?) {0,2}: {0,2}// {0,2}(?=[\w\[])"
)

_TRAILING = frozenset(".,;:!?'\"|…·。，、！？；：\\")
_PAIRS = {")": "(", "]": "[", "}": "{"}


def scrub_text(text: str) -> str:
    """Text that every database and every encoder takes: no lone surrogates, no NUL."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            # Two halves that belong together become their character again; a
            # lone one is replaced.
            text = text.encode("utf-16", "surrogatepass").decode(
                "utf-16", "replace"
            )
    return text.replace("\0", "") if "\0" in text else text


def replace_odd_characters(text: str) -> tuple[str, list[str]]:
    """Without invisible characters, with full-width ones in their plain form; and the codes."""
    problems: list[str] = []
    if not text.isascii():
        visible = text.translate(_INVISIBLE)
        wide = visible.translate(_FULL_WIDTH)
        if len(visible) != len(text):
            problems.append("invisible_removed")
        if wide != visible:
            problems.append("full_width")
        return wide, problems
    if _HAS_CONTROL.search(text):
        return text.translate(_INVISIBLE), ["invisible_removed"]
    return text, problems


def refang_text(text: str) -> tuple[str, list[str]]:
    """``hxxp``, ``[.]``, ``(dot)``, ``[:]//``, ``(at)`` and misspelt schemes made whole again."""
    problems: list[str] = []
    # JSON may spell a slash with a backslash before it.
    fixed = _undo_brackets(text.replace("\\/", "/"))
    fixed = _DEFANGED_SCHEME.sub(r"http\1", fixed)
    if not fixed.isascii() or "\\." in fixed or "_dot_" in fixed:
        fixed = _WEB_HOST.sub(_mend_dots, fixed)
    if fixed != text:
        problems.append("defanged")
    if "//" in fixed or "http" in fixed:
        mended = _BROKEN_SCHEME.sub(r"\1://", _DOUBLED_SCHEME.sub("", fixed))
        mended = _BARE_SCHEME.sub(
            r"\1://", _SPACED_SCHEME.sub(r"\1://", mended)
        )
        if mended != fixed:
            problems.append("broken_scheme")
        fixed = mended
    return fixed, problems


def _undo_brackets(text: str) -> str:
    # Most texts hold none, and one glance is quicker than all the patterns.
    if not any(mark in text for mark in "[({<"):
        return _HALF_DOT.sub(".", text) if ".]" in text else text
    fixed = _PUNCTUATION.sub(_spell_punctuation, _PLURAL.sub(r"\1\2", text))
    if "/]" in fixed or "/)" in fixed:
        fixed = _BRACKETED_SCHEME.sub(r"\1", fixed)
    fixed = _DOT.sub(".", fixed)
    if "[." in fixed or ".]" in fixed:
        fixed = _HALF_DOT.sub(".", fixed)
    if "://" not in fixed:
        # In a path "(at)" may be a name; an e-mail address has no scheme before it.
        fixed = _AT.sub("@", fixed)
    return fixed


def _spell_punctuation(match: re.Match[str]) -> str:
    return match["plain"] or ("/" if match["slash"] else ":")


def _mend_dots(match: re.Match[str]) -> str:
    """A host with other marks for its dots; "_dot_" only where it has no dot at all."""
    host = _ODD_DOT.sub(".", match[0])
    return host if "." in host else host.replace("_dot_", ".")


def trim_end(token: str) -> str:
    """Without the punctuation around it; a closing bracket that has its partner stays."""
    end = len(token)
    # Counted once: anew at each bracket it would cost the square of them.
    surplus = {
        close: token.count(close) - token.count(start)
        for close, start in _PAIRS.items()
    }
    while end:
        last = token[end - 1]
        if last in _PAIRS:
            if surplus[last] <= 0:
                break
            surplus[last] -= 1
        elif last not in _TRAILING:
            break
        end -= 1
    return token[:end]
