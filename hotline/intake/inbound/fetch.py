"""The job that empties the mailbox, and the step of the scheduler that asks for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.core.context import Context
from hotline.core.errors import InvalidInput, Unavailable
from hotline.core.jobs.names import JobName
from hotline.core.jobs.task import Task
from hotline.core.logs import origin_of
from hotline.core.storage import outbox
from hotline.core.storage.outbox import OutboxEntry
from hotline.intake.inbound import mail, mime
from hotline.intake.inbound.formats.plain import FindPlaces
from hotline.intake.inbound.mail import DnsFunction, Mail
from hotline.intake.inbound.mailbox import Mailbox
from hotline.intake.inbound.store import store_inbound
from hotline.intake.registry.vocabulary import Channel

log = structlog.get_logger(__name__)

JOB = JobName.MAIL_FETCH
AT_ONCE = 100
"""Messages a run; the others wait for the next minute, so that no run outlives its lease."""


def post_fetch(session: Session, context: Context, now: datetime) -> int:
    """Post a look into the mailbox, once a minute, and none while an earlier one is still open."""
    if not context.settings.imap_host:
        return 0
    key = f"{JOB}:{now:%Y-%m-%dT%H:%M}"
    waiting = select(OutboxEntry.id).where(
        OutboxEntry.job == JOB,
        OutboxEntry.done_at.is_(None),
        OutboxEntry.dead_at.is_(None),
    )
    there = select(OutboxEntry.id).where(OutboxEntry.key == key)
    # Two looks at once would read the same messages.
    if session.scalar(there) or session.scalar(waiting.limit(1)):
        return 0
    return int(outbox.post_work(session, JOB, key=key, payload={}, now=now))


def fetch_mail(
    task: Task,
    *,
    find_places: FindPlaces,
    ask: DnsFunction | None = None,
) -> Counter[str]:
    """Empty the mailbox: reports are stored and their mails deleted, all others set aside.

    Each mail is a transaction of its own, and deleted after it: a crash in between stores nothing
    twice. Returns and logs how many were ``stored``, ``repeated`` and ``refused``, and how
    many are ``waiting`` for a DNS that did not answer.
    """
    settings = task.context.settings
    senders = mail.load_senders(settings.data_dir)
    ask = ask or mail.dns_function(settings.dns_server)

    def read_mail(raw: bytes) -> Mail:
        return mail.read_mail(raw, senders, ask=ask, find_places=find_places)

    counts: Counter[str] = Counter()
    with Mailbox(settings) as mailbox:
        for uid, size in mailbox.messages(AT_ONCE):
            counts[_take_message(task, mailbox, uid, size, read_mail)] += 1
    counts.pop("gone", None)
    if counts:
        log.info("mail_fetched", **counts)
    with task.finishing():
        return counts


def _take_message(
    task: Task,
    mailbox: Mailbox,
    uid: str,
    size: int,
    read_mail: Callable[[bytes], Mail],
) -> str:
    """What became of one message."""
    # What is too large is not brought here at all.
    raw = mailbox.fetch(uid) if size <= mime.MAX_BYTES else b""
    if raw is None:
        return "gone"
    try:
        if not raw:
            raise InvalidInput("The message is too large, or empty.")
        letter = read_mail(raw)
    except Unavailable:
        # It stays in the mailbox until the next look.
        return "waiting"
    except InvalidInput as error:
        # Reasons are our own sentences about the form; what the mail says is not in them.
        log.warning("mail_refused", uid=uid, reason=error.message[:200])
        mailbox.refuse(uid)
        return "refused"
    except Exception as error:
        # One mail that trips its reader must not hold up all those behind it.
        log.error(
            "mail_unreadable",
            uid=uid,
            error=type(error).__name__,
            where=origin_of(error),
        )
        mailbox.refuse(uid)
        return "refused"
    # Committed before the mail is deleted: a crash in between brings it twice,
    # and it is known again by its id.
    with task.context.database.writing() as session:
        stored = store_inbound(
            session,
            task.context,
            letter.found,
            channel=Channel.EMAIL,
            source=letter.sender.name,
            message_id=letter.message_id,
            now=task.now,
        )
    mailbox.delete(uid)
    return "stored" if any(report.new for report in stored) else "repeated"
