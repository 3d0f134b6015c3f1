"""What a referral rests on: the items it is about, and a match on which the service acted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Self

from partners.referrals.routes import PlannedRoute
from triage.cases.models import Case, CaseItem
from triage.hashlists.models import MediaMatch


@dataclass(frozen=True, slots=True)
class Evidence:
    """The match on which the service itself told the police, as it was then.

    ``entry`` is the list owner's name for it; ``share``: of a film's frames.
    """

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

    def to_json(self) -> dict[str, object]:
        return asdict(self)


def items_told(case: Case, planned: PlannedRoute | None) -> Sequence[CaseItem]:
    """The located items of the case that the addressee of this route is told of."""
    if planned is None or not planned.item_ids:
        return case.located
    return [
        place for place in case.located if place.item_id in planned.item_ids
    ]
