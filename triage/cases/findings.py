"""What a person finds out about a case: whether a match is right, and facts of the people."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import and_, exists, select
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.errors import InvalidInput, NotFound, phrase
from triage.cases.locking import lock_case
from triage.cases.models import Case
from triage.cases.places import item_ids_of
from triage.hashlists.kinds import MatchDecision
from triage.hashlists.models import MediaMatch
from triage.items.models import ItemMedia
from triage.jurisdiction import Facts

# Facts that only a person can know; the others are found out or follow from the assessment.
PERSONS_FACTS = ("generated_in", "victim", "suspect")


def match_of(session: Session, case: Case, match_id: uuid.UUID) -> MediaMatch:
    """A match of a file that was seen at an item of this case; ``NotFound`` for any other."""
    at_its_items = exists().where(
        and_(
            ItemMedia.media_id == MediaMatch.media_id,
            ItemMedia.item_id.in_(item_ids_of(case.id)),
        )
    )
    match = session.scalar(
        select(MediaMatch).where(MediaMatch.id == match_id, at_its_items)
    )
    if match is None:
        raise NotFound(phrase("There is no such match."))
    return match


def decide_match(
    act: Act, case: Case, match: MediaMatch, decision: str
) -> None:
    """An analyst's word on a match, said on the page of ``case``: ``confirmed`` or
    ``disconfirmed``. It can be changed."""
    if decision not in (MatchDecision.CONFIRMED, MatchDecision.DISCONFIRMED):
        raise InvalidInput(
            phrase("A match is confirmed or disconfirmed."),
            fields={"/decision": "is not possible"},
        )
    lock_case(act.session, case.id)
    match.decision = decision
    match.decided_by, match.decided_at = act.actor, act.now
    act.record(
        f"match.{decision}",
        "media_match",
        match.id,
        hash_list=str(match.list_id),
        media=str(match.media_id),
    )


def set_facts(act: Act, case: Case, facts: Mapping[str, Any]) -> None:
    """What a person found out about victim and suspect; what is left out is unknown again.

    The log says which facts changed, not what they are.
    """
    strange = [name for name in facts if name not in PERSONS_FACTS]
    if strange:
        raise InvalidInput(
            phrase("These facts are not set by hand."),
            fields={f"/{name}": "unknown" for name in strange},
        )
    Facts.from_json(facts)
    lock_case(act.session, case.id)
    kept = {name: value for name, value in facts.items() if value}
    changed = sorted(
        n for n in {*kept, *case.facts} if kept.get(n) != case.facts.get(n)
    )
    case.facts = kept
    act.record(
        "case.facts_set",
        "case",
        case.id,
        case=case.reference,
        changed=changed,
    )
