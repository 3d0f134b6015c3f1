"""What a report may say, and in which shape. The form and every API read through this one model."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    model_validator,
)
from pydantic.config import JsonDict

from hotline.core.datafiles.shapes import parse_shape
from hotline.core.errors import InvalidInput
from hotline.core.language.said_time import ISO_TIME, SaidTime, read_said_time
from hotline.intake.registry.answer_values import Answered
from hotline.intake.registry.contact_terms import NO_TERMS, ContactTerms
from hotline.intake.registry.kinds import ReportKind
from hotline.intake.registry.questions import Answer, Answers, is_urgent
from hotline.intake.registry.vocabulary import ReporterRole
from hotline.intake.values import Listed, clean_text

__all__ = [
    "MAX_CONTACT",
    "MAX_LOCATION",
    "MAX_LOCATIONS",
    "MAX_NARRATIVE",
    "MAX_OF_PARTNER",
    "VISIBLE",
    "Information",
    "Submission",
    "clean_text",
    "read_information",
    "read_partner_submission",
    "read_submission",
]
MAX_LOCATIONS = 50
MAX_OF_PARTNER = 500
"""What the public sends stays readable at a glance; of one account a CyberTipline report may name
hundreds of places, and is one report and one case all the same."""
MAX_LOCATION = 4_000
MAX_NARRATIVE = 20_000
MAX_CONTACT = 300

# For the OpenAPI document: what is more than nothing once it is cleaned.
VISIBLE = (
    r"[^\u0000-\u0020\u007F-\u00A0\u1680\u2000-\u200A"
    r"\u2028-\u202F\u205F\u2066-\u2069\u3000\uFEFF]"
)


def _require_text(text: str) -> str:
    """For ``AfterValidator``, like ``clean``: lengths are checked first, on what was sent."""
    cleaned = clean_text(text)
    if not cleaned:
        raise ValueError("is empty")
    return cleaned


def _normal_time(text: str) -> str:
    return read_said_time(text).text if text else ""


Location = Annotated[
    str,
    Field(
        max_length=MAX_LOCATION,
        examples=["https://example.test/page"],
        json_schema_extra={"pattern": VISIBLE},
    ),
    AfterValidator(_require_text),
]


_SOMETHING: JsonDict = {
    "anyOf": [
        {
            "required": ["locations"],
            "properties": {"locations": {"minItems": 1}},
        },
        {
            "required": ["narrative"],
            "properties": {"narrative": {"pattern": VISIBLE}},
        },
    ]
}


class Submission(BaseModel):
    """One report as its reporter gives it. A location is any text: a malformed URL is one too."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        # Errors get into logs, and must not take a reporter's words along.
        hide_input_in_errors=True,
        json_schema_extra=_SOMETHING,
    )

    locations: Annotated[
        list[Location],
        Field(
            max_length=MAX_LOCATIONS,
            description="Where it is: URLs, accounts, telephone numbers, hashes, as text.",
        ),
    ] = []
    narrative: Annotated[
        str, Field(max_length=MAX_NARRATIVE), AfterValidator(clean_text)
    ] = ""
    kind: Annotated[ReportKind, Listed()] = ReportKind.UNKNOWN
    reporter_role: Annotated[ReporterRole, Listed()] = ReporterRole.UNKNOWN
    danger_now: Annotated[
        bool, Field(description="A child is in danger right now.")
    ] = False
    own_material: Annotated[
        bool, Field(description="It shows the reporter.")
    ] = False
    contact: Annotated[
        str,
        Field(
            max_length=MAX_CONTACT,
            description="To ask back; may be empty. Who else may get it, contact_terms say.",
        ),
        AfterValidator(clean_text),
    ] = ""
    contact_terms: ContactTerms = NO_TERMS
    answers: Annotated[
        Answers,
        Answered(),
        Field(
            description="What the questions of a kind ask for; each may be left out."
        ),
    ] = {}
    language: Annotated[
        str,
        Field(
            pattern="^([a-z]{2,3}(-[A-Z][a-z]{3})?)?$",
            description="Of the text, e.g. sr-Latn.",
        ),
    ] = ""

    seen_at: Annotated[
        str,
        Field(
            pattern=f"^({ISO_TIME})?$",
            description="When it was seen or used, in ISO 8601. Without a zone it stays without"
            " one: it is not taken for UTC.",
            examples=["2026-11-01T22:15:00+01:00"],
        ),
        AfterValidator(_normal_time),
    ] = ""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.locations and not self.narrative:
            raise ValueError("give at least one location or a narrative")
        return self

    @property
    def distinct_locations(self) -> list[str]:
        """The locations in their order, each once."""
        # Each place becomes a part: the same twice would be looked at twice.
        return list(dict.fromkeys(self.locations))

    @property
    def time_presses(self) -> bool:
        """Whether somebody must look at it before others, short of danger right now."""
        return is_urgent(
            self.answers, child_in_contact=self.kind.row.child_in_contact
        )

    def says_child_elsewhere(self, home: str) -> bool:
        """Whether another country than ``home`` was given as the child's; which stays sealed."""
        return self.answers.get(Answer.CHILD_COUNTRY, home) != home

    @property
    def seen(self) -> SaidTime | None:
        """When it was seen or used, as far as that was said."""
        return SaidTime(self.seen_at) if self.seen_at else None


class PartnerSubmission(Submission):
    """A report as an organisation hands it over, in a file or a letter."""

    locations: Annotated[list[Location], Field(max_length=MAX_OF_PARTNER)] = []


class Information(BaseModel):
    """What a reporter adds later."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True
    )

    text: Annotated[
        str, Field(max_length=MAX_NARRATIVE), AfterValidator(_require_text)
    ]


def read_submission(data: object) -> Submission:
    """``data`` as a submission; raises ``InvalidInput`` with a JSON pointer for each fault."""
    _refuse_half_characters(data)
    return parse_shape(Submission, data)


def read_partner_submission(data: object) -> PartnerSubmission:
    """As ``read_submission``, with as many locations as an organisation's report may have."""
    _refuse_half_characters(data)
    return parse_shape(PartnerSubmission, data)


def read_information(data: object) -> Information:
    _refuse_half_characters(data)
    return parse_shape(Information, data)


def _refuse_half_characters(data: object, pointer: str = "") -> None:
    """A lone surrogate (JSON can smuggle one in) is half a character: no encoder takes it."""
    if isinstance(data, str):
        try:
            data.encode()
        except UnicodeEncodeError:
            reason = "holds half of a character (a lone surrogate)"
            raise InvalidInput(
                f"{pointer or '/'}: {reason}.", fields={pointer: reason}
            ) from None
    elif isinstance(data, dict):
        for name, value in data.items():
            _refuse_half_characters(name, pointer)
            _refuse_half_characters(
                value,
                f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}",
            )
    elif isinstance(data, list):
        for number, value in enumerate(data):
            _refuse_half_characters(value, f"{pointer}/{number}")
