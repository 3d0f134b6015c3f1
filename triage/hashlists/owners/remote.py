"""Lists that may not leave their owner: the owner is told some hashes and says which it knows.

    POST {"hashes": [{"kind": "pdq", "value": "f8f8…"}, …]}
    200  {"matches": [{"kind": "pdq", "value": "f8f8…", "reference": "2026/17", "distance": 4,
                       "category": "A1"}, …]}

``kind`` and ``value`` of a match are those that were sent; ``distance`` is in bits (0 if left out)
and ``category``, the owner's own label, may be left out. The owner's hash is never asked for.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal, Protocol

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
)

from hotline.core.datafiles import files
from hotline.core.datafiles.shapes import parse_file
from hotline.core.errors import InvalidInput, Misconfigured, Unavailable
from hotline.core.network.client import GuardedClient, with_own_machine
from hotline.core.network.resolve import Reach
from triage.hashlists.kinds import ListClass
from triage.hashlists.owners.endpoint import body_of, checked_url

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
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    """Private networks in which the owner's server may stand."""
    # A bare name in the secrets directory, and no path out of it.
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

    def __init__(self, remote: RemoteList, token: str, reach: Reach) -> None:
        self._remote = remote
        own = with_own_machine(reach, remote.url)
        networks = (str(network) for network in remote.networks)
        # For this owner alone: that one list stands in a private network opens
        # it to nobody else.
        self._reach = replace(
            own, allowed_networks=(*own.allowed_networks, *networks)
        )
        self._headers = {"Content-Type": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"

    def match(self, hashes: Sequence[Sent]) -> Sequence[Answer]:
        """Raises Unavailable where the owner gave no usable answer, else as ``body_of``."""
        question = {
            "hashes": [
                {"kind": kind, "value": value} for kind, value in hashes
            ]
        }
        sent = json.dumps(question).encode()
        with GuardedClient(
            self._reach,
            seconds=self._remote.timeout_seconds,
            most_bytes=LARGEST_ANSWER,
        ) as client:
            reply = client.post(self._remote.url, sent, headers=self._headers)
        body = body_of(reply, limit=LARGEST_ANSWER)
        try:
            answers = _Answers.model_validate_json(body).matches
        except ValidationError:
            raise Unavailable(
                f"The owner of {self._remote.name} answered in no known form."
            ) from None
        # Whatever else it says would be kept as a match of this file.
        if not {(answer.kind, answer.value) for answer in answers} <= set(
            hashes
        ):
            raise Unavailable(
                f"The owner of {self._remote.name} answered what was not asked."
            )
        return answers


def load_remote_lists(data_dir: Path | None = None) -> tuple[RemoteList, ...]:
    """The lists to ask for. Raises Misconfigured with every fault."""
    table = files.read_toml("triage.hashlists", FILE, data_dir)
    lists = parse_file(_File, FILE, table).list
    # Answers are stored under the name of the list.
    if len({remote.name for remote in lists}) < len(lists):
        raise Misconfigured(f"Data file {FILE}: two lists have one name.")
    return lists
