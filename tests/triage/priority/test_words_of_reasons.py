"""Why a case stands where it stands is said in every language of the console."""

from __future__ import annotations

from dataclasses import fields

import pytest

from hotline.core.language.languages import CONSOLE, SOURCE, load_languages
from triage.jurisdiction import load_rules
from triage.priority import Weight

SPOKEN = [
    code
    for code, language in load_languages().items()
    if language.find(CONSOLE) is not None
]


@pytest.mark.parametrize("code", SPOKEN)
def test_every_reason_is_said_in_each_language(code: str) -> None:
    weights = load_rules(None).weights
    reasons = [
        value.why
        for field in fields(weights)
        if isinstance(value := getattr(weights, field.name), Weight)
    ]
    assert len(reasons) > 10
    for why in reasons:
        assert why.get(code) and why[code] != why[SOURCE]
