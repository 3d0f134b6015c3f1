"""What the API takes and answers beside a submission; the OpenAPI document is made from these."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from hotline.intake.submission import MAX_NARRATIVE, VISIBLE

RECEIPT_EXAMPLE = "K7QM-3D9X-0ABC-HJ2P-W5TZ"
Receipt = Annotated[str, Field(max_length=100, examples=[RECEIPT_EXAMPLE])]


class _Strict(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True
    )


class ReceiptQuery(_Strict):
    receipt: Receipt
    language: Annotated[
        str,
        Field(
            description="In which of the hotline's languages places are told of; else in the"
            " first of them.",
            max_length=20,
            examples=["en"],
        ),
    ] = ""


class InformationRequest(_Strict):
    receipt: Receipt
    text: Annotated[
        str,
        Field(
            min_length=1,
            max_length=MAX_NARRATIVE,
            json_schema_extra={"pattern": VISIBLE},
        ),
    ]


class ReceiptAnswer(_Strict):
    """Whoever holds the receipt can read the state; it can't be shown again."""

    receipt: Annotated[str, Field(examples=[RECEIPT_EXAMPLE])]
    id: Annotated[
        uuid.UUID,
        Field(description="What webhooks call the report. It opens nothing."),
    ]


State = Literal[
    "received",
    "in_review",
    "passed_on",
    "removed",
    "not_illegal",
    "closed",
    "set_aside",
]


class PartAnswer(_Strict):
    position: int
    state: State
    since: datetime


class SayingAnswer(_Strict):
    code: Annotated[str, Field(examples=["passed_on"])]
    text: Annotated[
        str,
        Field(description="The sentence that the page of the receipt has."),
    ]


class PlaceAnswer(_Strict):
    """What became of one place that the report names, as its reporter may know."""

    name: Annotated[
        str,
        Field(
            description="In short: enough for who reported it to know it again; empty for what"
            " was told in words, and while nobody has looked at it."
        ),
    ]
    in_words: bool
    says: list[SayingAnswer]
    since: datetime
    news_from: Annotated[
        datetime | None,
        Field(description="From when on there can be more to tell."),
    ]


class MessageAnswer(_Strict):
    at: datetime
    author: Literal["reporter", "hotline"]
    text: str


class StatusAnswer(_Strict):
    received_at: datetime
    held: Annotated[
        bool,
        Field(
            description="It came in a flood and waits until a person has seen to it."
        ),
    ]
    parts: list[PartAnswer]
    places: list[PlaceAnswer]
    messages: list[MessageAnswer]


class StateChange(_Strict):
    """A page can come back, so a state too: ``since`` tells which word is the last."""

    report: Annotated[
        uuid.UUID,
        Field(description="The id that the report was answered with."),
    ]
    part: Annotated[
        int,
        Field(description="Position of the location in the report, from 1."),
    ]
    state: State
    since: datetime


class StateMessage(_Strict):
    type: Literal["report.state_changed"]
    timestamp: datetime
    data: StateChange


_Hex = Annotated[str, Field(pattern="^([0-9a-f]{2})+$")]


class ChallengeParameters(_Strict):
    """Find the counter, from 0 upwards, for which the derived key begins with ``keyPrefix``.

    Password: the bytes of ``nonce`` and the counter as four bytes, most significant first.
    """

    algorithm: Literal["PBKDF2/SHA-256"]
    cost: Annotated[int, Field(description="Rounds of PBKDF2.")]
    keyLength: Annotated[int, Field(description="Bytes of the derived key.")]  # noqa: N815
    keyPrefix: _Hex  # noqa: N815
    keySignature: _Hex  # noqa: N815
    nonce: _Hex
    salt: _Hex
    expiresAt: Annotated[int, Field(description="Seconds since 1970.")]  # noqa: N815


class Challenge(_Strict):
    """Version 2 of ALTCHA (altcha.org); its libraries for many languages solve it."""

    parameters: ChallengeParameters
    signature: _Hex


class FieldFault(_Strict):
    pointer: Annotated[
        str, Field(description="JSON pointer (RFC 6901) into the body.")
    ]
    detail: str


class Problem(BaseModel):
    """RFC 9457."""

    model_config = ConfigDict(extra="forbid")
    type: str
    title: str
    status: int
    detail: str | None = None
    errors: list[FieldFault] | None = None
