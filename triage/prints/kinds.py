"""Which fingerprints can be looked for, and how near they are."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from enum import StrEnum

Distances = Mapping[uuid.UUID, int]
"""What was met, with how many bits differ; 0 is the same."""


class PrintKind(StrEnum):
    """The fingerprints that are kept of every file that is seen, so that they can be compared."""

    MD5 = "md5"
    SHA1 = "sha1"
    SHA256 = "sha256"
    PDQ = "pdq"
