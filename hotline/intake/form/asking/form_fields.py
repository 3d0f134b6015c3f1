"""The report form: its fields as text, their way to a submission, and the guard against robots."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from datetime import timedelta
from functools import lru_cache

from flask_babel import LazyString
from itsdangerous import BadData, TimestampSigner

from hotline.core.context import Context, utc_now
from hotline.core.errors import InvalidInput
from hotline.intake.flood.proof import MAX_LENGTH
from hotline.intake.form import wording
from hotline.intake.form.asking.typed_time import read_typed_time
from hotline.intake.registry.questions import Answer
from hotline.intake.registry.vocabulary import (
    ContactReader,
    ContactWay,
    ReporterRole,
)
from hotline.intake.submission import Submission, clean_text, read_submission

FIELDS = (
    "locations",
    "kind",
    "seen_at",
    "seen_zone",
    "reporter_role",
    "own_material",
    "danger_now",
    *Answer,
    "narrative",
    "contact",
    "contact_way",
    "safe_time",
    *(f"pass_to_{reader}" for reader in ContactReader),
)
TRAP = "website"
"""A field that people do not see; what fills it in is a robot."""
PROOF = "proof"
"""The solution of a proof of work, which the script fills in."""
SUPPORTED = "supported"
"""Stands in a form on one page whose writer has been shown where to find help."""
MAX_AGE = timedelta(hours=24)
"""As long as the key of a submission is remembered; an older form is asked to be sent again."""


def values_of(form: Mapping[str, str]) -> dict[str, str]:
    """What was typed, field by field, for showing it again."""
    # Browsers send every line end as two characters; the limits count what the person typed.
    return {name: form.get(name, "").replace("\r\n", "\n") for name in FIELDS}


def values_with_age(form: Mapping[str, str]) -> dict[str, str]:
    """The same of any page: the one of first help sends an age in place of a role."""
    values = values_of(form)
    if form.get("age") == "child":
        values["reporter_role"] = ReporterRole.CHILD_SELF
    return values


def proof_in(form: Mapping[str, str]) -> dict[str, str]:
    """The proof of work that came with a page, for the draft; nothing where there is none."""
    solution = form.get(PROOF, "")
    return {PROOF: solution} if 0 < len(solution) <= MAX_LENGTH else {}


def submission_of(
    values: Mapping[str, str], language: str, home_zone: str
) -> Submission:
    """Raises ``InvalidInput`` like every reader of submissions.

    ``home_zone`` is the hotline's own, e.g. "Europe/Tirane".
    """
    return read_submission(
        {
            "locations": locations_of(values["locations"]),
            "kind": values["kind"] or "unknown",
            "reporter_role": values["reporter_role"] or "unknown",
            "danger_now": values["danger_now"] == "yes",
            "own_material": values["own_material"] == "yes",
            "narrative": values["narrative"],
            "contact": values["contact"],
            "contact_terms": _contact_terms_of(values),
            "answers": {
                answer.value: values[answer].strip()
                for answer in Answer
                if values[answer].strip()
            },
            "language": language,
            "seen_at": _seen_at_of(values, home_zone),
        }
    )


def _contact_terms_of(values: Mapping[str, str]) -> dict[str, object]:
    """Nothing about a contact that was taken out again."""
    if not values["contact"].strip():
        return {}
    allowed = [
        reader.value
        for reader in ContactReader
        if values[f"pass_to_{reader}"] == "yes"
    ]
    return {
        "pass_to": allowed,
        "way": values["contact_way"] or ContactWay.ANY.value,
        "safe_time": values["safe_time"],
    }


def _seen_at_of(values: Mapping[str, str], home_zone: str) -> str:
    """As a submission has it; what is no time stays as it was typed, and is refused there."""
    typed = values["seen_at"]
    try:
        said = read_typed_time(typed, values["seen_zone"], home_zone)
    # So that the fault is said beside the field like all others.
    except ValueError:
        return typed
    return said.text if said is not None else ""


def faults_in(
    values: Mapping[str, str], fields: Collection[str]
) -> dict[str, LazyString]:
    """The faults of some fields alone; whether anything was said at all is asked at the end."""
    alone = {name: values[name] if name in fields else "" for name in FIELDS}
    for name in ("narrative", "contact"):
        # A report that says nothing is refused as a whole, and how somebody is reached is read
        # where there is a contact alone.
        if not alone[name].strip():
            alone[name] = "-"
    try:
        submission_of(alone, "", "UTC")
    except InvalidInput as error:
        return faults_of(error)
    return {}


def locations_of(text: str) -> list[str]:
    """One location a line; empty lines are none."""
    return [line for line in clean_text(text).split("\n") if clean_text(line)]


def faults_of(error: InvalidInput) -> dict[str, LazyString]:
    """Field -> words for the person who typed it."""
    faults: dict[str, LazyString] = {}
    for pointer in error.fields:
        field = _field_at(pointer)
        if not field:
            faults["locations"] = wording.FAULTS["nothing"]
        else:
            faults[field] = wording.FAULTS.get(field, wording.FAULTS["choice"])
    return faults


def _field_at(pointer: str) -> str:
    """The form's field for a place in a submission; "" for the submission as a whole."""
    steps = [*pointer.split("/"), ""]
    if steps[1] == "answers":
        return steps[2]
    if steps[1] == "contact_terms":
        return "contact_way" if steps[2] == "way" else steps[2]
    return steps[1]


def new_form_id(context: Context) -> str:
    """A signed, timed, random id: the key under which the form's submission is stored once."""
    return _form_signer(context).sign(secrets.token_urlsafe(16)).decode()


def age_of(context: Context, form_id: str) -> timedelta | None:
    """How long ago the form was given out; None if it is not ours or too old."""
    try:
        _, issued = _form_signer(context).unsign(
            form_id,
            max_age=int(MAX_AGE.total_seconds()),
            return_timestamp=True,
        )
    # Forged and too old are one answer: the page is shown again with a new
    # number.
    except BadData:
        return None
    return utc_now() - issued


def key_of_form(context: Context, form_id: str) -> bytes:
    """The key that signed ``form_id``; the one in use where none of ours did."""
    keys = context.keyring.keys_of("sessions")
    signed = (key for key in keys if _signer_with((key,)).validate(form_id))
    return next(signed, keys[0])


def _form_signer(context: Context) -> TimestampSigner:
    # The last one signs, each of them may have signed.
    return _signer_with(context.keyring.keys_of("sessions")[::-1])


@lru_cache(maxsize=16)
def _signer_with(keys: tuple[bytes, ...]) -> TimestampSigner:
    return TimestampSigner(keys, salt="intake.form")
