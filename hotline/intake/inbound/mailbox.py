"""The mailbox that partners write to: IMAP4rev1 (RFC 3501) over TLS, messages in memory alone.

A message leaves the mailbox as soon as its report is stored, or goes to a folder for a person to
look at if it is none. MOVE (RFC 6851) and UIDPLUS (RFC 4315) are used where the server has them.
"""

from __future__ import annotations

import imaplib
import re
import socket
import ssl
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from hotline.core.errors import Misconfigured, Unavailable
from hotline.core.network.own_servers import (
    ForbiddenAddress,
    open_connection,
    reach_of_mail,
)
from hotline.core.settings import Settings

SECONDS = 30.0
REFUSED = "Refused"


class Mailbox:
    """A session with the server. Use as a context manager; every error of it is ``Unavailable``.

    ``only_looking``: the folder is opened so that nothing in it can change.
    """

    def __init__(
        self, settings: Settings, *, only_looking: bool = False
    ) -> None:
        self._settings = settings
        self._only_looking = only_looking
        self._link: imaplib.IMAP4 | None = None

    def __enter__(self) -> Self:
        wanted = self._settings
        # Checks the certificate and the name; imaplib's own context checks
        # neither.
        trusted = ssl.create_default_context()
        try:
            if wanted.imap_security == "tls":
                self._link = _PinnedImapOverTls(wanted, trusted)
            else:
                self._link = _PinnedImap(wanted)
                self._link.starttls(trusted)
        except ForbiddenAddress:
            raise Unavailable(
                "The mailbox's name leads to an address that must not be reached.",
                hint="If it stands in a private network, name that in mail_networks.",
            ) from None
        except (OSError, imaplib.IMAP4.error) as error:
            self.close()
            raise Unavailable(
                f"The mailbox's server cannot be reached: {type(error).__name__}.",
                hint="Check imap_host, imap_port, imap_security and the server's certificate.",
            ) from None
        try:
            self._log_in(self._link)
        # Also where the process is being stopped: no session stays open at the
        # server.
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _log_in(self, link: imaplib.IMAP4) -> None:
        try:
            link.login(
                self._settings.imap_user,
                self._settings.imap_password.get_secret_value(),
            )
        # A broken connection is an error of the same tree, and no refusal.
        except imaplib.IMAP4.abort as error:
            raise _as_unavailable(error) from None
        except imaplib.IMAP4.error:
            raise Misconfigured(
                "The mailbox's server refuses the sign-in.",
                hint="Check imap_user and imap_password.",
            ) from None
        except (OSError, ValueError) as error:
            raise _as_unavailable(error) from None
        folder = _quote_folder(self._settings.imap_folder)
        # Of two arguments the second makes it EXAMINE.
        how = (folder, True) if self._only_looking else (folder,)
        self._ask("select", *how)
        # A server tells what it can do anew after the sign-in (RFC 3501, 6.2.3).
        _, capabilities = self._ask("capability")
        self._can = frozenset(
            b" ".join(line for line in capabilities if line).upper().split()
        )

    def close(self) -> None:
        # Cleared first, so that closing twice logs out once.
        link, self._link = self._link, None
        if link is not None:
            try:
                link.logout()
            except (OSError, imaplib.IMAP4.error):
                with suppress(
                    OSError
                ):  # after a failed STARTTLS there is nothing left to shut
                    link.shutdown()

    def messages(self, limit: int) -> list[tuple[str, int]]:
        """(UID, size in bytes) of the oldest ``limit`` messages."""
        _, lines = self._ask("uid", "SEARCH", "UNDELETED")
        uids = (
            b" ".join(line for line in lines if line)
            .decode("ascii")
            .split()[:limit]
        )
        if not uids:
            return []
        _, rows = self._ask(
            "uid", "FETCH", ",".join(uids), "(UID RFC822.SIZE)"
        )
        sizes = {}
        for row in rows:
            # What the server sends as a literal comes in a tuple.
            text = row if isinstance(row, bytes) else row[0] if row else b""
            uid, size = (
                re.search(rb"UID (\d+)", text),
                re.search(rb"RFC822\.SIZE (\d+)", text),
            )
            if uid and size:
                sizes[uid[1].decode()] = int(size[1])
        # Another session may have taken one since the search.
        return [(uid, sizes[uid]) for uid in uids if uid in sizes]

    def fetch(self, uid: str) -> bytes | None:
        """The whole message, still unread for others; None if it is gone."""
        _, rows = self._ask("uid", "FETCH", uid, "(BODY.PEEK[])")
        return next((row[1] for row in rows if isinstance(row, tuple)), None)

    def delete(self, uid: str) -> None:
        self._ask("uid", "STORE", uid, "+FLAGS.SILENT", r"(\Deleted)")
        # A plain EXPUNGE takes with it whatever else is marked as deleted.
        if b"UIDPLUS" in self._can:
            self._ask("uid", "EXPUNGE", uid)
        else:
            self._ask("expunge")

    def refuse(self, uid: str) -> None:
        """Move the message to the folder ``Refused``, which is made if there is none."""
        assert self._link is not None
        folder = _quote_folder(REFUSED)
        verb = "MOVE" if b"MOVE" in self._can else "COPY"
        try:
            # Tried first: the folder is there on every day but the first.
            if self._link.uid(verb, uid, folder)[0] != "OK":
                self._ask("create", folder)
                self._ask("uid", verb, uid, folder)
        except (OSError, imaplib.IMAP4.error) as error:
            raise _as_unavailable(error) from None
        # A copy leaves the message where it was.
        if verb == "COPY":
            self.delete(uid)

    def _ask(
        self, command: str, *arguments: str | bool
    ) -> tuple[str, list[Any]]:
        assert self._link is not None
        try:
            status, answer = getattr(self._link, command)(*arguments)
        except (OSError, imaplib.IMAP4.error) as error:
            raise _as_unavailable(error) from None
        if status != "OK":
            name = " ".join((command, *map(str, arguments[:1]))).upper()
            raise Unavailable(
                f"The mailbox's server answers {status} to {name}."
            )
        return status, answer


class _PinnedImap(imaplib.IMAP4):
    """A session that connects to an address of the server's which was checked before."""

    def __init__(self, settings: Settings) -> None:
        self._reach = reach_of_mail(settings)
        super().__init__(
            settings.imap_host, settings.imap_port, timeout=SECONDS
        )

    def _create_socket(self, timeout: float) -> socket.socket:
        return open_connection(
            self.host, self.port, reach=self._reach, seconds=timeout
        )


class _PinnedImapOverTls(imaplib.IMAP4_SSL):
    """The same, with TLS from the first byte on."""

    def __init__(self, settings: Settings, trusted: ssl.SSLContext) -> None:
        self._reach = reach_of_mail(settings)
        super().__init__(
            settings.imap_host,
            settings.imap_port,
            ssl_context=trusted,
            timeout=SECONDS,
        )

    def _create_socket(self, timeout: float) -> socket.socket:
        plain = open_connection(
            self.host, self.port, reach=self._reach, seconds=timeout
        )
        # The certificate is checked against the name, though the address was
        # chosen here.
        secured: ssl.SSLSocket = self.ssl_context.wrap_socket(
            plain, server_hostname=self.host
        )
        return secured


def _as_unavailable(error: Exception) -> Unavailable:
    # The class alone: a server's words may quote the message.
    return Unavailable(f"The mailbox's server failed: {type(error).__name__}.")


def _quote_folder(folder: str) -> str:
    return '"' + folder.replace("\\", "\\\\").replace('"', '\\"') + '"'
