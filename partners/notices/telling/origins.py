"""Finding the host behind a delivery network: who is asked, what became of it, shown as facts.

Cloudflare is asked by the very notice that tells it of the item, so that the police hold, the plan
and the second person stand before it as before every other notice. The answer, an address, comes
by mail to the desk; an analyst enters it on the case page (``triage.items.origin``).
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hotline.core.errors import InvalidInput, Unavailable
from hotline.core.jobs.names import JobName
from hotline.core.jobs.task import Task
from hotline.core.settings import Settings
from hotline.core.storage import outbox
from hotline.core.storage.database import insert_once
from hotline.core.storage.ids import new_id
from partners.channels.cloudflare import NAME
from partners.directory.models import Partner
from partners.notices.models import Notice
from partners.sending.models import Delivery
from triage.hosting.sources.cloudflare import CloudflareOrigin
from triage.items.models import HostingObservation, Item

NETWORK = "Cloudflare"
SOURCE = "Cloudflare abuse reports API"
CODE = "network:cloudflare"
# How long after the report, and then after each look, its state is asked for.
LOOKS = (
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(hours=24),
    timedelta(days=3),
)


def network_of(
    session: Session, settings: Settings, item: Item, now: datetime
) -> Partner | None:
    """The delivery network in front of ``item`` as a contact, where its API is set up for us."""
    if not (
        settings.cloudflare_account
        and settings.cloudflare_token.get_secret_value()
    ):
        return None
    if _delivered_by(session, item.id) != NETWORK:
        return None
    insert_once(
        session,
        Partner,
        ["code"],
        id=new_id(),
        code=CODE,
        kind="provider",
        country=None,
        name=NETWORK,
        languages=["en"],
        channel=NAME,
        address=settings.cloudflare_account,
        details={},
        source="settings",
        created_at=now,
        # The operator named this account in the settings: there is nothing
        # left to confirm.
        approved_at=now,
        approved_by="settings",
    )
    return session.scalars(select(Partner).where(Partner.code == CODE)).one()


def _delivered_by(session: Session, item_id: uuid.UUID) -> str | None:
    """The delivery network that the newest look-up saw."""
    of_item = HostingObservation.item_id == item_id
    # Each look-up leaves this fact: what is older than the newest one may not
    # be so any more.
    newest = select(func.max(HostingObservation.at)).where(
        of_item, HostingObservation.fact == "dns_status"
    )
    return session.scalar(
        select(HostingObservation.value)
        .where(of_item, HostingObservation.fact == "cdn")
        .where(HostingObservation.at >= newest.scalar_subquery())
        .order_by(HostingObservation.confidence.desc())
        .limit(1)
    )


def note_request(
    session: Session, notice: Notice, delivery: Delivery, *, now: datetime
) -> None:
    """Cloudflare took the report: the fact is kept, and its state is asked for later."""
    report_id = str(delivery.answer.get("reference", ""))
    for entry in notice.items:
        fact = f"sent {report_id}".strip()
        _store_fact(session, entry.item_id, fact, now)
        if report_id:
            _post_look(session, entry.item_id, report_id, 0, now)


def note_refusal(
    session: Session, notice: Notice, reason: str, *, now: datetime
) -> None:
    """Cloudflare did not take it: refused, unreachable, or asked too often."""
    for entry in notice.items:
        _store_fact(session, entry.item_id, f"not sent: {reason}", now)


def ask_state(task: Task, *, client: CloudflareOrigin | None) -> None:
    """What became of a report; a failure to learn it is a fact as well, and it is asked again."""
    item_id, report_id = task.id_of("item_id"), task.text_of("report_id")
    look = int(task.text_of("look"))
    try:
        if client is None:
            raise Unavailable("The API is not set up any more.")
        state = client.ask_state(report_id)
        words = f"{state.status} {report_id}" + (
            f": {state.denial_reason}" if state.denial_reason else ""
        )
        is_settled = state.status in ("accepted", "denied")
    except (Unavailable, InvalidInput) as error:
        words, is_settled = f"state not known {report_id}: {error}", False
    with task.finishing() as session:
        _store_fact(session, item_id, words, task.now)
        if not is_settled and look + 1 < len(LOOKS):
            _post_look(session, item_id, report_id, look + 1, task.now)


def _store_fact(
    session: Session, item_id: uuid.UUID, value: str, now: datetime
) -> None:
    session.add(
        HostingObservation(
            item_id=item_id,
            fact="origin_request",
            value=value[:300],
            source=SOURCE,
            at=now,
            confidence=1.0,
        )
    )


def _post_look(
    session: Session,
    item_id: uuid.UUID,
    report_id: str,
    look: int,
    now: datetime,
) -> None:
    outbox.post_work(
        session,
        JobName.ORIGIN_STATE,
        key=f"origin:{item_id}:{report_id}:{look}",
        now=now,
        payload={
            "item_id": str(item_id),
            "report_id": report_id,
            "look": look,
        },
        delay=LOOKS[look],
    )
