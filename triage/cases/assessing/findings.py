"""What a person finds out about a case: whether a match is right, and facts of the people."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, select
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
    match = session.scalar(
        select(MediaMatch).where(
            MediaMatch.id == match_id, _is_at_items_of(case)
        )
    )
    if match is None:
        raise NotFound(phrase("There is no such match."))
    return match


def _is_at_items_of(case: Case) -> ColumnElement[bool]:
    return exists().where(
        and_(
            ItemMedia.media_id == MediaMatch.media_id,
            ItemMedia.item_id.in_(item_ids_of(case.id)),
        )
    )


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


def matches_of_picture(
    session: Session, case: Case, media_id: uuid.UUID
) -> list[MediaMatch]:
    """All matches of a file that was seen at an item of this case; ``NotFound`` without any."""
    query = select(MediaMatch).where(
        MediaMatch.media_id == media_id, _is_at_items_of(case)
    )
    # Always in the same order, as rows that two people change at once have to
    # be locked.
    matches = list(session.scalars(query.order_by(MediaMatch.id)))
    if not matches:
        raise NotFound(phrase("There is no such match."))
    return matches


def decide_picture(
    act: Act, case: Case, media_id: uuid.UUID, decision: str
) -> None:
    """One word on a picture is a word on each of its matches: a person judges what is shown, and
    not each hash of it. A single match can still be decided otherwise afterwards."""
    lock_case(act.session, case.id)
    for match in matches_of_picture(act.session, case, media_id):
        # The log shall not say again what was said before.
        if match.decision != decision:
            decide_match(act, case, match, decision)


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
    # It raises where a value is none that the rules know.
    Facts.from_json(facts)
    lock_case(act.session, case.id)
    # An empty field of the form is "not known", and no fact.
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
