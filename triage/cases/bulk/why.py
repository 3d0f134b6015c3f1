"""Why a case of an act was left, as it is stored: a sentence, and below it the values it takes."""

from __future__ import annotations

import json

from hotline.core.errors import HotlineError

LONGEST = 300
"""As long as the column."""


def write_refusal(refusal: HotlineError) -> str:
    """So that each reader has it in their language, with the office or kind that it names."""
    if not refusal.values:
        return refusal.template[:LONGEST]
    values = json.dumps(refusal.values, ensure_ascii=False, sort_keys=True)
    stored = f"{refusal.template}\n{values}"
    # Rather in English than cut in the middle of a name.
    return stored if len(stored) <= LONGEST else refusal.message[:LONGEST]


def read_refusal(stored: str) -> HotlineError:
    """What ``write_refusal`` wrote; an effect that was foreseen is such a sentence, too."""
    template, _, values = stored.partition("\n")
    return HotlineError(template, values=json.loads(values or "{}"))
