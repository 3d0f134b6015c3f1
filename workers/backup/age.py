"""Encryption to people's public keys, in the format of age (age-encryption.org/v1).

Any one of the people can open an archive; two are asked for, so that nobody is the only one. The
private keys are nowhere in the service: a machine that is taken over can make backups, and read
none.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from os import fdopen, pipe
from pathlib import Path
from typing import IO

import pyrage
from pyrage import x25519

from hotline.core.errors import HotlineError, InvalidInput, Misconfigured

FEWEST_PEOPLE = 2
MAKE_ONE = (
    "`hotline backup new-identity FILE` or `age-keygen` makes a pair of keys."
)


class CannotDecrypt(HotlineError):
    """The archive is damaged, or made for other people."""


def read_recipients(
    people: Mapping[str, str], setting: str
) -> list[x25519.Recipient]:
    """The public keys of two different people or more."""
    recipients = []
    for name, text in people.items():
        try:
            recipients.append(x25519.Recipient.from_str(text.strip()))
        except pyrage.RecipientError:
            raise Misconfigured(
                f"{setting}: what stands for {name} is no public key of age.",
                hint=f"It begins with age1. {MAKE_ONE}",
            ) from None
    # The keys are counted, not the names: one person under two names is one
    # person.
    if len({text.strip() for text in people.values()}) < FEWEST_PEOPLE:
        raise Misconfigured(
            f"{setting} must name the public keys of {FEWEST_PEOPLE} different people.",
            hint=f'Like {setting} = {{"Ana" = "age1...", "Ben" = "age1..."}}. {MAKE_ONE}',
        )
    return recipients


def read_identities(path: Path) -> list[x25519.Identity]:
    """The private keys of a file as ``age-keygen`` writes it."""
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        raise InvalidInput(
            f"{path} cannot be read as a file of private keys."
        ) from None
    secrets = [
        line.strip()
        for line in lines
        if line.strip() and not line.startswith("#")
    ]
    try:
        identities = [x25519.Identity.from_str(text) for text in secrets]
    except pyrage.IdentityError:
        identities = []
    # A file of remarks alone opens nothing, and would be found out only at the
    # restore.
    if not identities:
        raise InvalidInput(
            f"{path} holds no private key of age.",
            hint="Such a line begins with AGE-SECRET-KEY-1.",
        )
    return identities


def encrypt(
    chunks: Iterator[bytes],
    target: IO[bytes],
    recipients: Sequence[x25519.Recipient],
) -> None:
    """Write ``chunks`` encrypted, a piece at a time; an error of theirs is raised as it was."""
    reader = _Reader(chunks)
    try:
        pyrage.encrypt_io(reader, target, list(recipients))
    except pyrage.EncryptError:
        if reader.error is not None:
            raise reader.error from None
        raise


@contextmanager
def decrypting(
    source: IO[bytes], identities: Sequence[x25519.Identity], what: str
) -> Iterator[IO[bytes]]:
    """What was encrypted, to be read in order. ``CannotDecrypt`` at the end, whatever was wrong.

    Whoever reads must not rely on anything before the block has ended without an error: only the
    end shows that nothing is missing.
    """
    # The library writes and the archive reads; a pipe between them keeps no
    # plain copy anywhere.
    reading, writing = pipe()
    failures: list[Exception] = []

    def run() -> None:
        with fdopen(writing, "wb") as sink:
            try:
                pyrage.decrypt_io(source, sink, list(identities))
            # Whoever reads has stopped, because of a fault of its own that is
            # raised there.
            except BrokenPipeError:
                pass
            # Nothing that is raised in a thread reaches anybody; whoever reads
            # from the pipe raises it again.
            except Exception as error:
                failures.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        with fdopen(reading, "rb") as plain:
            yield plain
            # The last piece tells that it is whole.
            while plain.read(1 << 16):
                pass
    except Exception:
        # The reader's fault may only follow from the thread's, which then says
        # more.
        thread.join()
        _raise_failure(failures, what)
        raise
    thread.join()
    _raise_failure(failures, what)


def _raise_failure(failures: list[Exception], what: str) -> None:
    if not failures:
        return
    if isinstance(failures[0], pyrage.DecryptError):
        raise CannotDecrypt(
            f"{what} was not made for this private key.",
            hint="Give the file of one of the people whom `hotline backup list` names.",
        ) from None
    raise CannotDecrypt(f"{what} is damaged, or not whole.") from None


class _Reader:
    """What ``encrypt_io`` reads from; keeps an error of the chunks, of which it tells only text."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._rest = chunks, b""
        self.error: Exception | None = None

    def read(self, size: int = -1) -> bytes:
        while size < 0 or len(self._rest) < size:
            try:
                chunk = next(self._chunks, None)
            except Exception as error:
                self.error = error
                raise
            if chunk is None:
                break
            self._rest += chunk
        end = len(self._rest) if size < 0 else size
        read, self._rest = self._rest[:end], self._rest[end:]
        return read
