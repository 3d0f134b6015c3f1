"""Mail: the server that takes letters, and the mailbox that partners write to."""

from __future__ import annotations

from hotline.core.errors import HotlineError
from hotline.core.setting_parts.placeholders import list_placeholders
from hotline.core.storage.ids import new_id
from hotline.intake.inbound.mailbox import Mailbox
from partners.channels.base import Message
from partners.channels.mail import MailChannel
from workers.doctor.finding import Finding, find_failed, find_well, warn_of
from workers.doctor.installation import Installation

_SERVER = (
    "Look whether smtp_host, smtp_port, smtp_security, smtp_user and smtp_password are right, "
    "whether the server's certificate is for its name, and whether a firewall lets you through."
)
_SUBJECT = "A test letter of the hotline's service"
_WORDS = (
    "This letter was asked for by `hotline doctor`. That it arrived shows that the service's "
    "letters reach you.\n\nLook also whether it was marked as spam, and whether the sender's "
    "domain passes SPF and DKIM: the header Authentication-Results says so.\n"
)


def look_at_mail_server(installation: Installation) -> Finding:
    """Connects and signs in; sends a letter where somebody asked for one."""
    settings = installation.settings
    if not settings.smtp_host:
        return warn_of(
            "No smtp_host is set, so nothing is sent by e-mail.",
            "Set the mail server, or pass on by hand what waits for it.",
        )
    try:
        return _ask_mail_server(installation)
    except HotlineError as error:
        return find_failed(error.message, error.hint or _SERVER)


def _ask_mail_server(installation: Installation) -> Finding:
    settings = installation.settings
    channel = MailChannel(settings)
    if not installation.letter_to:
        channel.greet_server()
        return find_well(
            "The mail server takes the sign-in; no letter was sent "
            "(--letter-to sends one)."
        )
    examples = list_placeholders(settings)
    if examples:
        return find_failed(
            f"No letter leaves while these are examples: {', '.join(examples)}.",
            "Set them, and ask for the letter again.",
        )
    channel.send(
        Message(
            message_id=f"doctor-{new_id()}@{settings.hotline_domain}",
            address=installation.letter_to,
            subject=_SUBJECT,
            text=_WORDS,
            body={},
        )
    )
    return find_well(
        f"The mail server took the letter to {installation.letter_to}; look whether it arrives."
    )


def look_at_mailbox(installation: Installation) -> Finding:
    """Opens the folder for reading alone: no message is fetched, moved or marked."""
    settings = installation.settings
    if not settings.imap_host:
        return find_well("No imap_host is set, so no mailbox is read.")
    with Mailbox(settings, only_looking=True):
        pass
    return find_well(f"The mailbox's folder {settings.imap_folder} opens.")
