"""The match on which the service itself told the police, as it was when the referral was made."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Self

from triage.hashlists.models import MediaMatch


@dataclass(frozen=True, slots=True)
class Evidence:
    """``entry`` is the list owner's name for it; ``share``: of a film's frames."""

    list: str
    entry: str
    hash: str
    distance: int
    quality: int | None
    share: float | None
    matched_at: str

    @classmethod
    def of_match(cls, match: MediaMatch) -> Self:
        return cls(
            list=match.hash_list.name,
            entry=match.entry.entry_ref or str(match.entry_id),
            hash=match.kind,
            distance=match.distance,
            quality=match.quality,
            share=match.share,
            matched_at=match.at.isoformat(),
        )

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
