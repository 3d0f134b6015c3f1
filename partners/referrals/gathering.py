"""When a referral leaves: danger at once, the rest so that an office gets few letters.

What is normal leaves as one letter a day. What is urgent leaves at once, but not
ten times in half an hour: what comes soon after a letter waits for the others until that is over.
Offices that are told by a machine get each referral by itself.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from hotline.core.act import Act
from hotline.core.datafiles.countries import Country
from hotline.core.jobs.names import JobName
from hotline.core.jobs.task import Task
from hotline.core.storage import audit
from hotline.core.storage.ids import new_id
from hotline.core.storage.reference_numbers import next_reference
from partners.channels import mail
from partners.directory.models import Partner
from partners.referrals.models import Referral, ReferralPackage
from partners.sending.models import Delivery
from partners.sending.service import first_message_id, queue_delivery
from partners.states import ReferralEvent, ReferralState
from triage.cases.locking import lock_cases
from triage.jurisdiction import Urgency

PAUSE = timedelta(minutes=30)
"""Between two letters to one office, danger apart."""


def find_departure(act: Act, referral: Referral) -> datetime | None:
    """The time at which it leaves together with others; None where it leaves at once."""
    clock = act.context.settings.package_at
    if not clock or not _is_gathered(referral):
        return None
    if referral.urgency == Urgency.NORMAL:
        return next_package_time(act.context.country, act.now, clock)
    last = find_last_letter(act.session, referral.partner_id)
    return last + PAUSE if last and last + PAUSE > act.now else None


def find_next_chance(act: Act, referral: Referral) -> datetime | None:
    """As ``find_departure``, of what has waited for an address: it waits no longer."""
    if not act.context.settings.package_at or not _is_gathered(referral):
        return None
    return act.now


def _is_gathered(referral: Referral) -> bool:
    """A person reads it, and nobody is in danger now."""
    by_mail = referral.partner.channel == mail.NAME
    return by_mail and referral.urgency != Urgency.IMMEDIATE


def find_last_letter(
    session: Session, partner_id: uuid.UUID
) -> datetime | None:
    query = select(func.max(Delivery.created_at))
    return session.scalar(query.where(Delivery.partner_id == partner_id))


def find_first_letter(session: Session, referral: Referral) -> str | None:
    """The message id of its own letter, or of the one that it left in together with others."""
    own = first_message_id(session, referral.id)
    if own is None and referral.package_id is not None:
        return first_message_id(session, referral.package_id)
    return own


def next_package_time(country: Country, now: datetime, clock: str) -> datetime:
    """The next time after ``now`` at which the country's clock shows ``clock``."""
    local = now.astimezone(ZoneInfo(country.time_zone))
    moment = datetime.combine(
        local.date(), time.fromisoformat(clock), local.tzinfo
    )
    return moment if moment > now else moment + timedelta(days=1)


def post_package(act: Act, partner_id: uuid.UUID, leaves_at: datetime) -> None:
    """Have what is gathered for the office sent at that time, once.

    What leaves at once asks for itself: the work of this very hour may be done already.
    """
    which = (
        f"{leaves_at:%Y-%m-%dT%H:%M:%S}" if leaves_at > act.now else new_id()
    )
    act.post(
        JobName.REFERRAL_PACKAGE,
        key=f"package:{partner_id}:{which}",
        payload={"partner_id": str(partner_id)},
        delay=leaves_at - act.now,
    )


def send_package(task: Task) -> None:
    """The job at the hour: one letter for all that is gathered, or the only one's own letter."""
    partner_id = task.id_of("partner_id")
    with task.context.database.writing() as session:
        waiting = _list_gathered(session, partner_id, task.now)
        # Cases before all else, as everybody locks them: nobody waits for
        # somebody who waits for him.
        lock_cases(session, {referral.case_id for referral in waiting})
        task.mark_done(session)
        act = Act(session, task.context, audit.SYSTEM, task.now)
        partner = session.get_one(Partner, partner_id)
        # Read anew, now that nobody else can change them; without what came
        # meanwhile, whose case is not locked.
        locked = {referral.id for referral in waiting}
        gathered = [
            referral
            for referral in _list_gathered(session, partner_id, task.now)
            if referral.id in locked
        ]
        if partner.approved_at is None:
            _lay_aside(act, gathered)
        # A list of one would make its reader open two things instead of one.
        elif len(gathered) == 1:
            queue_letter(act, gathered[0])
        elif gathered:
            _queue_package(act, partner, gathered)


def _list_gathered(
    session: Session, partner_id: uuid.UUID, now: datetime
) -> list[Referral]:
    """What is due, and with it what is urgent and waits for the pause to end.

    A letter leaves now: the urgent one would come after it, in one more letter.
    """
    query = (
        select(Referral)
        .where(
            Referral.partner_id == partner_id,
            Referral.state == ReferralState.QUEUED,
            Referral.package_id.is_(None),
            or_(
                Referral.leaves_at <= now,
                and_(
                    Referral.leaves_at.is_not(None),
                    Referral.urgency == Urgency.HIGH,
                ),
            ),
        )
        .order_by(Referral.id)
    )
    waiting = list(session.scalars(query))
    is_any_due = any(
        referral.leaves_at is not None and referral.leaves_at <= now
        for referral in waiting
    )
    return waiting if is_any_due else []


def _lay_aside(act: Act, gathered: Collection[Referral]) -> None:
    """The address was changed meanwhile: they leave once somebody has confirmed it."""
    for referral in gathered:
        referral.leaves_at = None
        act.advance(
            referral, ReferralEvent.FAILED, why="the address is not confirmed"
        )


def _queue_package(
    act: Act, partner: Partner, gathered: Collection[Referral]
) -> None:
    prefix = f"{act.context.country.reference_prefix}-P"
    package = ReferralPackage(
        id=new_id(),
        reference=next_reference(act.session, prefix, act.now),
        partner_id=partner.id,
        created_at=act.now,
    )
    act.session.add(package)
    act.session.flush()
    for referral in gathered:
        referral.package_id, referral.leaves_at = package.id, None
    act.record(
        "referral.package",
        "partner",
        partner.id,
        package=package.reference,
        referrals=[referral.reference for referral in gathered],
    )
    queue_delivery(
        act,
        subject="package",
        subject_id=package.id,
        partner=partner,
    )


def queue_letter(act: Act, referral: Referral) -> None:
    """Have the referral's own letter sent."""
    referral.leaves_at = None
    queue_delivery(
        act,
        subject="referral",
        subject_id=referral.id,
        partner=referral.partner,
        urgent=referral.urgency == Urgency.IMMEDIATE,
    )


def hasten_referrals(act: Act, case_id: uuid.UUID) -> int:
    """A child of this case is in danger now: what waits for its hour leaves at once."""
    waiting = act.session.scalars(
        select(Referral).where(
            Referral.case_id == case_id,
            Referral.state == ReferralState.QUEUED,
            Referral.leaves_at.is_not(None),
            Referral.package_id.is_(None),
        )
    ).all()
    for referral in waiting:
        referral.urgency = Urgency.IMMEDIATE
        queue_letter(act, referral)
        act.record(
            "referral.hastened",
            "referral",
            referral.id,
            reference=referral.reference,
        )
    return len(waiting)
