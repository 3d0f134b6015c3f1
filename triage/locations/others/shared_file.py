"""The name and size of a file in a sharing network, as a location of it keeps them.

Neither is identity: whoever shares a file may call it anything. But its name is what police search
for, and eD2k asks for its size as well as its hash.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, unquote_plus

LONGEST_NAME = 300
"""Characters of a name as links spell it."""

_ED2K_FILE = re.compile(r"ed2k://\|file\|([^|]*)\|(\d*)\|")
_NO_NAME = "-"
# What would end the name, or the link, where it is read from a text again.
_SPELLED = re.compile(r"[%<>\"\x00-\x1f\x7f\ue000]")


@dataclass(frozen=True, slots=True)
class SharedFile:
    """``name`` is "" and ``size`` (bytes) None where the link did not have it."""

    name: str
    size: int | None


def read_shared_file(canonical: str) -> SharedFile | None:
    """Of a location of kind ``ed2k`` or ``magnet``; None where it names no file."""
    if match := _ED2K_FILE.match(canonical):
        name = "" if match[1] == _NO_NAME else unquote(match[1])
        return _file_of(name, match[2])
    if canonical.startswith("magnet:?"):
        return read_magnet_file(canonical)
    return None


def read_magnet_file(link: str) -> SharedFile | None:
    """What a magnet link says of its file: ``dn``, its name, and ``xl``, its length."""
    values: dict[str, str] = {}
    for piece in link.partition("?")[2].split("&"):
        name, _, value = piece.removeprefix("amp;").partition("=")
        values.setdefault(name.lower(), value)
    return _file_of(unquote_plus(values.get("dn", "")), values.get("xl", ""))


def _file_of(name: str, size: str) -> SharedFile | None:
    is_size = size.isascii() and size.isdigit() and len(size) <= 15
    file = SharedFile(name.strip(), int(size) if is_size else None)
    return file if file.name or file.size is not None else None


def spell_ed2k_name(name: str) -> str:
    """``name`` as it stands in a link, which can be read from a text again; "-" for none."""
    # A bar parts the link, spelled as "%7C" as well, so that no name of the
    # network has one.
    name = name.replace("|", "_").strip()
    spelled = _SPELLED.sub(lambda mark: quote(mark[0], safe=""), name)
    if len(spelled) > LONGEST_NAME:
        # No letter is spelled with more than nine characters.
        return spell_ed2k_name(name[: LONGEST_NAME // 9])
    return spelled or _NO_NAME


def spell_magnet_file(file: SharedFile | None) -> str:
    """The end of a magnet link that says ``file``; "" where there is nothing to say."""
    if file is None:
        return ""
    name = quote(file.name[:LONGEST_NAME], safe="")
    size = "" if file.size is None else str(file.size)
    return (f"&dn={name}" if name else "") + (f"&xl={size}" if size else "")
