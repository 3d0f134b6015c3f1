"""Lists that may not leave their owner: the owner is told some hashes and says which it knows.

    POST {"hashes": [{"kind": "pdq", "value": "f8f8…"}, …]}
    200  {"matches": [{"kind": "pdq", "value": "f8f8…", "reference": "2026/17", "distance": 4,
                       "category": "A1"}, …]}

``kind`` and ``value`` of a match are those that were sent; ``distance`` is in bits (0 if left out)
and ``category``, the owner's own label, may be left out. The owner's hash is never asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from hotline.core.datafiles import files
from hotline.core.errors import InvalidInput, Misconfigured, Unavailable
from triage.hashlists.kinds import ListClass
from triage.hashlists.owners.endpoint import ask, checked_url

FILE = "remote_lists.toml"
LARGEST_ANSWER = 1 << 20
Kind = Literal["md5", "sha1", "sha256", "pdq", "phash"]
Sent = tuple[str, str]
"""(kind, value in hexadecimal)"""


class RemoteList(BaseModel):
    """One entry of ``remote_lists.toml``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=80)
    url: str
    kinds: tuple[Kind, ...] = Field(min_length=1)
    token_file: str = Field("", pattern=r"^[\w.-]*$")
    timeout_seconds: float = Field(10.0, gt=0, le=120)
    default_class: ListClass = ListClass.LISTED
    source: str = Field("", max_length=200)
    licence: str = ""

    @field_validator("url")
    @classmethod
    def _url(cls, value: str) -> str:
        try:
            return checked_url(value)
        except InvalidInput as error:
            raise ValueError(str(error)) from None


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    list: tuple[RemoteList, ...] = ()


class Answer(BaseModel):
    """One known hash at its owner's: which of ours it met, and how the owner calls it."""

    kind: Kind
    value: str
    reference: str = Field(min_length=1, max_length=120)
    distance: int = Field(0, ge=0, le=31)
    category: str | None = Field(None, max_length=80)


class _Answers(BaseModel):
    matches: tuple[Answer, ...] = Field(max_length=1_000)


class HashMatcher(Protocol):
    """The seam: whoever knows hashes that we do not have."""

    def match(self, hashes: Sequence[Sent]) -> Sequence[Answer]: ...


class RemoteMatcher:
    """An owner's HTTP endpoint."""

    def __init__(self, remote: RemoteList, token: str = "") -> None:
        self._remote = remote
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def match(self, hashes: Sequence[Sent]) -> Sequence[Answer]:
        """Raises Unavailable where the owner gave no usable answer, else what ``ask`` raises."""
        question = {
            "hashes": [{"kind": kind, "value": value} for kind, value in hashes]
        }
        with httpx.Client(
            timeout=self._remote.timeout_seconds,
            follow_redirects=False,
            trust_env=False,
        ) as client:
            body = ask(
                client,
                "POST",
                self._remote.url,
                limit=LARGEST_ANSWER,
                json=question,
                headers=self._headers,
            )
        try:
            answers = _Answers.model_validate_json(body).matches
        except ValidationError:
            raise Unavailable(
                f"The owner of {self._remote.name} answered in no known form."
            ) from None
        if not {(one.kind, one.value) for one in answers} <= set(hashes):
            raise Unavailable(
                f"The owner of {self._remote.name} answered what was not asked."
            )
        return answers


def load_remote_lists(data_dir: Path | None = None) -> tuple[RemoteList, ...]:
    """The lists to ask for. Raises Misconfigured with every fault."""
    raw: dict[str, Any] = files.read_toml("triage.hashlists", FILE, data_dir)
    try:
        lists = _File.model_validate(raw).list
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}"
            for fault in error.errors(include_input=False, include_url=False)
        )
        raise Misconfigured(f"Data file {FILE}: {faults}.") from None
    if len({one.name for one in lists}) < len(lists):
        raise Misconfigured(f"Data file {FILE}: two lists have one name.")
    return lists
