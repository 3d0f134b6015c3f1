"""Records out of a JSON file of any size, one at a time.

The standard library reads JSON whole or not at all; hash lists have hundreds of megabytes. This
walks the outer objects key by key and decodes each record of the arrays in them by itself, so that
memory holds one record and one block.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

from hotline.core.errors import InvalidInput

BLOCK = 1 << 18
LARGEST = 1 << 20
"""Characters of one record; more is no record of a hash list."""
# Commas as well: where records end is known from the records. This also reads
# JSON lines and files that were joined.
_SPACE = re.compile(r"[\s,\ufeff]*")
_DECODER = json.JSONDecoder()

JsonObject = Mapping[str, object]
"""An object of a list owner's file; each format looks for the names that it knows."""
Record = tuple[int, JsonObject]
"""The line that a record begins on, and its content."""


Walks = Callable[[JsonObject], bool]


class JsonStream:
    """Raises InvalidInput, with the line, where the file is not JSON or ends too early."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decode = codecs.getincrementaldecoder("utf-8")("replace")
        self._text = ""
        self._at = 0
        self._line = 1
        self._counted = 0
        self._ended = False

    def records(
        self, arrays: frozenset[str], walks: Walks = lambda _: False
    ) -> Iterator[Record]:
        """Every object at the top or, where it has arrays called one of ``arrays``, their elements;
        what is no object in them comes as an empty one.

        ``walks`` says of an outer object, by what came before its array, whether the elements of
        that array are outer objects in their turn; one level deep.
        """
        while mark := self._peek_character():
            if mark == "[":
                yield from self._read_elements(arrays, None)
            elif mark == "{":
                yield from self._read_object(arrays, walks)
            else:
                raise self._broken_json()

    def _read_object(
        self, arrays: frozenset[str], walks: Walks | None
    ) -> Iterator[Record]:
        line, outer = self._current_line(), False
        own: dict[str, object] = {}
        self._at += 1
        while (mark := self._peek_character()) != "}":
            if mark != '"':
                raise self._broken_json()
            name = self._read_value()
            if self._peek_character() != ":":
                raise self._broken_json()
            self._at += 1
            if name in arrays and self._peek_character() == "[":
                outer = True
                inner: Walks | None = (
                    (lambda _: False) if walks and walks(own) else None
                )
                yield from self._read_elements(arrays, inner)
            else:
                self._peek_character()
                own[name] = self._read_value()
        self._at += 1
        # What holds an array of records is their wrapping and no record.
        if not outer:
            yield line, own

    def _read_elements(
        self, arrays: frozenset[str], walks: Walks | None
    ) -> Iterator[Record]:
        """The elements of an array; they are walked where ``walks`` is given."""
        self._at += 1
        while (mark := self._peek_character()) != "]":
            if not mark:
                raise self._broken_json()
            if walks is not None and mark == "{":
                yield from self._read_object(arrays, walks)
                continue
            line, value = self._current_line(), self._read_value()
            yield line, value if isinstance(value, dict) else {}
        self._at += 1

    def _peek_character(self) -> str:
        """The next character that says something; "" at the end."""
        while True:
            space = _SPACE.match(self._text, self._at)
            self._at = space.end() if space else self._at
            # Nothing but space was left: the next block decides.
            if self._at < len(self._text):
                return self._text[self._at]
            if self._ended:
                return ""
            self._read_block(BLOCK)

    def _read_value(self) -> Any:
        """Decode one value, reading on while it is not complete."""
        size = BLOCK
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            # JSON nested deep enough exhausts Python's stack, not its grammar.
            except (ValueError, RecursionError) as error:
                if self._ended or len(self._text) - self._at > LARGEST:
                    raise self._broken_json() from error
            else:
                if end < len(self._text) or self._ended:
                    self._at = end
                    return value
            # Also after a number at the end of a block: it may go on.
            self._read_block(size)
            # Doubled, since each try decodes the record from its first letter
            # again.
            size *= 2

    def _read_block(self, size: int) -> None:
        """Read on, and let go of what has been used."""
        # Counted before the text is let go of.
        self._current_line()
        block = self._stream.read(size)
        self._ended = not block
        self._text = self._text[self._at :] + self._decode.decode(
            block, final=not block
        )
        self._at = self._counted = 0

    def _current_line(self) -> int:
        """The line that is being read."""
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def _broken_json(self) -> InvalidInput:
        return InvalidInput(
            f"Line {self._current_line()}: the JSON is broken or ends too early.",
            hint="Get the file again.",
        )
