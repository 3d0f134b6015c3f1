"""The mail with an invitation's link, to the person who is invited and to nobody else."""

from __future__ import annotations

from hotline.accounts.invitations import is_open, link_of, token_of
from hotline.accounts.models import Invitation
from hotline.core.context import Context
from hotline.core.jobs.task import Task
from partners.channels.base import Channels, Message
from partners.letters.clock import Clock
from partners.letters.wording import sender_name, write_letter

CHANNEL = "email"


def send_invitation(task: Task, *, channels: Channels) -> None:
    """Send it, unless the link was used or replaced meanwhile; trying again sends the same link."""
    invitation_id = task.id_of("invitation_id")
    with task.context.database.reading() as session:
        invitation = session.get(Invitation, invitation_id)
        if invitation is None or not is_open(invitation, task.now):
            message = None
        else:
            message = _write(task.context, invitation)
    if message is None:
        with task.finishing():
            return
    channels.send(CHANNEL, message)
    with task.finishing() as session:
        sent = session.get(Invitation, invitation_id)
        # Else it was replaced while the mail left.
        if sent is not None:
            sent.sent_at = task.now


def _write(context: Context, invitation: Invitation) -> Message:
    settings = context.settings
    language = invitation.person.language or context.country.default_language
    letter = write_letter(
        "invitation",
        language,
        settings.data_dir,
        hotline=sender_name(context),
        username=invitation.person.username,
        link=link_of(context, token_of(context.keyring, invitation)),
        expires_at=Clock.at_home(context).show(invitation.expires_at),
    )
    return Message(
        message_id=f"{invitation.id}@{settings.hotline_domain}",
        address=invitation.email,
        subject=letter.subject,
        text=letter.text,
        body={},
        language=language,
    )
