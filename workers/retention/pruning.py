"""Rows of work that is done and of looks that newer ones replaced: dropped after their period.

Each step takes one batch and is called again until it finds nothing. What figures come from stays:
histories, the audit log, and the newest of whatever a page or a check reads.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, aliased

from hotline.accounts.models import Invitation, LoginSession, Person
from hotline.accounts.oidc.models import SpentLogout
from hotline.core.context import Context
from hotline.core.datafiles.periods import Sort, load_periods
from hotline.core.storage.database import delete_some
from hotline.core.storage.ids import first_id_at
from hotline.core.storage.outbox import OutboxEntry
from partners.sending.models import Delivery
from partners.states import DeliveryState
from triage.cases.bulk.models import BulkAct, BulkCase, BulkState
from triage.cases.handling.models import CaseTag
from triage.cases.keeping import unread
from triage.console.queue.saved_views import SavedView
from triage.items.models import HostingObservation, Visit

BATCH = 500
ACTS = 20
"""Acts on many cases, each with its row for every case, in one transaction."""
ITEMS = 100
"""Items whose visits are looked through in one transaction."""
SLACK = 10
"""So many more than are kept may gather, so that not every check has one dropped."""
SETTLED = (DeliveryState.SENT, DeliveryState.CANCELLED)


def drop_done_work(
    session: Session, context: Context, *, now: datetime
) -> int:
    """Outbox entries that were done long ago; what was laid aside stays for a person."""
    before = now - load_periods(context.settings)[Sort.WORK].length
    return delete_some(
        session, OutboxEntry, OutboxEntry.done_at <= before, limit=BATCH
    )


def drop_expired_tags(
    session: Session,
    context: Context,  # noqa: ARG001
    *,
    now: datetime,
) -> int:
    """Tags that were to last until a day that is over."""
    return delete_some(
        session, CaseTag, CaseTag.expires_at <= now, limit=BATCH
    )


def drop_settled_reports(
    session: Session,
    context: Context,  # noqa: ARG001
    *,
    now: datetime,  # noqa: ARG001
) -> int:
    """Marks of reports that came after a decision, once nobody has to read them any more."""
    return unread.drop_settled_reports(session, limit=BATCH)


def drop_ended_bulk_acts(
    session: Session, context: Context, *, now: datetime
) -> int:
    """Acts on many cases that ended long ago, or that nobody went on with."""
    before = now - load_periods(context.settings)[Sort.WORK].length
    ended = (BulkState.DONE, BulkState.TAKEN_BACK, BulkState.DRAFTED)
    some = session.scalars(
        select(BulkAct.id)
        .where(BulkAct.state.in_(ended), BulkAct.state_since <= before)
        .order_by(BulkAct.id)
        .limit(ACTS)
    ).all()
    if some:
        session.execute(delete(BulkCase).where(BulkCase.bulk_id.in_(some)))
        session.execute(delete(BulkAct).where(BulkAct.id.in_(some)))
    return len(some)


def drop_views_of_people_who_left(
    session: Session, context: Context, *, now: datetime
) -> int:
    """Filters of the queue that they kept; those they shared, too."""
    before = now - load_periods(context.settings)[Sort.STAFF].length
    left = select(Person.id).where(Person.disabled_at <= before)
    return delete_some(
        session, SavedView, SavedView.person_id.in_(left), limit=BATCH
    )


def drop_ended_sessions(
    session: Session,
    context: Context,  # noqa: ARG001
    *,
    now: datetime,
) -> int:
    """Sessions of the console whose longest time is over, and spent words of the identity
    provider that ended some."""
    return sum(
        delete_some(session, model, model.expires_at <= now, limit=BATCH)
        for model in (LoginSession, SpentLogout)
    )


def drop_ended_invitations(
    session: Session,
    context: Context,  # noqa: ARG001
    *,
    now: datetime,
) -> int:
    """Links of invitations that open nothing any more, and the addresses that they went to."""
    return delete_some(
        session, Invitation, Invitation.expires_at <= now, limit=BATCH
    )


def drop_settled_deliveries(
    session: Session, context: Context, *, now: datetime
) -> int:
    """Deliveries that ended long ago; that they did stays in the history."""
    before = now - load_periods(context.settings)[Sort.DELIVERIES].length
    return delete_some(
        session,
        Delivery,
        # Ids begin with their time: the key's own index finds the old ones.
        Delivery.id < first_id_at(before),
        Delivery.state.in_(SETTLED),
        # The id tells when it was written; it may have been settled long after
        # that.
        Delivery.state_since <= before,
        limit=BATCH,
    )


def drop_old_observations(
    session: Session, context: Context, *, now: datetime
) -> int:
    """Facts about hosting that the same source has told anew since; each one's newest stays."""
    before = now - load_periods(context.settings)[Sort.OBSERVATIONS].length
    newer = aliased(HostingObservation)
    is_replaced = (
        select(newer.id)
        .where(
            newer.item_id == HostingObservation.item_id,
            newer.fact == HostingObservation.fact,
            newer.source == HostingObservation.source,
            newer.at > HostingObservation.at,
        )
        .exists()
    )
    return delete_some(
        session,
        HostingObservation,
        # Ids begin with their time, so that the index of the key finds the old ones.
        HostingObservation.id < first_id_at(before),
        HostingObservation.at <= before,
        is_replaced,
        limit=BATCH,
    )


def drop_old_visits(
    session: Session,
    context: Context,
    *,
    now: datetime,  # noqa: ARG001
) -> int:
    """Checks of an item beyond the newest ``keep_visits``; the last that saw something stays."""
    kept = context.settings.keep_visits
    many = session.scalars(
        select(Visit.item_id)
        .where(Visit.purpose == "check")
        .group_by(Visit.item_id)
        .having(func.count() > kept + SLACK)
        .limit(ITEMS)
    ).all()
    dropped = 0
    for item_id in many:
        old = _visits_beyond(session, item_id, kept)
        if old:
            session.execute(delete(Visit).where(Visit.id.in_(old)))
        dropped += len(old)
    return dropped


def _visits_beyond(
    session: Session, item_id: uuid.UUID, kept: int
) -> Sequence[uuid.UUID]:
    """The oldest beyond ``kept``, at most ``BATCH``."""
    checks = select(Visit.id).where(
        Visit.item_id == item_id, Visit.purpose == "check"
    )
    newest_first = checks.order_by(Visit.at.desc(), Visit.id.desc())
    last_seen = session.scalars(
        newest_first.where(
            (Visit.outcome == "ok") | (Visit.verdict == "online")
        ).limit(1)
    ).first()
    beyond = session.scalars(newest_first.offset(kept).limit(BATCH)).all()
    return [visit_id for visit_id in beyond if visit_id != last_seen]
