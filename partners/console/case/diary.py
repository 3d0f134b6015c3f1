"""What a case's time line has from this package: plans, referrals, holds, notices, their clocks.

One question for all that happened and one for all that is due, however many there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from flask_babel import lazy_gettext
from sqlalchemy import (
    CompoundSelect,
    Integer,
    Select,
    bindparam,
    func,
    literal,
    null,
    select,
    union,
    union_all,
)
from sqlalchemy.orm import Session

from hotline.core.storage.machine import HistoryEntry
from hotline.core.web.wording import name_office
from partners import words
from partners.directory.models import Partner
from partners.manual.models import ManualAct
from partners.manual.vocabulary import ManualWay, Outcome
from partners.notices.models import OPEN, UNSENT, Notice
from partners.referrals.models import (
    HOLDING,
    NOT_DELIVERED,
    Hold,
    Plan,
    Referral,
)
from partners.states import NoticeState, PlanState, ReferralState
from partners.watching.models import Watch
from partners.words import Words, word_for
from triage.cases.handling.playbook import Sign
from triage.cases.models import Case
from triage.cases.pages.history.diary import Due
from triage.cases.pages.history.happening import Happening
from triage.cases.places import ANY_CASE, item_ids_of
from triage.jurisdiction import Destination

TOLD = 500
"""Happenings of one case that are told; a case that has more has its log."""
PLAN_STATES: Words = {
    PlanState.REQUESTED: lazy_gettext("waits for approval"),
    PlanState.APPROVED: lazy_gettext("approved"),
    PlanState.REJECTED: lazy_gettext("rejected"),
    PlanState.WITHDRAWN: lazy_gettext("withdrawn"),
    PlanState.SUPERSEDED: lazy_gettext(
        "the case has changed since; ask again"
    ),
}
NAMES: Mapping[str, tuple[object, Words]] = {
    "plan": (lazy_gettext("Plan"), PLAN_STATES),
    "referral": (lazy_gettext("Referral"), words.REFERRAL_STATES),
    "hold": (lazy_gettext("Hold"), words.HOLD_STATES),
    "notice": (lazy_gettext("Notice"), words.NOTICE_STATES),
}
"""By the name of a state machine, what the thing is called and what its states are."""
STEPS: Words = {
    "referral": lazy_gettext("An answer is expected"),
    "notice": lazy_gettext("The host is to have acted"),
    "hold": lazy_gettext("The hold of the police ends"),
    "watch": lazy_gettext("Next look whether it is still there"),
}
POLICE, EMERGENCY = Destination.POLICE, Destination.EMERGENCY
SIGNS: Mapping[str, tuple[Sign, ...]] = {
    POLICE: (Sign.POLICE_TOLD,),
    EMERGENCY: (Sign.POLICE_TOLD,),
    Destination.HELPLINE: (Sign.HELPLINE_TOLD,),
    Destination.CHILD_PROTECTION_UNIT: (Sign.CHILD_PROTECTION_TOLD,),
    Destination.HOTLINE: (Sign.HOTLINE_TOLD,),
    Destination.ICCAM: (Sign.HOTLINE_TOLD,),
    Destination.NCMEC: (Sign.HOTLINE_TOLD,),
    Destination.PROVIDER_NOTICE: (Sign.HOST_TOLD,),
    Destination.CDN_NOTICE: (Sign.HOST_TOLD,),
    Destination.PLATFORM: (Sign.PLATFORM_TOLD,),
    Destination.PRESERVATION_REQUEST: (Sign.PRESERVATION_ASKED,),
}
"""By whom was told: which signs that is."""
_ANSWERABLE = (ReferralState.DELIVERED, ReferralState.ACKNOWLEDGED)


class PartnersDiary:
    """Everything that was told of a case, and when an answer is expected."""

    def list_happenings(
        self, session: Session, case: Case
    ) -> Iterator[Happening]:
        newest_first = session.execute(
            _happened(), {**_of(case), "most": TOLD}
        ).all()
        for entry, reference, office in reversed(newest_first):
            name, states = NAMES[entry.entity]
            called = name_office(office) if office else ""
            whom = ", ".join(filter(None, (reference, called)))
            thing = f"{name} {whom}" if whom else str(name)
            yield Happening(
                entry.at,
                f"{thing}: {word_for(states, entry.to_state)}",
                entry.actor,
                _note_of(entry.details),
            )

    def list_due(self, session: Session, case: Case) -> Iterator[Due]:
        for kind, reference, at in session.execute(_due(), _of(case)):
            # The clock of a hold runs in every case; of one in words it ends nothing.
            if kind == "hold" and not case.is_hosted:
                continue
            what = word_for(STEPS, kind)
            yield Due(at, f"{what} ({reference})" if reference else what)

    def list_signs(self, session: Session, case: Case) -> Iterator[Sign]:
        """Who was told of the case, by us or by hand."""
        for route, way in session.execute(_told(), _of(case)):
            destination, _, _ = route.partition("-")
            yield from SIGNS.get(destination, ())
            is_direct = way in (ManualWay.TELEPHONE, ManualWay.MEETING)
            if is_direct and destination in (POLICE, EMERGENCY):
                yield Sign.POLICE_CALLED


def _of(case: Case) -> dict[str, object]:
    return {ANY_CASE.key: case.id}


@cache
def _told() -> CompoundSelect[str, str]:
    """The kinds of what reached an office or a contact, and the routes by which somebody was told
    by hand, with the way."""
    referrals = select(Referral.kind, literal("")).where(
        Referral.case_id == ANY_CASE,
        Referral.state.not_in((*NOT_DELIVERED, ReferralState.WITHDRAWN)),
    )
    notices = select(Notice.kind, literal("")).where(
        Notice.case_id == ANY_CASE,
        Notice.state.not_in((*UNSENT, NoticeState.WITHDRAWN)),
    )
    by_hand = select(ManualAct.route, ManualAct.way).where(
        ManualAct.case_id == ANY_CASE, ManualAct.outcome == Outcome.TOLD
    )
    return union(referrals, notices, by_hand)


def _note_of(details: Mapping[str, object]) -> str:
    """What a person said about it."""
    said = details.get("reason") or details.get("note")
    return word_for(words.PLAN_CHANGES, said) if isinstance(said, str) else ""


@cache
def _happened() -> Select[HistoryEntry, str, str]:
    """Every step of everything that belongs to the case, with its reference and its office; the
    newest first, as the oldest are those that may be too many."""
    ids = union(
        *(
            select(kind.id).where(kind.case_id == ANY_CASE)
            for kind in (Plan, Referral, Hold, Notice)
        )
    )
    # An entry belongs to one of the two tables, so that one of the two joins
    # is always empty.
    partner_id = func.coalesce(Referral.partner_id, Notice.partner_id)
    return (
        select(
            HistoryEntry,
            func.coalesce(Referral.reference, Notice.reference),
            Partner.name,
        )
        .outerjoin(Referral, Referral.id == HistoryEntry.entity_id)
        .outerjoin(Notice, Notice.id == HistoryEntry.entity_id)
        .outerjoin(Partner, Partner.id == partner_id)
        .where(
            HistoryEntry.entity_id.in_(ids),
            HistoryEntry.entity.in_(NAMES),
        )
        .order_by(HistoryEntry.at.desc(), HistoryEntry.id.desc())
        .limit(bindparam("most", type_=Integer()))
    )


@cache
def _due() -> Any:
    referrals = select(
        literal("referral"), Referral.reference, Referral.due_at
    ).where(
        Referral.case_id == ANY_CASE,
        Referral.due_at.is_not(None),
        Referral.state.in_(_ANSWERABLE),
    )
    notices = select(literal("notice"), Notice.reference, Notice.due_at).where(
        Notice.case_id == ANY_CASE,
        Notice.due_at.is_not(None),
        Notice.state.in_(OPEN),
    )
    holds = (
        select(literal("hold"), Referral.reference, Hold.deadline)
        .join(Referral, Referral.id == Hold.referral_id)
        .where(
            Hold.case_id == ANY_CASE,
            Hold.deadline.is_not(None),
            Hold.state.in_(HOLDING),
        )
    )
    watches = (
        select(literal("watch"), null(), func.min(Watch.next_at))
        .where(
            Watch.item_id.in_(item_ids_of(ANY_CASE)),
            Watch.next_at.is_not(None),
        )
        # Without this, a case that nobody watches would have one row of
        # nothing.
        .having(func.min(Watch.next_at).is_not(None))
    )
    return union_all(referrals, notices, holds, watches)
