"""E-mail by SMTP. Accepted means that the next server answered 250, and nothing more."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime

from flask_babel import lazy_gettext

from hotline.core.errors import NoAnswer, Unavailable
from hotline.core.network.own_servers import (
    ForbiddenAddress,
    open_connection,
    reach_of_mail,
)
from hotline.core.network.resolve import Reach
from hotline.core.settings import Settings
from partners.channels.base import ChannelKind, Message, Refused

NAME = "email"
TIMEOUT_SECONDS = 30
_SERVICE_READY = 220
# One address without display name, quotes or comments: it goes into an envelope as it is.
_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"
)


class MailChannel:
    """One connection a message: there are few of them, and a stale connection loses one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def send(self, message: Message) -> dict[str, object]:
        mail = compose_mail(message, self._settings)
        with _failures_in_our_words(), self._connect() as server:
            refused = server.send_message(
                mail,
                from_addr=self._settings.mail_from,
                to_addrs=[message.address],
            )
        return {"accepted": not refused, "message_id": mail["Message-ID"]}

    def greet_server(self) -> None:
        """Connect and sign in as for a letter, and leave without one."""
        with _failures_in_our_words(), self._connect() as server:
            server.noop()

    def server_of(self, address: str) -> str:  # noqa: ARG002  (all mail goes to one server)
        return f"mail server {self._settings.smtp_host}"

    def _connect(self) -> smtplib.SMTP:
        settings = self._settings
        context = ssl.create_default_context()
        server: _PinnedSmtp
        if settings.smtp_security == "tls":
            server = _PinnedSmtpOverTls(
                timeout=TIMEOUT_SECONDS, context=context
            )
        else:
            server = _PinnedSmtp(timeout=TIMEOUT_SECONDS)
        try:
            server.open(
                settings.smtp_host, settings.smtp_port, reach_of_mail(settings)
            )
            if settings.smtp_security == "starttls":
                server.starttls(context=context)
            # After TLS has begun, so that no password crosses the network in
            # the open.
            if settings.smtp_user:
                password = settings.smtp_password.get_secret_value()
                server.login(settings.smtp_user, password)
        # Whatever interrupts the greeting, such as the end of the job's time,
        # leaves no socket open.
        except BaseException:
            server.close()
            raise
        return server


@contextmanager
def _failures_in_our_words() -> Iterator[None]:
    try:
        yield
    # The library's own exceptions quote addresses, so none of them is chained
    # to ours.
    except smtplib.SMTPRecipientsRefused as error:
        # A message has one recipient, so there is one answer.
        code, words = next(iter(error.recipients.values()))
        raise _describe_failure(code, words) from None
    except smtplib.SMTPResponseException as error:
        raise _describe_failure(error.smtp_code, error.smtp_error) from None
    except ForbiddenAddress:
        raise Unavailable(
            "The mail server's name leads to an address that must not be reached, so"
            " nothing was sent.",
            hint="If it stands in a private network, name that in mail_networks.",
        ) from None
    except (smtplib.SMTPException, OSError) as error:
        raise NoAnswer(
            f"The mail server failed: {type(error).__name__}."
        ) from None


class _PinnedSmtp(smtplib.SMTP):
    """A session that connects to an address of the server's which was checked before."""

    _reach = Reach()

    def open(self, host: str, port: int, reach: Reach) -> None:
        # The library takes the name for the certificate from here; it stays the server's name.
        self._host = host
        self._reach = reach
        code, words = self.connect(host, port)
        if code != _SERVICE_READY:
            raise smtplib.SMTPConnectError(code, words)

    def _get_socket(
        self, host: str, port: int, timeout: float
    ) -> socket.socket:
        return open_connection(host, port, reach=self._reach, seconds=timeout)


class _PinnedSmtpOverTls(smtplib.SMTP_SSL, _PinnedSmtp):
    """The same, with TLS from the first byte on: SMTP_SSL wraps what ``_get_socket`` opened."""


def compose_mail(message: Message, settings: Settings) -> EmailMessage:
    """The mail as it goes out. Header values can hold no line breaks: the library refuses them."""
    mail = EmailMessage()
    mail["From"] = settings.mail_from
    mail["To"] = message.address
    mail["Reply-To"] = settings.contact_email
    mail["Subject"] = " ".join(message.subject.split())
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = f"<{message.message_id}>"
    mail["Content-Language"] = message.language
    # RFC 3834: no holiday responder answers, and no answer of one is taken for
    # the office's.
    mail["Auto-Submitted"] = "auto-generated"
    if message.thread:
        mail["In-Reply-To"] = mail["References"] = f"<{message.thread}>"
    if message.urgent:
        mail["Importance"] = "high"
    mail.set_content(message.text)
    for attachment in message.attachments:
        main, _, sub = attachment.media_type.partition("/")
        mail.add_attachment(
            attachment.data,
            maintype=main,
            subtype=sub,
            filename=attachment.name,
            # Words without it are read as US-ASCII: "Për" comes out broken.
            params={"charset": "utf-8"} if main == "text" else None,
        )
    return mail


def _describe_failure(code: int, words: bytes | str) -> Exception:
    """RFC 5321: 4xx is for now, 5xx is for good."""
    text = (
        words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    )
    answered = (
        f"The mail server answered {code}: {' '.join(text.split())[:160]}"
    )
    return Refused(answered) if code >= 500 else Unavailable(answered)


def is_mail_address(address: str) -> bool:
    return _ADDRESS.fullmatch(address) is not None


def address_fault(address: str, _settings: Settings) -> str:
    return "" if is_mail_address(address) else "This is not an e-mail address."


CHANNEL = ChannelKind(
    NAME, lazy_gettext("E-mail"), ("smtp_host",), address_fault, MailChannel
)
