"""A mail that tests whether mail leaves: asked for on the first page of an administrator.

What became of it is an entry of the log, from which the page reads it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hotline.accounts.invitations import is_address
from hotline.core.act import Act
from hotline.core.context import Context
from hotline.core.errors import Conflict, HotlineError, InvalidInput, phrase
from hotline.core.jobs.names import JobName
from hotline.core.jobs.task import Task
from hotline.core.storage.audit import AuditEntry
from hotline.core.storage.ids import new_id
from partners.channels.base import Channels, Message
from partners.letters.wording import sender_name, write_letter

JOB = JobName.MAIL_TEST
ASKED, SENT, FAILED = "mail.test_asked", "mail.test_sent", "mail.test_failed"
CHANNEL = "email"


@dataclass(frozen=True, slots=True)
class MailTest:
    """What became of the last test. ``fault``: what the mail server said."""

    at: datetime
    is_sent: bool
    is_waiting: bool
    fault: str = ""


def ask_for_test(act: Act, address: str) -> None:
    """Have a mail sent to ``address``; the answer is there in a moment."""
    address = address.strip()
    if not is_address(address):
        raise InvalidInput(
            phrase("This is no mail address."), fields={"/address": "invalid"}
        )
    if not act.context.settings.smtp_host:
        raise Conflict(
            phrase("No mail server is set up."),
            hint=phrase("Set smtp_host and start the service again."),
        )
    test_id = new_id()
    act.record(ASKED, "mail", test_id)
    act.post(
        JOB,
        key=f"mail_test:{test_id}",
        payload={
            "address": address,
            "test_id": str(test_id),
            "actor": act.actor,
        },
    )


def send_test(task: Task, *, channels: Channels) -> None:
    """One try: whoever waits for the answer wants it now."""
    fault = ""
    try:
        # By the very channel that carries letters: another way would test
        # something else.
        channels.send(CHANNEL, _write(task))
    except HotlineError as error:
        fault = str(error)
    # A test that failed is done, not tried again: its answer is what was asked
    # for.
    with task.finishing() as session:
        act = Act(session, task.context, task.text_of("actor"), task.now)
        test_id = task.text_of("test_id")
        if fault:
            act.record(FAILED, "mail", test_id, error=fault[:300])
        else:
            act.record(SENT, "mail", test_id)


def find_last_test(session: Session) -> MailTest | None:
    """The last one that was asked for, and how it ended."""
    last = session.scalar(
        select(AuditEntry)
        .where(AuditEntry.action.in_([ASKED, SENT, FAILED]))
        .order_by(AuditEntry.id.desc())
        .limit(1)
    )
    if last is None:
        return None
    return MailTest(
        last.at,
        is_sent=last.action == SENT,
        is_waiting=last.action == ASKED,
        fault=str(last.details.get("error", "")),
    )


def _write(task: Task) -> Message:
    context: Context = task.context
    language = context.country.default_language
    letter = write_letter(
        "mail_test",
        language,
        context.settings.data_dir,
        hotline=sender_name(context),
        link=f"{context.settings.console_url}/console/first-steps",
    )
    return Message(
        message_id=f"{task.text_of('test_id')}@{context.settings.hotline_domain}",
        address=task.text_of("address"),
        subject=letter.subject,
        text=letter.text,
        body={},
        language=language,
    )
