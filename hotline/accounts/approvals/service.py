"""Asking, granting and using: the verbs of the rule of two people.

The same human with two accounts is a limit of the rule, not a case of it: the auditor's page of
pairs shows who always grants whose questions.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hotline.accounts.approvals.kinds import Kind
from hotline.accounts.approvals.models import (
    Approval,
    ApprovalEvent,
    ApprovalState,
)
from hotline.accounts.models import PERSON
from hotline.accounts.service import has_right
from hotline.core.act import Act
from hotline.core.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    phrase,
)
from hotline.core.second_person import require_two
from hotline.core.storage.ids import new_id

LONGEST_REASON = 500
SETTLED_SHOWN = 30


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody asks for: an act of ``kind`` on ``subject``, known to readers as ``about``."""

    kind: Kind
    subject: str
    about: str
    why: str
    details: Mapping[str, object] = field(default_factory=dict)


def ask_approval(act: Act, question: Question) -> Approval:
    """Ask another person; where one person is enough for all acts, it is granted with that.

    ``Conflict`` where the same is asked already, or granted to the actor and not used yet.
    """
    kind = question.kind
    _require_right(act, kind.asking)
    why = _read_reason(question.why)
    _refuse_second_question(act, question)
    approval = Approval(
        id=new_id(),
        kind=kind.code,
        subject=question.subject,
        about=question.about,
        why=why,
        details=question.details,
        asked_at=act.now,
        asked_by=act.actor,
        ends_at=act.now + kind.waits,
        two_person=act.context.settings.second_person,
    )
    kind.check(act, approval)
    act.begin(approval, kind=kind.code, about=question.about, why=why)
    try:
        act.session.flush()
    # Two may ask in the same moment: the index lets one of them through.
    except IntegrityError:
        raise Conflict(_waits_already()) from None
    if not approval.two_person:
        _grant(act, kind, approval)
    return approval


def grant_approval(act: Act, kind: Kind, approval: Approval) -> None:
    """Another person agrees. Whoever asked cannot, nor can anybody once the question has lapsed."""
    _require_right(act, kind.granting)
    require_two(approval.asked_by, act.actor, is_needed=approval.two_person)
    if approval.ends_at <= act.now:
        raise Conflict(phrase("The time to answer this is over."))
    # Again: much may have changed since it was asked.
    if approval.two_person:
        _require_right(
            Act(act.session, act.context, approval.asked_by, act.now),
            kind.asking,
        )
    kind.check(act, approval)
    _grant(act, kind, approval)


def _grant(act: Act, kind: Kind, approval: Approval) -> None:
    approval.granted_by, approval.granted_at = act.actor, act.now
    approval.ends_at = act.now + kind.lasts
    _advance(act, approval, ApprovalEvent.GRANTED)
    if kind.done is not None:
        kind.done(act, approval)
        _use(act, approval)


def _use(act: Act, approval: Approval) -> None:
    _advance(act, approval, ApprovalEvent.USED)


def _advance(act: Act, approval: Approval, event: ApprovalEvent) -> None:
    act.advance(approval, event, kind=approval.kind, about=approval.about)


def refuse_approval(act: Act, kind: Kind, approval: Approval) -> None:
    """Another person says no, or whoever asked takes it back."""
    is_own = approval.asked_by == act.actor
    # What was granted is taken back, whoever does it; there is no refusing it
    # any more.
    is_granted = approval.state == ApprovalState.GRANTED
    _advance(
        act,
        approval,
        ApprovalEvent.WITHDRAWN
        if is_own or is_granted
        else ApprovalEvent.REFUSED,
    )
    kind.undone(act, approval)


def require_answering(act: Act, kind: Kind, approval: Approval) -> None:
    """``Forbidden`` for whoever neither asked for it nor may grant it."""
    if approval.asked_by != act.actor:
        _require_right(act, kind.granting)


def find_grant(
    session: Session, kind: Kind, subject: str, actor: str, now: datetime
) -> Approval | None:
    """What the actor asked for, was granted, and may still be used."""
    return session.scalar(
        select(Approval)
        .where(
            Approval.kind == kind.code,
            Approval.subject == subject,
            Approval.asked_by == actor,
            Approval.state == ApprovalState.GRANTED,
            Approval.ends_at > now,
        )
        .order_by(Approval.ends_at.desc())
        .limit(1)
    )


def require_grant(act: Act, kind: Kind, subject: str) -> Approval:
    """The grant, for what may be done as often as one likes until it ends."""
    grant = find_grant(act.session, kind, subject, act.actor, act.now)
    if grant is None:
        raise Forbidden(
            phrase("This needs another person's agreement."),
            hint=phrase("Ask for it, and say why."),
        )
    # The role may be another one than when it was granted.
    _require_right(act, kind.asking)
    return grant


def use_grant(act: Act, kind: Kind, subject: str) -> Approval:
    """Use the grant up: it holds for one act, also where two come at the same moment."""
    grant = require_grant(act, kind, subject)
    _use(act, grant)
    return grant


def settle_by_two(
    act: Act, question: Question, first: str, second: str
) -> Approval:
    """Ask, grant and use in one go, where both people have just shown who they are."""
    asking = Act(act.session, act.context, f"{PERSON}{first}", act.now)
    granting = Act(act.session, act.context, f"{PERSON}{second}", act.now)
    approval = ask_approval(asking, question)
    # Where one person is enough, it was granted with the question.
    if approval.state == ApprovalState.ASKED:
        grant_approval(granting, question.kind, approval)
    if approval.state == ApprovalState.GRANTED:
        _use(asking, approval)
    return approval


def record_agreement(
    act: Act, kind: Kind, *, subject: str, about: str, asked_by: str
) -> Approval:
    """What two people agreed on where the thing itself is, as a row that the database checks."""
    asker = asked_by or act.actor
    approval = Approval(
        id=new_id(),
        kind=kind.code,
        subject=subject,
        about=about,
        why=about,
        details={},
        asked_at=act.now,
        asked_by=asker,
        ends_at=act.now,
        two_person=act.context.settings.second_person,
    )
    # The history names both, each for their own step.
    asking = Act(act.session, act.context, asker, act.now)
    asking.begin(approval, kind=kind.code, about=about)
    act.session.flush()
    _grant(act, kind, approval)
    _use(act, approval)
    return approval


def get_approval(session: Session, approval_id: uuid.UUID) -> Approval:
    """``NotFound`` if there is none of that id."""
    approval = session.get(Approval, approval_id)
    if approval is None:
        raise NotFound(phrase("There is no such request."))
    return approval


def find_question(
    session: Session, kind: Kind, subject: str, now: datetime
) -> Approval | None:
    """What waits for another person about this thing, whoever asked."""
    return session.scalar(
        select(Approval).where(
            Approval.kind == kind.code,
            Approval.subject == subject,
            Approval.state == ApprovalState.ASKED,
            Approval.ends_at > now,
        )
    )


def list_open(
    session: Session, kinds: Collection[str], actor: str, now: datetime
) -> Sequence[Approval]:
    """What waits for an answer that one of these kinds' people may give, and one's own; oldest
    first. What was granted and is not used stands with it."""
    return session.scalars(
        select(Approval)
        .where(
            Approval.state.in_([ApprovalState.ASKED, ApprovalState.GRANTED]),
            Approval.ends_at > now,
            or_(Approval.kind.in_(kinds), Approval.asked_by == actor),
        )
        .order_by(Approval.asked_at, Approval.id)
    ).all()


def list_settled(
    session: Session, kinds: Collection[str], actor: str, now: datetime
) -> Sequence[Approval]:
    """What is over, newest first."""
    return session.scalars(
        select(Approval)
        .where(
            or_(
                Approval.state.not_in(
                    [ApprovalState.ASKED, ApprovalState.GRANTED]
                ),
                # It lapses by the clock; its state follows only when the same
                # is asked anew.
                Approval.ends_at <= now,
            ),
            or_(Approval.kind.in_(kinds), Approval.asked_by == actor),
        )
        .order_by(Approval.asked_at.desc(), Approval.id.desc())
        .limit(SETTLED_SHOWN)
    ).all()


def _refuse_second_question(act: Act, question: Question) -> None:
    kind, subject = question.kind, question.subject
    waiting = act.session.scalar(
        select(Approval)
        .where(
            Approval.kind == kind.code,
            Approval.subject == subject,
            Approval.state == ApprovalState.ASKED,
        )
        .with_for_update()
    )
    if waiting is not None:
        # The index allows one open question: this one ends before the next one
        # is stored.
        if waiting.ends_at > act.now:
            raise Conflict(_waits_already())
        _advance(act, waiting, ApprovalEvent.LAPSED)
        act.session.flush()
    if find_grant(act.session, kind, subject, act.actor, act.now):
        raise Conflict(phrase("This was granted to you already."))


def _waits_already() -> str:
    return phrase("This waits for another person already.")


def _read_reason(why: str) -> str:
    why = " ".join(why.split())
    if not 1 <= len(why) <= LONGEST_REASON:
        raise InvalidInput(
            phrase("Say why, in at most 500 characters."),
            fields={"/why": phrase("Say why.")},
        )
    return why


def _require_right(act: Act, permission: str) -> None:
    """Only people ask and agree, by their role of now."""
    if not has_right(act.session, act.actor, permission):
        raise Forbidden(phrase("Your role does not allow this."))
