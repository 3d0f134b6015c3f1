"""What a reporter allows us to do with the contact: who may get it, by which way, and when.

A contact is for asking back. Whoever wants more than that says so, and can say it in three taps:
nothing here is needed to send a report. A message at the wrong moment may be read by the wrong
person, so the way and the time travel with the contact wherever it goes.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from hotline.intake.registry.vocabulary import ContactReader, ContactWay
from hotline.intake.values import Listed, clean_text

MAX_SAFE_TIME = 200


class ContactTerms(BaseModel):
    """Nothing allowed and nothing said, where a report says nothing about it."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True
    )

    pass_to: Annotated[
        list[Annotated[ContactReader, Listed()]],
        Field(
            max_length=len(ContactReader),
            description="Who may be given the contact; nobody, where the list is empty.",
        ),
    ] = []
    way: Annotated[ContactWay, Listed()] = ContactWay.ANY
    safe_time: Annotated[
        str,
        Field(
            max_length=MAX_SAFE_TIME,
            description="When it is safe to get in touch, in the reporter's words.",
        ),
        AfterValidator(clean_text),
    ] = ""

    @property
    def says_something(self) -> bool:
        return self != NO_TERMS

    def allows(self, reader: str) -> bool:
        """Whether ``reader``, the addressee of a route, may be given the contact."""
        return reader in self.pass_to

    @property
    def sealed_text(self) -> str:
        """As it is sealed at rest; "" where nothing was said."""
        return self.model_dump_json() if self.says_something else ""


NO_TERMS = ContactTerms()


def read_terms(text: str) -> ContactTerms:
    """What ``sealed_text`` wrote."""
    return ContactTerms.model_validate_json(text) if text else NO_TERMS
