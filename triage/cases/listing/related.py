"""Cases that may belong together, each with why. A person decides; nothing is merged by machine."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache

from sqlalchemy import (
    BindParameter,
    CompoundSelect,
    Select,
    and_,
    bindparam,
    func,
    literal,
    select,
    union,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from hotline.intake.models import Report, ReportMention, ReportPart
from hotline.intake.registry.vocabulary import Channel
from hotline.intake.submission import MAX_LOCATIONS, MAX_OF_PARTNER
from triage.cases.models import Case, CaseItem
from triage.cases.people.models import CaseIdentifier
from triage.cases.places import ANY_CASE, item_ids_of
from triage.cases.vocabulary import CaseState
from triage.fingerprints.model import MATCHABLE_QUALITY
from triage.items.models import Item, ItemMedia, Sighting
from triage.media.models import Media
from triage.media.near import MOST_PICTURES, find_near_pictures
from triage.prints.models import PrintSighting, WatchedPrint

SHOWN = 20
MOST_NEAR = 2_000
"""So many files that show nearly a case's pictures are asked for their cases."""
LOOKED_AT = 200
"""Cases that each question returns at most, the newest first."""


_NEAR: BindParameter[uuid.UUID] = bindparam("near", expanding=True)
"""Files whose pictures are near those of the case."""
_SAME: BindParameter[uuid.UUID] = bindparam("same_pictures", expanding=True)
"""Items whose given fingerprints are near those given of the case."""


class Relation(StrEnum):
    """Why two cases may belong together, the strongest first."""

    REPORT = "report"
    """One report names items of both."""
    SENDING = "sending"
    """A sender named more places at once than one report holds, and both are parts of that."""
    IDENTIFIER = "identifier"
    """The same account, number, address or wallet was noted in both."""
    RECEIPT = "receipt"
    """Whoever reported one names the receipt of a report of the other."""
    FILE = "file"
    """The very same file was seen in both."""
    PICTURE = "picture"
    """Nearly the same picture was seen in both, as when it was saved anew."""
    FINGERPRINT = "fingerprint"
    """A reporter gave the fingerprint of a picture in one, which was seen or given in the other."""
    DOMAIN = "domain"
    """The same domain holds both."""


@dataclass(frozen=True, slots=True)
class OtherCase:
    """What is shown of a case beside another one; ``located``: how many locations it has."""

    id: uuid.UUID
    reference: str
    state: str
    opened_at: datetime
    located: int


@dataclass(frozen=True, slots=True)
class Related:
    """Another case, and all that speaks for its belonging to this one."""

    case: OtherCase
    relations: tuple[Relation, ...]


def find_related(session: Session, case: Case) -> list[Related]:
    """The cases with most in common first; ``SHOWN`` at most."""
    relations = _find_relations(session, case)
    order = list(Relation)
    related = [
        Related(each, tuple(sorted(relations[each.id], key=order.index)))
        for each in _list_cases(session, relations)
    ]
    related.sort(
        key=lambda each: (
            order.index(each.relations[0]),
            -len(each.relations),
        )
    )
    return related[:SHOWN]


def _find_relations(
    session: Session, case: Case
) -> dict[uuid.UUID, list[Relation]]:
    """By case, what it shares with this one. One query: each of several would cost the page more
    than its answer does."""
    # Comparing costs tens of megabytes in a process: only where pages of cases are shown.
    from triage.prints.search import find_same_pictures

    near = find_near_pictures(session, _list_pictures(session, case))
    rows = session.execute(
        _question(),
        {
            ANY_CASE.key: case.id,
            _NEAR.key: sorted(near)[:MOST_NEAR],
            _SAME.key: list(find_same_pictures(session, item_ids_of(case.id))),
        },
    )
    relations: dict[uuid.UUID, list[Relation]] = {}
    for relation, case_id in rows:
        if case_id != case.id:
            relations.setdefault(case_id, []).append(Relation(relation))
    return relations


def _list_cases(
    session: Session, case_ids: Collection[uuid.UUID]
) -> list[OtherCase]:
    """The newest first, without those that became a part of another."""
    if not case_ids:
        return []
    located = (
        select(func.count())
        .select_from(CaseItem)
        .join(Item, Item.id == CaseItem.item_id)
        .where(CaseItem.case_id == Case.id, Item.canonical != "")
        .scalar_subquery()
    )
    rows = session.execute(
        select(Case.id, Case.reference, Case.state, Case.opened_at, located)
        .where(Case.id.in_(case_ids), Case.state != CaseState.MERGED)
        .order_by(Case.opened_at.desc(), Case.id)
    )
    return [OtherCase(*row) for row in rows]


def _list_pictures(session: Session, case: Case) -> Sequence[str]:
    """The hashes of the case's newest pictures that say enough to be compared."""
    pdqs = session.scalars(
        select(Media.pdq)
        .join(ItemMedia, ItemMedia.media_id == Media.id)
        .where(
            ItemMedia.item_id.in_(item_ids_of(case.id)),
            Media.pdq.is_not(None),
            # Flat pictures share one PDQ and have nothing in common.
            Media.pdq_quality >= MATCHABLE_QUALITY,
        )
        .order_by(ItemMedia.first_seen_at.desc())
        .limit(MOST_PICTURES)
    )
    return [pdq for pdq in pdqs if pdq]


@cache
def _question() -> CompoundSelect[str, uuid.UUID]:
    """All of them at once."""
    questions = {
        Relation.REPORT: _of_same_report(),
        Relation.SENDING: _of_same_sending(),
        Relation.IDENTIFIER: _of_same_identifier(),
        Relation.RECEIPT: _of_named_receipt(),
        Relation.FILE: _of_same_file(),
        Relation.PICTURE: _of_near_picture(),
        Relation.FINGERPRINT: _of_fingerprint(),
        Relation.DOMAIN: _of_same_domain(),
    }
    answers = []
    for relation, question in questions.items():
        limited = question.distinct().limit(LOOKED_AT).subquery()
        (case_id,) = limited.c
        answers.append(select(literal(str(relation)), case_id))
    return union_all(*answers)


def _of_same_report() -> Select[uuid.UUID]:
    own = aliased(Sighting)
    own_part, part = aliased(ReportPart), aliased(ReportPart)
    return (
        select(CaseItem.case_id)
        .join(Sighting, Sighting.item_id == CaseItem.item_id)
        .join(part, part.id == Sighting.part_id)
        .join(own_part, own_part.report_id == part.report_id)
        .join(own, own.part_id == own_part.id)
        .where(own.item_id.in_(item_ids_of(ANY_CASE)))
    )


def _of_same_sending() -> Select[uuid.UUID]:
    """What one sender sent at one moment, where a report of it is full to its bound: the rest of
    what was sent is in the others."""
    own, other = aliased(Report), aliased(Report)
    own_part, part = aliased(ReportPart), aliased(ReportPart)
    own_sighting = aliased(Sighting)
    full = (
        select(ReportPart.report_id)
        .where(ReportPart.report_id.in_((own.id, other.id)))
        .group_by(ReportPart.report_id)
        .having(func.count().in_((MAX_LOCATIONS, MAX_OF_PARTNER)))
        .exists()
    )
    return (
        select(CaseItem.case_id)
        .join(Sighting, Sighting.item_id == CaseItem.item_id)
        .join(part, part.id == Sighting.part_id)
        .join(other, other.id == part.report_id)
        .join(
            own,
            and_(
                own.received_at == other.received_at,
                own.source == other.source,
                own.channel == other.channel,
                own.id != other.id,
            ),
        )
        .join(own_part, own_part.report_id == own.id)
        .join(own_sighting, own_sighting.part_id == own_part.id)
        .where(
            own_sighting.item_id.in_(item_ids_of(ANY_CASE)),
            own.channel.in_((Channel.PARTNER, Channel.EMAIL)),
            full,
        )
    )


def _of_same_identifier() -> Select[uuid.UUID]:
    own = select(CaseIdentifier.mac).where(
        CaseIdentifier.case_id == ANY_CASE,
        CaseIdentifier.withdrawn_at.is_(None),
    )
    return select(CaseIdentifier.case_id).where(
        CaseIdentifier.mac.in_(own), CaseIdentifier.withdrawn_at.is_(None)
    )


def _of_named_receipt() -> Select[uuid.UUID]:
    """Named there, or named here."""
    own = (
        select(ReportPart.report_id)
        .join(Sighting, Sighting.part_id == ReportPart.id)
        .where(Sighting.item_id.in_(item_ids_of(ANY_CASE)))
    )
    named = union(
        select(ReportMention.named_id).where(ReportMention.report_id.in_(own)),
        select(ReportMention.report_id).where(ReportMention.named_id.in_(own)),
    )
    return (
        select(CaseItem.case_id)
        .join(Sighting, Sighting.item_id == CaseItem.item_id)
        .join(ReportPart, ReportPart.id == Sighting.part_id)
        .where(ReportPart.report_id.in_(named))
    )


def _of_same_file() -> Select[uuid.UUID]:
    own = select(ItemMedia.media_id).where(
        ItemMedia.item_id.in_(item_ids_of(ANY_CASE))
    )
    return (
        select(CaseItem.case_id)
        .join(ItemMedia, ItemMedia.item_id == CaseItem.item_id)
        .where(ItemMedia.media_id.in_(own))
    )


def _of_near_picture() -> Select[uuid.UUID]:
    return (
        select(CaseItem.case_id)
        .join(ItemMedia, ItemMedia.item_id == CaseItem.item_id)
        .where(ItemMedia.media_id.in_(_NEAR))
    )


def _of_fingerprint() -> Select[uuid.UUID]:
    """Seen there, or given there and seen here, or given in both."""
    own = item_ids_of(ANY_CASE)
    seen_there = (
        select(PrintSighting.item_id)
        .join(WatchedPrint, WatchedPrint.id == PrintSighting.print_id)
        .where(WatchedPrint.item_id.in_(own))
    )
    given_there = (
        select(WatchedPrint.item_id)
        .join(PrintSighting, PrintSighting.print_id == WatchedPrint.id)
        .where(PrintSighting.item_id.in_(own))
    )
    # One question of all three: three with OR between them would read the whole table.
    met = union(
        seen_there,
        given_there,
        select(WatchedPrint.item_id).where(WatchedPrint.item_id.in_(_SAME)),
    ).subquery()
    return select(CaseItem.case_id).join(
        met, met.c.item_id == CaseItem.item_id
    )


def _of_same_domain() -> Select[uuid.UUID]:
    """A domain of its own says something; a platform that everybody uses does not."""
    own = aliased(Item)
    of_own = (own.id.in_(item_ids_of(ANY_CASE)), own.platform.is_(None))
    in_domain = (
        select(Item.id)
        .join(own, own.registrable_domain == Item.registrable_domain)
        .where(*of_own)
        .order_by(Item.id.desc())
        .limit(LOOKED_AT)
        .subquery()
    )
    at_host = (
        select(Item.id)
        .join(own, own.host == Item.host)
        .where(*of_own, own.registrable_domain.is_(None))
        .order_by(Item.id.desc())
        .limit(LOOKED_AT)
        .subquery()
    )
    # Two questions, each by its own index: with OR between them the whole table would be read.
    near = union(select(in_domain.c.id), select(at_host.c.id)).subquery()
    return (
        select(CaseItem.case_id)
        .join(near, near.c.id == CaseItem.item_id)
        .order_by(CaseItem.case_id.desc())
    )
