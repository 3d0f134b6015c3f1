"""Media that a page names in JSON-LD (schema.org), for whoever reads pages by machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_LD_KEYS = frozenset({"contentUrl", "thumbnailUrl", "image", "thumbnail"})
_LD_MEDIA = frozenset({"ImageObject", "VideoObject", "Photograph", "Clip"})
_MAX_SCRIPT = 1_000_000
_MAX_VALUES = 10_000


def json_ld_urls(text: str) -> Iterator[str]:
    """Addresses of media in a JSON-LD block (schema.org); broken blocks name none."""
    try:
        value: Any = json.loads(text[:_MAX_SCRIPT])
    # Brackets that nest without an end are valid JSON, and too much for it.
    except (ValueError, RecursionError):
        return
    waiting = [_Value("", value, in_media=False)]
    # By a list and not by recursion, which depth alone could end.
    for _ in range(_MAX_VALUES):
        if not waiting:
            return
        entry = waiting.pop()
        if isinstance(entry.value, str):
            if entry.is_address():
                yield entry.value
        else:
            # From the last to the first, since the last in line is taken next.
            waiting += reversed(entry.list_inner())


@dataclass(frozen=True, slots=True)
class _Value:
    """A value of a JSON-LD block. ``in_media``: it describes a picture or a video."""

    key: str
    value: Any
    in_media: bool

    def is_address(self) -> bool:
        if self.key in _LD_KEYS:
            return True
        return self.in_media and self.key in ("url", "embedUrl")

    def list_inner(self) -> list[_Value]:
        if isinstance(self.value, list):
            return [
                _Value(self.key, each, self.in_media) for each in self.value
            ]
        if not isinstance(self.value, dict):
            return []
        kind = self.value.get("@type")
        # A page may write a list or an object here, which a set cannot be
        # asked for.
        inside = self.key in _LD_KEYS or kind in tuple(_LD_MEDIA)
        return [
            _Value(name, each, inside) for name, each in self.value.items()
        ]
