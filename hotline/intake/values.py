"""The values that a report's fields hold: text without what nobody types, and listed words."""

from __future__ import annotations

from enum import StrEnum

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

LONGEST_REASON = 500
# What nobody types: C0 and C1 controls other than tab and line feed, and the marks that make text
# read backwards on an analyst's screen. All else stays as it was typed: it may be evidence.
_UNTYPED = dict.fromkeys(
    [
        *(code for code in range(0x20) if code not in (0x09, 0x0A)),
        *range(0x7F, 0xA0),
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
        0xFEFF,
    ]
)


def clean_text(text: str) -> str:
    """``text`` with plain line ends and without untyped characters and outer white space."""
    return (
        text.replace("\r\n", "\n")
        .replace("\r", "\n")
        .translate(_UNTYPED)
        .strip()
    )


def clean_line(text: str) -> str:
    """As ``clean_text``, on one line and with single spaces."""
    return " ".join(clean_text(text).split())


def clean_reason(text: str, longest: int = LONGEST_REASON) -> str:
    """Why somebody decides something, as it is kept: on one line, and cut where it is too long."""
    return clean_line(text)[:longest]


class Listed:
    """A vocabulary whose values the OpenAPI document lists where they are used."""

    def __get_pydantic_core_schema__(
        self, vocabulary: type[StrEnum], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Read a value as text, and make it a member of its vocabulary."""
        del handler  # it would put each vocabulary into a schema of its own
        values = core_schema.literal_schema(
            [member.value for member in vocabulary]
        )
        return core_schema.no_info_after_validator_function(vocabulary, values)
