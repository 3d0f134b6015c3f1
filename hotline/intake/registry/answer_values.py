"""What answers to the questions of a kind may be: one reader for the form, the API and CSV."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from hotline.intake.registry.questions import (
    OLDEST_CHILD,
    Answer,
    Answers,
    Shape,
)
from hotline.intake.values import clean_line

MAX_ANSWER = 200
_COUNTRY = "^[A-Z]{2}$"
_AGE = "^([0-9]|1[0-7])$"
assert OLDEST_CHILD == 17  # the pattern says so too


class Answered:
    """A mapping of answers, as an object with a field for each; the OpenAPI document lists them."""

    def __get_pydantic_core_schema__(
        self, mapping: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        del mapping, handler  # the registry says what the fields are
        fields = {
            answer.value: core_schema.typed_dict_field(
                _schema_of(answer),
                required=False,
                metadata={
                    "pydantic_js_updates": {"description": answer.row.console}
                },
            )
            for answer in Answer
        }
        shape = core_schema.typed_dict_schema(fields, extra_behavior="forbid")
        return core_schema.no_info_after_validator_function(_keep_said, shape)


def keep_possible(said: Mapping[Answer, str]) -> dict[Answer, str]:
    """Of what another's document says, what can be an answer; the rest stands in its words."""
    return {
        answer: value
        for answer, text in said.items()
        if (value := clean_line(text)) and _is_possible(answer, value)
    }


def possible_answers(fields: Mapping[str, str]) -> Answers:
    """Of a form's fields, named as the answers are, what can be an answer."""
    return keep_possible(
        {answer: fields.get(answer.value, "") for answer in Answer}
    )


def _is_possible(answer: Answer, value: str) -> bool:
    row = answer.row
    if row.choices is not None:
        return value in set(row.choices)
    if row.shape is Shape.AGE:
        return re.fullmatch(_AGE, value) is not None
    if row.shape is Shape.COUNTRY:
        return re.fullmatch(_COUNTRY, value) is not None
    return len(value) <= MAX_ANSWER


def _schema_of(answer: Answer) -> CoreSchema:
    row = answer.row
    if row.choices is not None:
        return core_schema.literal_schema(
            [choice.value for choice in row.choices]
        )
    if row.shape is Shape.AGE:
        return core_schema.str_schema(pattern=_AGE)
    if row.shape is Shape.COUNTRY:
        # The list of countries takes long to load, and the form offers nothing else.
        return core_schema.str_schema(pattern=_COUNTRY)
    return core_schema.no_info_after_validator_function(
        clean_line, core_schema.str_schema(max_length=MAX_ANSWER)
    )


def _keep_said(values: Mapping[str, str]) -> Answers:
    """What was answered, in the order of the registry; white space is no answer."""
    return {answer: values[answer] for answer in Answer if values.get(answer)}
